/**
 * What answers a request for one epoch: its secret, or where each chain stands and keys of single texts.
 * It is sealed to the key of the request and bound to group, epoch, request and responder, so that an
 * answer fits nothing else. Possession proves nothing: a secret is checked against the commitment of
 * its epoch, any other key against the keyCommit of each message.
 *
 *   [secret, [[member, gen, chain key], ...], [[member, counter, message key], ...], more]
 */
import type { Bytes } from '../../base/bytes.ts'
import { EMPTY, concat } from '../../base/bytes.ts'
import { ENCODED_BYTES_MAX, MEMBERS_MAX, SHARE_KEYS_MAX } from '../../base/limits.ts'
import { type Result, fail, ok } from '../../base/result.ts'
import { encode } from '../../codec/canonical.ts'
import { bytes, bytesOrNone, flag, list, parse, tuple, u32 } from '../../codec/shape.ts'
import { TAG_BYTES, type Crypto } from '../../crypto/crypto.ts'
import { ENCAPSULATED_BYTES, openBase, sealBase } from '../../crypto/hpke.ts'
import { labelled, labels } from '../../crypto/label.ts'
import { type Entropy, hedgedSecret } from '../identity/hedged.ts'

export interface SharedChain {
  readonly member: Bytes
  readonly gen: number
  /** The chain key of that generation. */
  readonly key: Bytes
}

export interface SharedKey {
  readonly member: Bytes
  readonly counter: number
  /** The message key of the text of that number. */
  readonly key: Bytes
}

export interface SharedKeys {
  /** The secret of the epoch, or empty; with it nothing else is given. */
  readonly secret: Bytes
  readonly chains: readonly SharedChain[]
  readonly keys: readonly SharedKey[]
  /** Keys of more texts are there: ask again for what follows the last. */
  readonly more: boolean
}

const given = tuple(bytes(32), u32, bytes(32))
const shape = tuple(
  bytesOrNone(32),
  list(given, { max: MEMBERS_MAX }),
  list(given, { max: SHARE_KEYS_MAX }),
  flag,
)

export function encodeSharedKeys({ secret, chains, keys, more }: SharedKeys): Bytes {
  return encode([
    secret,
    chains.map(({ member, gen, key }) => [member, gen, key]),
    keys.map(({ member, counter, key }) => [member, counter, key]),
    more ? 1 : 0,
  ])
}

/** Reads what an answer held. Reason: `share-malformed`. */
export function parseSharedKeys(encoded: Bytes): Result<SharedKeys> {
  const parsed = parse(shape, encoded, { maxBytes: ENCODED_BYTES_MAX })
  if (!parsed.ok) return fail('share-malformed')
  const [secret = EMPTY, chains, keys, more] = parsed.value
  const others = chains.length + keys.length
  if (secret.length > 0 ? others > 0 || more : more && keys.length === 0) {
    return fail('share-malformed')
  }
  return ok({
    secret,
    chains: chains.map(([member, gen, key]) => ({ member, gen, key })),
    keys: keys.map(([member, counter, key]) => ({ member, counter, key })),
    more,
  })
}

/** What an answer is bound to. */
export interface ShareBinding {
  readonly group: Bytes
  readonly epoch: Bytes
  /** Hash of the request. */
  readonly request: Bytes
  /** The member that answers. */
  readonly responder: Bytes
}

/** HPKE info: label, 0x00, group, epoch, hash of the request, responder, each 32 bytes. */
export function shareInfo({ group, epoch, request, responder }: ShareBinding): Bytes {
  return labelled(labels.share, group, epoch, request, responder)
}

/** Seals to the key of a request; that must be one that `isUsablePrekey` has passed. */
export function sealShare(
  env: Entropy,
  deviceSeed: Bytes,
  key: Bytes,
  binding: ShareBinding,
  content: SharedKeys,
): Bytes {
  const info = shareInfo(binding)
  const plaintext = encodeSharedKeys(content)
  // A page of the same epoch has another request, so the context never repeats.
  const ephemeral = hedgedSecret(env, deviceSeed, info)
  const sealed = sealBase(env.crypto, key, info, EMPTY, plaintext, ephemeral)
  ephemeral.fill(0)
  plaintext.fill(0)
  return concat(sealed.enc, sealed.ciphertext)
}

/** Opens an answer with the secret of the request. Reasons: `share-unopenable`, `share-malformed`. */
export function openShare(
  crypto: Crypto,
  secret: Bytes,
  binding: ShareBinding,
  sealed: Bytes,
): Result<SharedKeys> {
  if (sealed.length < ENCAPSULATED_BYTES + TAG_BYTES) return fail('share-unopenable')
  const enc = sealed.subarray(0, ENCAPSULATED_BYTES)
  const ciphertext = sealed.subarray(ENCAPSULATED_BYTES)
  const opened = openBase(crypto, secret, enc, shareInfo(binding), EMPTY, ciphertext)
  return opened === undefined ? fail('share-unopenable') : parseSharedKeys(opened)
}
