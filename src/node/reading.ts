// Reading a group: everything, the last few, or what stands after a given message; once, or with
// what follows. Puts the merge, the store rows and the events together.

import { CoterieError } from '../base/error.ts'
import type { Event } from '../core/event.ts'
import type { GroupReport, ReadRow, TextReport } from '../core/report.ts'
import type { Driver } from './driver-types.ts'
import { followTexts } from './follow.ts'
import type { EndpointMachine, TextStore } from './rows.ts'
import {
  type ReadRows,
  type Row,
  type Slice,
  lastTexts,
  mergeTexts,
  placeOf,
  sliceAfter,
} from './transcript.ts'

export interface ReadOptions {
  /** Only texts after this one: an id, a prefix of 6 digits or more, or a number. Default: all. */
  readonly since?: string | undefined
  /** At most so many: the last ones, or with `since` the first after it. Default: no bound. */
  readonly limit?: number | undefined
  /** Also texts that this member was never entitled to, as `sealed`. Default: false. */
  readonly all?: boolean | undefined
  /** Only what is final, in the final order. Default: false. */
  readonly final?: boolean | undefined
  /** Ends the reading. Default: never. */
  readonly signal?: AbortSignal | undefined
}

export interface ReadParts {
  readonly machine: EndpointMachine
  readonly texts: TextStore
}

/**
 * What is held now, in total order; own texts that wait to be sent come last, as they will. It waits for what
 * the machine holds and the store does not yet: whatever a status has counted is shown.
 */
export async function* readGroup(
  parts: ReadParts,
  driver: Pick<Driver, 'written'>,
  group: string,
  options: ReadOptions,
): AsyncGenerator<ReadRow, void, undefined> {
  const { since, limit, signal } = options
  await new Promise<void>((resolve) => driver.written(resolve))
  const waiting = parts.machine.heldTexts(group)
  const atEnd = since === undefined && limit !== undefined
  const lastOnes = atEnd ? waiting.slice(Math.max(0, waiting.length - limit)) : waiting
  const sent = atEnd ? { ...options, limit: limit - lastOnes.length } : options
  let left = atEnd ? Number.POSITIVE_INFINITY : (limit ?? Number.POSITIVE_INFINITY)
  for await (const row of rowsNow(parts, group, parts.texts.reader(group), sent)) {
    if (signal?.aborted === true) return
    yield row.text
    left -= 1
  }
  for (const text of lastOnes) {
    if (left < 1 || signal?.aborted === true) return
    yield text
    left -= 1
  }
}

/** What is held now, then what comes. With `since` and `limit` it ends after so many texts. */
export async function* followGroup(
  parts: ReadParts,
  group: string,
  options: ReadOptions,
  onEvent: (listener: (event: Event) => void) => () => void,
): AsyncGenerator<TextReport, void, undefined> {
  const texts = followTexts(
    {
      read: parts.texts.reader(group),
      onNews: (listener) =>
        onEvent((event) => {
          if (!('group' in event) || event.group !== group) return
          if (event.kind === 'message') {
            listener({ ...event, kind: 'line', next: event.counter + 1 })
          } else if (event.kind === 'departed' || event.kind === 'meta') {
            listener({ kind: 'judged' })
          } else if (event.kind === 'epoch' && event.opened) {
            listener({ kind: 'opened', epoch: event.epoch })
          }
        }),
    },
    {
      passes: passing(options),
      first: (read) => rowsNow(parts, group, read, options),
      signal: options.signal,
    },
  )
  if (options.since === undefined || options.limit === undefined) {
    yield* texts
    return
  }
  let left = options.limit
  if (left < 1) return
  for await (const text of texts) {
    yield text
    if (text.again !== true) left -= 1
    if (left < 1) return
  }
}

async function* rowsNow(
  parts: ReadParts,
  id: string,
  read: ReadRows,
  options: ReadOptions,
): AsyncGenerator<Row, void, undefined> {
  const { since, limit } = options
  const passes = passing(options)
  const group = parts.machine.report().groups.find((other) => other.group === id)
  if (group === undefined) return
  let slices = slicesOf(group)
  if (since === undefined && limit !== undefined) {
    yield* await lastTexts(slices, read, limit, passes)
    return
  }
  if (since !== undefined) {
    const place = placeOf(await findMessage(parts, group, since))
    const later: Slice[] = []
    for (const slice of slices) later.push(await sliceAfter(slice, place, read))
    slices = later
  }
  let left = limit ?? Number.POSITIVE_INFINITY
  if (left < 1) return
  for await (const row of mergeTexts(slices, read)) {
    if (!passes(row)) continue
    yield row
    left -= 1
    if (left < 1) return
  }
}

function slicesOf(group: GroupReport): readonly Slice[] {
  return group.lines.map(({ line, member, next }) => ({ line, member, from: 0, to: next }))
}

export function passing(options: ReadOptions): (row: Row) => boolean {
  return ({ text }) => options.all === true || text.state !== 'sealed'
}

/** The one message that is meant. @throws CoterieError MESSAGE_UNKNOWN, AMBIGUOUS, USAGE */
export async function findMessage(
  parts: ReadParts,
  group: GroupReport,
  named: string,
): Promise<Row> {
  const read = parts.texts.reader(group.group)
  const text = named.toLowerCase()
  const [, author, counter] = /^([0-9a-f]{8}):([0-9]{1,10})$/.exec(text) ?? []
  if (author === undefined && !/^[0-9a-f]{6,64}$/.test(text)) {
    throw new CoterieError('USAGE', `"${named}" is neither a message number nor an id.`, {
      hint: 'A number looks like 1d3f92d1:1; of an id, six hex digits are enough.',
    })
  }
  const rows =
    author === undefined
      ? await parts.texts.findById(group, text)
      : await findByNumber(group, read, author, Number(counter))
  const [row, second] = rows
  if (row === undefined) {
    throw new CoterieError('MESSAGE_UNKNOWN', `No text "${named}" is held in this group.`, {
      hint: 'Numbers and ids are shown by: coterie read GROUP --json',
    })
  }
  if (second === undefined) return row
  throw new CoterieError('AMBIGUOUS', `"${named}" fits ${rows.length} messages.`, {
    hint: `Use a longer id: ${rows.map((other) => other.text.id).join(', ')}`,
  })
}

async function findByNumber(
  group: GroupReport,
  read: ReadRows,
  author: string,
  counter: number,
): Promise<readonly Row[]> {
  const members = group.members.filter((member) => member.memberGroupId === author)
  const ids = new Set(members.map((member) => member.member))
  const found: Row[] = []
  for (const { line, member } of group.lines.filter((other) => ids.has(other.member))) {
    const range = { from: counter, to: counter + 1, limit: 1, reverse: false }
    for (const { text } of await read(line, range)) {
      if (text !== undefined) found.push({ line, member, counter, text })
    }
  }
  return found
}
