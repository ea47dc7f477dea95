/**
 * The public description of an epoch: where it stands among the others, for whom it was made, why,
 * and a commitment to its secret. The id covers all of it and the group. Only rules that need no
 * past are checked here; whether parents, recipients and reason are the right ones is validity's.
 *
 *   [[parent, ...], depth, membershipHash, [[member, prekeyId], ...], secretCommit, [code, id|h''], salt]
 */
import { type Bytes, EMPTY, compare } from '../../base/bytes.ts'
import { EPOCH_MESSAGE_BYTES_MAX, MEMBERS_MAX } from '../../base/limits.ts'
import { type Result, fail, ok } from '../../base/result.ts'
import { type Value, encode } from '../../codec/canonical.ts'
import { bytes, bytesOrNone, list, parse, tuple, u32, uint } from '../../codec/shape.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import { hash } from '../../crypto/hash.ts'
import { labels } from '../../crypto/label.ts'

/** Why an epoch was made. Where several hold, the lowest is written. */
export const EpochReasonCode = {
  membership: 1,
  merge: 2,
  periodic: 3,
  /** Names a RekeyRequest. */
  request: 4,
  refresh: 5,
  /** Names an Evidence message. */
  evidence: 6,
} as const

export interface EpochReason {
  readonly code: number
  /** The message that the reason names, or empty. */
  readonly id: Bytes
}

export interface Recipient {
  readonly member: Bytes
  readonly prekeyId: Bytes
}

export interface EpochBody {
  /** Ids of the epochs that this one replaces, ascending; none for a group's first. */
  readonly parents: readonly Bytes[]
  /** 1 + the greatest depth of a parent. */
  readonly depth: number
  readonly membershipHash: Bytes
  /** By member, ascending; the seals stand in this order. */
  readonly recipients: readonly Recipient[]
  readonly secretCommit: Bytes
  readonly reason: EpochReason
  readonly salt: Bytes
}

const shape = tuple(
  list(bytes(32), { max: MEMBERS_MAX, ascending: compare }),
  u32,
  bytes(32),
  list(tuple(bytes(32), bytes(32)), {
    min: 1,
    max: MEMBERS_MAX,
    ascending: (a, b) => compare(a[0], b[0]),
  }),
  bytes(32),
  tuple(uint(EpochReasonCode.evidence), bytesOrNone(32)),
  bytes(32),
)

type Uncommitted = Omit<EpochBody, 'secretCommit'>

function valuesBeforeCommit(body: Uncommitted): Value[] {
  const recipients = body.recipients.map((one) => [one.member, one.prekeyId])
  return [[...body.parents], body.depth, body.membershipHash, recipients]
}

function valuesAfterCommit(body: Uncommitted): Value[] {
  return [[body.reason.code, body.reason.id], body.salt]
}

/** Encodes a body whose lists are in order. */
export function encodeEpochBody(body: EpochBody): Bytes {
  return encode([...valuesBeforeCommit(body), body.secretCommit, ...valuesAfterCommit(body)])
}

/** The six fields without the commitment: what the secret is drawn for. */
export function encodeUncommitted(body: Uncommitted): Bytes {
  return encode([...valuesBeforeCommit(body), ...valuesAfterCommit(body)])
}

/** Reads a body. Reasons: `epoch-malformed`, `epoch-depth`, `epoch-reason`. */
export function parseEpochBody(encoded: Bytes): Result<EpochBody> {
  const parsed = parse(shape, encoded, { maxBytes: EPOCH_MESSAGE_BYTES_MAX })
  if (!parsed.ok) return fail('epoch-malformed')
  const [parents, depth, membershipHash, rows, secretCommit, [code, id = EMPTY], salt] =
    parsed.value
  if (parents.length === 0 ? depth !== 1 : depth < 2) return fail('epoch-depth')
  if (code === 0 || namesMessage(code) !== id.length > 0) return fail('epoch-reason')
  const recipients = rows.map(([member, prekeyId]) => ({ member, prekeyId }))
  const reason = { code, id }
  return ok({ parents, depth, membershipHash, recipients, secretCommit, reason, salt })
}

function namesMessage(code: number): boolean {
  return code === EpochReasonCode.request || code === EpochReasonCode.evidence
}

/** The id of an epoch: of its group and its encoded body. */
export function epochIdOf(crypto: Crypto, group: Bytes, encoded: Bytes): Bytes {
  return hash(crypto, labels.epoch, group, encoded)
}

/** What a body says of its secret. */
export function secretCommitOf(crypto: Crypto, group: Bytes, salt: Bytes, secret: Bytes): Bytes {
  return hash(crypto, labels.epochCommit, group, salt, secret)
}

/** The place of a member among the recipients, or -1. */
export function placeOf(body: EpochBody, member: Bytes): number {
  let low = 0
  let high = body.recipients.length - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    const order = compare(body.recipients[middle]?.member ?? EMPTY, member)
    if (order === 0) return middle
    if (order < 0) low = middle + 1
    else high = middle - 1
  }
  return -1
}
