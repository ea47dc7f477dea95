// What every store promises, as tests that each adapter runs. See src/ports/store.ts.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { type Bytes, compare } from '../../src/base/bytes.ts'
import { SeededRandom } from '../../src/base/random.ts'
import type { Range } from '../../src/core/effect.ts'
import type { Entry } from '../../src/core/input.ts'
import type { Store, Write, WriteOptions } from '../../src/ports/store.ts'

export interface StoreUnderTest {
  readonly store: Store
  /** Opens what the closed store left behind. */
  reopen(): Promise<Store>
  /** Cleans up; the last store may still be open. */
  dispose(): Promise<void>
}

const key = (...bytes: number[]): Bytes => Uint8Array.from(bytes)
const put = (k: Bytes, ...value: number[]): Write => ({ key: k, value: key(...value) })
const everything: Range = { from: key(), to: key(0xff, 0xff, 0xff, 0xff) }

export const write = (
  store: Store,
  batch: readonly Write[],
  options: WriteOptions = {},
): Promise<void> =>
  new Promise((resolve, reject) => {
    store.write(batch, (error) => (error === undefined ? resolve() : reject(error)), options)
  })

export const read = (store: Store, ...ranges: readonly Range[]): Promise<Entry[][]> =>
  new Promise((resolve, reject) => {
    store.read(ranges, (error, rows) => (error === undefined ? resolve(rows) : reject(error)))
  })

export const close = (store: Store): Promise<void> =>
  new Promise((resolve, reject) => {
    store.close((error) => (error === undefined ? resolve() : reject(error)))
  })

const keysOf = (rows: readonly Entry[] | undefined): number[][] =>
  (rows ?? []).map((row) => [...row.key])

export function storeContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`the store ${name}`, () => {
    let opened: StoreUnderTest
    let store: Store

    beforeEach(async () => {
      opened = await open()
      store = opened.store
    })
    afterEach(() => opened.dispose())

    it('is empty at first', async () => {
      expect(await read(store, everything)).toEqual([[]])
    })

    it('gives back what was written, as plain bytes', async () => {
      await write(store, [put(key(1), 9, 8), put(key(2))])
      const [rows] = await read(store, everything)
      expect(rows).toEqual([
        { key: key(1), value: key(9, 8) },
        { key: key(2), value: key() },
      ])
      for (const row of rows ?? []) {
        expect(Object.getPrototypeOf(row.key)).toBe(Uint8Array.prototype)
        expect(Object.getPrototypeOf(row.value)).toBe(Uint8Array.prototype)
      }
    })

    it('orders keys as unsigned bytes, a prefix before its extensions', async () => {
      const keys = [key(0x80), key(1, 0xff), key(0xff), key(1), key(1, 0), key(0x7f, 3), key(2)]
      await write(
        store,
        keys.map((k) => put(k, 1)),
      )
      const [rows] = await read(store, everything)
      expect(keysOf(rows)).toEqual(keys.toSorted(compare).map((k) => [...k]))
    })

    it('reads from the first key of a range up to but without the last', async () => {
      await write(
        store,
        [1, 2, 3, 4].map((k) => put(key(k), k)),
      )
      const [rows] = await read(store, { from: key(2), to: key(4) })
      expect(keysOf(rows)).toEqual([[2], [3]])
    })

    it('reads descending when asked to, and at most the limit from that end', async () => {
      await write(
        store,
        [1, 2, 3, 4, 5].map((k) => put(key(k), k)),
      )
      const results = await read(
        store,
        { from: key(2), to: key(5), limit: 2 },
        { from: key(2), to: key(5), limit: 2, reverse: true },
        { from: key(2), to: key(5), limit: 0 },
        { from: key(4), to: key(2) },
        { from: key(3), to: key(3) },
      )
      expect(results.map(keysOf)).toEqual([[[2], [3]], [[4], [3]], [], [], []])
    })

    it('answers many ranges in the order asked, single keys among them', async () => {
      await write(
        store,
        [1, 2, 3].map((k) => put(key(k), k)),
      )
      const one = (k: number): Range => ({ from: key(k), to: key(k, 0) })
      const results = await read(store, one(3), one(7), { from: key(1), to: key(3) }, one(1))
      expect(results.map(keysOf)).toEqual([[[3]], [], [[1], [2]], [[1]]])
      expect(await read(store)).toEqual([])
    })

    it('reads ranges larger than any chunk', async () => {
      const count = 5_000
      const long = new Uint8Array(400).fill(7)
      const rows = Array.from({ length: count }, (_, i) => key(5, i >> 8, i & 0xff))
      await write(
        store,
        rows.map((k) => ({ key: k, value: long })),
      )
      const [up, down, some] = await read(
        store,
        { from: key(5), to: key(6) },
        { from: key(5), to: key(6), reverse: true },
        { from: key(5), to: key(6), limit: 2_500 },
      )
      expect(up).toHaveLength(count)
      expect(keysOf(down)).toEqual(keysOf(up).reverse())
      expect(some).toHaveLength(2_500)
    })

    it('deletes with null, and the later of two writes to one key in a batch holds', async () => {
      await write(store, [put(key(1), 1), put(key(2), 1), put(key(2), 2), put(key(3), 1)])
      await write(store, [
        { key: key(1), value: null },
        { key: key(9), value: null },
        put(key(3), 5),
        { key: key(3), value: null },
        put(key(4), 1),
      ])
      const [rows] = await read(store, everything)
      expect(rows).toEqual([
        { key: key(2), value: key(2) },
        { key: key(4), value: key(1) },
      ])
    })

    it('keeps its rows when the caller reuses buffers', async () => {
      const k = key(1)
      const value = key(1)
      const written = write(store, [{ key: k, value }])
      k.fill(9)
      value.fill(9)
      await written
      expect(await read(store, everything)).toEqual([[{ key: key(1), value: key(1) }]])
    })

    it('shows a read nothing that is written after it was asked for', async () => {
      await write(store, [put(key(1), 1)])
      const reading = read(store, everything, everything)
      const writing = write(store, [put(key(2), 2)])
      expect((await reading).map(keysOf)).toEqual([[[1]], [[1]]])
      await writing
    })

    it('shows a read every write that was confirmed before', async () => {
      for (let i = 0; i < 20; i++) {
        await write(store, [put(key(i), i)])
        const [rows] = await read(store, everything)
        expect(rows).toHaveLength(i + 1)
      }
    })

    it('confirms writes in the order in which they were asked for', async () => {
      const confirmed: number[] = []
      await Promise.all(
        [0, 1, 2, 3].map((i) => write(store, [put(key(1), i)]).then(() => confirmed.push(i))),
      )
      expect(confirmed).toEqual([0, 1, 2, 3])
      expect(await read(store, everything)).toEqual([[{ key: key(1), value: key(3) }]])
    })

    it('lets writes under way finish when it is closed, and has them after opening', async () => {
      const writing = [1, 2, 3].map((k) => write(store, [put(key(k), k)]))
      const reading = read(store, everything)
      await close(store)
      await Promise.all([...writing, reading])
      store = await opened.reopen()
      const [rows] = await read(store, everything)
      expect(keysOf(rows)).toEqual([[1], [2], [3]])
    })

    it('has what was not synced after opening, if it was closed', async () => {
      await write(store, [put(key(1), 1)])
      await write(store, [put(key(2), 2), { key: key(1), value: null }], { sync: false })
      await close(store)
      store = await opened.reopen()
      expect(await read(store, everything)).toEqual([[{ key: key(2), value: key(2) }]])
    })

    it('shows what was not synced, alone and among others, before and during a write', async () => {
      await write(store, [put(key(1), 1), put(key(3), 3)])
      await write(store, [put(key(2), 2), put(key(3), 4)], { sync: false })
      const one = (k: number): Range => ({ from: key(k), to: key(k, 0) })
      const wanted = [[{ key: key(2), value: key(2) }], [{ key: key(3), value: key(4) }]]
      expect(await read(store, one(2), one(3))).toEqual(wanted)
      const writing = write(store, [put(key(5), 5)])
      expect(await read(store, one(2), one(3))).toEqual(wanted)
      await writing
      await write(store, [put(key(4), 4)], { sync: false })
      expect(await read(store, one(2), one(3), one(6))).toEqual([...wanted, []])
      const [rows] = await read(store, everything)
      expect(keysOf(rows)).toEqual([[1], [2], [3], [4], [5]])
    })

    it('copies what is not synced: the caller may reuse its bytes', async () => {
      const value = key(7)
      await write(store, [{ key: key(1), value }], { sync: false })
      value.fill(0)
      expect(await read(store, everything)).toEqual([[{ key: key(1), value: key(7) }]])
    })

    it('may be closed from inside a callback, and says so once', async () => {
      let closed = 0
      await new Promise<void>((resolve) => {
        store.write([put(key(1), 1)], () => {
          store.close(() => {
            closed++
            setTimeout(resolve, 20)
          })
        })
      })
      expect(closed).toBe(1)
    })

    it('refuses work after it was closed', async () => {
      await close(store)
      await expect(write(store, [put(key(1), 1)])).rejects.toThrow(/closed/)
      await expect(read(store, everything)).rejects.toThrow(/closed/)
    })

    it('agrees with a plain sorted list over many random batches', async () => {
      const random = new SeededRandom('store contract')
      const model = new Map<string, Entry>()
      const randomKey = () => random.bytes(1 + random.below(3)).map((byte) => byte & 0x0f)
      for (let round = 0; round < 60; round++) {
        const batch = Array.from({ length: 1 + random.below(30) }, (): Write => {
          const value = random.below(4) === 0 ? null : random.bytes(random.below(20))
          return { key: randomKey(), value }
        })
        await write(store, batch, { sync: random.below(3) === 0 })
        for (const { key: k, value } of batch) {
          if (value === null) model.delete(k.join())
          else model.set(k.join(), { key: k, value })
        }
        const range: Range = {
          from: randomKey(),
          to: randomKey(),
          limit: random.below(40),
          reverse: random.below(2) === 0,
        }
        expect(await read(store, range)).toEqual([expected(model, range)])
        const exact = randomKey()
        const single: Range = { from: exact, to: Uint8Array.from([...exact, 0]) }
        expect(await read(store, single)).toEqual([expected(model, single)])
      }
      const [rows] = await read(store, everything)
      expect(rows).toEqual(expected(model, everything))
    })
  })
}

function expected(model: ReadonlyMap<string, Entry>, range: Range): Entry[] {
  const rows = [...model.values()]
    .filter((row) => compare(row.key, range.from) >= 0 && compare(row.key, range.to) < 0)
    .toSorted((a, b) => compare(a.key, b.key))
  if (range.reverse === true) rows.reverse()
  return rows.slice(0, range.limit ?? rows.length)
}
