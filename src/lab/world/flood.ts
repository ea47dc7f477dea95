// Envelopes at one node: what is subscribed to, what was seen, and what is passed on to whom.
// An envelope goes on only once the node itself has accepted it, so one honest ring of nodes keeps
// rubbish from crossing. Simpler than gossipsub: every connected subscriber gets it, no mesh, no
// pulling later; healing must not depend on it.

import { type Bytes, toHex } from '../../base/bytes.ts'
import { fingerprint } from './trace.ts'

/** One envelope on its way through the whole world. */
export interface Envelope {
  readonly topic: string
  readonly bytes: Bytes
  /** The same for equal bytes on an equal topic, and for nothing else. */
  readonly name: string
  /** For the trace. */
  readonly detail: string
}

export function envelopeOf(topic: string, bytes: Bytes, hash: Bytes): Envelope {
  const detail = `"topic":${JSON.stringify(topic)},"b":${bytes.length},"h":${fingerprint(bytes)}`
  return { topic, bytes, name: `${topic} ${toHex(hash)}`, detail }
}

/** What was seen lately: forgotten between one and two spans after it came. */
export class Seen {
  readonly #spanUs: number
  #recent = new Set<string>()
  #older = new Set<string>()
  #turnedUs = 0

  constructor(spanUs: number) {
    this.#spanUs = spanUs
  }

  /** Whether this is new; from now on it is not. */
  first(name: string, nowUs: number): boolean {
    if (nowUs - this.#turnedUs >= this.#spanUs) {
      this.#older = this.#recent
      this.#recent = new Set()
      this.#turnedUs = nowUs
    }
    if (this.#recent.has(name) || this.#older.has(name)) return false
    this.#recent.add(name)
    return true
  }
}
