// The guard: while a simulated world runs, whoever asks the real world for time, timers or
// randomness gets an error with a stack instead of an answer that no seed could repeat.
// The originals come back when the outermost guarded call ends, however it ends.

/** Thrown, from where it happened, when simulated code reached for the real world. */
export class NondeterminismError extends Error {
  override readonly name = 'NondeterminismError'

  constructor(what: string) {
    super(`${what} was used inside the simulated world; take it from the environment instead`)
  }
}

interface Banned {
  readonly owner: object
  readonly property: string
  readonly what: string
}

const banned: readonly Banned[] = [
  { owner: Math, property: 'random', what: 'Math.random' },
  { owner: performance, property: 'now', what: 'performance.now' },
  { owner: process, property: 'hrtime', what: 'process.hrtime' },
  { owner: globalThis.crypto, property: 'getRandomValues', what: 'crypto.getRandomValues' },
  { owner: globalThis.crypto, property: 'randomUUID', what: 'crypto.randomUUID' },
  { owner: globalThis, property: 'setTimeout', what: 'setTimeout' },
  { owner: globalThis, property: 'setInterval', what: 'setInterval' },
  { owner: globalThis, property: 'setImmediate', what: 'setImmediate' },
  { owner: globalThis, property: 'queueMicrotask', what: 'queueMicrotask' },
]

let depth = 0
let restore: (() => void)[] = []

/** Runs something synchronous with the real world out of reach. */
export function guarded<T>(run: () => T): T {
  if (depth++ === 0) install()
  try {
    return run()
  } finally {
    if (--depth === 0) remove()
  }
}

function install(): void {
  for (const { owner, property, what } of banned) {
    replace(owner, property, () => {
      throw new NondeterminismError(what)
    })
  }
  replace(globalThis, 'Date', guardedDate())
}

function remove(): void {
  for (const undo of restore.reverse()) undo()
  restore = []
}

function replace(owner: object, property: string, value: unknown): void {
  const before = Object.getOwnPropertyDescriptor(owner, property)
  Object.defineProperty(owner, property, { value, configurable: true, writable: true })
  restore.push(() => {
    if (before === undefined) Reflect.deleteProperty(owner, property)
    else Object.defineProperty(owner, property, before)
  })
}

/** Dates of a given time still work: only reading the clock is stopped. */
function guardedDate(): DateConstructor {
  return new Proxy(Date, {
    construct(target, given, newTarget) {
      if (given.length === 0) throw new NondeterminismError('new Date()')
      return Reflect.construct(target, given, newTarget) as object
    },
    apply() {
      throw new NondeterminismError('Date()')
    },
    get(target, property, receiver) {
      if (property !== 'now') return Reflect.get(target, property, receiver) as unknown
      return () => {
        throw new NondeterminismError('Date.now')
      }
    },
  })
}
