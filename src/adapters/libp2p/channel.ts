// One channel: frames both ways over one libp2p stream. Frames that are ready together leave in one
// write; when the stream says that it is full, nothing more is written until its `drain` event (its
// `onDrain()` promise works once only and then never waits again). The reading side is never
// paused: what is in flight is bounded by the protocol's credits, so there is nothing to hold back.

import type { Stream } from '@libp2p/interface'
import { type Bytes, concat, EMPTY } from '../../base/bytes.ts'
import { encodeFrame, FrameReader } from './frames.ts'
import { CHANNEL_QUEUE_BYTES_MAX, CLOSE_MS, FRAME_BYTES_MAX, WRITE_BYTES } from './limits.ts'

/** Why a channel was aborted on this side, as a stable word for a counter. */
export type AbortReason = 'frame-too-large' | 'queue-full' | 'close-timeout' | 'write-failed'

/** What a channel reports. */
export interface ChannelListener {
  frame(frame: Bytes): void
  /** Exactly once, never from within a call of `send` or `close`. */
  closed(): void
  aborted(reason: AbortReason): void
}

/**
 * `open`: both ways. `closing`: nothing new is taken or handed over, what was sent is leaving.
 * `finishing`: all has left, the other side has yet to close. `ended`: nothing more happens.
 */
type State = 'open' | 'closing' | 'finishing' | 'ended'

export class StreamChannel {
  readonly #stream: Stream
  readonly #listener: ChannelListener
  /** Frames with their length in front, not yet written. */
  #queue: Bytes[] = []
  #queueBytes = 0
  #state: State = 'open'
  /** The stream wants no more until it drains. */
  #full = false
  #scheduled = false
  #closeTimer: NodeJS.Timeout | undefined

  /** Takes over a stream whose protocol is agreed, with no await since it was handed out. */
  constructor(stream: Stream, listener: ChannelListener) {
    this.#stream = stream
    this.#listener = listener
    const reader = new FrameReader(FRAME_BYTES_MAX, (frame) => {
      if (this.#state === 'open') listener.frame(frame)
    })
    stream.addEventListener('message', ({ data }) => {
      if (this.#state === 'open' && !reader.push(data.subarray())) this.#fail('frame-too-large')
    })
    stream.addEventListener('drain', () => {
      this.#full = false
      this.#pump()
    })
    stream.addEventListener('end', () => this.close())
    stream.addEventListener('close', () => this.#end())
    if (stream.status !== 'open') this.#end()
    else if (stream.readableEnded) this.close()
  }

  send(frame: Bytes): void {
    if (this.#state !== 'open') return
    if (frame.length > FRAME_BYTES_MAX) return this.#fail('frame-too-large')
    if (this.#queueBytes + frame.length > CHANNEL_QUEUE_BYTES_MAX) return this.#fail('queue-full')
    // A copy: the sender may reuse its bytes, and some transports decrypt in place.
    const encoded = encodeFrame(frame)
    this.#queue.push(encoded)
    this.#queueBytes += encoded.length
    this.#schedule()
  }

  /** No more frames are taken or handed over; what was sent leaves first. */
  close(): void {
    if (this.#state !== 'open') return
    this.#state = 'closing'
    this.#closeTimer = setTimeout(() => this.#fail('close-timeout'), CLOSE_MS)
    this.#closeTimer.unref()
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    // One turn later: all frames of one step of the core then share a write.
    queueMicrotask(() => {
      this.#scheduled = false
      this.#pump()
    })
  }

  #pump(): void {
    try {
      while (!this.#full && this.#queue.length > 0) {
        this.#full = !this.#stream.send(this.#nextWrite())
      }
    } catch {
      return this.#fail('write-failed')
    }
    if (this.#queue.length > 0 || this.#state !== 'closing') return
    this.#state = 'finishing'
    // A half-closed stream ends when the other side closes too; it has `#closeTimer` to do so.
    this.#stream
      .close({ signal: AbortSignal.timeout(CLOSE_MS) })
      .catch(() => this.#fail('write-failed'))
  }

  #nextWrite(): Bytes {
    let count = 1
    let bytes = this.#queue[0]?.length ?? 0
    while (count < this.#queue.length && bytes + (this.#queue[count]?.length ?? 0) <= WRITE_BYTES) {
      bytes += this.#queue[count++]?.length ?? 0
    }
    const batch = this.#queue.slice(0, count)
    this.#queue = this.#queue.slice(count)
    this.#queueBytes -= bytes
    return batch.length === 1 ? (batch[0] ?? EMPTY) : concat(...batch)
  }

  #fail(reason: AbortReason): void {
    if (this.#state === 'ended') return
    this.#listener.aborted(reason)
    this.#stream.abort(new Error(reason))
    this.#end()
  }

  #end(): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    clearTimeout(this.#closeTimer)
    this.#queue = []
    this.#queueBytes = 0
    queueMicrotask(() => this.#listener.closed())
  }
}
