// Reading vector files: hex becomes bytes, recorded randomness is replayed.
import { expect } from 'vitest'

import { type Bytes, fromHex } from '../../../src/base/bytes.ts'
import type { Result } from '../../../src/base/result.ts'
import type { Entropy } from '../../../src/core/identity/hedged.ts'
import type { Crypto } from '../../../src/crypto/crypto.ts'

/** Fields that are texts and not hex. */
const textFields = [
  'name',
  'reason',
  'what',
  'text',
  'peerId',
  'peer',
  'code',
  'policy',
  'introducers',
  'addresses',
  'ticket',
  'contentType',
  'kind',
  'topic',
  'version',
] as const

type IsText<K, V> = K extends (typeof textFields)[number]
  ? V extends string | readonly string[]
    ? true
    : false
  : false

/** The same structure with hex as bytes. */
export type Unhexed<T> = T extends string
  ? Bytes
  : T extends readonly (infer I)[]
    ? Unhexed<I>[]
    : T extends object
      ? { [K in keyof T]: IsText<K, T[K]> extends true ? T[K] : Unhexed<T[K]> }
      : T

export function unhexed<T>(value: T): Unhexed<T> {
  if (typeof value === 'string') return fromHex(value)! as Unhexed<T>
  if (Array.isArray(value)) return value.map((item: unknown) => unhexed(item)) as Unhexed<T>
  if (typeof value !== 'object' || value === null) return value as Unhexed<T>
  const entries = Object.entries(value).map(([key, inner]: [string, unknown]) => {
    const isText = textFields.some((name) => name === key) && !isRecord(inner)
    return [key, isText ? inner : unhexed(inner)]
  })
  return Object.fromEntries(entries) as Unhexed<T>
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Randomness that was drawn before; `rest` is what nobody has asked for yet. */
export function replay(crypto: Crypto, random: readonly Bytes[]): Entropy & { rest: Bytes[] } {
  const rest = [...random]
  const draw = (length: number): Bytes => {
    const next = rest.shift()
    expect(next?.length).toBe(length)
    return next!.slice()
  }
  return { crypto, random: draw, rest }
}

export const refusal = (outcome: Result<unknown>): string =>
  outcome.ok ? 'accepted' : outcome.error
