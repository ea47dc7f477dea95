// The heap gives the least item first, and the cache forgets what was used longest ago.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { Heap } from '../../../src/base/heap.ts'
import { Lru } from '../../../src/base/lru.ts'

describe('a heap', () => {
  test('gives items in order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), (items) => {
        const heap = new Heap<number>((a, b) => a - b)
        for (const item of items) heap.push(item)
        const popped = items.map(() => heap.pop())
        expect(popped).toEqual([...items].sort((a, b) => a - b))
        expect(heap.pop()).toBeUndefined()
      }),
    )
  })

  test('keeps order while items come and go', () => {
    const steps = fc.array(fc.option(fc.nat(100), { nil: undefined }), { maxLength: 200 })
    fc.assert(
      fc.property(steps, (script) => {
        const heap = new Heap<number>((a, b) => a - b)
        let model: number[] = []
        for (const step of script) {
          if (step !== undefined) {
            heap.push(step)
            model = [...model, step].sort((a, b) => a - b)
          } else {
            expect(heap.peek()).toBe(model[0])
            expect(heap.pop()).toBe(model.shift())
          }
          expect(heap.size).toBe(model.length)
        }
      }),
    )
  })

  test('can be emptied', () => {
    const heap = new Heap<number>((a, b) => a - b)
    heap.push(1)
    heap.clear()
    expect([heap.size, heap.peek(), heap.pop()]).toEqual([0, undefined, undefined])
  })
})

describe('a bounded cache', () => {
  test('forgets the entry that was used longest ago', () => {
    const cache = new Lru<string, number>(2)
    cache.set('a', 1)
    cache.set('b', 2)
    expect(cache.get('a')).toBe(1)
    cache.set('c', 3)
    expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([1, undefined, 3])
  })

  test('does not count looking as using', () => {
    const cache = new Lru<string, number>(2)
    cache.set('a', 1)
    cache.set('b', 2)
    expect(cache.has('a')).toBe(true)
    cache.set('c', 3)
    expect(cache.has('a')).toBe(false)
  })

  test('never holds more than its bound', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(fc.nat(20)), (bound, keys) => {
        const cache = new Lru<number, number>(bound)
        for (const key of keys) {
          cache.set(key, key)
          expect(cache.size).toBeLessThanOrEqual(bound)
          expect(cache.get(key)).toBe(key)
        }
      }),
    )
  })

  test('holds what a plain list of recent keys would, whatever happens to it', () => {
    const script = fc.array(
      fc.record({
        act: fc.constantFrom('set', 'set', 'set', 'get', 'delete', 'clear'),
        key: fc.nat(60),
      }),
      { maxLength: 600 },
    )
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), script, (bound, steps) => {
        const cache = new Lru<number, number>(bound)
        let recent: number[] = []
        for (const { act, key } of steps) {
          const rest = recent.filter((one) => one !== key)
          if (act === 'set') cache.set(key, key)
          if (act === 'get') expect(cache.get(key)).toBe(recent.includes(key) ? key : undefined)
          if (act === 'delete') expect(cache.delete(key)).toBe(recent.includes(key))
          if (act === 'clear') cache.clear()
          if (act === 'clear') recent = []
          else if (act === 'delete') recent = rest
          else if (act === 'set' || recent.includes(key)) recent = [...rest, key].slice(-bound)
          const held = Array.from({ length: 61 }, (_, one) => one).filter((one) => cache.has(one))
          expect(held).toEqual([...recent].sort((a, b) => a - b))
        }
      }),
    )
  })

  test('takes no more memory, however often it is used', () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const bytes = (): number => {
      collect()
      return process.memoryUsage().heapUsed
    }
    // Some of it read, and a place taken and given back: neither makes anything leave.
    const cache = new Lru<number, number>(512)
    for (let key = 0; key < 100; key++) cache.set(key, key)
    const before = bytes()
    for (let turn = 0; turn < 300_000; turn++) cache.get((turn * 7) % 100)
    for (let turn = 0; turn < 300_000; turn++) {
      cache.set(1_000 + turn, turn)
      cache.delete(1_000 + turn)
    }
    expect(bytes() - before).toBeLessThan(4 * 1024 * 1024)
    expect(cache.size).toBe(100)
  })

  test('drops one entry or all', () => {
    const cache = new Lru<string, number>(2)
    cache.set('a', 1)
    expect([cache.delete('a'), cache.delete('a')]).toEqual([true, false])
    cache.set('b', 1)
    cache.clear()
    expect(cache.size).toBe(0)
  })

  test('refuses a bound below one', () => {
    expect(() => new Lru(0)).toThrow(RangeError)
  })
})
