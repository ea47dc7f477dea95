// Frames on a stream: four bytes of length, big-endian, then the frame. The reader keeps no more
// than it was really sent, copies each frame out of the network's buffers (one small frame must not
// keep a large buffer alive), and stops for good at the first length beyond the limit.

import { type Bytes, concat, EMPTY } from '../../base/bytes.ts'

/** Bytes before each frame. */
const FRAME_HEADER_BYTES = 4

/** A copy of a frame with its length in front. */
export function encodeFrame(frame: Bytes): Bytes {
  const encoded = new Uint8Array(FRAME_HEADER_BYTES + frame.length)
  new DataView(encoded.buffer).setUint32(0, frame.length)
  encoded.set(frame, FRAME_HEADER_BYTES)
  return encoded
}

/** Cuts a stream of bytes into frames. */
export class FrameReader {
  readonly #bytesMax: number
  readonly #onFrame: (frame: Bytes) => void
  /** What came and is not cut yet, and how much of it there must be before it can be. */
  #parts: Bytes[] = []
  #held = 0
  #needed = FRAME_HEADER_BYTES
  #good = true

  /** @param bytesMax the longest frame taken, in bytes */
  constructor(bytesMax: number, onFrame: (frame: Bytes) => void) {
    this.#bytesMax = bytesMax
    this.#onFrame = onFrame
  }

  /** Hands over each frame that is now complete; false once a length was beyond the limit. */
  push(chunk: Bytes): boolean {
    if (!this.#good) return false
    this.#parts.push(chunk)
    this.#held += chunk.length
    // Joining only when a whole frame is there keeps a long frame linear in its length.
    if (this.#held < this.#needed) return true
    const rest = this.#cut(this.#parts.length === 1 ? chunk : concat(...this.#parts))
    this.#parts = rest.length === 0 ? [] : [rest]
    this.#held = rest.length
    return this.#good
  }

  /** Returns what is left over. */
  #cut(bytes: Bytes): Bytes {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let offset = 0
    while (bytes.length - offset >= FRAME_HEADER_BYTES) {
      const length = view.getUint32(offset)
      if (length > this.#bytesMax) {
        this.#good = false
        return EMPTY
      }
      this.#needed = FRAME_HEADER_BYTES + length
      const end = offset + this.#needed
      if (bytes.length < end) return bytes.subarray(offset)
      // Not slice(): of a Node buffer that would be a view of the same memory.
      const frame = new Uint8Array(length)
      frame.set(bytes.subarray(offset + FRAME_HEADER_BYTES, end))
      offset = end
      this.#onFrame(frame)
    }
    this.#needed = FRAME_HEADER_BYTES
    return bytes.subarray(offset)
  }
}
