/**
 * One hash for everything that somebody has seen: who is in which state, and how far each member's
 * chain goes. Two nodes compare 32 bytes; where they differ, leaves tell whose chain differs. A leaf
 * changes only when its member posts, so keep leaves and hash again what changed.
 */
import { type Bytes, compare, concat, u32 } from '../../base/bytes.ts'
import { encode } from '../../codec/canonical.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import { hash } from '../../crypto/hash.ts'
import { labels } from '../../crypto/label.ts'

/** What a member is, as the membership hash counts it. Numbers are for ever. */
export const MemberStateCode = {
  active: 1,
  dormant: 2,
  left: 3,
  removed: 4,
  quarantined: 5,
} as const

export type MemberStateCode = (typeof MemberStateCode)[keyof typeof MemberStateCode]

/** One member ever admitted. */
export interface MemberStanding {
  readonly member: Bytes
  readonly account: Bytes
  readonly state: MemberStateCode
}

/** Membership of a past: every member ever admitted, in any order. */
export function membershipHashOf(
  crypto: Crypto,
  group: Bytes,
  standings: readonly MemberStanding[],
): Bytes {
  const rows = [...standings]
    .sort((a, b) => compare(a.member, b.member))
    .map(({ member, account, state }) => [member, account, state])
  return hash(crypto, labels.members, group, encode(rows))
}

/** The end of one branch of an author's chain. */
export interface Tip {
  readonly counter: number
  readonly id: Bytes
}

/** What stands for the tip of a member that has posted nothing. */
export const noTip: Tip = Object.freeze({ counter: 0xffff_ffff, id: new Uint8Array(32) })

/** A leaf with what it is sorted by. */
export interface LeafRow {
  readonly account: Bytes
  readonly member: Bytes
  readonly leaf: Bytes
}

/** The leaf of a member: 32 bytes. `tips`: one, or one for each branch where it forked itself. */
export function leafOf(
  crypto: Crypto,
  account: Bytes,
  member: Bytes,
  memberGroupId: number,
  tips: readonly Tip[],
): Bytes {
  const ends = tips.map((tip) => concat(u32(tip.counter), tip.id)).sort(compare)
  return hash(crypto, labels.leaf, account, member, u32(memberGroupId), ...ends)
}

/** The leaf of a member that has posted nothing. */
export function leafOfSilent(
  crypto: Crypto,
  account: Bytes,
  member: Bytes,
  memberGroupId: number,
): Bytes {
  return leafOf(crypto, account, member, memberGroupId, [noTip])
}

/** The order of leaves: by account, then by member. */
export function compareLeaves(a: LeafRow, b: LeafRow): number {
  return compare(a.account, b.account) || compare(a.member, b.member)
}

/** The view of a group: one leaf for every member ever admitted, in any order. */
export function viewOf(
  crypto: Crypto,
  group: Bytes,
  membershipHash: Bytes,
  rows: readonly LeafRow[],
): Bytes {
  const sorted = isSorted(rows) ? rows : [...rows].sort(compareLeaves)
  const leaves = concat(...sorted.map((row) => row.leaf))
  return viewOfLeaves(crypto, group, membershipHash, sorted.length, leaves)
}

/** The same of so many leaves that are in order already, side by side. */
export function viewOfLeaves(
  crypto: Crypto,
  group: Bytes,
  membershipHash: Bytes,
  count: number,
  leaves: Bytes,
): Bytes {
  return hash(crypto, labels.view, group, membershipHash, u32(count), leaves)
}

function isSorted(rows: readonly LeafRow[]): boolean {
  return rows.every((row, place) => {
    const before = rows[place - 1]
    return before === undefined || compareLeaves(before, row) < 0
  })
}
