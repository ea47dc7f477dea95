// `read --final`: what can neither move nor be withdrawn any more, in the final order; once, or with what
// becomes final later. It only grows at its end, so following never has to take anything back.

import type { Event } from '../core/event.ts'
import type { FinalText, GroupReport, OrderPlan } from '../core/report.ts'
import { Bell } from './bell.ts'
import type { Batch, FinalRow } from './final-order.ts'
import { finalTexts, walkFinal } from './final-order.ts'
import { type ReadOptions, type ReadParts, findMessage, passing } from './reading.ts'
import { type Row, comparePlaces, placeOf } from './transcript.ts'

export interface FinalParts extends ReadParts {
  readonly group: GroupReport
  /** How to walk, up to date with everything durable here. */
  readonly plan: () => Promise<OrderPlan>
}

/** What is final now. */
export async function* readFinal(
  parts: FinalParts,
  options: ReadOptions,
): AsyncGenerator<FinalText, void, undefined> {
  yield* finalNow(parts, await parts.plan(), options)
}

/** The same, then each text as it becomes final. With `since` and `limit` it ends after so many. */
export async function* followFinal(
  parts: FinalParts,
  options: ReadOptions,
  onEvent: (listener: (event: Event) => void) => () => void,
): AsyncGenerator<FinalText, void, undefined> {
  const { signal, since, limit } = options
  const bell = new Bell(signal)
  const stop = onEvent((event) => {
    if (event.kind === 'final' && event.group === parts.group.group) bell.ring()
  })
  let left = since === undefined ? Number.POSITIVE_INFINITY : (limit ?? Number.POSITIVE_INFINITY)
  try {
    let plan = await parts.plan()
    for await (const text of finalNow(parts, plan, options)) {
      yield text
      left -= 1
    }
    while (left > 0) {
      await bell.wait()
      if (bell.ended) return
      const { mark } = plan
      plan = await parts.plan()
      for await (const { stamp, row } of textsOf(parts, batchesAfter(parts, plan, mark))) {
        if (left < 1) return
        if (!shown(row, options)) continue
        yield { ...row.text, stamp }
        left -= 1
      }
    }
  } catch (error) {
    // A node that stops closes its store under a read: that is the end, not a failure.
    if (!bell.ended) throw error
  } finally {
    stop()
    bell.silence()
  }
}

async function* finalNow(
  parts: FinalParts,
  plan: OrderPlan,
  options: ReadOptions,
): AsyncGenerator<FinalText, void, undefined> {
  const { since, limit, signal } = options
  if (since === undefined && limit !== undefined) {
    yield* await lastFinal(parts, plan, limit, options)
    return
  }
  const after = since === undefined ? undefined : await findMessage(parts, parts.group, since)
  const read = parts.texts.steps(parts.group.group)
  let batches: AsyncIterable<Batch> = walkFinal(plan, read)
  if (after !== undefined) batches = batchesFrom(batches, after)
  let left = limit ?? Number.POSITIVE_INFINITY
  let first: number | undefined
  for await (const { stamp, row } of textsOf(parts, batches)) {
    if (left < 1 || signal?.aborted === true) return
    first ??= stamp
    // Of the batch of the message itself only what stands behind it.
    const before = after !== undefined && stamp === first && !isBehind(row, after)
    if (before || !shown(row, options)) continue
    yield { ...row.text, stamp }
    left -= 1
  }
}

/** What counts: the rest of what all leaders have covered was withdrawn. */
function shown(row: Row, options: ReadOptions): boolean {
  return row.text.final && passing(options)(row)
}

function isBehind(row: Row, after: Row): boolean {
  return comparePlaces(placeOf(row), placeOf(after)) > 0
}

function textsOf(
  { group, texts }: FinalParts,
  batches: AsyncIterable<Batch>,
  reverse = false,
): AsyncGenerator<FinalRow, void, undefined> {
  const members = new Map(group.lines.map(({ line, member }) => [line, member]))
  const memberOf = (line: number): string => members.get(line) ?? ''
  return finalTexts(batches, memberOf, texts.reader(group.group), reverse)
}

/** From the batch on that holds a message; nothing where it is not final. */
async function* batchesFrom(
  batches: AsyncIterable<Batch>,
  { line, counter }: Row,
): AsyncGenerator<Batch, void, undefined> {
  let found = false
  for await (const batch of batches) {
    found ||= batch.spans.some(
      (span) => span.line === line && span.from <= counter && counter < span.to,
    )
    if (found) yield batch
  }
}

/** What became final since a mark: found from the end, so that the history before it is not walked. */
async function* batchesAfter(
  parts: FinalParts,
  plan: OrderPlan,
  mark: number,
): AsyncGenerator<Batch, void, undefined> {
  const found: Batch[] = []
  for await (const batch of walkFinal(plan, parts.texts.steps(parts.group.group), true)) {
    if (batch.stamp <= mark) break
    found.push(batch)
  }
  yield* found.reverse()
}

async function lastFinal(
  parts: FinalParts,
  plan: OrderPlan,
  limit: number,
  options: ReadOptions,
): Promise<FinalText[]> {
  const found: FinalText[] = []
  if (limit < 1) return found
  const batches = walkFinal(plan, parts.texts.steps(parts.group.group), true)
  for await (const { stamp, row } of textsOf(parts, batches, true)) {
    if (options.signal?.aborted === true) break
    if (shown(row, options)) found.push({ ...row.text, stamp })
    if (found.length >= limit) break
  }
  return found.reverse()
}
