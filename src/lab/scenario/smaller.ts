// A materialised scenario made smaller in one respect: without some of its events, without a node, with
// rounder times, with less time at its end. Each is a scenario again; whether it still shows what it is
// kept for is for the search to find out (`run/shrink.ts`).

import type {
  Fault,
  GroupPlan,
  Materialised,
  NetworkPlan,
  NodeRef,
  ScenarioEvent,
} from './materialised.ts'

/** What is left of a run after its last event. */
const TAIL_MS = 1_000

/** What goes together: an operation, or a part of a fault with its end. */
export function keyOf(event: ScenarioEvent): string {
  return event.kind === 'fault' ? `fault ${event.id}/${event.part}` : `operation ${event.id}`
}

export function withoutEvents(scenario: Materialised, keys: ReadonlySet<string>): Materialised {
  return withEvents(
    scenario,
    scenario.events.filter((event) => !keys.has(keyOf(event))),
  )
}

function withEvents(scenario: Materialised, events: readonly ScenarioEvent[]): Materialised {
  const ids = new Set(events.flatMap((event) => (event.kind === 'fault' ? [event.id] : [])))
  return { ...scenario, events, phases: scenario.phases.filter((id) => ids.has(id)) }
}

/** Ends soon after the last event; the same scenario where that is no earlier. */
export function endingEarlier(scenario: Materialised): Materialised {
  const durationMs = (scenario.events.at(-1)?.atMs ?? 0) + TAIL_MS
  if (durationMs >= scenario.run.durationMs) return scenario
  const warmupMs = Math.min(scenario.run.warmupMs, durationMs - 1)
  return { ...scenario, run: { ...scenario.run, durationMs, warmupMs } }
}

/**
 * Times of the events with these keys rounded down to whole steps; undefined where that changes nothing,
 * or where a fault would end as it begins.
 */
export function rounder(
  scenario: Materialised,
  keys: ReadonlySet<string>,
  stepMs: number,
): Materialised | undefined {
  const events = scenario.events.map((event) =>
    keys.has(keyOf(event)) ? { ...event, atMs: event.atMs - (event.atMs % stepMs) } : event,
  )
  if (events.every(({ atMs }, place) => atMs === scenario.events[place]?.atMs)) return undefined
  const times = new Map<string, number>()
  for (const event of events) {
    if (event.kind !== 'fault') continue
    if (times.get(keyOf(event)) === event.atMs) return undefined
    times.set(keyOf(event), event.atMs)
  }
  const rank = (event: ScenarioEvent) => (event.kind === 'fault' ? 0 : 1)
  const sorted = events.sort((a, b) => a.atMs - b.atMs || rank(a) - rank(b))
  return { ...scenario, events: sorted }
}

/** The same among one node less, those after it moved up; undefined where a group would be too small. */
export function withoutNode(scenario: Materialised, gone: number): Materialised | undefined {
  const moved = (node: number) => (node > gone ? node - 1 : node)
  const left = (nodes: readonly number[]) => nodes.filter((node) => node !== gone).map(moved)
  const groups = scenario.groups.map((group) => groupWithout(group, gone, left))
  if (groups.some((group) => group === undefined)) return undefined
  const refs = (nodes: readonly NodeRef[]): NodeRef[] =>
    nodes.flatMap((ref): NodeRef[] =>
      typeof ref !== 'number' ? [ref] : ref === gone ? [] : [moved(ref)],
    )
  const labels = Object.entries(scenario.labels).map(
    ([name, nodes]) => [name, left(nodes)] as const,
  )
  const events = scenario.events.flatMap((event) => eventWithout(event, refs))
  const { core, ...others } = scenario
  const small = {
    ...others,
    nodes: scenario.nodes - 1,
    labels: Object.fromEntries(labels),
    ...(core === undefined ? {} : { core: { ...core, nodes: left(core.nodes) } }),
  }
  const network = networkWithout(scenario.network, gone, left)
  const whole = { ...small, groups: groups as GroupPlan[], network }
  return withEvents(whole, paired(events))
}

type Left = (nodes: readonly number[]) => number[]

function groupWithout(group: GroupPlan, gone: number, left: Left): GroupPlan | undefined {
  // The founder is the manager: a group without it would be another one.
  if (group.members[0] === gone) return undefined
  const members = left(group.members)
  if (members.length < 2 && group.members.includes(gone)) return undefined
  return { members, leaders: left(group.leaders), outside: left(group.outside) }
}

function networkWithout(network: NetworkPlan, gone: number, left: Left): NetworkPlan {
  const absent = network.absent
    .filter((pair) => !pair.includes(gone))
    .map(([a, b]) => left([a, b]) as [number, number])
  const between = network.between
    .map(({ from, to, change }) => ({ from: left(from), to: left(to), change }))
    .filter(({ from, to }) => from.length > 0 && to.length > 0)
  return { ...network, absent, between }
}

type Refs = (nodes: readonly NodeRef[]) => NodeRef[]

function eventWithout(event: ScenarioEvent, refs: Refs): ScenarioEvent[] {
  if (event.kind === 'operation') {
    const actors = refs(event.actors)
    const [target] = event.target === undefined ? [] : refs([event.target])
    if (actors.length === 0 || (event.target !== undefined && target === undefined)) return []
    const { target: _, ...rest } = event
    return [{ ...rest, actors, ...(target === undefined ? {} : { target }) }]
  }
  if (event.fault === undefined) return [event]
  const fault = faultWithout(event.fault, refs)
  return fault === undefined ? [] : [{ ...event, fault }]
}

function faultWithout(fault: Fault, refs: Refs): Fault | undefined {
  if (fault.do === 'split') {
    const sides = fault.sides.map((side) => refs(side)).filter((side) => side.length > 0)
    return sides.length + Number(fault.rest) < 2 ? undefined : { ...fault, sides }
  }
  if (fault.do === 'cut' || fault.do === 'link') {
    const [from, to] = [refs(fault.from), refs(fault.to)]
    const everywhere = fault.do === 'link' && fault.from.length === 0
    return everywhere || (from.length > 0 && to.length > 0) ? { ...fault, from, to } : undefined
  }
  const nodes = refs(fault.nodes)
  return nodes.length === 0 ? undefined : { ...fault, nodes }
}

/** Without the ends of what never begins any more. */
function paired(events: readonly ScenarioEvent[]): ScenarioEvent[] {
  const begun = new Set(
    events.flatMap((one) => (one.kind === 'fault' && one.fault !== undefined ? [keyOf(one)] : [])),
  )
  return events.filter((one) => one.kind === 'operation' || begun.has(keyOf(one)))
}
