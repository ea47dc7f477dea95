/**
 * Who belongs, as a fold over the membership messages in some past. The result depends on the set
 * of those messages alone, not on the order in which they came: every step only adds a fact, and
 * where two facts compete (two prekeys of one counter) the comparison decides, not the arrival.
 */
import type { Bytes } from '../../base/bytes.ts'
import { equal } from '../../base/bytes.ts'
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

/** Numbers as the membership hash writes them. */
export const Standing = { active: 1, dormant: 2, left: 3, removed: 4, quarantined: 5 } as const
export type StandingCode = (typeof Standing)[keyof typeof Standing]

export interface Member {
  readonly facts: MemberFacts
  readonly standing: StandingCode
  /** Its counter 0 is in this past. */
  readonly joined: boolean
  readonly prekey: Prekey
  /** Local numbers of the Removes that hit it, of its Leaves, of the Dormants that still hold. */
  readonly removedBy: readonly number[]
  readonly leftBy: readonly number[]
  readonly dormantBy: readonly number[]
  /** Local numbers of the Evidence that names it. Nothing ever ends an accusation. */
  readonly accusedBy: readonly number[]
}

/** A Remove of an account: it hits every Add of the account that does not build on it. */
interface Ban {
  readonly account: Bytes
  readonly sequence: number
}

export interface Roster {
  readonly members: ReadonlyMap<Hex, Member>
  readonly bans: readonly Ban[]
}

export type RosterChange =
  | { readonly kind: 'admit'; readonly facts: MemberFacts }
  | { readonly kind: 'join' | 'prekey'; readonly member: Hex; readonly prekey: Prekey }
  | { readonly kind: 'remove' | 'leave' | 'accuse'; readonly member: Hex }
  | { readonly kind: 'ban'; readonly account: Bytes }
  | { readonly kind: 'dormant'; readonly member: Hex; readonly on: boolean }

/** The control message that brings a change: its local number and what lies in its past. */
export interface Cause {
  readonly sequence: number
  readonly builtOn: (sequence: number) => boolean
}

/** Every leader is a member from the first message on, whether or not it has come online yet. */
export const rosterOf = (leaders: readonly MemberFacts[]): Roster => ({
  members: new Map(leaders.map((facts) => [facts.member, admitted(facts, [])])),
  bans: [],
})

const admitted = (facts: MemberFacts, removedBy: readonly number[]): Member =>
  standing({
    facts,
    joined: false,
    prekey: facts.prekey,
    removedBy,
    leftBy: [],
    dormantBy: [],
    accusedBy: [],
  })

/** Removal is stronger than leaving, leaving than an accusation, all for ever; dormancy ends. */
const standing = (member: Omit<Member, 'standing'>): Member => ({
  ...member,
  standing:
    member.removedBy.length > 0
      ? Standing.removed
      : member.leftBy.length > 0
        ? Standing.left
        : member.accusedBy.length > 0
          ? Standing.quarantined
          : member.dormantBy.length > 0
            ? Standing.dormant
            : Standing.active,
})

/** A roster in the making: however many changes it takes, the one it began as is copied once. */
export interface RosterDraft {
  readonly members: Map<Hex, Member>
  bans: readonly Ban[]
}

export const draftOf = ({ members, bans }: Roster): RosterDraft => ({
  members: new Map(members),
  bans,
})

/** Brings a change into a draft. */
export const applyChange = (draft: RosterDraft, change: RosterChange, cause: Cause): void => {
  if (change.kind === 'admit') return admit(draft, change.facts, cause)
  if (change.kind === 'ban') return ban(draft, change.account, cause)
  const before = draft.members.get(change.member)
  if (before !== undefined) replace(draft, changed(before, change, cause))
}

type OneMember = Exclude<RosterChange, { readonly kind: 'admit' | 'ban' }>

const changed = (before: Member, change: OneMember, { sequence, builtOn }: Cause): Member => {
  // A Dormant ends with an off or a sign of life that was made with the Dormant in view.
  const still = before.dormantBy.filter((number) => !builtOn(number))
  switch (change.kind) {
    case 'remove':
      return standing({ ...before, removedBy: [...before.removedBy, sequence] })
    case 'leave':
      return standing({ ...before, leftBy: [...before.leftBy, sequence] })
    case 'accuse':
      return standing({ ...before, accusedBy: [...before.accusedBy, sequence] })
    case 'dormant':
      return standing({
        ...before,
        dormantBy: change.on ? [...before.dormantBy, sequence] : still,
      })
    default:
      return standing({
        ...before,
        joined: before.joined || change.kind === 'join',
        prekey: later(before.prekey, change.prekey),
        dormantBy: still,
      })
  }
}

const replace = ({ members }: RosterDraft, member: Member): void => {
  members.set(member.facts.member, member)
}

/** A second Add of one request changes nothing, unless a ban that the first built on hits it. */
const admit = (draft: RosterDraft, facts: MemberFacts, { builtOn }: Cause): void => {
  const hits = draft.bans
    .filter((one) => equal(one.account, facts.account) && !builtOn(one.sequence))
    .map((one) => one.sequence)
  const before = draft.members.get(facts.member)
  if (before === undefined) return replace(draft, admitted(facts, hits))
  const fresh = hits.filter((sequence) => !before.removedBy.includes(sequence))
  if (fresh.length === 0) return
  replace(draft, standing({ ...before, removedBy: [...before.removedBy, ...fresh] }))
}

/** Local numbers are causal: an Add that builds on the ban has not been applied yet. */
const ban = (draft: RosterDraft, account: Bytes, { sequence }: Cause): void => {
  for (const member of draft.members.values()) {
    if (!equal(member.facts.account, account)) continue
    replace(draft, standing({ ...member, removedBy: [...member.removedBy, sequence] }))
  }
  draft.bans = [...draft.bans, { account, sequence }]
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

/** Those to whom an epoch is sealed, by memberId: admitted, not gone, not accused, not dormant. */
export const activeMembers = (roster: Roster): readonly Member[] => listsOf(roster).active

/** Admitted and not gone, the dormant and the accused included, by memberId. */
export const presentMembers = (roster: Roster): readonly Member[] => listsOf(roster).present

interface Lists {
  readonly present: readonly Member[]
  readonly active: readonly Member[]
}

/** Rosters never change, and each is asked for its members again and again. */
const lists = new WeakMap<Roster, Lists>()

const listsOf = (roster: Roster): Lists => {
  const known = lists.get(roster)
  if (known !== undefined) return known
  const here = [...roster.members.values()]
    .filter(present)
    .sort((a, b) => (a.facts.member < b.facts.member ? -1 : 1))
  const active = here.filter((member) => member.standing === Standing.active)
  const made = { present: here, active }
  lists.set(roster, made)
  return made
}

const present = (member: Member): boolean =>
  member.standing !== Standing.removed && member.standing !== Standing.left

/** True when evidence against it lies in this past, whatever became of it since. */
export const isAccused = (roster: Roster, name: Hex): boolean =>
  (roster.members.get(name)?.accusedBy.length ?? 0) > 0

/** May speak, be linked and be served. */
export const isPresent = (roster: Roster, name: Hex): boolean => {
  const member = roster.members.get(name)
  return member !== undefined && present(member)
}

/** True when a present member already holds this 32-bit id. */
export const idTaken = (roster: Roster, memberGroupId: number): boolean =>
  [...roster.members.values()].some(
    (member) => present(member) && member.facts.memberGroupId === memberGroupId,
  )
