// Who belongs, which epoch is used and who is followed, node by node as it changes: what disagreement is
// measured by and one epoch in each part is checked by. Counts those who run and belong in their own eyes.

import type { Materialised } from '../scenario/materialised.ts'
import type { TraceEvent, TraceReader } from '../trace/event.ts'

export interface Seat {
  readonly node: number
  view: string
  epoch: string
  manager: number | null
  members: ReadonlySet<number>
  /** The event that changed its epoch last. */
  epochEvent: number
}

export class Seats implements TraceReader {
  /** By group: its nodes as they are. */
  readonly #groups: Map<number, Seat>[]
  readonly #down = new Set<number>()
  readonly #liars = new Set<number>()

  constructor(scenario: Materialised) {
    this.#groups = scenario.groups.map(() => new Map<number, Seat>())
  }

  see(event: TraceEvent): void {
    if (event.k === 'view') {
      const seat = this.#seat(event.g, event.n)
      seat.view = event.members.join(' ')
      seat.members = new Set(event.members)
    } else if (event.k === 'epoch') {
      const seat = this.#seat(event.g, event.n)
      seat.epoch = event.sending ?? event.heads.join(' ')
      seat.epochEvent = event.i
    } else if (event.k === 'role') this.#seat(event.g, event.n).manager = event.manager
    else if (event.k === 'life' && event.up) this.#down.delete(event.n)
    else if (event.k === 'life') this.#down.add(event.n)
    else if (event.k === 'fault' && event.lies !== undefined) {
      for (const node of event.nodes?.flat() ?? []) this.#liars.add(node)
    }
  }

  /** Those who run, belong, and were never made to lie, by group. */
  running(): readonly (readonly Seat[])[] {
    return this.#groups.map((seats) =>
      [...seats.values()].filter(
        ({ node, members }) => !this.#down.has(node) && !this.#liars.has(node) && members.has(node),
      ),
    )
  }

  #seat(group: number, node: number): Seat {
    const seats = this.#groups[group] ?? new Map<number, Seat>()
    const made = { node, view: '', epoch: '', manager: null, members: new Set<number>() }
    const seat = seats.get(node) ?? { ...made, epochEvent: -1 }
    seats.set(node, seat)
    return seat
  }
}

/** The seats of each part of the mesh. */
export function byPart(seats: readonly Seat[], parts: Int32Array): readonly (readonly Seat[])[] {
  const found = new Map<number, Seat[]>()
  for (const seat of seats) {
    const part = parts[seat.node] ?? -1
    found.set(part, [...(found.get(part) ?? []), seat])
  }
  return [...found.values()]
}
