// Which provider of cryptography this process uses: the native one, proved against a known answer
// before it is trusted, else the portable one. Both give the same answers, so this is about speed.

import { equal, fromHex } from '../../base/bytes.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import { createNativeCrypto } from '../../crypto/native.ts'
import { createNobleCrypto } from '../../crypto/noble.ts'

/** RFC 8032 section 7.1, test 1: a seed, its public key and the signature of no bytes. */
const known = {
  seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
  publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
  signature:
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
}

/** The fastest provider that works here. */
export function createSystemCrypto(): Crypto {
  const native = createNativeCrypto()
  return works(native) ? native : createNobleCrypto()
}

function works(provider: Crypto): boolean {
  const [seed, publicKey, signature] = [known.seed, known.publicKey, known.signature].map(fromHex)
  if (seed === undefined || publicKey === undefined || signature === undefined) return false
  const nothing = new Uint8Array(0)
  const [key, nonce] = [new Uint8Array(32), new Uint8Array(12)]
  try {
    return (
      equal(provider.edPublicKey(seed), publicKey) &&
      equal(provider.sign(seed, nothing), signature) &&
      provider.verify(publicKey, nothing, signature) &&
      provider.xShared(seed, provider.xPublicKey(publicKey)) !== undefined &&
      provider.aeadOpen(key, nonce, nothing, provider.aeadSeal(key, nonce, nothing, seed)) !==
        undefined
    )
  } catch {
    return false
  }
}
