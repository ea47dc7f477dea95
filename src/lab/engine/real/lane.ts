// One direction of one connection through the link shaper: bytes wait here for their delay and for the
// end of a cut, always in order. It behaves as TCP does over a real link: what meets a blackhole stays
// and goes out with the next retransmission after the heal; a lost segment comes a retransmission late;
// and where acknowledgements cannot come back, a dozen segments pass and then none.

import type { Socket } from 'node:net'
import type { Link } from '../../world/links.ts'
import { lognormal } from '../../world/weather.ts'

export interface LaneParts {
  readonly from: Socket
  readonly to: Socket
  /** The link this way, and the one back, at this moment. */
  readonly link: () => Link
  readonly back: () => Link
  readonly random: () => number
  /** Bytes came out at the other end. */
  readonly passed: () => void
}

/** The least that a retransmission waits, as in Linux; it doubles each time. */
const RETRANSMIT_MS = 200
/** Held bytes from which on the sender is made to wait. */
const HELD_BYTES_MAX = 1 << 20
/** Segments that pass while acknowledgements cannot. */
const STRAY_MAX = 12

type Piece = { readonly dueMs: number } & (
  { readonly bytes: Buffer } | { readonly end: 'end' | 'reset' }
)

export class Lane {
  readonly #parts: LaneParts
  readonly #pieces: Piece[] = []
  #held = 0
  #stray = 0
  #lastMs = 0
  #stalledMs: number | undefined
  /** When what was stalled goes out, decided once when the link is back. */
  #retryMs: number | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(parts: LaneParts) {
    this.#parts = parts
    const { from } = parts
    from.on('data', (bytes: Buffer) => this.put(bytes))
    from.on('end', () => this.#add({ end: 'end' }))
    from.on('error', () => {
      // What a connection that was reset had not yet sent, it never sends.
      this.#pieces.length = 0
      this.#add({ end: 'reset' })
    })
  }

  put(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.#held += bytes.length
    if (this.#held > HELD_BYTES_MAX) this.#parts.from.pause()
    this.#add({ bytes })
  }

  /** Whoever sent is gone without a word: what is under way arrives, and then the end. */
  lost(): void {
    this.#add({ end: 'end' })
  }

  /** The links are others now. */
  changed(): void {
    this.#stray = 0
    this.#pump()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#pieces.length = 0
  }

  #add(what: { bytes: Buffer } | { end: 'end' | 'reset' }): void {
    const { link, random } = this.#parts
    const { delayMs, jitterMs, jitterSigma, loss } = link()
    const jitter = jitterSigma > 0 ? lognormal(jitterSigma, random) : random()
    const lost = random() < loss ? Math.max(RETRANSMIT_MS, 2 * delayMs) : 0
    const dueMs = performance.now() + delayMs + jitterMs * jitter + lost
    this.#lastMs = Math.max(this.#lastMs, dueMs)
    this.#pieces.push({ dueMs: this.#lastMs, ...what })
    this.#pump()
  }

  #pump(): void {
    clearTimeout(this.#timer)
    for (let piece = this.#pieces[0]; piece !== undefined; piece = this.#pieces[0]) {
      if (this.#isCut()) {
        this.#stalledMs ??= performance.now()
        this.#retryMs = undefined
        return
      }
      if (this.#stalledMs !== undefined) {
        this.#retryMs ??= nextTryMs(this.#stalledMs, RETRANSMIT_MS)
      }
      const waitMs = Math.max(piece.dueMs, this.#retryMs ?? 0) - performance.now()
      if (waitMs > 0.5) {
        this.#timer = setTimeout(() => this.#pump(), waitMs)
        return
      }
      this.#stalledMs = undefined
      this.#retryMs = undefined
      this.#pieces.shift()
      this.#deliver(piece)
    }
  }

  #isCut(): boolean {
    const { link, back } = this.#parts
    const stops = ({ cut }: Link) => cut === 'blackhole' || cut === 'hold' || cut === 'reset'
    if (stops(link())) return true
    return stops(back()) && ++this.#stray > STRAY_MAX
  }

  #deliver(piece: Piece): void {
    const { from, to, passed } = this.#parts
    if ('end' in piece) {
      if (piece.end === 'end') to.end()
      else to.resetAndDestroy()
      return
    }
    this.#held -= piece.bytes.length
    if (this.#held < HELD_BYTES_MAX / 2) from.resume()
    if (!to.writable) return
    to.write(piece.bytes)
    passed()
  }
}

/** The first try from now on, of tries that begin `baseMs` after a moment and each wait twice as long. */
export function nextTryMs(sinceMs: number, baseMs: number, nowMs = performance.now()): number {
  let [atMs, waitMs] = [sinceMs + baseMs, baseMs]
  while (atMs < nowMs) {
    waitMs *= 2
    atMs += waitMs
  }
  return atMs
}
