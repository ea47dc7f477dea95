// The populations of a scenario: groups share no node, so nobody in one ever speaks to anybody in
// another, and each can be run in a world of its own, whenever and wherever there is room. What has to
// be known of all groups at once is answered when the scenario is drawn, but for faults that strike
// whoever manages each group: a scenario with one of those is not parted.

import type {
  Fault,
  FaultEvent,
  Materialised,
  NodeRef,
  OperationEvent,
  ScenarioEvent,
} from '../../../scenario/materialised.ts'

/** One group with all that happens to it. Its nodes keep their numbers, it is group 0 of its own. */
export interface Population {
  readonly group: number
  readonly nodes: readonly number[]
  readonly scenario: Materialised
}

/** The populations by group; undefined where they are one, or cannot be parted. */
export function populationsOf(scenario: Materialised): Population[] | undefined {
  const { groups, events } = scenario
  const named = groups.flatMap(({ members, outside }) => [...members, ...outside])
  const alone = groups.length > 1 && named.length === scenario.nodes
  if (!alone || new Set(named).size < named.length || events.some(strikesManagers)) return undefined
  return groups.map((plan, group) => ({
    group,
    nodes: [...plan.members, ...plan.outside].sort((a, b) => a - b),
    scenario: { ...scenario, groups: [plan], events: eventsOf(events, group) },
  }))
}

function strikesManagers(event: ScenarioEvent): boolean {
  if (event.kind !== 'fault' || event.fault === undefined) return false
  return refsOf(event.fault).some((ref) => typeof ref !== 'number')
}

function refsOf(fault: Fault): readonly NodeRef[] {
  switch (fault.do) {
    case 'split':
      return fault.sides.flat()
    case 'cut':
    case 'link':
      return [...fault.from, ...fault.to]
    default:
      return fault.nodes
  }
}

function eventsOf(events: readonly ScenarioEvent[], group: number): ScenarioEvent[] {
  return events.flatMap((event): (OperationEvent | FaultEvent)[] => {
    if (event.kind === 'fault') return [event]
    if (event.group !== group) return []
    const { target, ...rest } = event
    const actors = event.actors.map(inOwnGroup)
    const one = { ...rest, group: 0, actors }
    return [target === undefined ? one : { ...one, target: inOwnGroup(target) }]
  })
}

const inOwnGroup = (ref: NodeRef): NodeRef => (typeof ref === 'number' ? ref : { managerOf: 0 })
