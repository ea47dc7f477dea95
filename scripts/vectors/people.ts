// People, seeds and recorded randomness from which all test vectors are made.
// Everything depends on words alone, so a second run writes the same files.

import { type Bytes, toHex, utf8 } from '../../src/base/bytes.ts'
import { SeededRandom } from '../../src/base/random.ts'
import type { Result } from '../../src/base/result.ts'
import { type Value, decode, encode } from '../../src/codec/canonical.ts'
import {
  type Constitution,
  encodeConstitution,
  parseConstitution,
} from '../../src/core/constitution/constitution.ts'
import { mintCard } from '../../src/core/identity/card.ts'
import type { Entropy } from '../../src/core/identity/hedged.ts'
import type { Ticket } from '../../src/core/membership/ticket.ts'
import { createNobleCrypto } from '../../src/crypto/noble.ts'

export const crypto = createNobleCrypto()
export const NONE: Bytes = new Uint8Array(0)

/** 32 bytes that a word stands for. */
export function bytesOf(word: string): Bytes {
  return crypto.sha256(utf8(`coterie vector: ${word}`))
}

/** Randomness that keeps what it gave, in order. */
export function recorder(word: string): Entropy & { readonly drawn: Bytes[] } {
  const source = new SeededRandom(word)
  const drawn: Bytes[] = []
  const random = (length: number): Bytes => {
    const given = source.bytes(length)
    // What is drawn may be erased by its user, so a copy is kept.
    drawn.push(given.slice())
    return given
  }
  return { crypto, random, drawn }
}

export function person(name: string) {
  const prekey0Secret = bytesOf(`${name} prekey 0`)
  return {
    name,
    seeds: { account: bytesOf(`${name} account`), device: bytesOf(`${name} device`) },
    transport: crypto.edPublicKey(bytesOf(`${name} transport`)),
    memberGroupId: new SeededRandom(name).u32(),
    prekey0Secret,
    prekey0: crypto.xPublicKey(prekey0Secret),
  }
}

export const people = ['ada', 'bob', 'cleo'].map(person)
export const [ada, bob, cleo] = people as [Person, Person, Person]
export type Person = ReturnType<typeof person>

export const accessKey = bytesOf('access key')
export const constitutionContent = {
  nonce: bytesOf('constitution nonce'),
  predecessor: NONE,
  name: 'Zażółć gęślą',
  leaders: [ada, bob].map((leader) => mintCard(crypto, leader).bytes),
  policy: 'balanced',
  accessKey,
} as const

export const club: Constitution = valueOf(
  parseConstitution(crypto, encodeConstitution(crypto, constitutionContent)),
)

export const ticket: Ticket = {
  group: club.group,
  issuer: club.leaders[0]?.member ?? NONE,
  introducers: [
    '/ip4/192.0.2.7/tcp/4001/p2p/12D3KooWQYV9dGMFoRzNStwpXztXaBUjtPqi6aU76ZgUriHhKust',
    '/dns4/relay.example/tcp/443/p2p/12D3KooWQYV9dGMFoRzNStwpXztXaBUjtPqi6aU76ZgUriHhKust',
  ],
  inviteId: bytesOf('invite id').slice(0, 16),
  inviteSecret: bytesOf('invite secret'),
  expiresMs: 1_893_456_000_000,
  uses: 3,
}

export function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`refused: ${result.error}`)
  return result.value
}

/** An encoded array with one field replaced. */
export function withField(encoded: Bytes, place: number, value: Value): Bytes {
  return encode((valueOf(decode(encoded)) as Value[]).with(place, value))
}

/** An encoded array with one more field. */
export function withMore(encoded: Bytes, value: Value): Bytes {
  return encode([...(valueOf(decode(encoded)) as Value[]), value])
}

/** The same bytes with the lowest bit of the last one turned over. */
export function lastFlipped(bytes: Bytes): Bytes {
  return bytes.with(-1, (bytes.at(-1) ?? 0) ^ 1)
}

/** The same structure with bytes as hex. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]))
}
