// The schedule, made into faults that begin and end. A fault ends by itself after `for`, or by a `heal`
// that names it; one that would never end is refused, because a run that ends under a fault says nothing
// about healing.

import type { SeededRandom } from '../../base/random.ts'
import { durationMs, jitterOf } from './duration.ts'
import type { Fault, FaultEvent, LinkChange, NodeRef } from './materialised.ts'
import type { ChangeWords, Scenario, ScheduleItem } from './schema.ts'
import { type Part, partsOfShape, splitFault } from './shapes.ts'
import type { Path } from './source.ts'

type FaultItem = Exclude<ScheduleItem, { do: 'heal' }>

/** A part of a fault, with its place in the file. */
export interface Span {
  readonly id: string
  readonly part: number
  readonly fromMs: number
  /** Infinity: it never ends. */
  readonly toMs: number
  readonly fault: Fault
  readonly path: Path
  /** Begins before anything of the same instant ends, because it is what is left of that. */
  readonly first?: boolean
}

export interface ScheduleParts {
  readonly scenario: Scenario
  readonly random: SeededRandom
  readonly groups: readonly (readonly number[])[]
  readonly select: (selector: string | number, path: Path) => readonly NodeRef[]
  /** Later selectors may name the sides of a split. */
  readonly named: (id: string, sides: readonly (readonly NodeRef[])[]) => void
  readonly report: (path: Path, message: string) => void
}

export function spansOf(parts: ScheduleParts): Span[] {
  const { schedule } = parts.scenario
  const heals = new Map<string, number>()
  schedule.forEach((item, index) => {
    if (item.do !== 'heal') return
    const named = schedule.some((one) => one.do !== 'heal' && one.id === item.id)
    if (!named) parts.report(['schedule', index, 'id'], `there is no fault "${item.id}" to heal`)
    heals.set(item.id, ms(item.at))
  })
  const seen = new Set<string>()
  return schedule.flatMap((item, index): Span[] => {
    if (item.do === 'heal') return []
    const path: Path = ['schedule', index]
    if (seen.has(item.id)) parts.report([...path, 'id'], `the id "${item.id}" is taken`)
    if (['before', 'all'].includes(item.id) || item.id.startsWith('after-')) {
      parts.report([...path, 'id'], `"${item.id}" is the name of a phase already`)
    }
    seen.add(item.id)
    const fromMs = ms(item.at)
    const toMs = endOf(parts, item, path, heals)
    if (toMs === undefined) return []
    const within = partsOf(parts, item, path, toMs - fromMs)
    return within.map(({ fault, ...one }, part) => ({
      id: item.id,
      part,
      fromMs: fromMs + one.fromMs,
      toMs: fromMs + one.toMs,
      fault,
      path,
    }))
  })
}

/** Beginnings and ends, in order; what ends at an instant ends before what begins. */
export function faultEvents(spans: readonly Span[]): FaultEvent[] {
  const ranked = spans.flatMap(({ id, part, fromMs, toMs, fault, first = false }) => [
    { rank: first ? 0 : 2, event: { kind: 'fault', atMs: fromMs, id, part, fault } as const },
    ...(Number.isFinite(toMs)
      ? [{ rank: 1, event: { kind: 'fault', atMs: toMs, id, part } as const }]
      : []),
  ])
  return ranked
    .sort((a, b) => a.event.atMs - b.event.atMs || a.rank - b.rank)
    .map(({ event }) => event)
}

function endOf(
  parts: ScheduleParts,
  item: FaultItem,
  path: Path,
  heals: ReadonlyMap<string, number>,
): number | undefined {
  const fromMs = ms(item.at)
  const healMs = heals.get(item.id)
  const toMs = item.for === undefined ? healMs : fromMs + ms(item.for)
  if (toMs === undefined) {
    parts.report(path, `"${item.id}" never ends: give it a \`for\`, or a \`heal\` with its id`)
  } else if (item.for !== undefined && healMs !== undefined) {
    parts.report([...path, 'for'], `"${item.id}" has both a \`for\` and a \`heal\``)
  } else if (toMs <= fromMs) {
    parts.report(path, `"${item.id}" ends before it begins`)
  } else if (toMs > ms(parts.scenario.run.duration)) {
    parts.report(path, `"${item.id}" lasts longer than the run: heal it before run.duration`)
  } else return toMs
  return undefined
}

function partsOf(parts: ScheduleParts, item: FaultItem, path: Path, forMs: number): Part[] {
  const one = (fault: Fault): Part[] => [{ fromMs: 0, toMs: forMs, fault }]
  const at = (key: string): Path => [...path, key]
  switch (item.do) {
    case 'split':
      return flapping(parts, item, path, forMs, splitParts(parts, item, path, forMs))
    case 'cut': {
      const [from, to] = [parts.select(item.from, at('from')), parts.select(item.to, at('to'))]
      const { mode, both } = item
      return flapping(parts, item, path, forMs, one({ do: 'cut', from, to, mode, both }))
    }
    case 'link':
      return linkParts(parts, item, path, forMs)
    case 'crash': {
      const { unsynced, silent } = item
      const nodes = parts.select(item.target, at('target'))
      return one({ do: 'crash', nodes, unsynced, silent })
    }
    case 'skew': {
      const skewMs = ms(item.ahead ?? '0s') - ms(item.behind ?? '0s')
      const nodes = parts.select(item.target, at('target'))
      if (skewMs === 0 && item.driftPpm === 0) parts.report(path, 'this skew changes nothing')
      return one({ do: 'skew', nodes, skewMs, driftPpm: item.driftPpm })
    }
    case 'slow': {
      const nodes = parts.select(item.target, at('target'))
      return one({ do: 'slow', nodes, factor: item.factor })
    }
    case 'byzantine': {
      const nodes = parts.select(item.target, at('target'))
      return one({ do: 'byzantine', nodes, lies: [...new Set(item.lies)] })
    }
    default:
      return one({ do: item.do, nodes: parts.select(item.target, at('target')) })
  }
}

function splitParts(
  parts: ScheduleParts,
  item: Extract<FaultItem, { do: 'split' }>,
  path: Path,
  forMs: number,
): Part[] {
  if ((item.sides === undefined) === (item.shape === undefined)) {
    parts.report(path, 'a split takes either `sides` or a `shape`')
    return []
  }
  const smallest = Math.min(...parts.groups.map((group) => group.length))
  if (smallest < 4 && ['two-leaf', 'nested', 'ring'].includes(item.shape ?? '')) {
    parts.report([...path, 'shape'], 'this shape takes groups of at least 4')
    return []
  }
  const made =
    item.sides === undefined
      ? partsOfShape({
          item,
          forMs,
          groups: parts.groups,
          everyMs: ms(item.every ?? '5s'),
          target: item.target === undefined ? [] : parts.select(item.target, [...path, 'target']),
          random: parts.random.fork(`faults/${item.id}`),
        })
      : [
          {
            fromMs: 0,
            toMs: forMs,
            fault: splitFault(item, sidesOf(parts, item.sides, path), false),
          },
        ]
  if (made.some((part) => part.toMs <= part.fromMs)) {
    parts.report(path, `"${item.id}" is too short for its shape`)
    return []
  }
  const [first] = made
  if (first?.fault.do === 'split') parts.named(item.id, first.fault.sides)
  return made
}

function sidesOf(
  parts: ScheduleParts,
  sides: readonly (string | number)[],
  path: Path,
): (readonly NodeRef[])[] {
  return sides.map((side, index) => parts.select(side, [...path, 'sides', index]))
}

/** The same part again and again. */
function flapping(
  parts: ScheduleParts,
  item: Extract<FaultItem, { do: 'split' | 'cut' }>,
  path: Path,
  forMs: number,
  made: readonly Part[],
): Part[] {
  if (item.flap === undefined) return [...made]
  const [cutMs, healMs] = [ms(item.flap.cut), ms(item.flap.heal)]
  const { times } = item.flap
  if (cutMs * times + healMs * (times - 1) > forMs || cutMs <= 0 || healMs <= 0) {
    parts.report(
      [...path, 'flap'],
      `does not fit: ${times} times cut and heal are longer than the fault`,
    )
    return []
  }
  return Array.from({ length: times }, (_, turn) => turn * (cutMs + healMs)).flatMap((fromMs) =>
    made.map(({ fault }): Part => ({ fromMs, toMs: fromMs + cutMs, fault })),
  )
}

function linkParts(
  parts: ScheduleParts,
  item: Extract<FaultItem, { do: 'link' }>,
  path: Path,
  forMs: number,
): Part[] {
  const from = item.from === undefined ? [] : parts.select(item.from, [...path, 'from'])
  const to = item.to === undefined ? [] : parts.select(item.to, [...path, 'to'])
  if ((from.length === 0) !== (to.length === 0)) {
    parts.report(path, 'a link takes both `from` and `to`, or neither for every link')
  }
  const change = changeOf(item)
  if (Object.keys(change).length === 0) parts.report(path, 'this link changes nothing')
  const fault = (one: LinkChange): Fault => ({ do: 'link', from, to, both: item.both, change: one })
  if (item.grow === undefined) return [{ fromMs: 0, toMs: forMs, fault: fault(change) }]
  const { delayMs = 0 } = change
  const { steps } = item.grow
  const lastMs = ms(item.grow.to)
  if (delayMs <= 0 || lastMs <= delayMs) {
    parts.report([...path, 'grow'], 'grows from a `latency` above 0 to a longer one')
    return []
  }
  const stepMs = Math.floor(forMs / steps)
  return growing(delayMs, lastMs, steps).map((delay, step) => ({
    fromMs: step * stepMs,
    toMs: step === steps - 1 ? forMs : (step + 1) * stepMs,
    fault: fault({ ...change, delayMs: delay }),
  }))
}

/** From first to last, each longer than the one before by the same factor. */
export function growing(first: number, last: number, steps: number): number[] {
  const factor = (last / first) ** (1 / (steps - 1))
  return Array.from({ length: steps }, (_, step) =>
    step === steps - 1 ? last : Math.round(first * factor ** step),
  )
}

export function changeOf(words: ChangeWords): LinkChange {
  const { latency, jitter, loss, duplicate, reorder } = words
  return {
    ...(latency === undefined ? {} : { delayMs: ms(latency) }),
    ...(jitter === undefined ? {} : jitterOf(jitter)),
    ...(loss === undefined ? {} : { loss }),
    ...(duplicate === undefined ? {} : { duplicate }),
    ...(reorder === undefined ? {} : { reorder }),
  }
}

const ms = (text: string): number => durationMs(text) ?? 0
