// What a liar says with its keys, beyond what its core does: two messages under one number, messages on a
// past that is none, numbers out of thin air, evidence that proves nothing, floods. Each is put on the
// links of some peers, as a batch or as a push.
import { COUNTER_MAX, SENT_MS_MAX } from '../../src/base/limits.ts'
import type { Bytes } from '../../src/base/bytes.ts'
import { EMPTY } from '../../src/base/bytes.ts'
import type { SeededRandom } from '../../src/base/random.ts'
import { encode } from '../../src/codec/canonical.ts'
import { encodeEvidence, inOrder } from '../../src/core/evidence/evidence.ts'
import type { HeaderDraft, Message } from '../../src/core/message/message.ts'
import { signMessage } from '../../src/core/message/message.ts'
import { MessageType } from '../../src/core/message/type.ts'
import { draftOf, nextPlain } from './author.ts'
import { crypto, messagesOf } from './bench.ts'
import { batchFrame, batchOf, envelopeOf, hostileAt } from './hostile.ts'
import { type Mesh, groupOf } from './mesh.ts'

export interface Hand {
  readonly mesh: Mesh
  /** The node of the liar. */
  readonly node: number
  /** Its device's secret. */
  readonly device: Bytes
  readonly random: SeededRandom
}

/** The liar's last message that bears its own signature, and another member's. */
interface Ground {
  readonly own: Message
  readonly other: Message
}

const groundOf = ({ mesh, node, random }: Hand): Ground | undefined => {
  const self = groupOf(mesh, node)?.self
  const signed = messagesOf(mesh, node).filter(({ signature }) => signature.length === 64)
  const others = signed.filter(({ member, header }) => member !== self && header.counter > 0)
  const other = others[random.below(Math.max(1, others.length))]
  const own = signed.filter(({ member }) => member === self)
  const last = own.sort((a, b) => b.header.counter - a.header.counter)[0]
  return last && other && { own: last, other }
}

/** Puts messages on the link to one peer, as an honest sender would write them. */
const batchTo = ({ mesh, node }: Hand, to: number, messages: readonly Message[]): boolean => {
  const channel = hostileAt(mesh.world, node).channelTo(mesh.world.node(to).peerId)
  if (channel < 0) return false
  hostileAt(mesh.world, node).plan([
    { kind: 'send', channel, frame: batchFrame(batchOf(messages)) },
  ])
  poke(mesh, node)
  return true
}

/** Makes a step, so that what was planned leaves now. */
const poke = ({ world }: Mesh, node: number): void => {
  world.command(node, { kind: 'peer-ping', peer: 'nobody' })
}

/** Pushes messages to whoever is linked, if the liar has a key that others open. */
const push = ({ mesh, node }: Hand, messages: readonly Message[]): void => {
  const { topic } = hostileAt(mesh.world, node)
  try {
    const envelope = envelopeOf(mesh, node, messages)
    hostileAt(mesh.world, node).plan([{ kind: 'broadcast', topic, envelope }])
    poke(mesh, node)
  } catch {
    // It was left out of the epoch in force: it has nothing to push with.
  }
}

const signed = (hand: Hand, draft: HeaderDraft, body: Bytes = EMPTY): Message =>
  signMessage(crypto, hand.device, draft, body)

/** A lie, and what it was, in words; undefined where nothing could be said. */
export type Lie = (hand: Hand, sides: readonly (readonly number[])[]) => string | undefined

/** One number, two messages: one for each side. */
const equivocate: Lie = (hand, sides) => {
  const ground = groundOf(hand)
  if (ground === undefined) return undefined
  const told = sides.flatMap((side, i) => {
    const message = nextPlain(hand.device, ground.own, Uint8Array.of(i, hand.random.below(256)))
    return side.filter((node) => batchTo(hand, node, [message]))
  })
  return told.length === 0 ? undefined : `two of one number, to ${told.join(' ')}`
}

/** Everybody on a link. */
const toAll = (hand: Hand, sides: readonly (readonly number[])[], message: Message): void => {
  for (const node of sides.flat()) batchTo(hand, node, [message])
  push(hand, [message])
}

const wrongPasts: Lie = (hand) => {
  const ground = groundOf(hand)
  if (ground === undefined) return undefined
  const { own, other } = ground
  const draft = draftOf(nextPlain(hand.device, own, EMPTY))
  const { random } = hand
  const wrong: HeaderDraft[] = [
    { ...draft, deps: [random.bytes(32)] },
    { ...draft, deps: [own.idBytes] },
    { ...draft, deps: [other.header.prev] },
    { ...draft, deps: [other.idBytes, other.idBytes] },
    { ...draft, lamport: draft.lamport + 1_000_000 },
    { ...draft, prev: other.idBytes },
    { ...draft, prev: random.bytes(32) },
  ]
  const chosen = wrong[random.below(wrong.length)] ?? draft
  push(hand, [signed(hand, chosen)])
  return 'a past that is none'
}

const hugeNumbers: Lie = (hand, sides) => {
  const ground = groundOf(hand)
  if (ground === undefined) return undefined
  const draft = draftOf(nextPlain(hand.device, ground.own, EMPTY))
  const counter = [COUNTER_MAX - 1, draft.counter + 1_000, COUNTER_MAX - 2][hand.random.below(3)]
  toAll(hand, sides, signed(hand, { ...draft, counter: counter ?? 0 }))
  return `a number out of thin air`
}

const forgedTimes: Lie = (hand, sides) => {
  const ground = groundOf(hand)
  if (ground === undefined) return undefined
  const draft = draftOf(nextPlain(hand.device, ground.own, EMPTY))
  const sent = hand.random.below(2) === 0 ? 0 : SENT_MS_MAX
  // A claim like any other: valid, and shown as what it is.
  toAll(hand, sides, signed(hand, { ...draft, sent }))
  return `a time of ${String(sent)}`
}

/** Evidence against somebody who said each thing once. */
const falseCharges: Lie = (hand, sides) => {
  const ground = groundOf(hand)
  if (ground === undefined) return undefined
  const { own, other } = ground
  const forged = signed(hand, { ...draftOf(other), sent: other.header.sent + 1 }, other.body)
  const side = (message: Message, signature = message.signature) => ({
    headers: [message.headerBytes],
    signature,
  })
  const bodies = [
    encodeEvidence(inOrder(crypto, side(other), side(forged, other.signature))),
    encodeEvidence(inOrder(crypto, side(other), side(forged))),
    encodeEvidence({ sides: [side(other), side(other)] }),
    encodeEvidence(inOrder(crypto, side(other), side(own))),
    encode([[[other.headerBytes, own.headerBytes], other.signature]]),
    hand.random.bytes(200),
  ]
  const body = bodies[hand.random.below(bodies.length)] ?? EMPTY
  const draft = { ...draftOf(nextPlain(hand.device, own, EMPTY)), type: MessageType.evidence }
  toAll(hand, sides, signed(hand, draft, body))
  return `evidence against ${other.member.slice(0, 6)} that proves nothing`
}

/** A long chain whose beginning nobody gets. */
const flood: Lie = (hand) => {
  const ground = groundOf(hand)
  if (ground === undefined) return undefined
  let tip = nextPlain(hand.device, ground.own, hand.random.bytes(8))
  for (let envelope = 0; envelope < 3; envelope++) {
    const messages = Array.from({ length: 100 }, (_one, i) => {
      tip = nextPlain(hand.device, tip, Uint8Array.of(envelope, i))
      return tip
    })
    push(hand, messages)
  }
  return 'a flood that builds on nothing'
}

/** A run whose middle is not what its end vouches for. */
const brokenRun: Lie = (hand, sides) => {
  const ground = groundOf(hand)
  if (ground === undefined) return undefined
  const first = nextPlain(hand.device, ground.own, hand.random.bytes(8))
  const second = nextPlain(hand.device, first, hand.random.bytes(8))
  const wrong = { ...first, body: hand.random.bytes(8) }
  for (const node of sides.flat()) batchTo(hand, node, [wrong, second])
  return 'a run with garbage within'
}

export const lies: readonly Lie[] = [
  equivocate,
  equivocate,
  wrongPasts,
  hugeNumbers,
  forgedTimes,
  falseCharges,
  flood,
  brokenRun,
]
