/**
 * What is being streamed to one peer: where each line stands, what was read ahead of it, and how
 * many bytes the peer has not called durable yet.
 */
import type { Bytes } from '../../base/bytes.ts'
import type { Header, Hex } from '../message/header.ts'

/** A stored message on its way out. */
export interface Stored {
  readonly id: Hex
  readonly header: Header
  readonly headerBytes: Bytes
  readonly signature: Bytes
  readonly verified: boolean
  readonly body: Bytes
}

export interface Cursor {
  readonly line: number
  /** Next counter to read from the store, and one past the last to send. */
  next: number
  readonly end: number
  /** What lies below is in the past of evidence that the reader lacks: it goes first. */
  readonly urgent: number
  readonly buffer: Stored[]
}

export interface Stream {
  readonly cursors: Cursor[]
  readonly explicit: boolean
  loading: boolean
  /** The reader asked anew or is gone: nothing more is read or sent. */
  over: boolean
  /** Bytes sent that the peer has not called durable yet. */
  owed: number
}

/** A part of a line that a reader lacks. */
export interface Want {
  readonly line: number
  readonly from: number
  readonly end: number
  readonly urgent?: number
}

export const createStream = (wants: readonly Want[], explicit: boolean): Stream => ({
  cursors: wants.map(({ line, from, end, urgent = 0 }) => ({
    line,
    next: from,
    end,
    urgent,
    buffer: [],
  })),
  explicit,
  loading: false,
  over: false,
  owed: 0,
})
