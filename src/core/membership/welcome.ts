/**
 * What a new member is handed so that it can begin: the constitution, the access key, and where to
 * start reading. It is sealed to the newcomer's prekey0 and bound to group and member; no epoch
 * secret is in it. The constitution proves itself by the group id, the access key by the
 * constitution; heads and records are hints that the transcript confirms or not.
 *
 *   [constitution, accessKey, add|h'', [head, ...], [reachRecord, ...]]
 */
import { type Bytes, EMPTY, equal, equalSecret } from '../../base/bytes.ts'
import {
  BODY_BYTES_MAX,
  ENCODED_BYTES_MAX,
  MEMBERS_MAX,
  NOTE_BYTES_MAX,
} from '../../base/limits.ts'
import { type Result, fail, ok } from '../../base/result.ts'
import { encode } from '../../codec/canonical.ts'
import { bytes, bytesOrNone, bytesUpTo, list, parse, tuple } from '../../codec/shape.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import { labels } from '../../crypto/label.ts'
import {
  type Constitution,
  accessCommitOf,
  parseConstitution,
} from '../constitution/constitution.ts'
import { memberIdOf } from '../identity/candidate.ts'
import type { Entropy } from '../identity/hedged.ts'
import { type SealBinding, prekeyIdOf } from '../identity/prekey.ts'
import { SEAL_OVERHEAD_BYTES, openSealed, sealTo } from '../identity/seal.ts'

export interface Welcome {
  /** The constitution's bytes. */
  readonly constitution: Bytes
  readonly accessKey: Bytes
  /** Id of the AddMember message; empty for a leader whom a card names. */
  readonly add: Bytes
  /** Ids of the heads that the sender holds. */
  readonly heads: readonly Bytes[]
  /** Signed reach records as received, the most useful first. */
  readonly reachRecords: readonly Bytes[]
}

/** A welcome as opened: its constitution has been read and checked. */
export interface OpenedWelcome extends Omit<Welcome, 'constitution'> {
  readonly constitution: Constitution
}

/** For whom a welcome is. */
export interface WelcomeRecipient {
  readonly group: Bytes
  /** Hash of the join request or card. */
  readonly admission: Bytes
  /** Public half. */
  readonly prekey0: Bytes
}

const shape = tuple(
  bytesUpTo(BODY_BYTES_MAX),
  bytes(32),
  bytesOrNone(32),
  list(bytes(32), { max: MEMBERS_MAX }),
  list(bytesUpTo(2 * NOTE_BYTES_MAX), { max: MEMBERS_MAX }),
)

function bindingOf(crypto: Crypto, recipient: WelcomeRecipient): SealBinding {
  const { group, admission, prekey0 } = recipient
  const member = memberIdOf(crypto, group, admission)
  return { group, purpose: admission, member, prekeyId: prekeyIdOf(crypto, member, prekey0) }
}

/** Seals a welcome. Reach records that would make it too large are left out, from the end. */
export function sealWelcome(
  env: Entropy,
  deviceSeed: Bytes,
  recipient: WelcomeRecipient,
  welcome: Welcome,
): Bytes {
  const { constitution, accessKey, add, heads } = welcome
  let records = welcome.reachRecords.slice(0, MEMBERS_MAX)
  const encodeAll = (): Bytes => encode([constitution, accessKey, add, [...heads], records])
  let encoded = encodeAll()
  while (encoded.length > ENCODED_BYTES_MAX && records.length > 0) {
    records = records.slice(0, records.length >>> 1)
    encoded = encodeAll()
  }
  const binding = bindingOf(env.crypto, recipient)
  return sealTo(env, deviceSeed, recipient.prekey0, labels.welcome, binding, encoded)
}

/**
 * Opens a welcome and checks it against the group that was asked for. Reasons, in the order of the
 * checks: `welcome-too-large`, `welcome-unopenable`, `welcome-malformed`, those of
 * `parseConstitution`, `welcome-other-group`, `welcome-access-key`.
 */
export function openWelcome(
  crypto: Crypto,
  prekeySecret: Bytes,
  recipient: WelcomeRecipient,
  sealed: Bytes,
): Result<OpenedWelcome> {
  if (sealed.length > ENCODED_BYTES_MAX + SEAL_OVERHEAD_BYTES) return fail('welcome-too-large')
  const binding = bindingOf(crypto, recipient)
  const encoded = openSealed(crypto, prekeySecret, labels.welcome, binding, sealed)
  if (encoded === undefined) return fail('welcome-unopenable')
  const parsed = parse(shape, encoded, { maxBytes: ENCODED_BYTES_MAX })
  if (!parsed.ok) return fail('welcome-malformed')
  const [constitutionBytes, accessKey, add = EMPTY, heads, reachRecords] = parsed.value
  const constitution = parseConstitution(crypto, constitutionBytes)
  if (!constitution.ok) return constitution
  if (!equal(constitution.value.group, recipient.group)) return fail('welcome-other-group')
  const commit = accessCommitOf(crypto, accessKey)
  if (!equalSecret(commit, constitution.value.accessCommit)) return fail('welcome-access-key')
  return ok({ constitution: constitution.value, accessKey, add, heads, reachRecords })
}
