/**
 * What a card and a join request have in common: somebody asks to be a member and names the account,
 * the device, a first prekey and a random 32-bit number. Both are signed by account and device over
 * the same bytes; the member id is a hash of the group and of the exact request or card.
 */
import type { Bytes } from '../../base/bytes.ts'
import { type Result, fail, ok } from '../../base/result.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import { hash } from '../../crypto/hash.ts'
import { type Label, labels } from '../../crypto/label.ts'
import { signLabelled, verifyLabelled } from '../signed.ts'
import { deviceOf, parseDeviceList } from './device-list.ts'
import { checkName } from './name.ts'
import { isUsablePrekey } from './prekey.ts'

/** Who wants to be a member, as cards and join requests tell. */
export interface Candidate {
  readonly name: string
  readonly account: Bytes
  readonly device: Bytes
  readonly transport: Bytes
  /** Random: tells messages of one group apart at a glance, and need not be unique. */
  readonly memberGroupId: number
  /** X25519: the key to which the Welcome and the first epochs are sealed. */
  readonly prekey0: Bytes
  /** The encoded DeviceList, as signed. */
  readonly deviceList: Bytes
}

/** The two seeds that sign. */
export interface CandidateSeeds {
  readonly account: Bytes
  readonly device: Bytes
}

/** What somebody's own note is made of. */
export interface CandidateContent {
  /** Has passed `checkName`. */
  readonly name: string
  readonly seeds: CandidateSeeds
  /** Default: the first list, of this device alone. */
  readonly deviceList?: Bytes | undefined
  /** Ed25519 public key of the libp2p identity. */
  readonly transport: Bytes
  readonly memberGroupId: number
  /** X25519 public key; its secret is kept by whoever mints. */
  readonly prekey0: Bytes
}

/** What was read of a candidate, before anything is checked. */
export type CandidateClaim = Omit<Candidate, 'account' | 'transport'>

/** Signatures of account and device, in this order, over the same content. */
export function signTwice(
  crypto: Crypto,
  label: Label,
  seeds: CandidateSeeds,
  content: Bytes,
): [account: Bytes, device: Bytes] {
  return [
    signLabelled(crypto, label, seeds.account, content),
    signLabelled(crypto, label, seeds.device, content),
  ]
}

/**
 * Checks name, device list, device, prekey and both signatures, in this order. Reasons: those of
 * names and device lists, `device-not-listed`, `prekey-unusable`, `device-signature`,
 * `account-signature`.
 */
export function checkCandidate(
  crypto: Crypto,
  claim: CandidateClaim,
  signed: { label: Label; content: Bytes; accountSignature: Bytes; deviceSignature: Bytes },
): Result<Candidate> {
  const name = checkName(claim.name)
  if (!name.ok) return name
  const devices = parseDeviceList(crypto, claim.deviceList)
  if (!devices.ok) return devices
  const { account } = devices.value
  const entry = deviceOf(devices.value, claim.device)
  if (entry === undefined) return fail('device-not-listed')
  if (!isUsablePrekey(crypto, claim.prekey0)) return fail('prekey-unusable')
  const { label, content } = signed
  if (!verifyLabelled(crypto, label, claim.device, content, signed.deviceSignature)) {
    return fail('device-signature')
  }
  if (!verifyLabelled(crypto, label, account, content, signed.accountSignature)) {
    return fail('account-signature')
  }
  return ok({ ...claim, account, transport: entry.transport })
}

/** The member that a group knows a candidate as; `admission` is the hash of the card or request. */
export function memberIdOf(crypto: Crypto, group: Bytes, admission: Bytes): Bytes {
  return hash(crypto, labels.member, group, admission)
}
