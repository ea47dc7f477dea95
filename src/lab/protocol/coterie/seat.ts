// What the observer knows of a node in its group: which texts it holds, what it displays, and what of its
// standing was told already, so that only news are told.

import type { Display } from './display.ts'
import type { TextState } from './stored.ts'

/** A text that is held at a node. */
export interface Held {
  readonly m: string
  readonly line: number
  readonly counter: number
  readonly member: string
  state: TextState
}

export interface Seat {
  readonly node: number
  readonly group: number
  /** The group's number on the node's disk. */
  readonly number: number
  readonly display: Display
  /** Came in after the run began: what was said before is not for it. */
  readonly late: boolean
  /** Texts by id. */
  readonly texts: Map<string, Held>
  readonly told: { view: string; epoch: string; manager: number | null | undefined; aud: string }
  governed: boolean
  /** It was started again: what its last write left may never have been told of. */
  returned: boolean
  /** Texts whose state may be another now: all of these members, and whatever is not shown yet. */
  readonly recheck: Set<string>
  recheckUnshown: boolean
}
