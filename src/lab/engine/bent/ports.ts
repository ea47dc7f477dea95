// The ports of a real node that can be told to lie: its network and its clock, between which and the node a
// hand lies that does nothing until it is told to. The hand is the simulator's own; the ear beside it only
// listens.

import { randomBytes } from 'node:crypto'
import type { Clock } from '../../../ports/clock.ts'
import { carries } from '../../protocol/coterie/carries.ts'
import { Hand } from '../../world/hand.ts'
import { Ear, type MakeNetwork } from './ear.ts'
import type { Ask, Seen } from './words.ts'

interface Prepared {
  readonly start: MakeNetwork
}

export class BentPorts {
  readonly clock: Clock
  readonly #hand: Hand
  readonly #ear = new Ear()
  #isLaid = false

  constructor(clock: Clock) {
    this.#hand = new Hand({ clock, random: randomBytes, carries })
    this.clock = this.#hand.clock
  }

  /** A network that is ready, as the node is given it. */
  laidOn<T extends Prepared>(prepared: T): T {
    this.#isLaid = true
    const { start } = prepared
    const outside = this.#ear.outside((events) => start.call(prepared, events))
    return { ...prepared, start: this.#ear.inside(this.#hand.network(outside)) }
  }

  /** @throws Error when the node runs without these ports */
  do(ask: Ask): Seen {
    if (!this.#isLaid) throw new Error('its ports are as they are')
    if (ask.do === 'begin') {
      const shunned = new Set(ask.shunned)
      this.#hand.begin(ask.lies, (peer) => shunned.has(peer))
    } else if (ask.do === 'end') this.#hand.end()
    return { repeated: this.#ear.repeated }
  }
}
