// People, groups and worlds for tests, all from seeds: the same name gives the same keys.
import { type Bytes, utf8 } from '../../../src/base/bytes.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { type Result } from '../../../src/base/result.ts'
import {
  type Constitution,
  encodeConstitution,
  parseConstitution,
} from '../../../src/core/constitution/constitution.ts'
import type { CandidateSeeds } from '../../../src/core/identity/candidate.ts'
import { type Card, mintCard } from '../../../src/core/identity/card.ts'
import type { Entropy } from '../../../src/core/identity/hedged.ts'
import { createNativeCrypto } from '../../../src/crypto/native.ts'

export const crypto = createNativeCrypto()

/** A source of secrets that repeats for a seed. */
export function entropy(seed: string | number): Entropy {
  const random = new SeededRandom(seed)
  return { crypto, random: (length) => random.bytes(length) }
}

/** 32 bytes that depend on a word. */
export function bytesOf(word: string): Bytes {
  return crypto.sha256(utf8(word))
}

export interface Person {
  readonly name: string
  readonly seeds: CandidateSeeds
  readonly transport: Bytes
  readonly memberGroupId: number
  readonly prekeySecret: Bytes
  readonly prekey0: Bytes
}

export function person(name: string): Person {
  const prekeySecret = bytesOf(`${name} prekey`)
  return {
    name,
    seeds: { account: bytesOf(`${name} account`), device: bytesOf(`${name} device`) },
    transport: crypto.edPublicKey(bytesOf(`${name} transport`)),
    memberGroupId: new SeededRandom(name).u32(),
    prekeySecret,
    prekey0: crypto.xPublicKey(prekeySecret),
  }
}

export function cardOf(name: string): Card {
  return mintCard(crypto, person(name))
}

/** A group of these leaders. */
export function groupOf(name: string, ...leaders: readonly string[]): Constitution {
  const encoded = encodeConstitution(crypto, {
    nonce: bytesOf(`${name} nonce`),
    predecessor: new Uint8Array(0),
    name,
    leaders: leaders.map((leader) => cardOf(leader).bytes),
    policy: 'balanced',
    accessKey: accessKeyOf(name),
  })
  return valueOf(parseConstitution(crypto, encoded))
}

export function accessKeyOf(group: string): Bytes {
  return bytesOf(`${group} access`)
}

/** The value of a result that must be one. */
export function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`refused: ${result.error}`)
  return result.value
}

/** The reason of a result that must be a refusal. */
export function reasonOf(result: Result<unknown>): string {
  if (result.ok) throw new Error('accepted')
  return result.error
}

/** The same bytes with one bit turned over. */
export function flipped(bytes: Bytes, bit: number): Bytes {
  const changed = bytes.slice()
  changed[bit >>> 3] = (changed[bit >>> 3] ?? 0) ^ (1 << (bit & 7))
  return changed
}
