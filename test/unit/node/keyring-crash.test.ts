// I39 and I32 for the real keyring file under the real driver: the machine stops at every single operation
// on the file, with and without what was not synced. Whatever is then in the store opens, whatever was
// acknowledged is in the store, and what was erased before is nowhere, also not after the next start.
import type * as files from 'node:fs/promises'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Rows } from '../../../src/adapters/memory/rows.ts'
import { createSystemCrypto } from '../../../src/adapters/system/crypto.ts'
import { systemRandom } from '../../../src/adapters/system/random.ts'
import { silentTelemetry } from '../../../src/adapters/telemetry/silent.ts'
import { type Bytes, utf8 } from '../../../src/base/bytes.ts'
import type { Effect } from '../../../src/core/effect.ts'
import { Space, key, within } from '../../../src/core/storage.ts'
import { createDriver } from '../../../src/node/driver.ts'
import { toEntry } from '../../../src/node/driver/rows.ts'
import { createKeyringFile, openKeyringFile } from '../../../src/node/keyring-file.ts'
import { type WrappingKeyring, wrappingKeyOf } from '../../../src/node/keyring.ts'
import type { Network } from '../../../src/ports/network.ts'
import type { Store } from '../../../src/ports/store.ts'
import { HandClock } from './driver/rig.ts'

/** The file system of a machine whose power fails at one of its operations. */
const power = vi.hoisted(() => ({
  /** Operations until it fails; endless while nothing is to happen. */
  left: Number.POSITIVE_INFINITY,
  used: 0,
  off: false,
  /** Told at each sync of a directory: what lies there then outlives the failure. */
  onSync: undefined as (() => Promise<void>) | undefined,
}))

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof files>()
  const never = new Promise<never>(() => undefined)
  /** One change of what lies on the disk: the last one is the first that does not happen. */
  const changing = async <T>(act: () => Promise<T>): Promise<T> => {
    if (power.off) return never
    power.used += 1
    power.left -= 1
    if (power.left >= 0) return act()
    power.off = true
    return never
  }
  const open: typeof real.open = async (path, flags, mode) => {
    const plain = flags === 'r'
    const file = plain
      ? await real.open(path, flags, mode)
      : await changing(() => real.open(path, flags, mode))
    const { write, writeFile, sync } = {
      write: file.write.bind(file),
      writeFile: file.writeFile.bind(file),
      sync: file.sync.bind(file),
    }
    return Object.assign(file, {
      write: (...args: Parameters<typeof write>) => changing(() => write(...args)),
      writeFile: (...args: Parameters<typeof writeFile>) => changing(() => writeFile(...args)),
      sync: () =>
        changing(async () => {
          await sync()
          if (plain) await power.onSync?.()
        }),
    })
  }
  return {
    ...real,
    open,
    link: (...args: Parameters<typeof real.link>) => changing(() => real.link(...args)),
    rename: (...args: Parameters<typeof real.rename>) => changing(() => real.rename(...args)),
    rm: (...args: Parameters<typeof real.rm>) => changing(() => real.rm(...args)),
  }
})

const crypto = createSystemCrypto()
const rootKey = systemRandom(32)
const [one, two, three] = [1, 2, 3].map((id) => key(Space.draft, 1, id)) as [Bytes, Bytes, Bytes]

const put = (at: Bytes, word: string | null): Effect => ({
  kind: 'persist',
  puts: [{ key: at, value: word === null ? null : utf8(word), secret: true }],
})
const erase = (...keys: Bytes[]): Effect => ({ kind: 'erase', keys })
const acknowledge = (ticket: number): Effect => ({
  kind: 'reply',
  ticket,
  reply: { ok: true, value: {} } as never,
})

/** What the machine asks for, step by step: secrets come, one is renewed and one erased, another comes. */
const steps: readonly (readonly Effect[])[] = [
  [put(one, 'first'), put(two, 'second')],
  [put(two, null), erase(two), put(one, 'renewed')],
  [put(three, 'third')],
]

const nothing = (): void => undefined
const offline: Network = {
  peerId: 'self',
  open: nothing,
  send: nothing,
  close: nothing,
  reset: nothing,
  gate: nothing,
  subscribe: nothing,
  unsubscribe: nothing,
  broadcast: nothing,
}

interface Life {
  /** Steps that were acknowledged. */
  readonly done: number
  /** Every stored form there ever was, as a disk keeps deleted bytes. */
  readonly ever: readonly { readonly key: Bytes; readonly value: Bytes }[]
  readonly rows: Rows
}

/** Runs the steps until all are done or the power fails. */
async function live(path: string): Promise<Life> {
  const rows = new Rows()
  const ever: { key: Bytes; value: Bytes }[] = []
  const store: Store = {
    write: (batch, done) => {
      if (power.off) return
      rows.apply(batch)
      for (const { key: at, value } of batch) if (value !== null) ever.push({ key: at, value })
      setImmediate(() => power.off || done())
    },
    read: (ranges, done) =>
      done(
        undefined,
        ranges.map((range) => rows.read(range)),
      ),
    close: (done) => done(),
  }
  const keyring = await openKeyringFile({ path, key: rootKey, crypto, random: systemRandom })
  let step = 0
  const driver = createDriver({
    machine: {
      step: (input) => {
        if (input.kind === 'start') return [{ kind: 'notify', event: { kind: 'ready' } }]
        if (input.kind !== 'command') return []
        return [...(steps[step++] ?? []), acknowledge(input.ticket)]
      },
    },
    store,
    keyring,
    network: () => offline,
    clock: new HandClock(),
    crypto,
    random: systemRandom,
    telemetry: silentTelemetry,
    onFatal: () => undefined,
  })
  driver.start(() => undefined)
  let done = 0
  for (const _ of steps) {
    let answered = false
    driver.command({ kind: 'mint-card' }, () => (answered = true))
    while (!answered && !power.off) await new Promise((resolve) => setImmediate(resolve))
    if (power.off) break
    done += 1
  }
  // A key that is to be destroyed goes by itself once nothing else is to be done.
  await new Promise((resolve) => setImmediate(resolve))
  const settled = (): boolean => power.off || !keyring.changed
  while (!settled()) await new Promise((resolve) => setImmediate(resolve))
  return { done, ever, rows }
}

/** As a start does: unused wrapping keys go, and that is made durable. */
async function restarted(path: string, rows: Rows): Promise<WrappingKeyring> {
  const keyring = await openKeyringFile({ path, key: rootKey, crypto, random: systemRandom })
  const stored = rows.read(within(key(Space.draft)))
  const used = stored.map(({ value }) => wrappingKeyOf(value.subarray(1)))
  keyring.retain([Space.draft], new Set(used.filter((id) => id !== undefined)))
  await new Promise<void>((resolve, reject) =>
    keyring.save((error) => (error === undefined ? resolve() : reject(error))),
  )
  return keyring
}

let homes: string[] = []

afterEach(async () => {
  Object.assign(power, { left: Number.POSITIVE_INFINITY, used: 0, off: false, onSync: undefined })
  for (const home of homes) await rm(home, { recursive: true, force: true })
  homes = []
})

const filesOf = async (home: string): Promise<Map<string, Buffer>> => {
  const names = await readdir(home)
  const files = await Promise.all(names.map((name) => readFile(join(home, name))))
  return new Map(names.map((name, i) => [name, files[i] ?? Buffer.alloc(0)]))
}

/** One life on a machine that fails at that operation; the operations that it had. */
async function cut(at: number, fate: 'kept' | 'lost'): Promise<{ life: Life; path: string }> {
  const home = await mkdtemp(join(tmpdir(), 'coterie-power-'))
  homes.push(home)
  const path = join(home, 'keyring')
  await createKeyringFile({ path, key: rootKey, crypto, random: systemRandom })
  let synced = await filesOf(home)
  power.onSync = async () => {
    synced = await filesOf(home)
  }
  Object.assign(power, { left: at, used: 0, off: false })
  const life = await live(path)
  Object.assign(power, { left: Number.POSITIVE_INFINITY, off: false, onSync: undefined })
  if (fate === 'lost') {
    // The names and contents of the last moment at which the directory was synced.
    for (const name of await readdir(home)) await rm(join(home, name))
    for (const [name, content] of synced) await writeFile(join(home, name), content)
  }
  return { life, path }
}

/** What is wrong after the failure and the start that follows. */
async function wrongAfter({ life, path }: { life: Life; path: string }): Promise<string[]> {
  const { rows, ever, done } = life
  const keyring = await restarted(path, rows)
  const wrong: string[] = []
  const words = new Map<string, string>()
  for (const row of rows.read(within(key(Space.draft)))) {
    try {
      const { value } = toEntry(keyring, row)
      words.set(String(row.key.at(-1)), Buffer.from(value).toString())
    } catch {
      wrong.push(`what is stored at ${String(row.key.at(-1))} does not open`)
    }
  }
  const held = (at: Bytes): string | undefined => words.get(String(at.at(-1)))
  if (done >= 1 && held(one) === undefined) wrong.push('the first secret is lost')
  if (done === 1 && !['first', 'renewed'].includes(held(one) ?? '')) wrong.push('it is another')
  if (done >= 2 && held(one) !== 'renewed') wrong.push('the renewed secret is lost')
  if (done >= 3 && held(three) !== 'third') wrong.push('the third secret is lost')
  // Deleted bytes lie about for ever; no key of theirs does.
  const lying = ever.filter(({ key: at }) => at === two || at.at(-1) === two.at(-1))
  const again = await openKeyringFile({ path, key: rootKey, crypto, random: systemRandom })
  const gone = held(two) === undefined
  for (const { key: at, value } of lying) {
    if (gone && again.open(at, value.subarray(1)) !== undefined) wrong.push('the erased one opens')
  }
  const names = await readdir(join(path, '..'))
  if (names.join() !== 'keyring') wrong.push(`left behind: ${names.join()}`)
  return wrong
}

const whole = async (): Promise<number> => {
  const { life } = await cut(Number.POSITIVE_INFINITY, 'kept')
  expect(life.done).toBe(steps.length)
  return power.used
}

describe('a machine that fails at any operation on the keyring', () => {
  test.each(['kept', 'lost'] as const)(
    'keeps what was acknowledged, and opens what it keeps (%s)',
    async (fate) => {
      const operations = await whole()
      expect(operations).toBeGreaterThan(30)
      const seen = new Set<number>()
      for (let at = 0; at < operations; at++) {
        const broken = await cut(at, fate)
        seen.add(broken.life.done)
        expect([at, await wrongAfter(broken)]).toEqual([at, []])
      }
      // It failed before, between and after the acknowledgements.
      expect([...seen].sort()).toEqual([0, 1, 2, 3].slice(0, Math.max(...seen) + 1))
      expect(seen.size).toBeGreaterThanOrEqual(3)
    },
    300_000,
  )
})

describe('the check can fail', () => {
  test('where a keyring is put back to an older one', async () => {
    const broken = await cut(Number.POSITIVE_INFINITY, 'kept')
    await rm(broken.path)
    await createKeyringFile({ path: broken.path, key: rootKey, crypto, random: systemRandom })
    expect(await wrongAfter(broken)).toContain('what is stored at 1 does not open')
  })
})
