// Who plays in the demo, on which side of the split each will be, and what they say.
// Fixed, so that two runs differ in nothing but their keys and their times.

/** Fewest and most nodes: three leaders at least, and what two cores can carry. */
export const NODES_MIN = 3
export const NODES_MAX = 12
export const NODES_DEFAULT = 5

const names = [
  'ada',
  'bob',
  'cyd',
  'dee',
  'eli',
  'fay',
  'gus',
  'hal',
  'ivy',
  'jon',
  'kim',
  'lea',
] as const

/** The member that comes on top of them and will say two things: no leader, on neither side or on both. */
export const LIAR = 'mal'

/** Places of the leaders; the last of them founds the group with the cards of the others. */
export const leaders: readonly number[] = [0, 1, 2]
export const founder = 2

/** As many as asked for, with the liar on top; a group of more than twelve is not linked all to all. */
export function honestOf(nodes: number): number {
  return Math.min(nodes, NODES_MAX - 1)
}

export function namesOf(nodes: number): readonly string[] {
  return names.slice(0, nodes)
}

/** Both sides of the split, by place: the larger one has two leaders, the smaller one the third. */
export function sidesOf(nodes: number): readonly [readonly number[], readonly number[]] {
  const smaller = Math.floor(nodes / 2)
  const far = new Set([1])
  for (let place = nodes - 1; far.size < smaller; place--) far.add(place)
  const all = Array.from({ length: nodes }, (_, place) => place)
  return [all.filter((place) => !far.has(place)), all.filter((place) => far.has(place))]
}

/** Who is removed during the split, by the other side; nobody where all are leaders. */
export function outcastOf(nodes: number): number | undefined {
  return nodes > leaders.length ? nodes - 1 : undefined
}

/** The leader of each side that acts there: removes on this side, re-keys on both. */
export const actors: readonly [number, number] = [0, 1]

const together = [
  'good morning from here',
  'the early train was full again',
  'who brings the keys today?',
  'I do, as every week',
  'rain from noon on, they say',
  'then we meet inside',
  'the long table is free',
  'I made enough soup for all',
] as const

const apart = [
  'does anybody hear the others?',
  'no, the line is gone',
  'we go on with who is here',
  'I write down what we decide',
  'the soup is ready anyway',
  'somebody watch the line',
  'they will read this later',
] as const

const rekeyed = [
  'new keys on our side',
  'only we can read this now',
  'let us see who comes back',
  'the list is shorter today',
  'I keep the old key as a souvenir',
] as const

/** Of two places that follow each other the one says this and the other that. */
const lie = ['I vote for soup', 'I vote against soup'] as const

const again = ['there you are again!', 'so that is what you did meanwhile', 'now eat'] as const

const pools = { together, apart, lie, rekeyed, again }

/** When something is said: before the split, during it, under new keys, after the heal. */
export type Moment = keyof typeof pools

/** What somebody says in their `turn`-th turn; whoever sits elsewhere begins elsewhere. */
export function lineOf(moment: Moment, place: number, turn: number): string {
  const pool: readonly string[] = pools[moment]
  return pool[(place + STRIDE * turn) % pool.length] ?? ''
}

/** Has no factor in common with the size of a pool, so that nobody repeats themselves soon. */
const STRIDE = 5
