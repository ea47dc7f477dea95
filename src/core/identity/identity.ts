/**
 * Who this device is: one person's account, this device's signing key, and the key under which its
 * node is dialled. Three keys, so that none signs for two purposes.
 */
import type { Bytes } from '../../base/bytes.ts'

export interface Identity {
  /** A valid name, see `name.ts`. */
  readonly name: string
  /** Ed25519 seeds, 32 bytes each. */
  readonly accountSeed: Bytes
  readonly deviceSeed: Bytes
  readonly transportSeed: Bytes
  /** The account's signed list with this device in it. Default: the first list, of it alone. */
  readonly deviceList?: Bytes | undefined
}
