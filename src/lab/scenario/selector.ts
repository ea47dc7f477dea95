// The little language in which scenarios name nodes. Everything is resolved when the scenario is
// materialised, `random` from the seed; only `role:manager` stays open until its moment comes.

import type { SeededRandom } from '../../base/random.ts'
import type { NodeRef } from './materialised.ts'

/** What selectors are about. */
export interface Terrain {
  readonly nodes: number
  readonly groups: readonly (readonly number[])[]
  readonly labels: Readonly<Record<string, readonly number[]>>
  readonly leaders: readonly number[]
  /** Sides of the splits so far, by id. */
  readonly sides: ReadonlyMap<string, readonly (readonly NodeRef[])[]>
  readonly random: SeededRandom
}

/** Names nobody, or what is not there. */
export class SelectorError extends Error {
  override readonly name = 'SelectorError'
}

/** The nodes that are meant, each once, in the order of their naming. @throws SelectorError */
export function select(selector: string | number, terrain: Terrain): NodeRef[] {
  const found = new Map<string, NodeRef>()
  for (const part of String(selector).split(',')) {
    for (const ref of selectPart(part.trim(), terrain)) found.set(JSON.stringify(ref), ref)
  }
  return [...found.values()]
}

/** As `select`, where a role is not yet known and so cannot be meant. @throws SelectorError */
export function selectNodes(selector: string | number, terrain: Terrain): number[] {
  return select(selector, terrain).map((ref) => {
    if (typeof ref === 'number') return ref
    throw new SelectorError('who is manager is not known here')
  })
}

function selectPart(part: string, terrain: Terrain): readonly NodeRef[] {
  if (part === '*') return range(0, terrain.nodes - 1)
  if (/^[0-9]+$/.test(part)) return [nodeOf(part, terrain)]
  const [, from, to] = /^([0-9]+)\.\.([0-9]+)$/.exec(part) ?? []
  if (from !== undefined && to !== undefined) return between(from, to, terrain)
  const [, kind = '', what = ''] = /^([a-z]+):(.+)$/.exec(part) ?? []
  switch (kind) {
    case 'label':
      return terrain.labels[what] ?? refuse(`no label "${what}"`)
    case 'role':
      return roleOf(what, terrain)
    case 'group':
      return terrain.groups[Number(what)] ?? refuse(`no group ${what}`)
    case 'side':
      return sideOf(what, terrain)
    case 'random': {
      const count = Number(what)
      if (!(Number.isInteger(count) && count >= 1 && count <= terrain.nodes)) {
        refuse(`random:${what} takes 1 to ${terrain.nodes} nodes`)
      }
      const drawn = terrain.random.shuffle(range(0, terrain.nodes - 1)).slice(0, count)
      return drawn.sort((a, b) => a - b)
    }
    default:
      return refuse(
        `cannot be read: "${part}"; selectors are *, 3, 0..4, label:x, role:manager, role:leaders, group:0, side:p1/0, random:2`,
      )
  }
}

function roleOf(what: string, { groups, leaders }: Terrain): readonly NodeRef[] {
  if (what === 'manager') return groups.map((_, group) => ({ managerOf: group }))
  if (what === 'leaders') return leaders
  return refuse(`no role "${what}"; roles are manager and leaders`)
}

function sideOf(what: string, { sides }: Terrain): readonly NodeRef[] {
  const [id = '', index = ''] = what.split('/')
  const split = sides.get(id) ?? refuse(`no split "${id}" with sides before this`)
  return split[Number(index)] ?? refuse(`the split "${id}" has no side ${index}`)
}

function nodeOf(digits: string, { nodes }: Terrain): number {
  const node = Number(digits)
  return node < nodes ? node : refuse(`there is no node ${digits}: the last one is ${nodes - 1}`)
}

function between(from: string, to: string, terrain: Terrain): number[] {
  const [first, last] = [nodeOf(from, terrain), nodeOf(to, terrain)]
  return first <= last ? range(first, last) : refuse(`${from}..${to} runs backwards`)
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}

function refuse(message: string): never {
  throw new SelectorError(message)
}
