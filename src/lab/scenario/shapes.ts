// Shapes of splits, made into parts: each part is a fault with its own beginning and end, all under one
// id. Times are within the fault: 0 is when it begins.

import type { SeededRandom } from '../../base/random.ts'
import type { Fault, NodeRef } from './materialised.ts'
import type { ScheduleItem } from './schema.ts'

export interface Part {
  readonly fromMs: number
  readonly toMs: number
  readonly fault: Fault
}

type SplitItem = Extract<ScheduleItem, { do: 'split' }>

/** As much of a split as its shape needs. */
export type ShapedSplit = Pick<SplitItem, 'shape' | 'mode' | 'direction'>

export interface ShapeParts {
  readonly item: ShapedSplit
  /** Members of each group: a shape is made in every group. */
  readonly groups: readonly (readonly number[])[]
  readonly forMs: number
  readonly everyMs: number
  /** Whom `target` names. */
  readonly target: readonly NodeRef[]
  readonly random: SeededRandom
}

type Sides = readonly (readonly NodeRef[])[]

/** The parts of a split that has a shape. */
export function partsOfShape(parts: ShapeParts): Part[] {
  const { item, groups, forMs } = parts
  const whole = (sides: Sides, rest = false): Part[] => [
    { fromMs: 0, toMs: forMs, fault: splitFault(item, sides, rest) },
  ]
  switch (item.shape) {
    case 'halves':
      return whole(
        sidesIn(groups, (group) => [group.slice(0, half(group)), group.slice(half(group))]),
      )
    case 'majority-minority':
      return whole(sidesIn(groups, minority))
    case 'random':
      return whole(sidesIn(groups, (group) => randomSides(group, parts.random)))
    case 'bridge':
      return whole(sidesIn(groups, bridge))
    case 'two-leaf':
      return whole(sidesIn(groups, twoLeaf))
    case 'isolate-one':
      return whole([targetOf(parts)], true)
    case 'isolate-manager':
      return whole([groups.map((_, group) => ({ managerOf: group }))], true)
    case 'ring':
      return ringParts(parts)
    case 'swizzle':
      return swizzleParts(parts)
    case 'nested':
      return nestedParts(parts)
    case undefined:
      return []
  }
}

export function splitFault(item: ShapedSplit, sides: Sides, rest: boolean): Fault {
  const { mode, direction } = item
  return { do: 'split', sides, rest, mode, direction }
}

const half = (group: readonly number[]): number => Math.floor(group.length / 2)

/** The sides of a shape in each group, joined: first with first, second with second. */
function sidesIn(
  groups: readonly (readonly number[])[],
  shape: (group: readonly number[]) => readonly (readonly number[])[],
): Sides {
  const made = groups.map(shape)
  const most = Math.max(...made.map((sides) => sides.length))
  return Array.from({ length: most }, (_, side) => made.flatMap((sides) => sides[side] ?? []))
}

function minority(group: readonly number[]): readonly (readonly number[])[] {
  const fewer = Math.max(1, Math.floor((group.length - 1) / 2))
  return [group.slice(0, fewer), group.slice(fewer)]
}

function randomSides(group: readonly number[], random: SeededRandom): readonly number[][] {
  const order = random.shuffle(group)
  const cut = 1 + random.below(group.length - 1)
  const sorted = (nodes: readonly number[]) => [...nodes].sort((a, b) => a - b)
  return [sorted(order.slice(0, cut)), sorted(order.slice(cut))]
}

/** Two cliques that have one node in common. */
function bridge(group: readonly number[]): readonly (readonly number[])[] {
  const middle = half(group)
  return [group.slice(0, middle + 1), group.slice(middle)]
}

/** A hub that all others reach, and two leaves that reach nobody else. */
function twoLeaf(group: readonly number[]): readonly (readonly number[])[] {
  const [hub = 0, one = 0, other = 0, ...rest] = group
  return [
    [hub, one],
    [hub, other],
    [hub, ...rest],
  ]
}

function targetOf({ target, groups, random }: ShapeParts): readonly NodeRef[] {
  if (target.length > 0) return target
  return groups.map((group) => group[random.below(group.length)] ?? 0)
}

/** Each node reaches just as many neighbours on a ring as make a majority with itself. */
function ringParts({ item, groups, forMs }: ShapeParts): Part[] {
  return groups.flatMap((group) => {
    const reach = Math.ceil(half(group) / 2)
    return group.flatMap((node, place): Part[] => {
      const far = group.filter((_, other) => {
        const steps = Math.abs(place - other)
        return Math.min(steps, group.length - steps) > reach
      })
      if (far.length === 0) return []
      const fault: Fault = { do: 'cut', from: [node], to: far, mode: item.mode, both: true }
      return [{ fromMs: 0, toMs: forMs, fault }]
    })
  })
}

/** One node after the other is cut off; they come back in another order. */
function swizzleParts({ item, groups, forMs, everyMs, target, random }: ShapeParts): Part[] {
  const nodes = target.length > 0 ? target : groups.flat()
  const order = random.shuffle(nodes)
  const back = random.shuffle(nodes)
  return order.map((node, place) => {
    const toMs = forMs - (nodes.length - 1 - back.indexOf(node)) * everyMs
    return { fromMs: place * everyMs, toMs, fault: splitFault(item, [[node]], true) }
  })
}

/** Halves for the whole time, and in its middle third the first half in halves again. */
function nestedParts({ item, groups, forMs }: ShapeParts): Part[] {
  const outer = sidesIn(groups, (group) => [group.slice(0, half(group)), group.slice(half(group))])
  const inner = sidesIn(groups, (group) => {
    const first = group.slice(0, half(group))
    return [first.slice(0, half(first)), first.slice(half(first))]
  })
  const third = Math.floor(forMs / 3)
  return [
    { fromMs: 0, toMs: forMs, fault: splitFault(item, outer, false) },
    { fromMs: third, toMs: forMs - third, fault: splitFault(item, inner, false) },
  ]
}
