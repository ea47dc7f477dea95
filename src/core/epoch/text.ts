/**
 * Sealing and opening the body of a text. The associated data is the header's prefix, which names
 * group, member, counter, epoch, generation, salt and key commitment: a ciphertext put under another
 * header does not open. The commitment is compared before anything is decrypted.
 *
 *   body = AEAD(key, nonce, aad = prefix, [content type, payload])
 */
import { type Bytes, equalSecret } from '../../base/bytes.ts'
import { BODY_BYTES_MAX, TEXT_FIELD_BYTES_MAX } from '../../base/limits.ts'
import { type Result, fail, ok } from '../../base/result.ts'
import { encode } from '../../codec/canonical.ts'
import { bytesUpTo, parse, textUpTo, tuple } from '../../codec/shape.ts'
import { type Crypto, TAG_BYTES } from '../../crypto/crypto.ts'
import { type TextKeys, textKeysOf } from './schedule.ts'

export interface Content {
  /** A media type; NFC, at most 256 bytes. */
  readonly contentType: string
  readonly payload: Bytes
}

/** The content type that the empty string stands for. */
export const PLAIN_TEXT = 'text/plain'

/** Bytes that one sealed body may hold. */
export const PLAINTEXT_BYTES_MAX = BODY_BYTES_MAX - TAG_BYTES
const shape = tuple(textUpTo(TEXT_FIELD_BYTES_MAX), bytesUpTo(PLAINTEXT_BYTES_MAX))

/** Reasons: `content-type-invalid`, `text-too-large`. */
export function encodeContent(content: Content): Result<Bytes> {
  const written = content.contentType === PLAIN_TEXT ? '' : content.contentType
  // The encoding takes NFC without lone surrogates only: anything else has two spellings.
  const isSpelledOnce = !/\p{Surrogate}/u.test(written) && written.normalize('NFC') === written
  if (!isSpelledOnce || !textUpTo(TEXT_FIELD_BYTES_MAX)(written).ok) {
    return fail('content-type-invalid')
  }
  if (content.payload.length > PLAINTEXT_BYTES_MAX) return fail('text-too-large')
  const encoded = encode([written, content.payload])
  return encoded.length > PLAINTEXT_BYTES_MAX ? fail('text-too-large') : ok(encoded)
}

/** Reads what a text says. Reason: `content-malformed`. */
export function parseContent(encoded: Bytes): Result<Content> {
  const parsed = parse(shape, encoded, { maxBytes: PLAINTEXT_BYTES_MAX })
  if (!parsed.ok || parsed.value[0] === PLAIN_TEXT) return fail('content-malformed')
  const [written, payload] = parsed.value
  return ok({ contentType: written === '' ? PLAIN_TEXT : written, payload })
}

/**
 * Seals encoded content. The order of things: `textKeysOf`, the header's prefix with its
 * `keyCommit`, then this.
 */
export function sealText(crypto: Crypto, keys: TextKeys, prefix: Bytes, content: Bytes): Bytes {
  return crypto.aeadSeal(keys.key, keys.nonce, prefix, content)
}

/** A sealed body with all that its header says of it. */
export interface SealedText {
  /** The author's message key at the header's generation. */
  readonly messageKey: Bytes
  readonly salt: Bytes
  readonly keyCommit: Bytes
  readonly prefix: Bytes
  readonly body: Bytes
}

/** Reasons, in the order of the checks: `key-commit-mismatch`, `text-unopenable`, `content-malformed`. */
export function openText(crypto: Crypto, sealed: SealedText): Result<Content> {
  const plaintext = openSealed(crypto, sealed)
  return plaintext.ok ? parseContent(plaintext.value) : plaintext
}

/** What a sealed body of any type holds. Reasons: `key-commit-mismatch`, `text-unopenable`. */
export function openSealed(crypto: Crypto, sealed: SealedText): Result<Bytes> {
  const keys = textKeysOf(crypto, sealed.messageKey, sealed.salt)
  if (!equalSecret(keys.keyCommit, sealed.keyCommit)) return fail('key-commit-mismatch')
  const plaintext = crypto.aeadOpen(keys.key, keys.nonce, sealed.prefix, sealed.body)
  return plaintext === undefined ? fail('text-unopenable') : ok(plaintext)
}
