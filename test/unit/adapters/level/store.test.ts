// What a real database says when it cannot be opened or written, in this package's words.

import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { levelFailure } from '../../../../src/adapters/level/failure.ts'
import { openLevelStore } from '../../../../src/adapters/level/store.ts'
import { CoterieError } from '../../../../src/base/error.ts'
import { close, read, write } from '../../../contract/store.contract.ts'

describe('opening a level store', () => {
  let location: string

  beforeEach(async () => {
    location = await mkdtemp(join(tmpdir(), 'coterie-level-'))
  })
  afterEach(() => rm(location, { recursive: true }))

  it('that is open already says so, with a hint', async () => {
    const store = await openLevelStore({ location })
    await expect(openLevelStore({ location })).rejects.toMatchObject({
      code: 'DATA_DIR_LOCKED',
      hint: expect.stringContaining('other process'),
    })
    await close(store)
  })

  it('whose files are damaged says so', async () => {
    const store = await openLevelStore({ location })
    await write(store, [{ key: Uint8Array.of(1), value: Uint8Array.of(1) }])
    await close(store)
    const current = (await readdir(location)).find((file) => file.startsWith('MANIFEST'))
    await writeFile(join(location, current ?? ''), 'not a manifest at all, for sure')
    await expect(openLevelStore({ location })).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('damaged'),
    })
  })

  it('in a place that is not a directory fails with a code', async () => {
    const file = join(location, 'file')
    await writeFile(file, '')
    await expect(openLevelStore({ location: file })).rejects.toBeInstanceOf(CoterieError)
  })

  it('in a directory that may not be written says so', async (context) => {
    if (process.getuid?.() === 0) context.skip('root may write everywhere')
    await chmod(location, 0o500)
    await expect(openLevelStore({ location })).rejects.toMatchObject({ code: 'PERMISSION' })
    await chmod(location, 0o700)
  })

  it('makes the directory when it is missing, and finds everything again', async () => {
    const deeper = join(location, 'a', 'b')
    const store = await openLevelStore({ location: deeper })
    const batch = Array.from({ length: 100 }, (_, i) => ({
      key: Uint8Array.of(1, i),
      value: Uint8Array.of(i),
    }))
    await write(store, batch)
    await close(store)
    const again = await openLevelStore({ location: deeper })
    const [rows] = await read(again, { from: Uint8Array.of(1), to: Uint8Array.of(2) })
    expect(rows).toEqual(batch)
    await close(again)
  })
})

describe('a read of what is not synced yet', () => {
  const one = (k: number) => ({ from: Uint8Array.of(k), to: Uint8Array.of(k, 0) })
  const all = { from: Uint8Array.of(0), to: Uint8Array.of(9) }
  const row = (k: number) => ({ key: Uint8Array.of(k), value: Uint8Array.of(k) })

  it('writes nothing, whatever range it is', async () => {
    const location = await mkdtemp(join(tmpdir(), 'coterie-level-'))
    const logBytes = async (): Promise<number> => {
      const logs = (await readdir(location)).filter((name) => name.endsWith('.log'))
      const sizes = await Promise.all(
        logs.map(async (name) => (await stat(join(location, name))).size),
      )
      return sizes.reduce((sum, size) => sum + size, 0)
    }
    const store = await openLevelStore({ location })
    await write(store, [row(1), row(3)])
    const before = await logBytes()
    await write(store, [row(2), { key: Uint8Array.of(3), value: null }], { sync: false })
    const last = { ...all, limit: 1, reverse: true }
    expect(await read(store, one(2), one(3), all, last)).toEqual([
      [row(2)],
      [],
      [row(1), row(2)],
      [row(2)],
    ])
    expect(await logBytes()).toBe(before)
    await write(store, [])
    expect(await logBytes()).toBeGreaterThan(before)
    await close(store)
    await rm(location, { recursive: true })
  })
})

describe('a failure of the database', () => {
  const cases: readonly (readonly [string, unknown, string])[] = [
    ['the system number', Object.assign(new Error('x'), { code: 'ENOSPC' }), 'DISK_FULL'],
    [
      'words alone',
      coded('LEVEL_IO_ERROR', 'IO error: /d/1.log: No space left on device'),
      'DISK_FULL',
    ],
    ['a quota', coded('LEVEL_IO_ERROR', 'IO error: /d/1.log: Disk quota exceeded'), 'DISK_FULL'],
    ['a lock', coded('LEVEL_LOCKED', 'IO error: lock /d/LOCK: already held'), 'DATA_DIR_LOCKED'],
    ['rights', coded('LEVEL_IO_ERROR', 'IO error: /d/LOCK: Permission denied'), 'PERMISSION'],
    ['damage', coded('LEVEL_CORRUPTION', 'Corruption: bad block'), 'INTERNAL'],
    ['anything else', 'no error at all', 'INTERNAL'],
  ]

  it.each(cases)('known by %s gets its code, a hint and the cause', (_, thrown, code) => {
    const wrapped = new Error('Database failed to open', { cause: thrown })
    const failure = levelFailure(typeof thrown === 'string' ? thrown : wrapped)
    expect(failure.code).toBe(code)
    expect(failure.hint).toBeTruthy()
    expect(failure.cause).toBeDefined()
  })

  it('that was named already stays as it is', () => {
    const named = new CoterieError('DISK_FULL')
    expect(levelFailure(named)).toBe(named)
  })
})

function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}
