// Cryptography for a whole world in one process. What one node verified or derived, every node would
// find the same, so pure functions are remembered across nodes; each node still counts every logical
// operation, because that is what it would have cost it. Memory is bounded.

import { type Bytes, u32 } from '../../base/bytes.ts'
import { Lru } from '../../base/lru.ts'
import { type Crypto, HASH_BYTES, SIGNATURE_BYTES } from '../../crypto/crypto.ts'

/** Logical operations of one node. */
export type CryptoCounts = Record<keyof Crypto, number>

export interface MeteredCrypto {
  readonly crypto: Crypto
  readonly counts: Readonly<CryptoCounts>
}

export interface WorldCryptoOptions {
  /** Answers remembered of each function. Default: 65,536. */
  readonly memoMax?: number
}

/** The answers that all nodes of a world share. */
export class WorldCrypto {
  readonly provider: Crypto
  readonly #verified: Lru<string, boolean>
  readonly #shared: Lru<string, { readonly secret: Bytes | undefined }>

  constructor(provider: Crypto, options: WorldCryptoOptions = {}) {
    const memoMax = options.memoMax ?? 65_536
    this.provider = provider
    this.#verified = new Lru(memoMax)
    this.#shared = new Lru(memoMax)
  }

  /** A provider for one node, with counters of its own. */
  forNode(): MeteredCrypto {
    const counts = zeros()
    const { provider } = this
    const crypto: Crypto = {
      sha256: (...parts) => (counts.sha256++, provider.sha256(...parts)),
      hmac: (key, ...parts) => (counts.hmac++, provider.hmac(key, ...parts)),
      hkdfExtract: (salt, key) => (counts.hkdfExtract++, provider.hkdfExtract(salt, key)),
      hkdfExpand: (prk, purpose, length) => (
        counts.hkdfExpand++,
        provider.hkdfExpand(prk, purpose, length)
      ),
      aeadSeal: (key, nonce, aad, plaintext) => (
        counts.aeadSeal++,
        provider.aeadSeal(key, nonce, aad, plaintext)
      ),
      aeadOpen: (key, nonce, aad, ciphertext) => (
        counts.aeadOpen++,
        provider.aeadOpen(key, nonce, aad, ciphertext)
      ),
      edPublicKey: (seed) => (counts.edPublicKey++, provider.edPublicKey(seed)),
      sign: (seed, message) => (counts.sign++, provider.sign(seed, message)),
      verify: (key, message, signature) => (counts.verify++, this.#verify(key, message, signature)),
      admitKey: (key) => (counts.admitKey++, provider.admitKey(key)),
      xPublicKey: (secret) => (counts.xPublicKey++, provider.xPublicKey(secret)),
      xShared: (secret, key) => (counts.xShared++, this.#agree(secret, key)),
    }
    return { crypto, counts }
  }

  #verify(publicKey: Bytes, message: Bytes, signature: Bytes): boolean {
    const { provider } = this
    if (publicKey.length !== HASH_BYTES || signature.length !== SIGNATURE_BYTES) {
      return provider.verify(publicKey, message, signature)
    }
    const name = this.#name(publicKey, signature, message)
    const known = this.#verified.get(name)
    if (known !== undefined) return known
    const verified = provider.verify(publicKey, message, signature)
    this.#verified.set(name, verified)
    return verified
  }

  #agree(secret: Bytes, publicKey: Bytes): Bytes | undefined {
    const name = this.#name(u32(secret.length), secret, publicKey)
    const known = this.#shared.get(name)
    if (known !== undefined) return known.secret?.slice()
    const agreed = this.provider.xShared(secret, publicKey)
    this.#shared.set(name, { secret: agreed?.slice() })
    return agreed
  }

  #name(...parts: readonly Bytes[]): string {
    return String.fromCharCode(...this.provider.sha256(...parts))
  }
}

function zeros(): CryptoCounts {
  return {
    sha256: 0,
    hmac: 0,
    hkdfExtract: 0,
    hkdfExpand: 0,
    aeadSeal: 0,
    aeadOpen: 0,
    edPublicKey: 0,
    sign: 0,
    verify: 0,
    admitKey: 0,
    xPublicKey: 0,
    xShared: 0,
  }
}
