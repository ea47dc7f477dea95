/**
 * What a group is for its whole life: name, leaders, policy, and a commitment to the key that gives
 * access. It never changes, so its hash is the group's id, and nobody is ever promoted or demoted.
 *
 *   [1, suite, nonce, predecessor|h'', name, [card, ...], policy, accessCommit]
 */
import { type Bytes, EMPTY, compare } from '../../base/bytes.ts'
import {
  BODY_BYTES_MAX,
  LEADERS_MAX,
  LEADERS_MIN,
  NAME_BYTES_MAX,
  NOTE_BYTES_MAX,
} from '../../base/limits.ts'
import { type Result, fail, ok } from '../../base/result.ts'
import { encode } from '../../codec/canonical.ts'
import {
  bytes,
  bytesOrNone,
  bytesUpTo,
  exactly,
  list,
  parse,
  textUpTo,
  tuple,
  u32,
} from '../../codec/shape.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import { hash } from '../../crypto/hash.ts'
import { labels } from '../../crypto/label.ts'
import { type Card, cardHash, parseCard } from '../identity/card.ts'
import { memberIdOf } from '../identity/candidate.ts'
import { allDiffer } from '../identity/device-list.ts'
import { assertName, checkName } from '../identity/name.ts'
import { type Policy, type PolicyName, policyOfCode, policyOfName } from './policy.ts'

/** The primitives of coterie/1: SHA-256, ed25519-coterie-1, X25519 HPKE, ChaCha20-Poly1305. */
export const SUITE = 1

/** A leader as a member of this group: one from the first message on. */
export interface LeaderSeat {
  readonly card: Card
  /** Hash of the card: `prev` of the leader's counter 0. */
  readonly admission: Bytes
  readonly member: Bytes
}

export interface Constitution {
  /** Hash of `bytes`. */
  readonly group: Bytes
  readonly bytes: Bytes
  readonly nonce: Bytes
  /** The group that this one succeeds, or empty. */
  readonly predecessor: Bytes
  readonly name: string
  /** In the order of their card bytes; the place in this list breaks ties between leaders. */
  readonly leaders: readonly LeaderSeat[]
  readonly policy: Policy
  readonly accessCommit: Bytes
}

/** What a founder chooses. */
export interface ConstitutionContent {
  /** 32 random bytes: two groups of equal content still differ. */
  readonly nonce: Bytes
  /** 32 bytes, or empty. */
  readonly predecessor: Bytes
  /** Has passed `checkName`. */
  readonly name: string
  /** The bytes of the leaders' cards in any order, the founder's among them. */
  readonly leaders: readonly Bytes[]
  readonly policy: PolicyName
  readonly accessKey: Bytes
}

const shape = tuple(
  exactly(1),
  exactly(SUITE),
  bytes(32),
  bytesOrNone(32),
  textUpTo(NAME_BYTES_MAX),
  list(bytesUpTo(NOTE_BYTES_MAX), { min: LEADERS_MIN, max: LEADERS_MAX, ascending: compare }),
  u32,
  bytes(32),
)

/** Encodes a constitution; `parseConstitution` must pass it before it is used. */
export function encodeConstitution(crypto: Crypto, content: ConstitutionContent): Bytes {
  assertName(content.name)
  return encode([
    1,
    SUITE,
    content.nonce,
    content.predecessor,
    content.name,
    [...content.leaders].sort(compare),
    policyOfName(content.policy).code,
    accessCommitOf(crypto, content.accessKey),
  ])
}

/**
 * Reads a constitution and checks all of it. Reasons: `constitution-malformed`, those of names,
 * `policy-unknown`, `leader-card-invalid`, `leaders-not-distinct`.
 */
export function parseConstitution(crypto: Crypto, encoded: Bytes): Result<Constitution> {
  const parsed = parse(shape, encoded, { maxBytes: BODY_BYTES_MAX })
  if (!parsed.ok) return fail('constitution-malformed')
  const [, , nonce, predecessor = EMPTY, name, cardBytes, code, accessCommit] = parsed.value
  const checkedName = checkName(name)
  if (!checkedName.ok) return checkedName
  const policy = policyOfCode(code)
  if (policy === undefined) return fail('policy-unknown')
  const group = groupIdOf(crypto, encoded)
  const leaders: LeaderSeat[] = []
  for (const one of cardBytes) {
    const card = parseCard(crypto, one)
    if (!card.ok) return fail('leader-card-invalid')
    const admission = cardHash(crypto, one)
    leaders.push({ card: card.value, admission, member: memberIdOf(crypto, group, admission) })
  }
  if (!areDistinct(leaders.map((seat) => seat.card))) return fail('leaders-not-distinct')
  return ok({ group, bytes: encoded, nonce, predecessor, name, leaders, policy, accessCommit })
}

/** No two leaders share an account, a device, a transport key or a number; nor do roles share keys. */
function areDistinct(cards: readonly Card[]): boolean {
  const keys = cards.flatMap((card) => [card.account, card.device, card.transport])
  const numbers = new Set(cards.map((card) => card.memberGroupId))
  return allDiffer(keys) && numbers.size === cards.length
}

/** The id of the group that a constitution founds. */
export function groupIdOf(crypto: Crypto, encoded: Bytes): Bytes {
  return hash(crypto, labels.group, encoded)
}

/** What a constitution says of the access key, which itself travels in Welcomes only. */
export function accessCommitOf(crypto: Crypto, accessKey: Bytes): Bytes {
  return hash(crypto, labels.accessCommit, accessKey)
}
