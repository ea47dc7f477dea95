// What a node that lies can be told to do. A list of its own, because scenarios name these and the world
// acts on them.

/**
 * `equivocate`: two valid messages under one number, each for half of the peers. `withhold`: passes
 * nothing on, of its own or of others. `selective`: the same towards half of the peers. `replay`: sends
 * again what it sent long ago. `stale`: takes nothing in and goes on governing by what it knew. `forge`:
 * changes what it says and passes on. `time`: its wall clock is a day ahead.
 */
export const lies = Object.freeze([
  'equivocate',
  'withhold',
  'selective',
  'replay',
  'stale',
  'forge',
  'time',
] as const)

export type Lie = (typeof lies)[number]
