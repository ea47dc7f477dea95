// The file of wrapping keys: whole after a crash at any point, of one size, overwritten when it is
// replaced, and closed to whoever lacks the passphrase.
import { copyFile, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createSystemCrypto } from '../../../src/adapters/system/crypto.ts'
import { systemRandom } from '../../../src/adapters/system/random.ts'
import { type Bytes, utf8 } from '../../../src/base/bytes.ts'
import { Space, key } from '../../../src/core/storage.ts'
import { createKeyringFile, openKeyringFile } from '../../../src/node/keyring-file.ts'
import { SLOTS_MIN, type WrappingKeyring } from '../../../src/node/keyring.ts'

let home: string
let path: string
const own = systemRandom(32)
const crypto = createSystemCrypto()

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'coterie-keyring-'))
  path = join(home, 'keyring')
})

afterEach(() => rm(home, { recursive: true, force: true }))

const options = (passphrase?: string) => ({
  path,
  key: own,
  crypto,
  random: systemRandom,
  logN: 10,
  passphrase: passphrase === undefined ? undefined : utf8(passphrase),
})

const saved = (keyring: WrappingKeyring): Promise<void> =>
  new Promise((resolve, reject) => {
    keyring.save((error) => (error === undefined ? resolve() : reject(error)))
  })

const place = (id: number): Bytes => key(Space.draft, 1, id)

const fresh = async (): Promise<WrappingKeyring> => {
  await createKeyringFile(options())
  return openKeyringFile(options())
}

test('what was saved is there again, what was destroyed is not, and the size is the same', async () => {
  const keyring = await fresh()
  const { size } = await stat(path)
  const sealed = [1, 2, 3].map((id) => keyring.seal(place(id), utf8(`secret ${String(id)}`)))
  await saved(keyring)
  keyring.destroy(keyring.retire([place(2)]))
  await saved(keyring)
  const again = await openKeyringFile(options())
  const opened = sealed.map((value, i) => again.open(place(i + 1), value))
  expect(opened).toEqual([utf8('secret 1'), undefined, utf8('secret 3')])
  expect((await stat(path)).size).toBe(size)
  expect(await readdir(home)).toEqual(['keyring'])
  expect((await stat(path)).mode & 0o777).toBe(0o600)
})

test('more keys than slots double the size', async () => {
  const keyring = await fresh()
  const { size } = await stat(path)
  const sealed = Array.from({ length: SLOTS_MIN + 1 }, (_, id) =>
    keyring.seal(place(id), utf8('secret')),
  )
  await saved(keyring)
  expect((await stat(path)).size).toBeGreaterThan(1.9 * size)
  const again = await openKeyringFile(options())
  expect(sealed.every((value, id) => again.open(place(id), value) !== undefined)).toBe(true)
})

describe('a crash', () => {
  // What lies there between any two steps of a replacement: old set, new set, or both.
  test.each([
    ['before the new file is whole', ['keyring'], true],
    ['before the old one has a second name', ['keyring', 'keyring.new'], true],
    ['before the new one takes its place', ['keyring', 'keyring.new', 'keyring.old'], true],
    ['before the old one is overwritten', ['keyring', 'keyring.old'], false],
  ])('%s leaves a usable keyring, and the next start clears up', async (_, files, old) => {
    const keyring = await fresh()
    const one = keyring.seal(place(1), utf8('one'))
    await saved(keyring)
    const before = await readFile(path)
    keyring.destroy(keyring.retire([place(1)]))
    const two = keyring.seal(place(2), utf8('two'))
    await saved(keyring)
    const after = await readFile(path)
    if (files.includes('keyring.new')) await writeFile(`${path}.new`, after.subarray(0, 999))
    if (files.includes('keyring.old')) await writeFile(`${path}.old`, before)
    if (old) await writeFile(path, before)
    const again = await openKeyringFile(options())
    expect(again.open(place(1), one)).toEqual(old ? utf8('one') : undefined)
    expect(again.open(place(2), two)).toEqual(old ? undefined : utf8('two'))
    expect(await readdir(home)).toEqual(['keyring'])
    again.seal(place(3), utf8('goes on'))
    await saved(again)
  })

  test('with two names for the old file never overwrites what is in use', async () => {
    const keyring = await fresh()
    const one = keyring.seal(place(1), utf8('one'))
    await saved(keyring)
    const { link } = await import('node:fs/promises')
    await link(path, `${path}.old`)
    expect((await openKeyringFile(options())).open(place(1), one)).toEqual(utf8('one'))
    expect((await openKeyringFile(options())).open(place(1), one)).toEqual(utf8('one'))
  })
})

describe('with a passphrase', () => {
  test('opens with it alone', async () => {
    await createKeyringFile(options('six words of mine'))
    const keyring = await openKeyringFile(options('six words of mine'))
    const sealed = keyring.seal(place(1), utf8('secret'))
    await saved(keyring)
    for (const wrong of [undefined, 'six words of yours', '']) {
      await expect(openKeyringFile(options(wrong))).rejects.toMatchObject({ code: 'PERMISSION' })
    }
    const again = await openKeyringFile(options('six words of mine'))
    expect(again.open(place(1), sealed)).toEqual(utf8('secret'))
  })

  test('is of no use without the key file beside it', async () => {
    await createKeyringFile(options('six words'))
    const stranger = { ...options('six words'), key: systemRandom(32) }
    await expect(openKeyringFile(stranger)).rejects.toMatchObject({ code: 'PERMISSION' })
  })
})

test('a damaged file is refused, whatever byte it is', async () => {
  await fresh()
  const content = await readFile(path)
  for (const at of [0, 8, 9, 12, 30, 500, content.length - 1]) {
    const changed = Uint8Array.from(content)
    changed[at] = (changed[at] ?? 0) ^ 1
    await writeFile(path, changed)
    await expect(openKeyringFile(options())).rejects.toThrow()
  }
  await copyFile(path, `${path}.copy`)
})
