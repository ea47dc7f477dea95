/**
 * Every key under one epoch secret. Each recipient has a chain of its own; a chain only moves on, so
 * that forgetting a position makes everything before it unreadable. The key of one text also depends
 * on the text's random salt: a generation used twice after a restore still never repeats a key.
 *
 *   secret -> prk -> chain key 0 of each member -> 1 -> 2 ...      -> message key of each generation
 *                 -> env (live pushes), exporter
 */
import { type Bytes, toHex } from '../../base/bytes.ts'
import { type Crypto, HASH_BYTES, NONCE_BYTES } from '../../crypto/crypto.ts'
import { labelled, labels, prefixOf } from '../../crypto/label.ts'

/** The root of an epoch's keys: 32 bytes, erased when everything needed has been derived. */
export function prkOf(crypto: Crypto, epochId: Bytes, secret: Bytes): Bytes {
  return crypto.hkdfExtract(epochId, secret)
}

/** The first chain key of a member: 32 bytes. */
export function chainKeyOf(crypto: Crypto, prk: Bytes, member: Bytes): Bytes {
  return crypto.hkdfExpand(prk, labelled(labels.chain, member), HASH_BYTES)
}

/** First chain keys of many members, by hex member id. */
export function chainKeysOf(
  crypto: Crypto,
  prk: Bytes,
  members: readonly Bytes[],
): Map<string, Bytes> {
  return new Map(members.map((member) => [toHex(member), chainKeyOf(crypto, prk, member)]))
}

/** The key of live pushes under an epoch: 32 bytes. */
export function envKeyOf(crypto: Crypto, prk: Bytes): Bytes {
  return crypto.hkdfExpand(prk, prefixOf(labels.envelope), HASH_BYTES)
}

/** A key for whatever applications build on an epoch: 32 bytes. */
export function exporterOf(crypto: Crypto, prk: Bytes): Bytes {
  return crypto.hkdfExpand(prk, prefixOf(labels.exporter), HASH_BYTES)
}

const messageKeyInput: Bytes = Uint8Array.of(0x01, ...prefixOf(labels.messageKey))
const chainKeyInput: Bytes = Uint8Array.of(0x02, ...prefixOf(labels.chainKey))

/** The message key at a position of a chain. */
export function messageKeyOf(crypto: Crypto, chainKey: Bytes): Bytes {
  return crypto.hmac(chainKey, messageKeyInput)
}

/** The next position of a chain. */
export function nextChainKey(crypto: Crypto, chainKey: Bytes): Bytes {
  return crypto.hmac(chainKey, chainKeyInput)
}

/** What one text is sealed with. */
export interface TextKeys {
  readonly key: Bytes
  readonly nonce: Bytes
  /** Goes into the header: one ciphertext opens to one plaintext only. */
  readonly keyCommit: Bytes
}

/** Key, nonce and commitment of one text; the salt has 16 random bytes. */
export function textKeysOf(crypto: Crypto, messageKey: Bytes, salt: Bytes): TextKeys {
  const length = HASH_BYTES + NONCE_BYTES + HASH_BYTES
  const expanded = crypto.hkdfExpand(messageKey, labelled(labels.aead, salt), length)
  const keys = {
    key: expanded.slice(0, HASH_BYTES),
    nonce: expanded.slice(HASH_BYTES, HASH_BYTES + NONCE_BYTES),
    keyCommit: expanded.slice(HASH_BYTES + NONCE_BYTES),
  }
  expanded.fill(0)
  return keys
}
