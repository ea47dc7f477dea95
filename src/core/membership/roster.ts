/**
 * Who belongs, as a fold over the membership messages in some past. The result depends on the set
 * of those messages alone, not on the order in which they came: every step only adds a fact, and
 * where two facts compete (two prekeys of one counter) the comparison decides, not the arrival.
 */
import type { Bytes } from '../../base/bytes.ts'
import type { PeerId } from '../input.ts'
import type { Hex } from '../message/header.ts'

/** What admission fixes about a member for ever. */
export interface MemberFacts {
  readonly member: Hex
  readonly memberBytes: Bytes
  readonly account: Bytes
  readonly memberGroupId: number
  readonly name: string
  /** Ed25519 key that signs the member's messages. */
  readonly device: Bytes
  /** Ed25519 key under which its node is dialled. */
  readonly transport: Bytes
  /** The same as a libp2p peer id. */
  readonly peer: PeerId
  readonly leader: boolean
  /** Hash of the join request or card: `prev` of the member's counter 0. */
  readonly admission: Bytes
  /** The one-time prekey that came with the request or card. */
  readonly prekey: Prekey
}

export interface Prekey {
  readonly id: Bytes
  readonly public: Bytes
  /** Counter of the message that posted it; -1 for the one of the request or card. */
  readonly counter: number
}

/** Numbers as the membership hash writes them; 2-5 come with removal and evidence. */
export const Standing = { active: 1, dormant: 2, left: 3, removed: 4, quarantined: 5 } as const

export interface Member {
  readonly facts: MemberFacts
  readonly standing: (typeof Standing)[keyof typeof Standing]
  /** Its counter 0 is in this past. */
  readonly joined: boolean
  readonly prekey: Prekey
}

export interface Roster {
  readonly members: ReadonlyMap<Hex, Member>
}

export type RosterChange =
  | { readonly kind: 'admit'; readonly facts: MemberFacts }
  | { readonly kind: 'join'; readonly member: Hex; readonly prekey: Prekey }
  | { readonly kind: 'prekey'; readonly member: Hex; readonly prekey: Prekey }

/** Every leader is a member from the first message on, whether or not it has come online yet. */
export const rosterOf = (leaders: readonly MemberFacts[]): Roster => ({
  members: new Map(leaders.map((facts) => [facts.member, admitted(facts)])),
})

const admitted = (facts: MemberFacts): Member => ({
  facts,
  standing: Standing.active,
  joined: false,
  prekey: facts.prekey,
})

export const applyChange = (roster: Roster, change: RosterChange): Roster => {
  const member = change.kind === 'admit' ? change.facts.member : change.member
  const before = roster.members.get(member)
  if (change.kind === 'admit' && before !== undefined) return roster
  const after =
    change.kind === 'admit'
      ? admitted(change.facts)
      : before && {
          ...before,
          joined: before.joined || change.kind === 'join',
          prekey: later(before.prekey, change.prekey),
        }
  return after === undefined ? roster : { members: new Map(roster.members).set(member, after) }
}

/** The prekey of the higher counter; of two branches of one author, the greater id. */
const later = (a: Prekey, b: Prekey): Prekey => {
  if (a.counter !== b.counter) return a.counter > b.counter ? a : b
  for (let i = 0; i < a.id.length; i++) {
    const difference = (a.id[i] ?? 0) - (b.id[i] ?? 0)
    if (difference !== 0) return difference > 0 ? a : b
  }
  return a
}

/** Admitted and not gone, by memberId: those to whom an epoch is sealed. */
export const activeMembers = (roster: Roster): Member[] =>
  [...roster.members.values()]
    .filter((member) => member.standing === Standing.active)
    .sort((a, b) => (a.facts.member < b.facts.member ? -1 : 1))

export const isActive = (roster: Roster, member: Hex): boolean =>
  roster.members.get(member)?.standing === Standing.active

/** True when an active member already holds this 32-bit id. */
export const idTaken = (roster: Roster, memberGroupId: number): boolean =>
  [...roster.members.values()].some(
    (member) => member.standing === Standing.active && member.facts.memberGroupId === memberGroupId,
  )
