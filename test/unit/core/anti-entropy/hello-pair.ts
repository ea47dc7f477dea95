/**
 * Two ends of a channel for the tests of the hello: seeded groups, seeded environments, and a wire
 * that lets a test see, keep, change or drop every frame.
 */
import type { Bytes } from '../../../../src/base/bytes.ts'
import { SeededRandom } from '../../../../src/base/random.ts'
import { decode } from '../../../../src/codec/canonical.ts'
import {
  type Hello,
  type HelloDone,
  type HelloGroup,
  type HelloOptions,
  type HelloStep,
  begin,
  createHello,
  receive,
} from '../../../../src/core/anti-entropy/hello.ts'
import type { Env } from '../../../../src/core/env.ts'
import { createNativeCrypto } from '../../../../src/crypto/native.ts'

export const crypto = createNativeCrypto()

export function envOf(seed: string): Env {
  const random = new SeededRandom(seed)
  return { nowMs: 1_000, wallMs: 0, random: (length) => random.bytes(length), crypto }
}

/** A device of one of the two: who it is on the network and what it signs with. */
export interface Device {
  readonly peer: string
  readonly seed: Bytes
  readonly publicKey: Bytes
}

export function deviceOf(name: string): Device {
  const seed = new SeededRandom(`device ${name}`).bytes(32)
  return { peer: `12D3KooW${name}`, seed, publicKey: crypto.edPublicKey(seed) }
}

/** A group as one member sees it; `of` the member of it. */
export function groupOf(name: string, of: string): HelloGroup {
  const random = new SeededRandom(`group ${name}`)
  const group = random.bytes(32)
  const accessKey = random.bytes(32)
  return { group, accessKey, member: new SeededRandom(`member ${name} ${of}`).bytes(32) }
}

export function optionsOf(
  role: HelloOptions['role'],
  self: Device,
  peer: Device,
  groups: readonly HelloGroup[],
): HelloOptions {
  return { role, self: self.peer, peer: peer.peer, groups, sign: (i) => crypto.sign(self.seed, i) }
}

/** One end, with everything it was ever told and everything it said. */
export interface End {
  readonly hello: Hello
  readonly env: Env
  readonly sent: Bytes[]
  readonly errors: string[]
  done: HelloDone | undefined
}

export function endOf(options: HelloOptions, seed: string): End {
  const env = envOf(seed)
  const hello = createHello(options, env)
  return { hello, env, sent: [...begin(hello)], errors: [], done: undefined }
}

/** Hands one frame to an end. */
export function hand(end: End, frame: Bytes): HelloStep {
  const value = decode(frame)
  if (!value.ok) throw new Error(`a test sent what is no frame: ${value.error}`)
  const step = receive(end.hello, value.value, end.env)
  end.sent.push(...step.frames)
  if (step.error !== undefined) end.errors.push(step.error)
  if (step.done !== undefined) end.done = step.done
  return step
}

/** Carries frames both ways until neither end has more to say. */
export function run(a: End, b: End): void {
  const at = { a: 0, b: 0 }
  while (at.a < a.sent.length || at.b < b.sent.length) {
    const fromA = a.sent[at.a]
    if (fromA !== undefined) {
      at.a++
      hand(b, fromA)
    }
    const fromB = b.sent[at.b]
    if (fromB !== undefined) {
      at.b++
      hand(a, fromB)
    }
  }
}

export const ada = deviceOf('Ada')
export const bob = deviceOf('Bob')
/** Names of one length, so that only the names themselves tell them apart. */
export const eve = deviceOf('Eve')

/** Ada dials Bob; each offers the groups of these names. */
export function pair(
  adaGroups: readonly string[],
  bobGroups: readonly string[],
  seed = 'pair',
): { dialler: End; listener: End } {
  const ofAda = adaGroups.map((name) => groupOf(name, 'ada'))
  const ofBob = bobGroups.map((name) => groupOf(name, 'bob'))
  return {
    dialler: endOf(optionsOf('dialler', ada, bob, ofAda), `${seed} dialler`),
    listener: endOf(optionsOf('listener', bob, ada, ofBob), `${seed} listener`),
  }
}

/** Names for many groups. */
export function names(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) => `g${from + index}`)
}
