// Where a data directory lies is told from where it lay: moved, copied or put back is elsewhere, by another
// name is not, and one that was never told of its place is nowhere else.
import {
  cp,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Paths, resolvePaths } from '../../../src/node/paths.ts'
import { placeOf, recordPlace, wasMoved } from '../../../src/node/place.ts'

let root: string
let home: string

const at = (path: string): Paths => resolvePaths({ home: path, env: {}, userHome: root })
const note = (): string => join(home, 'PLACE')

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'coterie-place-'))
  home = join(root, 'home')
  await mkdir(home)
})

afterEach(() => rm(root, { recursive: true, force: true }))

describe('a data directory', () => {
  test('that was never told its place was not moved', async () => {
    expect(await wasMoved(at(home))).toBe(false)
  })

  test('that was told is where it was, over any number of starts', async () => {
    for (let start = 0; start < 3; start++) {
      await recordPlace(at(home))
      expect(await wasMoved(at(home))).toBe(false)
    }
    await writeFile(join(home, 'more'), 'what a start writes moves nothing')
    expect(await wasMoved(at(home))).toBe(false)
  })

  test('that is reached by another name is the same', async () => {
    await recordPlace(at(home))
    await symlink(home, join(root, 'link'))
    expect(await wasMoved(at(join(root, 'link')))).toBe(false)
    expect(await placeOf(at(join(root, 'link')))).toBe(await placeOf(at(home)))
  })

  test('that was copied lies elsewhere, and the original does not', async () => {
    await recordPlace(at(home))
    await cp(home, join(root, 'copy'), { recursive: true })
    expect(await wasMoved(at(join(root, 'copy')))).toBe(true)
    expect(await wasMoved(at(home))).toBe(false)
    // Once told, it is at home there.
    await recordPlace(at(join(root, 'copy')))
    expect(await wasMoved(at(join(root, 'copy')))).toBe(false)
  })

  test('that was renamed lies elsewhere, and at home again when it is back', async () => {
    await recordPlace(at(home))
    await rename(home, join(root, 'other'))
    expect(await wasMoved(at(join(root, 'other')))).toBe(true)
    await rename(join(root, 'other'), home)
    expect(await wasMoved(at(home))).toBe(false)
  })

  test('that was put back from a copy, under its own path, lies elsewhere', async () => {
    await recordPlace(at(home))
    await cp(home, join(root, 'backup'), { recursive: true })
    // The old one stays, so that its inode is not given away again.
    await rename(home, join(root, 'broken'))
    await cp(join(root, 'backup'), home, { recursive: true })
    expect(await wasMoved(at(home))).toBe(true)
  })

  test('whose machine is another lies elsewhere', async () => {
    await recordPlace(at(home))
    const parts = JSON.parse(await readFile(note(), 'utf8')) as string[]
    expect(parts).toHaveLength(4)
    for (const part of parts.keys()) {
      const other = parts.map((value, place) => (place === part ? `${value}0` : value))
      await writeFile(note(), `${JSON.stringify(other)}\n`)
      expect([part, await wasMoved(at(home))]).toEqual([part, true])
    }
  })

  test('whose note is damaged is taken for another', async () => {
    for (const damaged of ['', '[]', 'garbage\n']) {
      await writeFile(note(), damaged)
      expect(await wasMoved(at(home))).toBe(true)
    }
  })
})

test('the note is for its owner alone, and does not tell which machine it is', async () => {
  await recordPlace(at(home))
  expect((await stat(note())).mode & 0o777).toBe(0o600)
  const machine = await readFile('/etc/machine-id', 'utf8').catch(() => '')
  const told = await readFile(note(), 'utf8')
  if (machine.trim() !== '') expect(told).not.toContain(machine.trim())
  expect(told.endsWith('\n')).toBe(true)
})
