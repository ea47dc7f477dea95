/**
 * The key layout: the only file that knows where things lie in the store. A group is a small local
 * number, a line (one author's unbroken chain) too, so that a run of one author is one range.
 * Every key is one space byte, then fixed-width big-endian numbers or raw ids: byte order = order.
 */
import { concat, fresh, writeU32 } from '../base/bytes.ts'
import type { Bytes } from '../base/bytes.ts'
import type { Range } from './effect.ts'

/** One byte each; the letter is what a hex dump shows. */
export const Space = {
  /** Device-wide: contacts, blocked peers, minted cards. */
  device: 0x44,
  /** group -> what the group is and who we are in it. */
  group: 0x47,
  /** group, sequence -> one row of the control log. */
  control: 0x43,
  /** group, line -> whose chain it is and which epochs it used. */
  line: 0x4c,
  /** group, line, counter -> one message as received, and what we know of it. */
  message: 0x4d,
  /** group, first 16 bytes of an id -> line, counter. */
  index: 0x49,
  /** group, kind, id -> group secrets: access key, epoch secrets, prekeys. */
  secret: 0x4b,
  /** group, id -> a Meta message: its place, and what it says once opened. */
  meta: 0x50,
  /** group, line, counter -> keys of texts from there on that were taken in here. */
  archive: 0x41,
  /** group, draft -> a text that waits for an epoch. */
  draft: 0x57,
  /** group, member -> reach record. */
  reach: 0x52,
  /** group, id, member -> a receipt of a message of one's own. */
  receipt: 0x45,
  /** group, invite -> a ticket we issued. */
  invite: 0x54,
  /** group, request -> a join request that waits. */
  request: 0x51,
  /** How often the store was written; the node's own (`node/written.ts`). */
  written: 0x4e,
} as const

export type SpaceByte = (typeof Space)[keyof typeof Space]

export const key = (space: SpaceByte, ...parts: readonly (number | Bytes)[]): Bytes => {
  let length = 1
  for (const part of parts) length += typeof part === 'number' ? 4 : part.length
  const made = fresh(length)
  made[0] = space
  let at = 1
  for (const part of parts) {
    if (typeof part === 'number') {
      writeU32(made, at, part)
      at += 4
    } else {
      made.set(part, at)
      at += part.length
    }
  }
  return made
}

/** In the secret space: space, group, kind, and an id of 32 bytes. */
const SECRET_BYTES = 1 + 4 + 1 + 32
/** Space and group. */
const GROUP_BYTES = 1 + 4

/**
 * What is erased as one: the values under keys of one scope are sealed under one wrapping key. Each
 * prekey, each epoch, each text that waits is a scope of its own, so is the archive of a group, and so is
 * whatever else is secret in one space of a group.
 */
export const scopeOf = (at: Bytes): Bytes => {
  if (at[0] === Space.secret) return at.slice(0, SECRET_BYTES)
  return at[0] === Space.draft ? at.slice() : at.slice(0, GROUP_BYTES)
}

/** Every key that starts with `prefix`. */
export const within = (
  prefix: Bytes,
  options: { limit?: number; reverse?: boolean } = {},
): Range => ({
  from: prefix,
  to: successor(prefix),
  ...options,
})

/** Exactly one key: the cheapest range of all. */
export const only = (exact: Bytes): Range => ({
  from: exact,
  to: concat(exact, Uint8Array.of(0)),
  limit: 1,
})

/** The least key that is greater than every key with this prefix. */
const successor = (prefix: Bytes): Bytes => {
  const next = prefix.slice()
  for (let i = next.length - 1; i >= 0; i--) {
    const byte = next[i] ?? 0
    if (byte < 0xff) {
      next[i] = byte + 1
      return next.subarray(0, i + 1)
    }
  }
  return Uint8Array.of(0xff, ...prefix, 0xff)
}
