// Whoever comes in anew is somebody else to the protocol, with numbers of its own from the beginning on,
// and the same node in the trace. So numbers are told apart by how often a node has begun anew.

import type { TraceEvent } from '../trace/event.ts'

export class Renewals {
  /** By node: under how many names it has spoken, and the last number under this one. */
  readonly #lines = new Map<number, { line: number; seq: number }>()
  /** Who is coming in anew: the next time that it begins at a lower number it has another name. */
  readonly #anew = new Set<number>()

  asked({ f, n, phase }: Extract<TraceEvent, { k: 'op' }>): void {
    if (phase === 'invoke' && (f === 'join' || f === 'recover-device')) this.#anew.add(n)
  }

  /** The name under which it spoke last. */
  nameOf(node: number): number {
    return this.#lines.get(node)?.line ?? 0
  }

  /** The name under which a node says this number now, counted from 0. */
  lineOf(node: number, seq: number): number {
    const at = this.#lines.get(node) ?? { line: 0, seq: -1 }
    this.#lines.set(node, at)
    if (seq < at.seq && this.#anew.delete(node)) at.line += 1
    at.seq = seq
    return at.line
  }
}
