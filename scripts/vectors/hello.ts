// Vectors of a hello: whole dialogues between two peers, every frame with the randomness it took, and
// frames that are refused at each step. The secrets of each group in common stand beside them.

import type { Bytes } from '../../src/base/bytes.ts'
import type { Value } from '../../src/codec/canonical.ts'
import { decode, encode } from '../../src/codec/canonical.ts'
import type { Hello, HelloGroup, HelloOptions } from '../../src/core/anti-entropy/hello.ts'
import { begin, createHello, receive } from '../../src/core/anti-entropy/hello.ts'
import type { Role } from '../../src/core/anti-entropy/hello-frames.ts'
import type { HelloSession } from '../../src/core/anti-entropy/hello-proof.ts'
import { proofInput, sealProof, tagOf } from '../../src/core/anti-entropy/hello-proof.ts'
import { peerIdOf } from '../../src/core/identity/peer-id.ts'
import type { Crypto } from '../../src/crypto/crypto.ts'
import type { Person } from './people.ts'
import { accessKey, ada, bob, bytesOf, club, crypto, recorder, valueOf } from './people.ts'
import { authors } from './transcript.ts'

type Own = HelloGroup & { readonly deviceSeed: Bytes }

/** One side of a dialogue: who it is and what it offers. */
export interface Side {
  readonly peer: string
  readonly deviceSeed: Bytes
  readonly groups: readonly HelloGroup[]
  readonly random: readonly Bytes[]
}

function groupsOf(person: Person, words: readonly string[]): Own[] {
  const author = person === ada ? authors.ada : authors.bob
  return words.map((word) => ({
    group: word === 'club' ? club.group : bytesOf(`group ${word}`),
    accessKey: word === 'club' ? accessKey : bytesOf(`access key ${word}`),
    member: word === 'club' ? author.member : bytesOf(`${person.name} in ${word}`),
    deviceSeed: person.seeds.device,
  }))
}

export function helloOf(
  role: Role,
  own: Omit<Side, 'random'>,
  peer: string,
  env: { crypto: Crypto; random: (length: number) => Bytes },
): { hello: Hello; env: Parameters<typeof receive>[2] } {
  const options: HelloOptions = {
    role,
    self: own.peer,
    peer,
    groups: own.groups,
    sign: (input) => env.crypto.sign(own.deviceSeed, input),
  }
  const whole = { ...env, nowMs: 0, wallMs: 0 }
  return { hello: createHello(options, whole), env: whole }
}

const peerOf = ({ name }: Person): string =>
  peerIdOf(crypto.edPublicKey(bytesOf(`${name} transport`)))

function dialogue(what: string, first: readonly string[], second: readonly string[]) {
  const [forAda, forBob] = [recorder(`${what} dialler`), recorder(`${what} listener`)]
  const ends = [
    { peer: peerOf(ada), deviceSeed: ada.seeds.device, groups: groupsOf(ada, first) },
    { peer: peerOf(bob), deviceSeed: bob.seeds.device, groups: groupsOf(bob, second) },
  ] as const
  const dialler = helloOf('dialler', ends[0], ends[1].peer, forAda)
  const listener = helloOf('listener', ends[1], ends[0].peer, forBob)
  const [a, b] = [dialler, listener]
  const frames = [...begin(a.hello), ...begin(b.hello)]
  const [nonceI, nonceR] = frames.map((frame) => valueOf(decode(frame)))
  const give = (to: typeof a, value: Value | undefined): Bytes[] =>
    value === undefined ? [] : [...receive(to.hello, value, to.env).frames]
  give(b, nonceI)
  let turn = give(a, nonceR)
  for (let side = 1; turn.length > 0; side = 1 - side) {
    frames.push(...turn)
    const [frame] = turn
    turn = frame === undefined ? [] : give(side === 1 ? b : a, valueOf(decode(frame)))
  }
  return {
    what,
    dialler: { ...ends[0], random: forAda.drawn },
    listener: { ...ends[1], random: forBob.drawn },
    frames,
    common: a.hello.common.map(({ group, accessKey: key, member }, index) => ({
      index,
      group,
      accessKey: key,
      ...secretsOf('dialler', a.hello, { group, accessKey: key, member }),
    })),
  }
}

/** Tag, signed bytes, signature and box of one side for one group. */
export function secretsOf(role: Role, hello: Hello, own: HelloGroup) {
  const session = hello.session as HelloSession
  const { group, accessKey: key, member } = own
  const input = proofInput(crypto, role, session, group, member)
  const signature = hello.options.sign(input)
  const proof = { member, signature }
  return {
    member,
    tag: tagOf(crypto, key, group, role, session),
    signedInput: input,
    signature,
    sealed: sealProof(crypto, key, group, role, session, proof),
  }
}

export function helloVectors() {
  const dialogues = [
    dialogue('one group in common', ['club', 'one'], ['two', 'club']),
    dialogue('two in common', ['one', 'club', 'two'], ['club', 'two']),
    dialogue('none in common', ['one'], ['two']),
  ]
  return { dialogues, bad: badFrames(dialogues[0] as Dialogue), keepAlive: keepAlives() }
}

type Dialogue = ReturnType<typeof dialogue>

/** A frame that a fresh listener is given after the first so many frames of the dialler. */
function badFrames({ frames }: Dialogue) {
  const [nonce, own, tags, answer, proofs] = frames.map((frame) => valueOf(decode(frame)))
  const list = (valueOf(decode(frames[2] ?? encode(0))) as Value[])[1] as Bytes[]
  const sealed = (proofs as Value[])[1] as Bytes[]
  const cases: [what: string, after: number, reason: string, frame: Value | undefined][] = [
    ['an unknown version', 0, 'hello-version', [0, 2, bytesOf('nonce').slice(16)]],
    ['a short nonce', 0, 'hello-malformed', [0, 1, bytesOf('nonce').slice(17)]],
    ['one field more', 0, 'hello-malformed', [0, 1, bytesOf('nonce').slice(16), 0]],
    ['a frame of its own role', 0, 'hello-reflected', own],
    ['tags before the nonce', 0, 'hello-unexpected', tags],
    ['the nonce twice', 1, 'hello-unexpected', nonce],
    ['seven tags', 1, 'hello-malformed', [2, list.slice(1)]],
    ['tags out of order', 1, 'hello-malformed', [2, list.toReversed()]],
    ['its own answer', 2, 'hello-reflected', answer],
    ['a box too many', 2, 'hello-count', [4, [...sealed, ...sealed]]],
    ['no box', 2, 'hello-malformed', [4, []]],
    ['a changed box', 2, 'hello-proof', [4, sealed.map((box) => box.with(0, (box[0] ?? 0) ^ 1))]],
    ['proofs after the end', 3, 'hello-unexpected', proofs],
  ]
  return cases.map(([what, after, reason, frame]) => ({
    what,
    after,
    reason,
    frame: encode(frame ?? 0),
  }))
}

/** What a listener says to the dialler's frames and then to one more: a reason, or nothing. */
export function refusedBy(
  provider: Crypto,
  { dialler, listener, frames }: Pick<Dialogue, 'dialler' | 'listener' | 'frames'>,
  after: number,
  frame: Bytes,
): string {
  const rest = listener.random.map((drawn) => drawn.slice())
  const random = (): Bytes => rest.shift() ?? new Uint8Array(16)
  const { hello, env } = helloOf('listener', listener, dialler.peer, { crypto: provider, random })
  const kinds = frames.filter((one) => ((valueOf(decode(one)) as Value[])[0] as number) % 2 === 0)
  for (const one of kinds.slice(0, after)) receive(hello, valueOf(decode(one)), env)
  return receive(hello, valueOf(decode(frame)), env).error ?? 'accepted'
}

function keepAlives() {
  return [
    { what: 'the first question', frame: encode([6, 1]) },
    { what: 'its answer', frame: encode([7, 1]) },
    { what: 'the last number before it starts again', frame: encode([6, 0xffff_ffff]) },
  ]
}
