/**
 * The signed part of a message: who says it, where it stands in its author's chain and in the
 * transcript's DAG, and under which key its body is sealed. The id is a hash of the header alone,
 * so one author cannot fork itself by signing twice, and a body may be missing without breaking
 * a chain. Fields are positional; their order here is their order on the wire.
 */
import type { Bytes } from '../../base/bytes.ts'
import { toHex } from '../../base/bytes.ts'
import { COUNTER_MAX, DEPS_MAX, HEADER_BYTES_MAX, SENT_MS_MAX } from '../../base/limits.ts'
import { fail, ok } from '../../base/result.ts'
import type { Result } from '../../base/result.ts'
import { encode } from '../../codec/canonical.ts'
import type { Value } from '../../codec/canonical.ts'
import { bytes, bytesUpTo, list, parse, tuple, u32, u53, uint } from '../../codec/shape.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import { hash } from '../../crypto/hash.ts'
import { labels } from '../../crypto/label.ts'

/** A 32-byte id as 64 lower-case hex digits: how ids are keys and how people see them. */
export type Hex = string

export interface Header {
  readonly type: number
  readonly group: Bytes
  readonly member: Bytes
  readonly memberGroupId: number
  readonly counter: number
  /** Id of the author's message before this one; for counter 0 the hash that admitted the author. */
  readonly prev: Bytes
  /** Ids of the author's other heads, sorted, at most 16. */
  readonly deps: readonly Bytes[]
  /** 1 + the greatest lamport among prev and deps. */
  readonly lamport: number
  /** Epoch that seals the body, or empty. */
  readonly epoch: Bytes
  /** Position in the author's chain under that epoch. */
  readonly gen: number
  readonly salt: Bytes
  /** Milliseconds UTC as the author claims: display only. */
  readonly sent: number
  readonly keyCommit: Bytes
  readonly bodyLength: number
  readonly bodyHash: Bytes
}

/** A header without the two fields that depend on the body. */
export type HeaderDraft = Omit<Header, 'bodyLength' | 'bodyHash'>

const VERSION = 1

const shape = tuple(
  u32,
  uint(255),
  bytes(32),
  bytes(32),
  u32,
  u32,
  bytes(32),
  list(bytes(32), { max: DEPS_MAX }),
  u53,
  bytesUpTo(32),
  u32,
  bytesUpTo(16),
  uint(SENT_MS_MAX),
  bytesUpTo(32),
  u32,
  bytes(32),
)

const PREFIX_FIELDS = 14
const HEADER_FIELDS = 16
/** Used over and over: of every message taken in the header is encoded anew. */
const prefixFields = new Array<Value>(PREFIX_FIELDS).fill(VERSION)
const headerFields = new Array<Value>(HEADER_FIELDS).fill(VERSION)

const setPrefix = (fields: Value[], header: HeaderDraft): void => {
  fields[1] = header.type
  fields[2] = header.group
  fields[3] = header.member
  fields[4] = header.memberGroupId
  fields[5] = header.counter
  fields[6] = header.prev
  fields[7] = header.deps
  fields[8] = header.lamport
  fields[9] = header.epoch
  fields[10] = header.gen
  fields[11] = header.salt
  fields[12] = header.sent
  fields[13] = header.keyCommit
}

/** What a sealed body is bound to: everything in the header that is known before the body is. */
export const encodePrefix = (header: HeaderDraft): Bytes => {
  setPrefix(prefixFields, header)
  return encode(prefixFields)
}

export const encodeHeader = (header: Header): Bytes => {
  setPrefix(headerFields, header)
  headerFields[PREFIX_FIELDS] = header.bodyLength
  headerFields[PREFIX_FIELDS + 1] = header.bodyHash
  return encode(headerFields)
}

/** Reads a header and checks every rule that needs nothing but its own bytes. */
export const parseHeader = (encoded: Bytes): Result<Header> => {
  if (encoded.length > HEADER_BYTES_MAX) return fail('header-too-large')
  const parsed = parse(shape, encoded)
  if (!parsed.ok) return fail('header-malformed')
  const [version, type, group, member, memberGroupId, counter, prev, deps, lamport, ...rest] =
    parsed.value
  const [epoch, gen, salt, sent, keyCommit, bodyLength, bodyHash] = rest
  if (version !== VERSION) return fail('header-version')
  if (!emptyOr(epoch, 32) || !emptyOr(salt, 16) || !emptyOr(keyCommit, 32)) {
    return fail('header-malformed')
  }
  if (counter >= COUNTER_MAX) return fail('counter-exhausted')
  return ok({
    type,
    group,
    member,
    memberGroupId,
    counter,
    prev,
    deps,
    lamport,
    epoch,
    gen,
    salt,
    sent,
    keyCommit,
    bodyLength,
    bodyHash,
  })
}

const emptyOr = (field: Bytes, length: number): boolean =>
  field.length === 0 || field.length === length

export const bodyHashOf = (crypto: Crypto, body: Bytes): Bytes => hash(crypto, labels.body, body)

export const idOf = (crypto: Crypto, header: Bytes): Bytes => hash(crypto, labels.id, header)

/** `1d3f92d1:1`, as people and the command line write a message number. */
export const numberText = (memberGroupId: number, counter: number): string => {
  // An author mostly says more than one thing.
  if (memberGroupId !== spelledId) {
    spelledId = memberGroupId
    spelling = memberGroupId.toString(16).padStart(8, '0')
  }
  return `${spelling}:${counter}`
}

let spelledId = 0
let spelling = '00000000'

export const hexOf = (id: Bytes): Hex => toHex(id)
