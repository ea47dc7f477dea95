/**
 * A small world for the tests of redial: one node, and a network that answers each of its dials
 * after a delay. The clock is virtual and jumps to whatever comes next.
 */
import { SeededRandom } from '../../../../src/base/random.ts'
import type { Env } from '../../../../src/core/env.ts'
import {
  type Redial,
  type Target,
  connected,
  createRedial,
  deadline,
  due,
  failed,
  want,
} from '../../../../src/core/presence/redial.ts'
import { createNativeCrypto } from '../../../../src/crypto/native.ts'

const crypto = createNativeCrypto()
/** The node's own peer id. */
export const self = 'm'

/** A dial that was made. */
export interface Made {
  readonly atMs: number
  readonly key: string
  readonly addresses: readonly string[]
}

/** One node that dials and the network that answers it. */
export class World {
  readonly redial: Redial = createRedial(self)
  readonly made: Made[] = []
  nowMs = 0
  /** Keys that answer, and the peer that does. */
  readonly up = new Map<string, string>()
  answerMs = 1
  readonly #answers: { atMs: number; key: string }[] = []
  readonly #random: SeededRandom

  constructor(seed: string | number = 'redial') {
    this.#random = new SeededRandom(seed)
  }

  get env(): Env {
    const random = (length: number) => this.#random.bytes(length)
    return { nowMs: this.nowMs, wallMs: 0, random, crypto }
  }

  want(peers: readonly string[], contacts: readonly string[] = []): void {
    const targets = peers.map((peer): Target => ({ peer, addresses: [`/at/${peer}`] }))
    want(this.redial, targets, contacts, this.env)
  }

  /** Lets time pass: every deadline is met exactly. */
  pass(forMs: number): void {
    const untilMs = this.nowMs + forMs
    for (;;) {
      const dialMs = Math.max(deadline(this.redial) ?? Infinity, this.nowMs)
      const answerMs = Math.min(...this.#answers.map(({ atMs }) => atMs))
      const nextMs = Math.min(dialMs, answerMs)
      if (nextMs > untilMs) break
      this.nowMs = nextMs
      if (answerMs <= nextMs) this.#answer()
      else this.#dial()
    }
    this.nowMs = untilMs
  }

  /** When each dial of that key was made. */
  times(key: string): number[] {
    return this.made.filter((dial) => dial.key === key).map(({ atMs }) => atMs)
  }

  /** Times between two dials of one key after some moment, for all keys. */
  spacings(sinceMs = -1): number[] {
    const last = new Map<string, number>()
    const found: number[] = []
    for (const { key, atMs } of this.made) {
      const before = last.get(key)
      if (before !== undefined && before > sinceMs) found.push(atMs - before)
      last.set(key, atMs)
    }
    return found
  }

  #dial(): void {
    const dials = due(this.redial, this.env)
    if (dials.length === 0) throw new Error('a deadline had nothing to do')
    for (const { key, addresses } of dials) {
      this.made.push({ atMs: this.nowMs, key, addresses })
      this.#answers.push({ atMs: this.nowMs + this.answerMs, key })
    }
  }

  #answer(): void {
    for (let index = this.#answers.length - 1; index >= 0; index--) {
      const answer = this.#answers[index]
      if (answer === undefined || answer.atMs > this.nowMs) continue
      this.#answers.splice(index, 1)
      const peer = this.up.get(answer.key)
      if (peer === undefined) failed(this.redial, answer.key)
      else connected(this.redial, peer, this.env, answer.key)
    }
  }
}

/** Peers that this node dials first: their ids are higher. */
export const higher = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `z${String(index).padStart(3, '0')}`)

/** Dials in the second that starts with each dial, at most. */
export const busiestSecond = (made: readonly Made[]): number =>
  Math.max(
    0,
    ...made.map(({ atMs }, at) => made.slice(at).filter((one) => one.atMs < atMs + 1_000).length),
  )
