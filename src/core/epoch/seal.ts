/**
 * Making an epoch and opening one's own seal of it. The secret is fresh, independent of the parents,
 * and hedged against a broken source of randomness; the commitment in the body makes sure that
 * everybody who opens a seal holds the same secret.
 */
import { type Bytes, EMPTY, compare, equalSecret } from '../../base/bytes.ts'
import { type Result, fail, ok } from '../../base/result.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import { labels } from '../../crypto/label.ts'
import { type Entropy, hedgedSecret } from '../identity/hedged.ts'
import { prekeyIdOf } from '../identity/prekey.ts'
import { SEAL_OVERHEAD_BYTES, openSealed, sealTo } from '../identity/seal.ts'
import {
  type EpochBody,
  type EpochReason,
  encodeEpochBody,
  encodeUncommitted,
  epochIdOf,
  placeOf,
  secretCommitOf,
} from './body.ts'

const SECRET_BYTES = 32
/** Bytes of one seal: a sealed secret. */
export const SEAL_BYTES = SEAL_OVERHEAD_BYTES + SECRET_BYTES

/** What the maker of an epoch decides. Lists come in any order. */
export interface EpochPlan {
  readonly group: Bytes
  readonly parents: readonly Bytes[]
  readonly depth: number
  readonly membershipHash: Bytes
  /** Members with their latest prekeys, each usable. */
  readonly recipients: readonly { readonly member: Bytes; readonly prekey: Bytes }[]
  readonly reason: EpochReason
}

export interface MintedEpoch {
  readonly id: Bytes
  readonly body: EpochBody
  readonly bytes: Bytes
  /** In the order of the body's recipients, 80 bytes each. */
  readonly seals: readonly Bytes[]
  /** The epoch secret: the caller erases it when the keys are derived. */
  readonly secret: Bytes
}

/** Makes an epoch and seals its secret to every recipient. */
export function mintEpoch(env: Entropy, deviceSeed: Bytes, plan: EpochPlan): MintedEpoch {
  const { crypto } = env
  const { group, depth, membershipHash, reason } = plan
  const sealed = [...plan.recipients]
    .sort((a, b) => compare(a.member, b.member))
    .map((one) => ({ ...one, prekeyId: prekeyIdOf(crypto, one.member, one.prekey) }))
  const parents = [...plan.parents].sort(compare)
  const recipients = sealed.map(({ member, prekeyId }) => ({ member, prekeyId }))
  const open = { parents, depth, membershipHash, recipients, reason, salt: env.random(32) }
  const secret = hedgedSecret(env, deviceSeed, encodeUncommitted(open))
  const body = { ...open, secretCommit: secretCommitOf(crypto, group, open.salt, secret) }
  const bytes = encodeEpochBody(body)
  const id = epochIdOf(crypto, group, bytes)
  const seals = sealed.map(({ member, prekey, prekeyId }) => {
    const binding = { group, purpose: id, member, prekeyId }
    return sealTo(env, deviceSeed, prekey, labels.epochSeal, binding, secret)
  })
  return { id, body, bytes, seals, secret }
}

/** An epoch as received, with the key that may open one of its seals. */
export interface SealedEpoch {
  readonly group: Bytes
  readonly id: Bytes
  readonly body: EpochBody
  readonly seals: readonly Bytes[]
  readonly member: Bytes
  /** The secret of the prekey that the body names for `member`. */
  readonly prekeySecret: Bytes
}

/**
 * Opens one's own seal and checks the commitment: the epoch secret. Reasons: `not-a-recipient`,
 * `seal-unopenable`, `commit-mismatch`; after the last two a complaint is due.
 */
export function openSeal(crypto: Crypto, sealed: SealedEpoch): Result<Bytes> {
  const { group, id, body, member } = sealed
  const place = placeOf(body, member)
  const prekeyId = body.recipients[place]?.prekeyId
  if (prekeyId === undefined) return fail('not-a-recipient')
  const binding = { group, purpose: id, member, prekeyId }
  const seal = sealed.seals[place] ?? EMPTY
  const secret = openSealed(crypto, sealed.prekeySecret, labels.epochSeal, binding, seal)
  if (secret === undefined || secret.length !== SECRET_BYTES) return fail('seal-unopenable')
  return commitHolds(crypto, group, body, secret) ? ok(secret) : fail('commit-mismatch')
}

/** Whether a secret, wherever it came from, is the one that the body commits to. */
export function commitHolds(crypto: Crypto, group: Bytes, body: EpochBody, secret: Bytes): boolean {
  return equalSecret(secretCommitOf(crypto, group, body.salt, secret), body.secretCommit)
}
