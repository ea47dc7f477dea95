// The member that lies: one home, copied, with a daemon on each side of the split, so that one device signs
// two messages under one number. It is caught by what the honest nodes report, and the proof that one of
// them writes is checked by a process that has nothing else.

import { stat } from 'node:fs/promises'
import type { Lie, Sent, Verified } from './evidence.ts'
import { LIAR, actors } from './people.ts'
import type { Caught, Phase } from './result.ts'
import type { Stage } from './stage.ts'
import { nowMs, watch } from './wait.ts'

const COPY = `${LIAR}-copy`
/** The home of the process that verifies: nothing is in it. */
const STRANGER = 'stranger'
const PROOF = `${LIAR}.proof`
const NAMED_MS_MAX = 20_000

type Sides = readonly [readonly number[], readonly number[]]

export class Liar {
  readonly #stage: Stage
  /** Places of the daemon over the home and of the one over its copy. */
  readonly #places: readonly [number, number]
  #said: readonly Sent[] = []
  #verified: Verified | undefined
  #proofBytes: number | null = null
  #namedMs: number | null = null

  constructor(stage: Stage, nodes: number) {
    this.#stage = stage
    this.#places = [nodes, nodes + 1]
  }

  get places(): readonly [number, number] {
    return this.#places
  }

  get member(): string {
    return this.#stage.member(this.#places[0])
  }

  /** Cuts itself off and is there twice from then on: neither of the two meets anybody yet. */
  async copyItself(): Promise<void> {
    const stage = this.#stage
    const [place] = this.#places
    await this.#gate(place, 'block', stage.everybody)
    // The daemon of a copied home holds its tongue unless it is told that nobody else speaks for it.
    await stage.fleet.copy(place, COPY, ['--alone'])
  }

  /** Each of the two meets one side. */
  async takeSides(sides: Sides): Promise<void> {
    await Promise.all(sides.map((side, at) => this.#gate(this.#places[at] ?? 0, 'unblock', side)))
  }

  /** Both sides with the liar on each. */
  among([here, there]: Sides): Sides {
    return [
      [...here, this.#places[0]],
      [...there, this.#places[1]],
    ]
  }

  /** One number, two texts. */
  async lie(): Promise<void> {
    this.#said = await Promise.all(this.#places.map((place) => this.#stage.say('lie', place)))
  }

  /** Both sides have met, so every node holds both messages: all name it, and one writes the proof. */
  async expose(healedMs: number): Promise<Phase> {
    const stage = this.#stage
    const startedMs = nowMs()
    const { done } = await watch({
      look: () => stage.look(),
      until: (view) => stage.remaining.every((place) => this.#isNamed(view[place]?.equivocators)),
      boundMs: NAMED_MS_MAX,
      signal: stage.fleet.signal,
    })
    if (done) {
      this.#namedMs = Math.round(nowMs() - healedMs)
      await this.#prove(actors[1])
    }
    const { number, namedMs, proofBytes } = this.caught
    const note = done
      ? `${number} twice; ${LIAR} named by all, ${proofBytes} bytes of proof hold`
      : `${LIAR} not named by all within ${NAMED_MS_MAX / 1_000} s`
    return { name: 'caught', ms: nowMs() - startedMs, namedMs, proofBytes, note }
  }

  #isNamed(equivocators: readonly string[] = []): boolean {
    return equivocators.join() === this.member
  }

  /** One honest node writes the proof, a process without a home checks it. */
  async #prove(by: number): Promise<void> {
    const { fleet, group } = this.#stage
    const file = fleet.file(PROOF)
    const words = ['member', 'why', group, this.member, '--proof', file]
    await fleet.command(this.#stage.daemon(by).name, words)
    this.#proofBytes = (await stat(file)).size
    this.#verified = (await fleet.command(STRANGER, ['verify', file])) as unknown as Verified
  }

  /** What the verdict judges. */
  get evidence(): Lie {
    const { member } = this
    return {
      ...{ name: LIAR, member, group: this.#stage.group },
      ...{ said: this.#said, verified: this.#verified },
    }
  }

  get caught(): Caught {
    return {
      name: LIAR,
      member: this.member,
      number: this.#said[0]?.number ?? '',
      ids: this.#said.map(({ id }) => id),
      namedMs: this.#namedMs,
      proofBytes: this.#proofBytes,
    }
  }

  async #gate(place: number, act: 'block' | 'unblock', others: readonly number[]): Promise<void> {
    const peers = others.map((other) => this.#stage.daemon(other).peerId)
    await this.#stage.daemon(place).api.call(`POST /v1/peers/${act}`, { body: { peers } })
  }
}
