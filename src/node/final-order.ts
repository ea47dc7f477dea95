// Reads the final order: walks the leaders' counted messages by lamport, in either direction, and merges
// what each step of it makes final. Memory grows with the members, never with the history.

import type { OrderPlan } from '../core/report.ts'
import { Frontier, type Move, type Span } from '../core/order/sequence.ts'
import { type Step, pageAfter, pageBefore } from '../core/order/steps.ts'
import { type ReadRows, type Row, type Slice, mergeTexts } from './transcript.ts'

/** Reads messages of a leader's line in [from, to), ascending. */
export type ReadSteps = (line: number, from: number, to: number) => Promise<readonly Step[]>

/** What has one stamp. */
export interface Batch {
  readonly stamp: number
  readonly spans: readonly Span[]
}

export interface FinalRow {
  readonly stamp: number
  readonly row: Row
}

type Pace = Pick<Step, 'lamport'> & { readonly seen: NonNullable<Move['seen']> }
type Paces = AsyncIterator<Pace, void, undefined>

/** Everything final by stamp, ascending or in reverse. */
export async function* walkFinal(
  plan: OrderPlan,
  read: ReadSteps,
  reverse = false,
): AsyncGenerator<Batch, void, undefined> {
  const frontier = new Frontier(plan)
  const paces: Paces[] = [
    ...plan.voices.map((voice) => stepsOf(voice, read, reverse)),
    ...plan.closings.map(closing),
  ]
  const at: (Pace | undefined)[] = []
  for (const one of paces) at.push(await nextOf(one))
  // Backwards it begins where everybody has arrived.
  if (reverse) frontier.move(at.map((pace, voice) => ({ voice, seen: pace?.seen })))
  const ahead = reverse ? Math.max : Math.min
  for (;;) {
    const lamports = at.flatMap((pace) => (pace === undefined ? [] : [pace.lamport]))
    if (lamports.length === 0) return
    const stamp = ahead(...lamports)
    const moves: Move[] = []
    for (const [voice, pace] of at.entries()) {
      if (pace?.lamport !== stamp) continue
      const next = await nextOf(paces[voice])
      at[voice] = next
      moves.push({ voice, seen: reverse ? next?.seen : pace.seen })
    }
    const spans = frontier.move(moves)
    if (spans.length > 0) yield { stamp, spans }
  }
}

/** The texts of batches, each batch in the usual order. */
export async function* finalTexts(
  batches: AsyncIterable<Batch>,
  memberOf: (line: number) => string,
  read: ReadRows,
  reverse = false,
): AsyncGenerator<FinalRow, void, undefined> {
  for await (const { stamp, spans } of batches) {
    const slices = spans.map((span): Slice => ({ ...span, member: memberOf(span.line) }))
    for await (const row of mergeTexts(slices, read, reverse)) yield { stamp, row }
  }
}

async function nextOf(paces: Paces | undefined): Promise<Pace | undefined> {
  const next = await paces?.next()
  return next === undefined || next.done === true ? undefined : next.value
}

async function* closing({ lamport }: { readonly lamport: number }): AsyncGenerator<Pace, void> {
  yield await Promise.resolve({ lamport, seen: 'everything' as const })
}

async function* stepsOf(
  { line, from, to }: OrderPlan['voices'][number],
  read: ReadSteps,
  reverse: boolean,
): AsyncGenerator<Pace, void, undefined> {
  let [low, high] = [from, to]
  while (low < high) {
    const start = reverse ? pageBefore(from, high) : low
    const end = reverse ? high : Math.min(high, pageAfter(start))
    const steps = await read(line, start, end)
    yield* reverse ? steps.toReversed() : steps
    if (reverse) high = start
    else low = end
  }
}
