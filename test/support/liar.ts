// A liar: the real core with a member's keys, behind a hand that bends what comes and goes. Every habit
// changes frames and envelopes of the core and nothing within it, so it links, answers and lies at once.
// Luck comes from a seed of its own. What it says with its keys beyond that is written by `lies.ts`.
import type { Bytes } from '../../src/base/bytes.ts'
import { equal } from '../../src/base/bytes.ts'
import { COUNTER_MAX, INTEGER_MAX } from '../../src/base/limits.ts'
import type { SeededRandom } from '../../src/base/random.ts'
import { decode } from '../../src/codec/canonical.ts'
import type { Batch } from '../../src/core/anti-entropy/batch.ts'
import type { GroupFrame } from '../../src/core/anti-entropy/frames.ts'
import { readGroupFrame, writeGroupFrame } from '../../src/core/anti-entropy/frames.ts'
import type { Effect } from '../../src/core/effect.ts'
import type { Env } from '../../src/core/env.ts'
import type { Identity } from '../../src/core/identity/identity.ts'
import type { Input, PeerId } from '../../src/core/input.ts'
import type { Crypto } from '../../src/crypto/crypto.ts'
import { Hostile } from './hostile.ts'

/** What a liar's hand does to everything that passes. */
export const habits = [
  /** Says what is its own to some peers only. */
  'withholds own',
  /** Keeps messages of somebody else back from some peers. */
  'withholds foreign',
  /** Never passes an envelope on. */
  'swallows',
  /** Sends old frames and envelopes again. */
  'replays',
  /** Claims counters and sizes that nobody has. */
  'huge counters',
  /** Damages frames, runs and envelopes, and sends bytes that are none. */
  'garbage',
] as const
export type Habit = (typeof habits)[number]

type Send = Extract<Effect, { kind: 'send' }>
type Broadcast = Extract<Effect, { kind: 'broadcast' }>

/** Kept to be said again. */
const REMEMBERED = 64

const isGroupFrame = (frame: GroupFrame | undefined): frame is GroupFrame => frame !== undefined

const read = (frame: Bytes): GroupFrame | undefined => {
  const value = decode(frame, { maxBytes: frame.length })
  const parsed = value.ok ? readGroupFrame(value.value) : value
  return parsed.ok ? parsed.value : undefined
}

/** A batch without the messages of one author; what was built on them stays in it. */
export const without = (batch: Batch, member: Bytes): Batch => {
  const gone = batch.authors.findIndex((author) => equal(author.member, member))
  if (gone < 0) return batch
  return {
    ...batch,
    items: batch.items.filter(({ author }) => author !== gone),
    vouchers: batch.vouchers.filter(({ author }) => author !== gone),
  }
}

const flipped = (bytes: Bytes, random: SeededRandom): Bytes => {
  const at = random.below(Math.max(1, bytes.length))
  return bytes.with(at, (bytes[at] ?? 0) ^ (1 << random.below(8)))
}

export class Liar extends Hostile {
  readonly habits = new Set<Habit>()
  /** While true it hears no message of others, and keeps its links: what it does then is stale. */
  deaf = false
  /** Who is kept from what it withholds. */
  shunned: (peer: PeerId) => boolean = () => false
  /** Whose messages it keeps back besides its own. */
  victim: Bytes | undefined
  /** Its own memberId, once there is one. */
  own: Bytes | undefined
  readonly #random: SeededRandom
  readonly #frames: Send[] = []
  readonly #envelopes: Broadcast[] = []

  constructor(identity: Identity, crypto: Crypto, random: SeededRandom) {
    super(identity, crypto)
    this.#random = random
  }

  override step(input: Input, env: Env): Effect[] {
    if (this.deaf && input.kind === 'envelope') {
      return [{ kind: 'verdict', token: input.token, verdict: 'ignore' }]
    }
    if (this.deaf && input.kind === 'frame' && isGroupFrame(read(input.frame))) return []
    const effects = super.step(input, env)
    return this.habits.size === 0 ? effects : effects.flatMap((effect) => this.#bend(effect))
  }

  #bend(effect: Effect): Effect[] {
    if (effect.kind === 'send') return this.#bendFrame(effect)
    if (effect.kind === 'broadcast') return this.#bendEnvelope(effect)
    const swallows = this.habits.has('swallows')
    if (effect.kind === 'verdict' && swallows && effect.verdict === 'accept') {
      return [{ ...effect, verdict: 'ignore' }]
    }
    return [effect]
  }

  #bendFrame(effect: Send): Effect[] {
    const frame = read(effect.frame)
    // Hellos and pings are left whole: a liar without links is nobody.
    if (frame === undefined) return [effect]
    const bent = { ...effect, frame: writeGroupFrame(this.#bent(frame, effect.channel)) }
    const extra: Effect[] = []
    if (this.habits.has('replays')) extra.push(...this.#again(this.#frames, effect.channel))
    this.#frames.push(bent)
    this.#frames.splice(0, this.#frames.length - REMEMBERED)
    if (this.habits.has('garbage') && this.#luck(40)) {
      const damaged = this.#luck(2) ? flipped(bent.frame, this.#random) : this.#random.bytes(50)
      extra.push({ ...bent, frame: damaged })
    }
    return [bent, ...extra]
  }

  #bent(frame: GroupFrame, channel: number): GroupFrame {
    if (frame.kind === 'batch') return { ...frame, batch: this.#bentBatch(frame.batch, channel) }
    if (!this.habits.has('huge counters') || !this.#luck(6)) return frame
    if (frame.kind === 'vector') {
      const at = this.#random.below(Math.max(1, frame.entries.length))
      const bytes = this.#random.bytes(8)
      const entries = frame.entries.map((entry, i) =>
        i === at ? { ...entry, counter: COUNTER_MAX - 1, tip: bytes } : entry,
      )
      return { ...frame, entries }
    }
    if (frame.kind === 'digest' || frame.kind === 'end') {
      return { ...frame, root: this.#random.bytes(32), count: INTEGER_MAX }
    }
    return frame
  }

  #bentBatch(batch: Batch, channel: number): Batch {
    const peer = this.channels.get(channel)?.peer
    let bent = batch
    if (peer !== undefined && this.shunned(peer)) {
      const { own, victim } = this
      if (this.habits.has('withholds own') && own !== undefined) bent = without(bent, own)
      if (this.habits.has('withholds foreign') && victim !== undefined) {
        bent = without(bent, victim)
      }
    }
    const at = this.#random.below(Math.max(1, bent.items.length))
    const item = bent.items[at]
    if (!this.habits.has('garbage') || item === undefined || !this.#luck(20)) return bent
    const body = flipped(item.body.length > 0 ? item.body : Uint8Array.of(0), this.#random)
    return { ...bent, items: bent.items.with(at, { ...item, body }) }
  }

  #bendEnvelope(effect: Broadcast): Effect[] {
    const sent: Broadcast[] = this.habits.has('withholds own') ? [] : [effect]
    if (this.habits.has('replays')) sent.push(...this.#again(this.#envelopes))
    this.#envelopes.push(effect)
    this.#envelopes.splice(0, this.#envelopes.length - REMEMBERED)
    if (this.habits.has('garbage') && this.#luck(20)) {
      sent.push({ ...effect, envelope: flipped(effect.envelope, this.#random) })
    }
    return sent
  }

  /** Something that was said before, now and then; frames on a channel that is open. */
  #again<E extends Send | Broadcast>(kept: readonly E[], channel?: number): E[] {
    const one = kept[this.#random.below(Math.max(1, kept.length))]
    if (one === undefined || !this.#luck(8)) return []
    return [channel === undefined ? one : { ...one, channel }]
  }

  /** True once in so many times. */
  #luck(times: number): boolean {
    return this.#random.below(times) === 0
  }
}
