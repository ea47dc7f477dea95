/**
 * Which members to hold a link to. Small groups link everybody; in larger ones the members stand on
 * a ring in an order that hashing shuffles every hour, and each looks for the leaders nearest
 * to it, both neighbours, and members halfway round, a quarter round and so on. Neighbours keep the
 * ring whole and the long links keep it short, as the fingers of Chord do; eight nearest members
 * alone would make a long chain. Whoever cannot be reached is replaced by the next.
 */
import { type Bytes, compare, equal, u32 } from '../../base/bytes.ts'
import { FULL_LINKS_MEMBERS_MAX, LINKS_MAX } from '../../base/limits.ts'
import { hourMs } from '../../base/time.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import { hash } from '../../crypto/hash.ts'
import { labels } from '../../crypto/label.ts'
import type { PeerId } from '../input.ts'

/** An active member as far as links need to know it. */
export interface LinkMember {
  readonly member: Bytes
  readonly peer: PeerId
  readonly leader: boolean
}

/** One group: all its active members, the own one among them. */
export interface LinkGroup {
  readonly self: Bytes
  readonly members: readonly LinkMember[]
}

/** Positions on the ring are the first 48 bits of a hash: exact in a double. */
const ring = 2 ** 48

/** Leaders that may take links before other members get theirs: half, as leaders can be away. */
const leadersFirstMax = LINKS_MAX / 2

/** The hour that `chooseLinks` wants, from a wall clock in ms. A clock that is off costs links. */
export function hourOf(wallMs: number): number {
  return Math.max(0, Math.floor(wallMs / hourMs)) >>> 0
}

/**
 * The peers to be linked with, over all groups, sorted. In a large group these are the first of its
 * order of preference until eight are found that are not in `missing`; the missing ones before
 * them stay wanted too, so that they are taken back as soon as they answer.
 *
 * @param missing peers that were tried in vain, or that may not be linked
 */
export function chooseLinks(
  groups: readonly LinkGroup[],
  hour: number,
  missing: ReadonlySet<PeerId>,
  crypto: Crypto,
): PeerId[] {
  const chosen = new Set<PeerId>()
  for (const group of groups) {
    let found = 0
    const full = group.members.length <= FULL_LINKS_MEMBERS_MAX
    for (const { peer } of preference(group, hour, crypto)) {
      if (!full && found === LINKS_MAX) break
      if (!missing.has(peer)) found++
      chosen.add(peer)
    }
  }
  return [...chosen].sort()
}

interface Place extends LinkMember {
  /** Clockwise from the own position, 0 <= ahead < ring. */
  readonly ahead: number
}

/** The other members, the most wanted first: the same on every node that sees the same members. */
export function preference(group: LinkGroup, hour: number, crypto: Crypto): LinkMember[] {
  const origin = position(group.self, hour, crypto)
  const others = group.members
    .filter(({ member }) => !equal(member, group.self))
    .map((member): Place => {
      const ahead = (position(member.member, hour, crypto) - origin + ring) % ring
      return { ...member, ahead }
    })
    .sort((a, b) => a.ahead - b.ahead || compare(a.member, b.member))
  const near = others.toSorted((a, b) => away(a) - away(b) || compare(a.member, b.member))
  const leaders = near.filter(({ leader }) => leader)
  const order = new Set<Place>(leaders.slice(0, leadersFirstMax))
  const next = others.at(0)
  const previous = others.at(-1)
  if (next !== undefined) order.add(next)
  if (previous !== undefined) order.add(previous)
  for (let step = ring / 2; step >= ring / 2 ** LINKS_MAX; step /= 2) {
    const finger = others.find(({ ahead }) => ahead >= step) ?? next
    if (finger !== undefined) order.add(finger)
  }
  for (const place of [...leaders, ...near]) order.add(place)
  return [...order]
}

/** Distance on the ring, the shorter way round. */
function away(place: Place): number {
  return Math.min(place.ahead, ring - place.ahead)
}

/** Where a member stands in that hour. */
function position(member: Bytes, hour: number, crypto: Crypto): number {
  const digest = hash(crypto, labels.links, member, u32(hour))
  let at = 0
  for (const byte of digest.subarray(0, 6)) at = at * 256 + byte
  return at
}

/** What both ends know of a channel whose hello is over. */
export interface LinkChannel {
  /** Groups that the two have in common on it. */
  readonly groups: number
  /** Who opened it. */
  readonly dialler: PeerId
  /** The dialler's nonce of its hello. */
  readonly nonce: Bytes
}

/**
 * Of two channels between the same two peers, the one that stays; both ends decide alike: more
 * groups in common, else opened by the lower peer id, else the lower nonce.
 */
export function survivor<T extends LinkChannel>(a: T, b: T): T {
  if (a.groups !== b.groups) return a.groups > b.groups ? a : b
  if (a.dialler !== b.dialler) return a.dialler < b.dialler ? a : b
  return compare(a.nonce, b.nonce) <= 0 ? a : b
}
