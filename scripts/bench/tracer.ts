// Follows texts through one node, at its ports: when a step took each of them, when its write was
// asked for and done, when it left, came in, was told of and could be read. Changes nothing. Texts are
// known by their id, envelopes by their first bytes; whoever puts the marks of several nodes together
// learns from the receivers which texts an envelope held.

import { type Bytes, readU32, text as textOf, toHex } from '../../src/base/bytes.ts'
import type { Effect } from '../../src/core/effect.ts'
import type { Input } from '../../src/core/input.ts'
import type { Machine } from '../../src/core/machine.ts'
import { Space } from '../../src/core/storage.ts'
import type { Network, NetworkEvents } from '../../src/ports/network.ts'
import type { Store } from '../../src/ports/store.ts'
import { TIME_DIGITS, nowUs } from './serve.ts'

/** What can be marked, in the order in which it happens to a text. */
export type Stage =
  | 'asked'
  | 'step'
  | 'stepped'
  | 'write'
  | 'written'
  | 'push'
  | 'broadcast'
  | 'arrived'
  | 'take'
  | 'taken'
  | 'told'
  | 'read'
  | 'shown'

/** `key`: the id of a text, or of an envelope in front of a text's, or by itself. */
export interface Mark {
  readonly stage: Stage
  readonly key: string
  readonly us: number
}

/** What was asked of the ports, by name. */
export type Tally = Readonly<Record<string, number>>

export interface Trace {
  readonly marks: readonly Mark[]
  /** Texts of an envelope that came in: [envelope, text]. */
  readonly held: readonly (readonly [string, string])[]
  readonly tally: Tally
}

/** Hint and salt of an envelope: no two are alike. */
const ENVELOPE_NAME_BYTES = 24
/** In the key of a stored message: line and counter. */
const PLACE_AT = 5

export class Tracer {
  #marks: Mark[] = []
  #held: (readonly [string, string])[] = []
  #tally: Record<string, number> = {}
  /** Where a text is stored -> its id. */
  readonly #places = new Map<string, string>()
  #nowUs: () => number = nowUs

  /** What was seen since the last call. */
  take(): Trace {
    const trace = { marks: this.#marks, held: this.#held, tally: this.#tally }
    this.#marks = []
    this.#held = []
    this.#tally = {}
    return trace
  }

  mark(stage: Stage, key: string, us = this.#nowUs()): void {
    this.#marks.push({ stage, key, us })
  }

  /** Watches a machine's steps. */
  watch(machine: Machine): void {
    const step = machine.step.bind(machine)
    machine.step = (input, env) => {
      const us = this.#nowUs()
      const effects = step(input, env)
      this.#count(`step ${input.kind}`)
      this.#note(input, effects, us)
      return effects
    }
  }

  /** The same store, watched. */
  store(store: Store): Store {
    return {
      write: (batch, done, options) => {
        this.#count(options?.sync === false ? 'write unsynced' : 'write synced')
        const ids = batch.map(({ key }) => this.#places.get(placeAt(key))).filter(isDefined)
        for (const id of ids) this.mark('write', id)
        const told = (error?: Error): void => {
          for (const id of ids) this.mark('written', id)
          done(error)
        }
        store.write(batch, told, options)
      },
      read: (ranges, done) => {
        this.#count('read')
        const ids = ranges.map(({ from }) => this.#places.get(placeAt(from))).filter(isDefined)
        for (const id of ids) this.mark('read', id)
        store.read(ranges, done)
      },
      close: (done) => store.close(done),
    }
  }

  /** The same network, watched. */
  around(make: (events: NetworkEvents) => Network): (events: NetworkEvents) => Network {
    return (events) => {
      const network = make({
        ...events,
        frame: (channel, frame) => {
          this.#count('frame in')
          events.frame(channel, frame)
        },
        envelope: (from, topic, envelope, answer) => {
          this.#count('envelope in')
          this.mark('arrived', nameOf(envelope))
          events.envelope(from, topic, envelope, (verdict) => {
            this.#count(`verdict ${verdict}`)
            answer(verdict)
          })
        },
      })
      return this.#watched(network)
    }
  }

  #watched(network: Network): Network {
    return {
      peerId: network.peerId,
      open: (ref, protocol, peer, addresses) => network.open(ref, protocol, peer, addresses),
      send: (channel, frame) => {
        this.#count('frame out')
        network.send(channel, frame)
      },
      close: (channel) => network.close(channel),
      reset: (peer) => network.reset(peer),
      gate: (blocked) => network.gate(blocked),
      subscribe: (topic) => network.subscribe(topic),
      unsubscribe: (topic) => network.unsubscribe(topic),
      broadcast: (topic, envelope) => {
        this.#count('broadcast')
        this.mark('broadcast', nameOf(envelope))
        network.broadcast(topic, envelope)
      },
    }
  }

  #note(input: Input, effects: readonly Effect[], us: number): void {
    const endUs = this.#nowUs()
    const asked = input.kind === 'command' && input.command.kind === 'send' && input.command
    const envelope = input.kind === 'envelope' ? nameOf(input.envelope) : undefined
    for (const effect of effects) {
      if (effect.kind === 'broadcast') this.mark('push', nameOf(effect.envelope), us)
      if (effect.kind !== 'notify' || effect.event.kind !== 'message') continue
      const { id, line, counter } = effect.event
      this.#places.set(placeName(line, counter), id)
      if (asked) {
        this.mark('asked', id, Number((textOf(asked.payload) ?? '').slice(0, TIME_DIGITS)))
        this.mark('step', id, us)
        this.mark('stepped', id, endUs)
      } else if (envelope !== undefined) {
        this.#held.push([envelope, id])
        this.mark('take', id, us)
        this.mark('taken', id, endUs)
      }
    }
  }

  #count(what: string): void {
    this.#tally[what] = (this.#tally[what] ?? 0) + 1
  }
}

const nameOf = (envelope: Bytes): string => toHex(envelope.subarray(0, ENVELOPE_NAME_BYTES))

const placeName = (line: number, counter: number): string => `${line}/${counter}`

/** The place in the key of a stored message; no other key has one. */
const placeAt = (key: Bytes): string =>
  key[0] === Space.message && key.length === PLACE_AT + 8
    ? placeName(readU32(key, PLACE_AT), readU32(key, PLACE_AT + 4))
    : ''

const isDefined = (id: string | undefined): id is string => id !== undefined
