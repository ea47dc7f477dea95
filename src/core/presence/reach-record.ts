/**
 * Where a member can be dialled, in its own words: newest `seq` wins, kept for ever, passed on by
 * any member, and no part of the transcript. Who signed is checked with the member's device key,
 * which only the group's membership knows.
 *
 *   [group, member, seq, [address, ...], sent, signature]
 */
import type { Bytes } from '../../base/bytes.ts'
import { ADDRESSES_MAX, ADDRESS_BYTES_MAX } from '../../base/limits.ts'
import { type Result, fail, ok } from '../../base/result.ts'
import { type Value, encode } from '../../codec/canonical.ts'
import { type Reader, bytes, list, parse, textUpTo, tuple, u53, where } from '../../codec/shape.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import { labels } from '../../crypto/label.ts'
import { signLabelled, verifyLabelled } from '../signed.ts'

export interface ReachRecord {
  readonly group: Bytes
  readonly member: Bytes
  readonly seq: number
  /** Multiaddrs that end in /p2p/ and a peer id. */
  readonly addresses: readonly string[]
  /** Milliseconds UTC as the member claims: shown only. */
  readonly sentMs: number
}

/** Printable ASCII that ends in a peer id: never a control character in a log. */
const ADDRESS = /^(\/[!-~]+)?\/p2p\/[1-9A-HJ-NP-Za-km-z]+$/

/** Whether a text may stand as an address in records and tickets. */
export function isAddress(address: string): boolean {
  return address.length <= ADDRESS_BYTES_MAX && ADDRESS.test(address)
}

/** Addresses as records and tickets carry them. */
export const addressesReader: Reader<string[]> = list(
  where(textUpTo(ADDRESS_BYTES_MAX), isAddress, 'not an address'),
  { max: ADDRESSES_MAX },
)

const shape = tuple(bytes(32), bytes(32), u53, addressesReader, u53, bytes(64))
/** Eight addresses of the greatest length and the fixed fields. */
const RECORD_BYTES_MAX = ADDRESSES_MAX * (ADDRESS_BYTES_MAX + 3) + 256

function contentValues(record: ReachRecord): Value[] {
  return [record.group, record.member, record.seq, [...record.addresses], record.sentMs]
}

/** Signs a record. Addresses that `isAddress` refuses must have been left out. */
export function signReachRecord(crypto: Crypto, deviceSeed: Bytes, record: ReachRecord): Bytes {
  const values = contentValues(record)
  const signature = signLabelled(crypto, labels.reachSig, deviceSeed, encode(values))
  return encode([...values, signature])
}

/** Reads a record; the signature is not checked here. Reason: `reach-record-malformed`. */
export function parseReachRecord(encoded: Bytes): Result<ReachRecord> {
  const parsed = parse(shape, encoded, { maxBytes: RECORD_BYTES_MAX })
  if (!parsed.ok) return fail('reach-record-malformed')
  const [group, member, seq, addresses, sentMs] = parsed.value
  return ok({ group, member, seq, addresses, sentMs })
}

/** Where the member stands in every record that parses: behind three heads and the group. */
const MEMBER_AT = 37

/** Whose record it is, if it is one. */
export function memberOfRecord(encoded: Bytes): Bytes {
  return encoded.subarray(MEMBER_AT, MEMBER_AT + 32)
}

/** Whether a record that parses was signed by a device key. */
export function reachRecordHolds(crypto: Crypto, device: Bytes, encoded: Bytes): boolean {
  const parsed = parse(shape, encoded, { maxBytes: RECORD_BYTES_MAX })
  if (!parsed.ok) return false
  const [group, member, seq, addresses, sentMs, signature] = parsed.value
  const content = encode(contentValues({ group, member, seq, addresses, sentMs }))
  return verifyLabelled(crypto, labels.reachSig, device, content, signature)
}
