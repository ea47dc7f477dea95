// Events for clients that stay: numbered, kept in a bounded ring so that a client which lost its
// connection resumes where it was, told of a gap where it cannot, and dropped with a reason where it
// reads too slowly. Numbers go on over a restart, so that an old one is never mistaken for a new one.

import type { WebSocket } from 'ws'
import type { Event, EventFrame } from './contract.ts'

const RING_EVENTS_MAX = 4_096
const WAITING_BYTES_MAX = 1_024 * 1_024
const NUMBERS_PER_MS = 1_000

/** WebSocket close codes: a policy of ours was broken; we are going away. */
const CLOSE_POLICY = 1_008
const CLOSE_AWAY = 1_001

interface Numbered {
  readonly seq: number
  readonly at: number
  readonly event: Event
}

export interface EventRingOptions {
  /** Events kept. Default: 4,096. */
  readonly eventsMax?: number
  /** Milliseconds UTC. Default: the system's clock. */
  readonly wallMs?: () => number
}

/** The latest events, by number. */
export class EventRing {
  readonly #events: Numbered[] = []
  readonly #listeners = new Set<(event: Numbered) => void>()
  readonly #eventsMax: number
  readonly #wallMs: () => number
  #next: number

  constructor(options: EventRingOptions = {}) {
    this.#eventsMax = options.eventsMax ?? RING_EVENTS_MAX
    this.#wallMs = options.wallMs ?? (() => Date.now())
    // No node makes events faster than this for long, so a later start begins with a higher number.
    this.#next = this.#wallMs() * NUMBERS_PER_MS
  }

  /** The number that the next event gets. */
  get next(): number {
    return this.#next
  }

  push(event: Event): void {
    const numbered = { seq: this.#next++, at: this.#wallMs(), event }
    this.#events.push(numbered)
    if (this.#events.length > this.#eventsMax) this.#events.shift()
    for (const listener of [...this.#listeners]) listener(numbered)
  }

  /** Frames for a client that has seen everything up to `after`: a gap if any is gone, the rest. */
  since(after: number): readonly EventFrame[] {
    const oldest = this.#events[0]?.seq ?? this.#next
    const frames: EventFrame[] = []
    const from = after + 1
    if (from < oldest) frames.push({ v: 1, kind: 'gap', from, to: oldest - 1 })
    else if (from > this.#next) frames.push({ v: 1, kind: 'gap', from: this.#next, to: after })
    for (const numbered of this.#events) if (numbered.seq >= from) frames.push(frameOf(numbered))
    return frames
  }

  /** Calls with every new event as a frame; returns how to stop. */
  listen(listener: (frame: EventFrame) => void): () => void {
    const tell = (numbered: Numbered) => listener(frameOf(numbered))
    this.#listeners.add(tell)
    return () => this.#listeners.delete(tell)
  }
}

/** Serves one connection until either side ends it. @param after number of the last event seen */
export function serveEvents(socket: WebSocket, ring: EventRing, after: number | undefined): void {
  const send = (frame: EventFrame): void => {
    if (socket.readyState !== socket.OPEN) return
    if (socket.bufferedAmount > WAITING_BYTES_MAX) {
      stop()
      socket.close(CLOSE_POLICY, 'too slow: over 1 MiB waits; come back with ?after=')
      return
    }
    socket.send(JSON.stringify(frame))
  }
  const stop = ring.listen(send)
  socket.on('close', stop)
  socket.on('error', stop)
  // Nothing is expected from a reader; what it sends is read and dropped.
  socket.on('message', () => undefined)
  send({ v: 1, kind: 'hello', next: ring.next })
  if (after !== undefined) for (const frame of ring.since(after)) send(frame)
}

/** Ends a connection because the node stops. */
export function dismiss(socket: WebSocket): void {
  socket.close(CLOSE_AWAY, 'the node stops')
}

function frameOf({ seq, at, event }: Numbered): EventFrame {
  return { v: 1, kind: 'event', seq, at, event }
}
