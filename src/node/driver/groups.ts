// Steps gathered into groups: what is written together, and what is done once that is written.
// A step is never split over two groups, so a crash keeps all of it or nothing. A group that has
// grown to its bound takes no more steps, nor does one that only waits to leave; order over all groups
// is the order of the steps.
// Group commit as databases do it: the longer a write takes, the more steps share the next one.

import type { Effect } from '../../core/effect.ts'
import type { Keyring, WrappingKeyId } from '../../ports/keyring.ts'
import type { Write } from '../../ports/store.ts'
import { Fifo } from './fifo.ts'
import { toWrite } from './rows.ts'

/** Every effect but the writes: what is done only after them. */
export type Deed =
  | Exclude<Effect, { readonly kind: 'persist' | 'erase' }>
  /** Wrapping keys under which nothing is written any more. */
  | { readonly kind: 'destroy'; readonly ids: readonly WrappingKeyId[] }
  /** Somebody waits until all before it is written. */
  | { readonly kind: 'written'; readonly done: () => void }

export interface Group {
  readonly writes: Write[]
  readonly deeds: Deed[]
  /** Timers to be set when the write begins, and for when. */
  readonly early: Map<string, number>
  /** Bytes of keys and values in `writes`. */
  bytes: number
  /** Something of it is seen outside this node: everything up to it must be durable first. */
  leaves: boolean
}

export interface GroupBounds {
  /** Rows after which a group takes no further step. */
  readonly batchRowsMax: number
  /** Bytes after which a group takes no further step. */
  readonly batchBytesMax: number
}

/** The groups that wait for the store, oldest first; the last one is open while it has room. */
export class Groups {
  readonly #keyring: Keyring
  readonly #bounds: GroupBounds
  readonly #waiting = new Fifo<Group>()

  constructor(keyring: Keyring, bounds: GroupBounds) {
    this.#keyring = keyring
    this.#bounds = bounds
  }

  get size(): number {
    return this.#waiting.size
  }

  /** Adds what one step asked for. */
  add(effects: readonly Effect[]): void {
    if (effects.length === 0) return
    const group = this.#open(effects)
    for (const effect of effects) {
      if (effect.kind === 'persist') {
        for (const put of effect.puts) this.#write(group, toWrite(this.#keyring, put))
      } else this.#deed(group, this.#deedOf(effect))
    }
  }

  /** Done once all that was added so far is written. */
  then(done: () => void): void {
    const last = this.#waiting.last ?? emptyGroup()
    if (this.#waiting.size === 0) this.#waiting.push(last)
    last.deeds.push({ kind: 'written', done })
  }

  /** What is sealed from now on has new wrapping keys; the old ones go once the group is durable. */
  #deedOf(effect: Exclude<Effect, { readonly kind: 'persist' }>): Deed {
    if (effect.kind !== 'erase') return effect
    return { kind: 'destroy', ids: this.#keyring.retire(effect.keys) }
  }

  #deed(group: Group, deed: Deed): void {
    if (deed.kind === 'set-timer' || deed.kind === 'cancel-timer') group.early.delete(deed.timer)
    if (deed.kind === 'set-timer' && deed.early === true) {
      group.early.set(deed.timer, deed.atMs)
      return
    }
    group.deeds.push(deed)
    group.leaves ||= leaves(deed)
  }

  /** Closes and removes the oldest group. */
  take(): Group | undefined {
    return this.#waiting.shift()
  }

  clear(): void {
    this.#waiting.clear()
  }

  #open(effects: readonly Effect[]): Group {
    const last = this.#waiting.last
    if (last !== undefined && this.#hasRoom(last) && !holdsUp(last, effects)) return last
    const group: Group = emptyGroup()
    this.#waiting.push(group)
    return group
  }

  #hasRoom(group: Group): boolean {
    return (
      group.writes.length < this.#bounds.batchRowsMax && group.bytes < this.#bounds.batchBytesMax
    )
  }

  #write(group: Group, write: Write): void {
    group.writes.push(write)
    group.bytes += write.key.length + (write.value?.length ?? 0)
  }
}

export function emptyGroup(): Group {
  return { writes: [], deeds: [], early: new Map(), bytes: 0, leaves: false }
}

/** What leaves by itself, such as what was sealed early, must not wait for a write of later steps. */
function holdsUp(group: Group, effects: readonly Effect[]): boolean {
  return group.leaves && group.writes.length === 0 && effects.some(({ kind }) => kind === 'persist')
}

/**
 * Whether others could come to build on it: a peer, or whoever is told that a command was done.
 * What is only shown here, counted, or done later on this node, is not.
 */
function leaves(deed: Deed): boolean {
  switch (deed.kind) {
    case 'load':
    case 'set-timer':
    case 'cancel-timer':
    case 'notify':
    case 'count':
    case 'written':
      return false
    case 'verdict':
      return deed.verdict === 'accept'
    default:
      return true
  }
}
