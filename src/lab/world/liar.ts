// A node that lies: the real machine under the real driver with the real keys, whose ports are bent. It
// breaks no law that a peer could see at once, but what it tells is not so: two things to two sides,
// nothing of what it should pass on, what is long past, what is damaged, a time of its own. The hand bends
// its ports; here it gets its second face.

import type { Bytes } from '../../base/bytes.ts'
import type { Command } from '../../core/command.ts'
import type { Event } from '../../core/event.ts'
import type { Machine } from '../../core/machine.ts'
import type { Driver, DriverOptions } from '../../node/driver-types.ts'
import { Hand, half } from './hand.ts'
import type { Lie } from './lies.ts'
import { SharedNetwork, secondFace } from './two-faced.ts'

export interface LiarParts {
  readonly options: DriverOptions
  /** The machine of the second face: the same identity. */
  readonly machine: () => Machine
  readonly make: (options: DriverOptions) => Driver
  /** Whether a frame carries messages. */
  readonly carries: (frame: Bytes) => boolean
  /** What the second face is told to do instead of what the first is told. */
  readonly differently: (command: Command) => Command
  /** The second face made something known. */
  readonly heard: (event: Event) => void
}

export class Liar {
  readonly driver: Driver
  readonly #parts: LiarParts
  readonly #shared: SharedNetwork
  readonly #hand: Hand
  #second: Driver | undefined
  #turn = 0

  constructor(parts: LiarParts) {
    this.#parts = parts
    const { options, carries } = parts
    const { clock, random } = options
    this.#shared = new SharedNetwork((act) => void clock.alarm(clock.nowMs(), act))
    this.#hand = new Hand({ clock, random, carries })
    const network = this.#hand.network((events) => this.#shared.open(options.network, events))
    const first = parts.make({ ...options, clock: this.#hand.clock, network })
    this.driver = {
      start: (done) => first.start(done),
      command: (command, done) => {
        this.#second?.command(parts.differently(command), () => {})
        first.command(command, done)
      },
      together: (give) => first.together(give),
      written: (done) => first.written(done),
      onEvent: (listener) => first.onEvent(listener),
      stop: (done) => {
        this.end()
        first.stop(done)
      },
    }
  }

  /** What it does at the moment. */
  get lies(): ReadonlySet<Lie> {
    return this.#hand.lies
  }

  /** Whether what it was told to do is really being done. */
  get inForce(): boolean {
    const { lies } = this
    return lies.size > 0 && (!lies.has('equivocate') || this.#shared.deceived.size > 0)
  }

  begin(given: readonly Lie[]): void {
    this.#turn += 1
    // Whom it knows changes while it lies.
    this.#hand.begin(given, (peer) => half(this.#shared.peers()).includes(peer))
    if (this.lies.has('equivocate')) this.#part()
  }

  /** Speaks the truth again; that of the first face. */
  end(): void {
    this.#turn += 1
    this.#hand.end()
    this.#shared.closeSecond()
    this.#second?.stop(() => {})
    this.#second = undefined
  }

  /** Every second of those whom it knows is shown another face. */
  #part(): void {
    const turn = this.#turn
    const { options, machine, make, heard } = this.#parts
    const deceived = new Set(half(this.#shared.peers()))
    secondFace({ ...options, machine: machine() }, make, this.#shared, (driver) => {
      if (turn !== this.#turn) return driver.stop(() => {})
      this.#second = driver
      driver.onEvent((event) => {
        if (event.kind === 'message' && event.how === 'own') heard(event)
      })
    })
    this.#shared.deceive(deceived)
  }
}
