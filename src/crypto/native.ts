// The provider for Node: OpenSSL through node:crypto, imported nowhere else.
// Same answers as `noble.ts` for every input. Public keys are kept imported for as long as the
// predicate remembers them; signing keys likewise, found by the hash of their seed; secrets of
// X25519 are imported for one use and never kept, so that erasing them means something.
// Keys enter as JWK, which Node reads forty times faster than DER; see README.md for the price.

import {
  type KeyObject,
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hash,
  sign,
  verify,
} from 'node:crypto'

import { type Bytes, EMPTY, concat, fromBase64url, toBase64url, toHex } from '../base/bytes.ts'
import { Lru } from '../base/lru.ts'
import { type Crypto, HASH_BYTES, NONCE_BYTES, TAG_BYTES, demandLength } from './crypto.ts'
import { hkdfOver } from './hkdf.ts'
import { isOfPrimeOrder } from './prime-order.ts'
import { type Equation, predicateOver } from './signature.ts'

type Curve = 'Ed25519' | 'X25519'

const CIPHER = 'chacha20-poly1305'
const cipherOptions = Object.freeze({ authTagLength: TAG_BYTES })

/** Signing keys kept imported: a node has a handful, a simulation some hundreds. */
const SIGNING_KEYS_MAX = 1_024

/** Node asks for a public part beside every private key, then computes the real one by itself. */
const anyPublicPart = toBase64url(new Uint8Array(HASH_BYTES))

/** Makes a provider on node:crypto with a memory of keys of its own. */
export function createNativeCrypto(): Crypto {
  const signingKeys = new Lru<string, KeyObject>(SIGNING_KEYS_MAX)

  function signingKey(seed: Bytes): KeyObject {
    const name = toHex(sha256(seed))
    const known = signingKeys.get(name)
    if (known !== undefined) return known
    const key = privateKey('Ed25519', seed)
    signingKeys.set(name, key)
    return key
  }

  const { admitKey, verify } = predicateOver(nativeEquation)
  return {
    sha256,
    hmac,
    ...hkdfOver(hmac),
    aeadSeal,
    aeadOpen,
    edPublicKey: (seed) => publicPart(signingKey(seed)),
    sign: (seed, message) => plain(sign(null, message, signingKey(seed))),
    verify,
    admitKey,
    xPublicKey: (secret) => publicPart(privateKey('X25519', secret)),
    xShared,
  }
}

/** OpenSSL checks the cofactorless equation and compares R byte for byte, as the predicate wants. */
const nativeEquation: Equation<KeyObject> = {
  admits: (bytes) => isOfPrimeOrder(bytes, xShared),
  prepare: (bytes) => publicKey('Ed25519', bytes),
  holds: (key, message, signature) => verify(null, message, key, signature),
}

/** Where the parts of a hash are joined, if they fit. */
const joined = new Uint8Array(4_096)

/** Its beginnings by their length: one that is made anew each time costs as much as a hash. */
const beginnings = new Array<Bytes | undefined>(joined.length + 1).fill(undefined)

const beginning = (length: number): Bytes => (beginnings[length] ??= joined.subarray(0, length))

/**
 * The digest comes as a text of one character a byte: a buffer costs as much as the whole hash,
 * because its memory lies outside the heap.
 */
function sha256(...parts: readonly Bytes[]): Bytes {
  const [only = EMPTY] = parts
  const input = parts.length === 1 ? only : join(parts)
  const digest = digestOf(input)
  if (input.buffer === joined.buffer) input.fill(0)
  return digest
}

/** Digests lie side by side, apart from all else: ids among them are kept for long, and small. */
let block = EMPTY
let blockUsed = 0
const DIGEST_BLOCK_BYTES = 4_096

function digestOf(input: Bytes): Bytes {
  if (blockUsed === block.length) {
    block = new Uint8Array(DIGEST_BLOCK_BYTES)
    blockUsed = 0
  }
  const bytes = block.subarray(blockUsed, (blockUsed += HASH_BYTES))
  spell(hash('sha256', input, 'binary'), bytes, 0)
  return bytes
}

function spell(digest: string, target: Bytes, offset: number): void {
  for (let index = 0; index < HASH_BYTES; index++) target[offset + index] = digest.charCodeAt(index)
}

/** The parts as one: in the shared place, which is wiped after use, or in a new one. */
function join(parts: readonly Bytes[]): Bytes {
  let length = 0
  for (const part of parts) length += part.length
  if (length > joined.length) return concat(...parts)
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return beginning(length)
}

const BLOCK_BYTES = 64
const INNER_PAD = 0x36
const OUTER_PAD = 0x5c
const outer = new Uint8Array(BLOCK_BYTES + HASH_BYTES)

/**
 * HMAC as RFC 2104 writes it, over the one-shot hash: a running HMAC is an object outside the heap, and
 * making one costs twice as much as both hashes. What holds the key is wiped.
 */
function hmac(key: Bytes, ...parts: readonly Bytes[]): Bytes {
  const short = key.length > BLOCK_BYTES ? sha256(key) : key
  let length = BLOCK_BYTES
  for (const part of parts) length += part.length
  const inner = length > joined.length ? new Uint8Array(length) : beginning(length)
  inner.fill(INNER_PAD, 0, BLOCK_BYTES)
  outer.fill(OUTER_PAD, 0, BLOCK_BYTES)
  for (let index = 0; index < short.length; index++) {
    const byte = short[index] ?? 0
    inner[index] = INNER_PAD ^ byte
    outer[index] = OUTER_PAD ^ byte
  }
  let offset = BLOCK_BYTES
  for (const part of parts) {
    inner.set(part, offset)
    offset += part.length
  }
  spell(hash('sha256', inner, 'binary'), outer, BLOCK_BYTES)
  const tag = digestOf(outer)
  inner.fill(0)
  outer.fill(0)
  return tag
}

function aeadSeal(key: Bytes, nonce: Bytes, aad: Bytes, plaintext: Bytes): Bytes {
  demandLength('an encryption key', key, HASH_BYTES)
  demandLength('a nonce', nonce, NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, key, nonce, cipherOptions)
  cipher.setAAD(aad, { plaintextLength: plaintext.length })
  const body = cipher.update(plaintext)
  cipher.final()
  return concat(body, cipher.getAuthTag())
}

function aeadOpen(key: Bytes, nonce: Bytes, aad: Bytes, ciphertext: Bytes): Bytes | undefined {
  demandLength('an encryption key', key, HASH_BYTES)
  demandLength('a nonce', nonce, NONCE_BYTES)
  const bodyLength = ciphertext.length - TAG_BYTES
  if (bodyLength < 0) return undefined
  const decipher = createDecipheriv(CIPHER, key, nonce, cipherOptions)
  decipher.setAAD(aad, { plaintextLength: bodyLength })
  decipher.setAuthTag(ciphertext.subarray(bodyLength))
  try {
    const plaintext = plain(decipher.update(ciphertext.subarray(0, bodyLength)))
    decipher.final()
    return plaintext
  } catch {
    return undefined
  }
}

function xShared(secret: Bytes, peerKey: Bytes): Bytes | undefined {
  const own = privateKey('X25519', secret)
  if (peerKey.length !== HASH_BYTES) return undefined
  try {
    // OpenSSL refuses a shared secret of zeros, as RFC 7748 section 6.1 allows and we demand.
    return plain(diffieHellman({ privateKey: own, publicKey: publicKey('X25519', peerKey) }))
  } catch {
    return undefined
  }
}

function privateKey(curve: Curve, secret: Bytes): KeyObject {
  demandLength('a secret key', secret, HASH_BYTES)
  const key = { kty: 'OKP', crv: curve, x: anyPublicPart, d: toBase64url(secret) }
  return createPrivateKey({ key, format: 'jwk' })
}

function publicKey(curve: Curve, bytes: Bytes): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: curve, x: toBase64url(bytes) }, format: 'jwk' })
}

function publicPart(key: KeyObject): Bytes {
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' })
  return fromBase64url(x) ?? EMPTY
}

/** Node's buffers slice differently and may share a pool: only plain bytes leave this file. */
function plain(bytes: Bytes): Bytes {
  return new Uint8Array(bytes)
}
