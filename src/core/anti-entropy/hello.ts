/**
 * How two peers find out, on a fresh sync channel, which groups they share and who they are in
 * them. Whoever lacks a group's access key sees random tags and is shown no proof. Every step is
 * all or nothing: a frame that is refused leaves the state as it was, and the caller resets the
 * peer. One channel has one hello: to offer groups joined later, open another. SPEC.md, section 12.
 */
import { type Bytes, compare, equal, toHex } from '../../base/bytes.ts'
import { HELLO_TAG_COUNTS } from '../../base/limits.ts'
import { secondMs } from '../../base/time.ts'
import type { Value } from '../../codec/canonical.ts'
import type { Env } from '../env.ts'
import type { PeerId } from '../input.ts'
import {
  type HelloFrame,
  type Role,
  helloGroupsMax,
  helloNonceBytes,
  helloTagBytes,
  readHelloFrame,
  writeHelloFrame,
} from './hello-frames.ts'
import {
  type HelloClaim,
  type HelloSession,
  openProof,
  proofInput,
  sealProof,
  tagOf,
} from './hello-proof.ts'

/** A hello that takes longer than this is given up: the peer is silent or stalls. */
const helloWithinMs = 30 * secondMs

/** A group that may be offered to the peer. */
export interface HelloGroup {
  /** The group id, 32 bytes. */
  readonly group: Bytes
  /** The group's access key, 32 bytes. */
  readonly accessKey: Bytes
  /** The own member id in it, 32 bytes. */
  readonly member: Bytes
}

export interface HelloOptions {
  readonly role: Role
  readonly self: PeerId
  readonly peer: PeerId
  /** Those likely to be shared first: a dialler offers the first 512, a listener knows them all. */
  readonly groups: readonly HelloGroup[]
  /** Signs the given bytes with the own device key: 64 bytes. */
  readonly sign: (input: Bytes) => Bytes
}

/** One group in common, and who the peer says it is there. */
export interface HelloCommon extends HelloClaim {
  readonly group: Bytes
  /** The number that stands for this group on this channel, the same on both sides. */
  readonly index: number
  readonly member: Bytes
}

/** Why a frame was refused: each is counted under this name and ends the channel by reset. */
export type HelloError =
  | 'hello-malformed'
  | 'hello-version'
  | 'hello-unexpected'
  | 'hello-reflected'
  | 'hello-count'
  | 'hello-proof'

export interface HelloDone {
  /** The groups in common by index, perhaps none. */
  readonly groups: readonly HelloCommon[]
  /** The dialler's nonce: tells channels between the same two peers apart, alike on both sides. */
  readonly nonce: Bytes
}

export interface HelloStep {
  /** To be sent, in this order. */
  readonly frames: readonly Bytes[]
  /** Set once, when the hello is over. */
  readonly done?: HelloDone
  readonly error?: HelloError
}

export interface Hello {
  readonly options: HelloOptions
  /** The own nonce. */
  readonly nonce: Bytes
  readonly deadlineMs: number
  /** The frame that must come next, or `done`. */
  phase: HelloFrame['step'] | 'done'
  session: HelloSession | undefined
  /** Tags that this side sent, padding included, as hex. */
  sentTags: ReadonlySet<string>
  /** Groups in common, in the order of the channel's numbers. */
  common: readonly HelloGroup[]
}

/**
 * A hello for one channel that has just opened.
 *
 *     dialler                        listener
 *       nonce ------->   <------- nonce          both at once
 *       tags  ----------------------->           of all groups, padded
 *             <----------------------- tags      of the groups proved, padded
 *       proofs ---------------------->           only for groups in common
 *             <----------------------- proofs
 */
export function createHello(options: HelloOptions, env: Env): Hello {
  return {
    options,
    nonce: env.random(helloNonceBytes),
    deadlineMs: env.nowMs + helloWithinMs,
    phase: 'nonce',
    session: undefined,
    sentTags: new Set(),
    common: [],
  }
}

/** What to send as soon as the channel is open: the own nonce, without waiting for the peer's. */
export function begin(hello: Hello): readonly Bytes[] {
  const { nonce, options } = hello
  return [writeHelloFrame({ step: 'nonce', from: options.role, nonce })]
}

/** When to give the peer up, in monotonic ms; `undefined` once the hello is over. */
export function deadline(hello: Hello): number | undefined {
  return hello.phase === 'done' ? undefined : hello.deadlineMs
}

/** Takes a decoded frame of kind 0 to 5. Never throws on what a peer sent. */
export function receive(hello: Hello, value: Value, env: Env): HelloStep {
  const read = readHelloFrame(value)
  if (!read.ok) return refuse(read.error)
  const frame = read.value
  if (frame.from === hello.options.role) return refuse('hello-reflected')
  if (frame.step !== hello.phase) return refuse('hello-unexpected')
  if (frame.step === 'nonce') return takeNonce(hello, frame.nonce, env)
  const { session, options } = hello
  if (session === undefined) return refuse('hello-unexpected')
  if (frame.step === 'proofs') return takeProofs(hello, session, frame.boxes, env)
  return options.role === 'listener'
    ? answerTags(hello, session, frame.tags, env)
    : matchTags(hello, session, frame.tags, env)
}

function takeNonce(hello: Hello, nonce: Bytes, env: Env): HelloStep {
  if (equal(nonce, hello.nonce)) return refuse('hello-reflected')
  const { role, self, peer, groups } = hello.options
  const session: HelloSession =
    role === 'dialler'
      ? { dialler: self, listener: peer, diallerNonce: hello.nonce, listenerNonce: nonce }
      : { dialler: peer, listener: self, diallerNonce: nonce, listenerNonce: hello.nonce }
  hello.session = session
  hello.phase = 'tags'
  if (role === 'listener') return { frames: [] }
  const offered = [...tagged(groups.slice(0, helloGroupsMax), 'dialler', session, env).values()]
  const count = HELLO_TAG_COUNTS.find((size) => size >= offered.length) ?? helloGroupsMax
  return { frames: [sendTags(hello, offered, count, env)] }
}

/** The listener: answers for those groups that the dialler proved, and for no other. */
function answerTags(
  hello: Hello,
  session: HelloSession,
  tags: readonly Bytes[],
  env: Env,
): HelloStep {
  const known = tagged(hello.options.groups, 'dialler', session, env)
  hello.common = tags.flatMap((tag) => known.get(toHex(tag))?.group ?? [])
  const answers = [...tagged(hello.common, 'listener', session, env).values()]
  const frame = sendTags(hello, answers, tags.length, env)
  if (hello.common.length === 0) return finish(hello, session, [frame], [])
  hello.phase = 'proofs'
  return { frames: [frame] }
}

/** The dialler: sees which groups the listener proved in turn, and proves itself in those. */
function matchTags(
  hello: Hello,
  session: HelloSession,
  tags: readonly Bytes[],
  env: Env,
): HelloStep {
  if (tags.length !== hello.sentTags.size) return refuse('hello-count')
  const received = new Set(tags.map(toHex))
  for (const tag of received) if (hello.sentTags.has(tag)) return refuse('hello-reflected')
  const offered = hello.options.groups.slice(0, helloGroupsMax)
  const answered = [...tagged(offered, 'listener', session, env)]
    .filter(([tag]) => received.has(tag))
    .map(([, { group }]) => group)
  hello.common = [...tagged(answered, 'dialler', session, env).values()]
    .sort((a, b) => compare(a.tag, b.tag))
    .map(({ group }) => group)
  if (hello.common.length === 0) return finish(hello, session, [], [])
  hello.phase = 'proofs'
  return { frames: [sendProofs(hello, session, env)] }
}

/** Both: opens the peer's proofs, one for each group in common; the listener then sends its own. */
function takeProofs(
  hello: Hello,
  session: HelloSession,
  boxes: readonly Bytes[],
  env: Env,
): HelloStep {
  const { common, options } = hello
  if (boxes.length !== common.length) return refuse('hello-count')
  const from = other(options.role)
  const groups: HelloCommon[] = []
  for (const [index, { group, accessKey, member }] of common.entries()) {
    const box = boxes[index]
    const claim = box && openProof(env.crypto, accessKey, group, from, session, box)
    if (claim === undefined) return refuse('hello-proof')
    groups.push({ group, index, member, ...claim })
  }
  return finish(
    hello,
    session,
    options.role === 'listener' ? [sendProofs(hello, session, env)] : [],
    groups,
  )
}

function finish(
  hello: Hello,
  session: HelloSession,
  frames: readonly Bytes[],
  groups: readonly HelloCommon[],
): HelloStep {
  hello.phase = 'done'
  return { frames, done: { groups, nonce: session.diallerNonce } }
}

function refuse(error: HelloError): HelloStep {
  return { frames: [], error }
}

const other = (role: Role): Role => (role === 'dialler' ? 'listener' : 'dialler')

interface Tagged {
  readonly tag: Bytes
  readonly group: HelloGroup
}

/** The tags of some groups for one side, by their hex. */
function tagged(
  groups: readonly HelloGroup[],
  role: Role,
  session: HelloSession,
  env: Env,
): Map<string, Tagged> {
  const byTag = new Map<string, Tagged>()
  for (const group of groups) {
    const tag = tagOf(env.crypto, group.accessKey, group.group, role, session)
    byTag.set(toHex(tag), { tag, group })
  }
  return byTag
}

/** A list of `count` tags: the true ones among random ones, sorted, remembered against reflection. */
function sendTags(hello: Hello, truth: readonly Tagged[], count: number, env: Env): Bytes {
  const tags = truth.map(({ tag }) => tag)
  while (tags.length < count) tags.push(env.random(helloTagBytes))
  tags.sort(compare)
  hello.sentTags = new Set(tags.map(toHex))
  return writeHelloFrame({ step: 'tags', from: hello.options.role, tags })
}

/** One sealed proof for each group in common, in the order of their numbers. */
function sendProofs(hello: Hello, session: HelloSession, env: Env): Bytes {
  const { role, sign } = hello.options
  const boxes = hello.common.map(({ group, accessKey, member }) => {
    const signature = sign(proofInput(env.crypto, role, session, group, member))
    return sealProof(env.crypto, accessKey, group, role, session, { member, signature })
  })
  return writeHelloFrame({ step: 'proofs', from: role, boxes })
}
