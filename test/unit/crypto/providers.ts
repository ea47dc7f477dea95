// The two providers, by name, for tests that must hold for both.
import type { Crypto } from '../../../src/crypto/crypto.ts'
import { createNativeCrypto } from '../../../src/crypto/native.ts'
import { createNobleCrypto } from '../../../src/crypto/noble.ts'

export const native: Crypto = createNativeCrypto()
export const noble: Crypto = createNobleCrypto()

export const providers: readonly (readonly [name: string, crypto: Crypto])[] = [
  ['native', native],
  ['noble', noble],
]
