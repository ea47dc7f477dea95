/**
 * Sealing to a prekey: HPKE base mode with a hedged ephemeral key and the binding of `prekey.ts` as
 * info. A sealed value is the 32-byte encapsulated key followed by the ciphertext with its tag.
 */
import { type Bytes, EMPTY, concat } from '../../base/bytes.ts'
import { type Crypto, TAG_BYTES } from '../../crypto/crypto.ts'
import { ENCAPSULATED_BYTES, openBase, sealBase } from '../../crypto/hpke.ts'
import type { Label } from '../../crypto/label.ts'
import { type Entropy, hedgedSecret } from './hedged.ts'
import { type SealBinding, sealInfo } from './prekey.ts'

/** Bytes by which sealing makes a value longer. */
export const SEAL_OVERHEAD_BYTES = ENCAPSULATED_BYTES + TAG_BYTES

/** Seals to a prekey that `isUsablePrekey` has passed. */
export function sealTo(
  env: Entropy,
  deviceSecret: Bytes,
  prekey: Bytes,
  label: Label,
  binding: SealBinding,
  plaintext: Bytes,
): Bytes {
  const info = sealInfo(label, binding)
  const ephemeral = hedgedSecret(env, deviceSecret, info)
  const sealed = sealBase(env.crypto, prekey, info, EMPTY, plaintext, ephemeral)
  ephemeral.fill(0)
  return concat(sealed.enc, sealed.ciphertext)
}

/** Opens what was sealed to a prekey; `undefined` where anything does not fit. */
export function openSealed(
  crypto: Crypto,
  prekeySecret: Bytes,
  label: Label,
  binding: SealBinding,
  sealed: Bytes,
): Bytes | undefined {
  if (sealed.length < SEAL_OVERHEAD_BYTES) return undefined
  const enc = sealed.subarray(0, ENCAPSULATED_BYTES)
  const ciphertext = sealed.subarray(ENCAPSULATED_BYTES)
  return openBase(crypto, prekeySecret, enc, sealInfo(label, binding), EMPTY, ciphertext)
}
