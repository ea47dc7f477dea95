/**
 * Somebody's own signed wish to be a member of one group, by one invitation: an Add embeds it, so
 * nobody is ever made a member of a group it did not agree to, or under another's name. The mac
 * shows that the ticket's secret was known; only its issuer can check that.
 *
 *   [1, name, group, issuer, inviteId, deviceList, device, memberGroupId, prekey0, nonce, mac,
 *    accountSignature, deviceSignature]
 */
import { type Bytes, equalSecret } from '../../base/bytes.ts'
import { NAME_BYTES_MAX, NOTE_BYTES_MAX } from '../../base/limits.ts'
import { type Result, fail, ok } from '../../base/result.ts'
import { type Value, encode } from '../../codec/canonical.ts'
import { bytes, bytesUpTo, exactly, parse, textUpTo, tuple, u32 } from '../../codec/shape.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import { hash } from '../../crypto/hash.ts'
import { labels, prefixOf } from '../../crypto/label.ts'
import {
  type Candidate,
  type CandidateClaim,
  type CandidateContent,
  checkCandidate,
  memberIdOf,
  signTwice,
} from '../identity/candidate.ts'
import { firstDeviceList } from '../identity/card.ts'
import { assertName } from '../identity/name.ts'
import type { Ticket } from './ticket.ts'

export interface JoinRequest extends Candidate {
  /** The request exactly as signed. */
  readonly bytes: Bytes
  readonly group: Bytes
  /** Member id of the leader whose ticket this is. */
  readonly issuer: Bytes
  readonly inviteId: Bytes
  readonly nonce: Bytes
  readonly mac: Bytes
  /** Hash of `bytes`: `prev` of the member's counter 0. */
  readonly admission: Bytes
  readonly member: Bytes
}

/** What a request is made of. */
export interface JoinRequestContent extends CandidateContent {
  readonly ticket: Ticket
  /** 16 random bytes. */
  readonly nonce: Bytes
}

const shape = tuple(
  exactly(1),
  textUpTo(NAME_BYTES_MAX),
  bytes(32),
  bytes(32),
  bytes(16),
  bytesUpTo(NOTE_BYTES_MAX),
  bytes(32),
  u32,
  bytes(32),
  bytes(16),
  bytes(32),
  bytes(64),
  bytes(64),
)

type Unsealed = CandidateClaim & Pick<JoinRequest, 'group' | 'issuer' | 'inviteId' | 'nonce'>

/** The ten fields before the mac: what the mac covers. */
function valuesBeforeMac(claim: Unsealed): Value[] {
  const { name, group, issuer, inviteId, deviceList, device, memberGroupId } = claim
  return [
    1,
    name,
    group,
    issuer,
    inviteId,
    deviceList,
    device,
    memberGroupId,
    claim.prekey0,
    claim.nonce,
  ]
}

function macOf(crypto: Crypto, inviteSecret: Bytes, claim: Unsealed): Bytes {
  return crypto.hmac(inviteSecret, prefixOf(labels.inviteMac), encode(valuesBeforeMac(claim)))
}

/** Makes a request from a ticket. */
export function createJoinRequest(crypto: Crypto, content: JoinRequestContent): JoinRequest {
  assertName(content.name)
  const { ticket, name, seeds, transport, memberGroupId, prekey0, nonce } = content
  const claim = {
    name,
    group: ticket.group,
    issuer: ticket.issuer,
    inviteId: ticket.inviteId,
    deviceList: content.deviceList ?? firstDeviceList(crypto, seeds, transport),
    device: crypto.edPublicKey(seeds.device),
    memberGroupId,
    prekey0,
    nonce,
  }
  const mac = macOf(crypto, ticket.inviteSecret, claim)
  const values = [...valuesBeforeMac(claim), mac]
  const encoded = encode([...values, ...signTwice(crypto, labels.joinSig, seeds, encode(values))])
  const account = crypto.edPublicKey(seeds.account)
  return { ...claim, account, transport, mac, ...namesOf(crypto, claim.group, encoded) }
}

/**
 * Reads a request and checks everything but the mac. Reasons: `join-request-malformed` and those of
 * `checkCandidate`.
 */
export function parseJoinRequest(crypto: Crypto, encoded: Bytes): Result<JoinRequest> {
  const parsed = parse(shape, encoded, { maxBytes: NOTE_BYTES_MAX })
  if (!parsed.ok) return fail('join-request-malformed')
  const [, name, group, issuer, inviteId, deviceList, device, memberGroupId, ...rest] = parsed.value
  const [prekey0, nonce, mac, accountSignature, deviceSignature] = rest
  const invite = { group, issuer, inviteId, nonce }
  const claim = { name, deviceList, device, memberGroupId, prekey0 }
  const checked = checkCandidate(crypto, claim, {
    label: labels.joinSig,
    content: encode([...valuesBeforeMac({ ...claim, ...invite }), mac]),
    accountSignature,
    deviceSignature,
  })
  if (!checked.ok) return checked
  return ok({ ...checked.value, ...invite, mac, ...namesOf(crypto, group, encoded) })
}

function namesOf(
  crypto: Crypto,
  group: Bytes,
  encoded: Bytes,
): Pick<JoinRequest, 'bytes' | 'admission' | 'member'> {
  const admission = joinRequestHash(crypto, encoded)
  return { bytes: encoded, admission, member: memberIdOf(crypto, group, admission) }
}

/** Whether a request was made by somebody who knew the ticket's secret. */
export function inviteMacHolds(crypto: Crypto, request: JoinRequest, inviteSecret: Bytes): boolean {
  return equalSecret(macOf(crypto, inviteSecret, request), request.mac)
}

/** The hash that admits whoever made a request. */
export function joinRequestHash(crypto: Crypto, encoded: Bytes): Bytes {
  return hash(crypto, labels.joinRequest, encoded)
}
