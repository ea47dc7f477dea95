// How texts are read from the store: what has just come by its keys alone, everything else wherever
// the keys of the archive lie.

import { describe, expect, test } from 'vitest'

import { createMemoryKeyring } from '../../../src/adapters/memory/keyring.ts'
import { Rows } from '../../../src/adapters/memory/rows.ts'
import { type Bytes, toHex } from '../../../src/base/bytes.ts'
import { encode } from '../../../src/codec/canonical.ts'
import type { Range } from '../../../src/core/effect.ts'
import { archiveKey } from '../../../src/core/replica/archive.ts'
import type { TextReport } from '../../../src/core/report.ts'
import { Space, key } from '../../../src/core/storage.ts'
import { toWrite } from '../../../src/node/driver/rows.ts'
import { type EndpointMachine, TextStore } from '../../../src/node/rows.ts'

const LINE = 4
const NUMBER = 7

/** Messages 0..9 of one line; the archive holds their keys in rows that begin where it is said. */
function storeOf(runs: readonly (readonly number[])[], closed: readonly number[] = []) {
  const keyring = createMemoryKeyring()
  const rows = new Rows()
  const keyOf = (counter: number): Bytes => new Uint8Array(32).fill(counter)
  for (let counter = 0; counter < 10; counter++) {
    const at = key(Space.message, NUMBER, LINE, counter)
    rows.apply([toWrite(keyring, { key: at, value: Uint8Array.of(counter) })])
  }
  for (const run of runs) {
    const value = encode(run.flatMap((counter) => [counter, keyOf(counter)]))
    const at = archiveKey(NUMBER, LINE, run[0] ?? 0)
    rows.apply([toWrite(keyring, { key: at, value, secret: true })])
  }
  const asked: Range[][] = []
  const machine = {
    groupNumber: () => NUMBER,
    openText: (_group: string, record: Bytes, _line: number, archived?: Bytes) => {
      const counter = record[0] ?? 0
      const opened = archived !== undefined && toHex(archived) === toHex(keyOf(counter))
      const state = opened ? 'ok' : closed.includes(counter) ? 'sealed' : 'undecryptable'
      return { text: opened ? `text ${counter}` : null, state } as TextReport
    },
  } as unknown as EndpointMachine
  const store = {
    write: () => undefined,
    close: () => undefined,
    read: (
      ranges: readonly Range[],
      done: (error: undefined, rows: ReturnType<Rows['read']>[]) => void,
    ) => {
      asked.push([...ranges])
      done(
        undefined,
        ranges.map((range) => rows.read(range)),
      )
    },
  }
  const read = new TextStore({ machine, store, keyring }).reader('garden')
  const textsOf = async (from: number, to: number, reverse = false) => {
    const found = await read(LINE, { from, to, limit: 8, reverse })
    return found.map(({ counter, text }) => `${counter} ${text?.text ?? text?.state ?? ''}`)
  }
  return { textsOf, asked }
}

const isOneKey = ({ from, to }: Range): boolean =>
  to.length === from.length + 1 && to.at(-1) === 0 && from.every((byte, i) => to[i] === byte)

describe('reading a few texts', () => {
  test('asks only for single keys where each key lies where its step began', async () => {
    const { textsOf, asked } = storeOf([[5], [6, 7], [8]])
    expect(await textsOf(5, 6)).toEqual(['5 text 5'])
    expect(await textsOf(6, 9)).toEqual(['6 text 6', '7 text 7', '8 text 8'])
    expect(asked).toHaveLength(2)
    expect(asked.flat().every(isOneKey)).toBe(true)
  })

  test('finds keys in a row that begins further back, too', async () => {
    const { textsOf, asked } = storeOf([[3, 4, 5, 6], [7]])
    expect(await textsOf(5, 8)).toEqual(['5 text 5', '6 text 6', '7 text 7'])
    expect(await textsOf(5, 8, true)).toEqual(['7 text 7', '6 text 6', '5 text 5'])
    expect(asked).toHaveLength(4)
  })

  test('says what cannot be opened as it is, after it was looked for everywhere', async () => {
    const { textsOf } = storeOf([[7]], [8])
    expect(await textsOf(6, 9)).toEqual(['6 undecryptable', '7 text 7', '8 sealed'])
  })

  test('gives the same as a long range does', async () => {
    const { textsOf } = storeOf([[0, 1, 2], [3], [4, 5], [6, 8, 9]])
    const all = await textsOf(0, 8)
    expect(all).toHaveLength(8)
    for (let from = 0; from < 8; from++) {
      for (let to = from + 1; to <= Math.min(8, from + 4); to++) {
        expect(await textsOf(from, to)).toEqual(all.slice(from, to))
      }
    }
  })
})
