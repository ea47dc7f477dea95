// How the node reads texts straight from the store, beside the core and without disturbing it:
// stored rows of one author's line, opened by the endpoint that holds the keys.

import { fromHex, readU32, toHex } from '../base/bytes.ts'
import type { Bytes } from '../base/bytes.ts'
import { CoterieError } from '../base/error.ts'
import type { Range } from '../core/effect.ts'
import type { Entry } from '../core/input.ts'
import type { Machine } from '../core/machine.ts'
import type {
  EndpointReport,
  ExposureReport,
  GroupReport,
  HeldText,
  ShareReport,
  StandingReport,
  TextReport,
} from '../core/report.ts'
import type { ExportState } from '../core/replica/exporting.ts'
import { archiveKey, archiveRanges, archivedKeys } from '../core/replica/archive.ts'
import { Space, key, only, within } from '../core/storage.ts'
import { stepsOfRecords } from '../core/order/steps.ts'
import type { Keyring } from '../ports/keyring.ts'
import type { Store } from '../ports/store.ts'
import { toEntry } from './driver/rows.ts'
import type { ReadSteps } from './final-order.ts'
import type { ReadRows, Row, StoredRow } from './transcript.ts'

/** What the node needs of an endpoint besides its steps. */
export interface EndpointMachine extends Machine {
  report(): EndpointReport
  /** Opens a stored message for display; undefined for what is no text. */
  openText(group: string, record: Bytes, line: number, archived?: Bytes): TextReport | undefined
  /** Own texts that wait to be sent, in order. */
  heldTexts(group: string): HeldText[]
  /** What a thief of this device could read of a group now. */
  exposure(group: string): ExposureReport | undefined
  /** Why a member stands as it does; undefined for one that was never admitted. */
  standing(group: string, member: string): StandingReport | undefined
  /** Who asked whom for keys of epochs, newest first. */
  shares(group: string): ShareReport[] | undefined
  /** What an archive of a group's transcript starts from, as of now. */
  exportState(group: string): ExportState | undefined
  /** The key of a stored text, if `read` shows what it says. */
  textKey(group: string, record: Bytes, line: number, archived?: Bytes): Bytes | undefined
  /** The number under which a group's rows are stored. */
  groupNumber(group: string): number | undefined
}

export interface TextStoreParts {
  readonly machine: EndpointMachine
  readonly store: Store
  readonly keyring: Keyring
}

/** Digits of an id that the index holds. */
const INDEXED_DIGITS = 32
const FOUND_MAX = 16
/** Rows that are asked for by key rather than as a range. */
const FEW_ROWS = 4
/** In an index key: the space byte and the group's number, before the id. */
const INDEX_ID_AT = 5

/** The texts in a store. */
export class TextStore {
  readonly #parts: TextStoreParts

  constructor(parts: TextStoreParts) {
    this.#parts = parts
  }

  /** Reads rows of one group. */
  reader(group: string): ReadRows {
    return async (line, range) => {
      const number = this.#numberOf(group)
      const counters = fewCounters(range)
      if (counters !== undefined) {
        const found = await this.#open(group, line, keysOf(number, line, counters))
        if (!found.some(isClosed)) return found
      }
      const { from, to } = range
      const messages = counters
        ? counters.map((counter) => only(messageKey(number, line, counter)))
        : [{ ...range, from: messageKey(number, line, from), to: messageKey(number, line, to) }]
      return this.#open(group, line, [...messages, ...archiveRanges(number, line, from, to)])
    }
  }

  /** The texts in some ranges of messages, opened with the keys in those of the archive. */
  async #open(
    group: string,
    line: number,
    ranges: readonly Range[],
  ): Promise<readonly StoredRow[]> {
    const [rows, messages] = parted(
      await this.#read(ranges),
      ({ key: at }) => at[0] === Space.archive,
    )
    const keys = new Map(rows.flatMap(({ value }) => [...archivedKeys(value)]))
    return messages.map(({ key: at, value }) => {
      const counter = readU32(at, at.length - 4)
      const text = this.#parts.machine.openText(group, value, line, keys.get(counter))
      return { counter, text }
    })
  }

  /** Reads a leader's messages as the final order walks them. */
  steps(group: string): ReadSteps {
    return async (line, from, to) => {
      const number = this.#numberOf(group)
      const range = { from: messageKey(number, line, from), to: messageKey(number, line, to) }
      const rows = await this.#read([range])
      return stepsOfRecords(rows.map(({ value }) => value))
    }
  }

  /** Texts whose id begins with these hex digits. */
  async findById(group: GroupReport, digits: string): Promise<readonly Row[]> {
    const indexed = digits.slice(0, INDEXED_DIGITS)
    const prefix = fromHex(indexed.length % 2 === 0 ? indexed : indexed.slice(0, -1))
    if (prefix === undefined) return []
    const number = this.#numberOf(group.group)
    const read = this.reader(group.group)
    const found: Row[] = []
    for (const entry of await this.#read([within(key(Space.index, number, prefix))])) {
      if (!toHex(entry.key.subarray(INDEX_ID_AT)).startsWith(indexed)) continue
      const line = readU32(entry.value, 0)
      const counter = readU32(entry.value, 4)
      const range = { from: counter, to: counter + 1, limit: 1, reverse: false }
      const text = (await read(line, range))[0]?.text
      const member = group.lines.find((other) => other.line === line)?.member
      if (text === undefined || member === undefined || !text.id.startsWith(digits)) continue
      found.push({ line, member, counter, text })
      if (found.length >= FOUND_MAX) break
    }
    return found
  }

  #numberOf(group: string): number {
    const number = this.#parts.machine.groupNumber(group)
    if (number !== undefined) return number
    throw new CoterieError('GROUP_UNKNOWN', 'This node holds no such group.', {
      hint: 'List the groups with: coterie group list',
    })
  }

  #read(ranges: readonly Range[]): Promise<Entry[]> {
    return readStored(this.#parts, ranges)
  }
}

/** Rows of a store as the core wrote them, all ranges in one list. */
export async function readStored(
  { store, keyring }: Pick<TextStoreParts, 'store' | 'keyring'>,
  ranges: readonly Range[],
): Promise<Entry[]> {
  const rows = await new Promise<Entry[]>((resolve, reject) => {
    store.read(ranges, (error, results) => {
      if (error === undefined) resolve(results.flat())
      else reject(error)
    })
  })
  return rows.map((row) => toEntry(keyring, row))
}

/** Where a message lies. */
export const messageKey = (group: number, line: number, counter: number): Bytes =>
  key(Space.message, group, line, counter)

/** The counters of a short range; longer ones are read as what they are. */
function fewCounters({ from, to, limit, reverse }: Parameters<ReadRows>[1]): number[] | undefined {
  if (to - from > Math.min(limit, FEW_ROWS)) return undefined
  return Array.from({ length: to - from }, (_, at) => (reverse ? to - 1 - at : from + at))
}

/**
 * A few messages by key, which stores answer fastest: following reads one after another. So are their
 * own keys, where the step that took them in took in nothing before them, as is usual of what is new.
 */
function keysOf(group: number, line: number, counters: readonly number[]): readonly Range[] {
  return counters.flatMap((counter) => [
    only(messageKey(group, line, counter)),
    only(archiveKey(group, line, counter)),
  ])
}

/** Its key may be in a row of the archive that begins further back. */
function isClosed({ text }: StoredRow): boolean {
  return text?.state === 'undecryptable' || text?.state === 'sealed'
}

/** Those that pass, then the others. */
function parted<T>(all: readonly T[], passes: (one: T) => boolean): readonly [T[], T[]] {
  const [yes, no]: [T[], T[]] = [[], []]
  for (const one of all) (passes(one) ? yes : no).push(one)
  return [yes, no]
}
