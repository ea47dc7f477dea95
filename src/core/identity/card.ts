/**
 * A card names a leader before the group exists: whoever founds a group collects the cards of its
 * leaders. A card serves one group, because its number and prekey are fresh.
 *
 *   [1, name, deviceList, device, memberGroupId, prekey0, accountSignature, deviceSignature]
 */
import type { Bytes } from '../../base/bytes.ts'
import { NAME_BYTES_MAX, NOTE_BYTES_MAX } from '../../base/limits.ts'
import { type Result, fail, ok } from '../../base/result.ts'
import { type Value, encode } from '../../codec/canonical.ts'
import { bytes, bytesUpTo, exactly, parse, textUpTo, tuple, u32 } from '../../codec/shape.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import { hash } from '../../crypto/hash.ts'
import { labels } from '../../crypto/label.ts'
import { armor, dearmor } from './armor.ts'
import {
  type Candidate,
  type CandidateClaim,
  type CandidateContent,
  type CandidateSeeds,
  checkCandidate,
  memberIdOf,
  signTwice,
} from './candidate.ts'
import { signDeviceList } from './device-list.ts'
import { assertName } from './name.ts'

export interface Card extends Candidate {
  /** The card exactly as signed: what a constitution holds. */
  readonly bytes: Bytes
}

const shape = tuple(
  exactly(1),
  textUpTo(NAME_BYTES_MAX),
  bytesUpTo(NOTE_BYTES_MAX),
  bytes(32),
  u32,
  bytes(32),
  bytes(64),
  bytes(64),
)

function contentValues(claim: CandidateClaim): Value[] {
  return [1, claim.name, claim.deviceList, claim.device, claim.memberGroupId, claim.prekey0]
}

/** The device list of an account with this one device: seq 0. */
export function firstDeviceList(crypto: Crypto, seeds: CandidateSeeds, transport: Bytes): Bytes {
  const device = crypto.edPublicKey(seeds.device)
  return signDeviceList(crypto, seeds.account, {
    seq: 0,
    prev: new Uint8Array(0),
    devices: [{ device, transport, notAfter: 0 }],
  })
}

/** Mints a card. */
export function mintCard(crypto: Crypto, content: CandidateContent): Card {
  assertName(content.name)
  const { name, seeds, transport, memberGroupId, prekey0 } = content
  const deviceList = content.deviceList ?? firstDeviceList(crypto, seeds, transport)
  const device = crypto.edPublicKey(seeds.device)
  const account = crypto.edPublicKey(seeds.account)
  const claim = { name, deviceList, device, memberGroupId, prekey0 }
  const values = contentValues(claim)
  const signatures = signTwice(crypto, labels.cardSig, seeds, encode(values))
  return { ...claim, account, transport, bytes: encode([...values, ...signatures]) }
}

/** Reads and checks a card. Reasons: `card-malformed` and those of `checkCandidate`. */
export function parseCard(crypto: Crypto, encoded: Bytes): Result<Card> {
  const parsed = parse(shape, encoded, { maxBytes: NOTE_BYTES_MAX })
  if (!parsed.ok) return fail('card-malformed')
  const [, name, deviceList, device, memberGroupId, prekey0, ...signatures] = parsed.value
  const claim = { name, deviceList, device, memberGroupId, prekey0 }
  const checked = checkCandidate(crypto, claim, {
    label: labels.cardSig,
    content: encode(contentValues(claim)),
    accountSignature: signatures[0],
    deviceSignature: signatures[1],
  })
  return checked.ok ? ok({ ...checked.value, bytes: encoded }) : checked
}

/** The hash that admits a card's holder. */
export function cardHash(crypto: Crypto, cardBytes: Bytes): Bytes {
  return hash(crypto, labels.card, cardBytes)
}

/** The member that a leader's card stands for in a group. */
export function memberIdOfCard(crypto: Crypto, group: Bytes, cardBytes: Bytes): Bytes {
  return memberIdOf(crypto, group, cardHash(crypto, cardBytes))
}

/** `coterie-card-1...`, as people pass it on. */
export function cardText(crypto: Crypto, cardBytes: Bytes): string {
  return armor(crypto, 'coterie-card-1', cardBytes)
}

/** Reads and checks a card's text. Reasons: those of `dearmor` and of `parseCard`. */
export function parseCardText(crypto: Crypto, text: string): Result<Card> {
  const bytesOfText = dearmor(crypto, 'coterie-card-1', text, NOTE_BYTES_MAX)
  return bytesOfText.ok ? parseCard(crypto, bytesOfText.value) : bytesOfText
}
