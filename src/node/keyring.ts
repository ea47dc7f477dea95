// Seals the secret values of the store, each scope under a wrapping key of its own (§ `core/storage`).
// A sealed value names its wrapping key and has a random nonce of 12 bytes: with fewer than 2^32 values
// under one key, none repeats in practice. The store key is bound in, so that a value that was moved to
// another place does not open. Where the wrapping keys lie is said in `keyring-file.ts`.

import { EMPTY, concat, equal, toHex } from '../base/bytes.ts'
import type { Bytes } from '../base/bytes.ts'
import { scopeOf } from '../core/storage.ts'
import { NONCE_BYTES, TAG_BYTES } from '../crypto/crypto.ts'
import type { Crypto } from '../crypto/crypto.ts'
import type { Keyring, WrappingKeyId } from '../ports/keyring.ts'

const VERSION = 2
const KEY_BYTES = 32
const ID_BYTES = 8
const HEAD_BYTES = 1 + ID_BYTES + NONCE_BYTES
/** Bytes of the name of a scope: its first byte, then a part of its hash. */
export const SCOPE_BYTES = 20

/** One wrapping key. */
export interface WrappingKey {
  readonly id: Bytes
  readonly scope: Bytes
  readonly key: Bytes
}

/** What a keyring is made from. */
export interface KeyringOptions {
  readonly crypto: Crypto
  /** Fresh unpredictable bytes. */
  readonly random: (length: number) => Bytes
  /** The wrapping keys there are, oldest first. Default: none. */
  readonly keys?: readonly WrappingKey[]
  /** Makes a set of wrapping keys durable in place of the last one. Default: they live in memory only. */
  readonly write?: (keys: readonly WrappingKey[]) => Promise<void>
}

export class WrappingKeyring implements Keyring {
  readonly #options: KeyringOptions
  readonly #keys = new Map<WrappingKeyId, WrappingKey>()
  /** Scope -> the wrapping key in use. */
  readonly #current = new Map<string, WrappingKey>()
  #changed = false
  /** The scope asked for last and its name: most are asked for many times in a row. */
  #named = { scope: EMPTY, name: EMPTY }

  constructor(options: KeyringOptions) {
    this.#options = options
    for (const key of options.keys ?? []) this.#add(key)
  }

  get changed(): boolean {
    return this.#changed
  }

  /** Every wrapping key. */
  get keys(): readonly WrappingKey[] {
    return [...this.#keys.values()]
  }

  seal(key: Bytes, value: Bytes): Bytes {
    const { crypto, random } = this.#options
    const wrapping = this.#wrappingKey(this.#nameOf(key))
    const nonce = random(NONCE_BYTES)
    const sealed = crypto.aeadSeal(wrapping.key, nonce, key, value)
    return concat(Uint8Array.of(VERSION), wrapping.id, nonce, sealed)
  }

  open(key: Bytes, sealed: Bytes): Bytes | undefined {
    const id = wrappingKeyOf(sealed)
    const wrapping = id === undefined ? undefined : this.#keys.get(id)
    if (wrapping === undefined) return undefined
    const nonce = sealed.subarray(1 + ID_BYTES, HEAD_BYTES)
    return this.#options.crypto.aeadOpen(wrapping.key, nonce, key, sealed.subarray(HEAD_BYTES))
  }

  retire(keys: readonly Bytes[]): readonly WrappingKeyId[] {
    const scopes = new Set(keys.map((key) => toHex(this.#nameOf(key))))
    for (const scope of scopes) this.#current.delete(scope)
    return [...this.#keys].filter(([, { scope }]) => scopes.has(toHex(scope))).map(([id]) => id)
  }

  destroy(ids: readonly WrappingKeyId[]): void {
    for (const id of ids) {
      const wrapping = this.#keys.get(id)
      if (wrapping === undefined) continue
      if (this.#current.get(toHex(wrapping.scope)) === wrapping) {
        this.#current.delete(toHex(wrapping.scope))
      }
      wrapping.key.fill(0)
      this.#keys.delete(id)
      this.#changed = true
    }
  }

  /**
   * Destroys the wrapping keys of some spaces that no stored value names: what a crash left behind
   * between the deletion of a value and the destruction of its key.
   */
  retain(spaces: readonly number[], used: ReadonlySet<WrappingKeyId>): void {
    const left = [...this.#keys].filter(
      ([id, { scope }]) => spaces.includes(scope[0] ?? 0) && !used.has(id),
    )
    this.destroy(left.map(([id]) => id))
  }

  save(done: (error?: Error) => void): void {
    const { write } = this.#options
    this.#changed = false
    if (write === undefined) return done()
    write([...this.#keys.values()]).then(
      () => done(),
      (error: unknown) => {
        this.#changed = true
        done(error as Error)
      },
    )
  }

  #wrappingKey(scope: Bytes): WrappingKey {
    const known = this.#current.get(toHex(scope))
    if (known !== undefined) return known
    const { random } = this.#options
    const made = { id: random(ID_BYTES), scope, key: random(KEY_BYTES) }
    this.#add(made)
    this.#changed = true
    return made
  }

  #add(wrapping: WrappingKey): void {
    this.#keys.set(toHex(wrapping.id), wrapping)
    this.#current.set(toHex(wrapping.scope), wrapping)
  }

  #nameOf(key: Bytes): Bytes {
    const scope = scopeOf(key)
    if (equal(scope, this.#named.scope)) return this.#named.name
    const hash = this.#options.crypto.sha256(scope)
    const name = concat(scope.subarray(0, 1), hash.subarray(0, SCOPE_BYTES - 1))
    this.#named = { scope, name }
    return name
  }
}

/** The wrapping key that a sealed value names; undefined where it is no sealed value. */
export function wrappingKeyOf(sealed: Bytes): WrappingKeyId | undefined {
  if (sealed.length < HEAD_BYTES + TAG_BYTES || sealed[0] !== VERSION) return undefined
  return toHex(sealed.subarray(1, 1 + ID_BYTES))
}

/** Layout of a set of wrapping keys: slots of equal size, empty ones at the end. */
const SLOT_BYTES = ID_BYTES + SCOPE_BYTES + KEY_BYTES

/** Slots in the smallest file; each larger one has twice as many. */
export const SLOTS_MIN = 1_024

/** The set in slots; its length tells nothing but a power of two. */
export function encodeKeys(keys: readonly WrappingKey[]): Bytes {
  let slots = SLOTS_MIN
  while (slots < keys.length) slots *= 2
  const encoded = new Uint8Array(slots * SLOT_BYTES)
  keys.forEach(({ id, scope, key }, i) => encoded.set(concat(id, scope, key), i * SLOT_BYTES))
  return encoded
}

export function decodeKeys(encoded: Bytes): readonly WrappingKey[] {
  const keys: WrappingKey[] = []
  for (let at = 0; at + SLOT_BYTES <= encoded.length; at += SLOT_BYTES) {
    const id = encoded.slice(at, at + ID_BYTES)
    if (id.every((byte) => byte === 0)) break
    const scope = encoded.slice(at + ID_BYTES, at + ID_BYTES + SCOPE_BYTES)
    keys.push({ id, scope, key: encoded.slice(at + ID_BYTES + SCOPE_BYTES, at + SLOT_BYTES) })
  }
  return keys
}
