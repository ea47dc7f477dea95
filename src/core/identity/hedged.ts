/**
 * Secrets that stay secret with a broken source of randomness: fresh bytes are mixed with a secret of
 * the device and with what the secret is for. Only somebody who knows both can guess the outcome.
 * The idea is RFC 8937's; the ephemeral keys of seals are drawn this way too, because a seal is only
 * as secret as the key it was made with.
 */
import type { Bytes } from '../../base/bytes.ts'
import type { Env } from '../env.ts'

/** The parts of the world that making a secret needs. */
export type Entropy = Pick<Env, 'random' | 'crypto'>

/** 32 secret bytes. `context` never repeats for another secret of the same device. */
export function hedgedSecret(env: Entropy, deviceSecret: Bytes, context: Bytes): Bytes {
  const fresh = env.random(32)
  const secret = env.crypto.hkdfExtract(env.crypto.hmac(deviceSecret, context), fresh)
  fresh.fill(0)
  return secret
}
