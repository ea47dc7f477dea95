// Only the database was put back, not the whole home: the next start says nothing before a member answered,
// so that no number is used twice. Keys that were put back, a crash and an ordinary restart hold up nobody.
import { appendFile, cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openLevelStore } from '../../../src/adapters/level/store.ts'
import { createMemoryStore } from '../../../src/adapters/memory/store.ts'
import { systemRandom } from '../../../src/adapters/system/random.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import { configDefaults } from '../../../src/node/config.ts'
import { initialise } from '../../../src/node/data-dir.ts'
import type { Node } from '../../../src/node/node.ts'
import { type Paths, resolvePaths } from '../../../src/node/paths.ts'
import { startNode } from '../../../src/node/start.ts'
import { WRITTEN_FILE, countWrites } from '../../../src/node/written.ts'

let root: string
let paths: Paths

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'coterie-written-'))
  paths = resolvePaths({ home: join(root, 'home'), env: {}, userHome: root })
  await initialise(paths, systemRandom)
})

afterEach(() => rm(root, { recursive: true, force: true }))

/** Writes so often, and says whether the store looked put back before. */
const run = async (writes: number): Promise<boolean> => {
  const counted = await countWrites(paths, await openLevelStore({ location: paths.store }))
  const { store, wasPutBack } = counted
  for (let i = 0; i < writes; i++) {
    await new Promise<void>((resolve, reject) => {
      store.write([{ key: utf8(`key ${String(i)}`), value: utf8('value') }], (error) =>
        error === undefined ? resolve() : reject(error),
      )
    })
  }
  await new Promise<void>((resolve) => {
    store.close(() => resolve())
  })
  return wasPutBack
}

const backup = (path: string): Promise<void> => cp(path, join(root, 'backup'), { recursive: true })

const putBack = async (path: string): Promise<void> => {
  await rm(path, { recursive: true })
  await cp(join(root, 'backup'), path, { recursive: true })
}

test('a store that goes on from where it was is not put back', async () => {
  for (let start = 0; start < 3; start++) expect(await run(5)).toBe(false)
  expect((await stat(join(paths.keys, WRITTEN_FILE))).mode & 0o777).toBe(0o600)
})

test('a store alone that is older is, until it has been written to again', async () => {
  await run(5)
  await backup(paths.store)
  await run(1)
  await putBack(paths.store)
  expect(await run(0)).toBe(true)
  expect(await run(1)).toBe(true)
  expect(await run(1)).toBe(false)
})

test('keys alone that are older are no reason, nor a count that is lost or damaged', async () => {
  await run(5)
  await backup(paths.keys)
  await run(5)
  await putBack(paths.keys)
  expect(await run(1)).toBe(false)
  await writeFile(join(paths.keys, WRITTEN_FILE), '')
  expect(await run(1)).toBe(false)
  await rm(join(paths.keys, WRITTEN_FILE))
  expect(await run(1)).toBe(false)
  await appendFile(join(paths.keys, WRITTEN_FILE), 'more')
  expect(await run(0)).toBe(false)
})

test('it is told beside the keys soon and not at each write, even if nothing is closed after that', async () => {
  await run(1)
  const file = join(paths.keys, WRITTEN_FILE)
  const told = async (): Promise<number> => (await readFile(file)).readUInt32BE(4)
  const { store } = await countWrites(paths, createMemoryStore({ later: setImmediate }))
  const before = await told()
  const seen = new Set<number>()
  for (let i = 0; i < 400; i++) {
    await new Promise<void>((resolve) => {
      store.write([], () => resolve())
    })
    seen.add(await told())
  }
  await vi.waitFor(async () => expect(await told()).toBe(before + 400), { timeout: 5_000 })
  expect(seen.size).toBeLessThan(200)
  await new Promise<void>((resolve) => {
    store.close(() => resolve())
  })
})

/** A node in this process, that nobody reaches. */
const start = (where: Paths): Promise<Node> => {
  const config = { ...configDefaults, listen: ['/ip4/127.0.0.1/tcp/0'], mdns: false, dht: false }
  return startNode({ paths: where, config: { ...config, log: 'error' } })
}

test('a real node whose database alone was put back says nothing; with older keys it goes on', async () => {
  const elsewhere = resolvePaths({ home: join(root, 'other'), env: {}, userHome: root })
  await initialise(elsewhere, systemRandom)
  const other = await start(elsewhere)
  const { card } = await other.card()
  await other.stop()
  const first = await start(paths)
  const { group } = await first.createGroup({ name: 'crew', leaders: [card], policy: 'balanced' })
  const say = (node: Node) => node.send(group, 'a text')
  const before = await say(first)
  await first.stop()
  await backup(join(root, 'home'))
  const second = await start(paths)
  expect(second.status().groups[0]?.recovery).toBeNull()
  const after = await say(second)
  expect(after.number).not.toBe(before.number)
  await second.stop()
  // Older keys, and the database as it was: the next number is the next one.
  await rm(paths.keys, { recursive: true })
  await cp(join(root, 'backup', 'keys'), paths.keys, { recursive: true })
  const third = await start(paths)
  expect(third.status().groups[0]?.recovery).toBeNull()
  const more = await say(third)
  expect([before.number, after.number]).not.toContain(more.number)
  await third.stop()
  // An older database, and the keys as they were: it may lack what it signed.
  await rm(paths.store, { recursive: true })
  await cp(join(root, 'backup', 'store'), paths.store, { recursive: true })
  const fourth = await start(paths)
  expect(fourth.status().groups[0]?.recovery).toBe('held')
  expect((await say(fourth)).number).toBeNull()
  await fourth.stop()
  // Were nothing told beside the keys, nobody would know.
  await rm(paths.store, { recursive: true })
  await cp(join(root, 'backup', 'store'), paths.store, { recursive: true })
  await rm(join(paths.keys, WRITTEN_FILE))
  const fifth = await start(paths)
  expect(fifth.status().groups[0]?.recovery).toBeNull()
  await fifth.stop()
}, 60_000)
