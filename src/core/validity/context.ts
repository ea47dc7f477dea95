/**
 * Everything that a rule may know about a message's past, computed once per control past and
 * shared by all messages that have the same one: who belonged, which epochs were maximal, to whom
 * each was sealed. A context is a pure function of a set, so any cache of it may be dropped.
 */
import type { Bytes } from '../../base/bytes.ts'
import { compare } from '../../base/bytes.ts'
import { Lru } from '../../base/lru.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import { membershipHashOf } from '../attestation/view.ts'
import type { MemberFacts, Roster, RosterChange } from '../membership/roster.ts'
import { Standing, activeMembers, applyChange, rosterOf } from '../membership/roster.ts'
import type { Hex } from '../message/header.ts'
import type { Closure, ControlEntry, ControlLog, Frontier } from '../transcript/control-log.ts'
import { closureOf, frontierKey, has, members } from '../transcript/control-log.ts'

/** What is kept of an epoch message: its recipients follow from its past. */
export interface EpochFacts {
  readonly id: Hex
  readonly idBytes: Bytes
  readonly depth: number
  readonly parents: readonly Hex[]
  readonly author: Hex
  /** Code of the reason for which it was made. */
  readonly reason: number
  readonly commit: Bytes
  readonly salt: Bytes
  /** Messages in the past of the epoch's message, itself included. */
  readonly messages: number
}

export type ControlInfo =
  | { readonly kind: 'roster'; readonly changes: readonly RosterChange[] }
  | { readonly kind: 'epoch'; readonly epoch: EpochFacts }
  /** Somebody asks for a new epoch: `code` is a RekeyCode. */
  | { readonly kind: 'request'; readonly code: number }

export interface Context {
  readonly frontier: Frontier
  readonly roster: Roster
  /** Maximal epochs of this past, by id. */
  readonly epochHeads: ReadonlyMap<Hex, EpochFacts>
}

/** The group as the rules see it: its fixed facts and its control log. */
export interface Jurisdiction {
  readonly groupBytes: Bytes
  readonly group: Hex
  /** The leaders of the constitution, as members. */
  readonly leaders: readonly MemberFacts[]
  readonly control: ControlLog<ControlInfo>
  /** Epoch id -> the control message that made it. */
  readonly epochs: Map<Hex, ControlEntry<ControlInfo>>
  readonly contexts: Lru<string, Context>
  /** The same by the very array of the frontier. */
  readonly recent: WeakMap<Frontier, Context>
  readonly hashes: WeakMap<Roster, Bytes>
  readonly recipients: WeakMap<Roster, ReadonlyMap<Hex, Bytes>>
  readonly removed: WeakMap<Roster, readonly Hex[]>
  readonly inOrder: WeakMap<Roster, readonly MemberFacts[]>
  latestOrder: readonly MemberFacts[]
}

const CONTEXTS_KEPT = 256

export const createJurisdiction = (
  fixed: Pick<Jurisdiction, 'groupBytes' | 'group' | 'leaders' | 'control'>,
): Jurisdiction => ({
  ...fixed,
  epochs: new Map(),
  contexts: new Lru(CONTEXTS_KEPT),
  recent: new WeakMap(),
  hashes: new WeakMap(),
  recipients: new WeakMap(),
  removed: new WeakMap(),
  inOrder: new WeakMap(),
  latestOrder: [],
})

const emptyContext = (jurisdiction: Jurisdiction): Context => ({
  frontier: [],
  roster: rosterOf(jurisdiction.leaders),
  epochHeads: new Map(),
})

const apply = (
  control: ControlLog<ControlInfo>,
  context: Context,
  entry: ControlEntry<ControlInfo>,
): Context => {
  if (entry.info.kind === 'request') return context
  if (entry.info.kind === 'roster') {
    const cause = {
      sequence: entry.sequence,
      builtOn: (sequence: number) => has(closureOf(control, entry.past), sequence),
    }
    const roster = entry.info.changes.reduce(
      (before, change) => applyChange(before, change, cause),
      context.roster,
    )
    return { ...context, roster }
  }
  const { epoch } = entry.info
  const epochHeads = new Map(context.epochHeads)
  for (const parent of epoch.parents) epochHeads.delete(parent)
  epochHeads.set(epoch.id, epoch)
  return { ...context, epochHeads }
}

/** The context of a control past. */
export const contextOf = (jurisdiction: Jurisdiction, frontier: Frontier): Context => {
  const recent = jurisdiction.recent.get(frontier)
  if (recent !== undefined) return recent
  const context = computeContext(jurisdiction, frontier)
  jurisdiction.recent.set(frontier, context)
  return context
}

const computeContext = (jurisdiction: Jurisdiction, frontier: Frontier): Context => {
  const { control, contexts } = jurisdiction
  const wanted: Frontier[] = [frontier]
  for (;;) {
    const next = wanted.at(-1)
    if (next === undefined) return emptyContext(jurisdiction)
    const known = contexts.get(frontierKey(next))
    if (known !== undefined && wanted.length === 1) return known
    if (known !== undefined) {
      wanted.pop()
      continue
    }
    const base = baseOf(control, next)
    const start = base.length === 0 ? emptyContext(jurisdiction) : contexts.get(frontierKey(base))
    if (start === undefined) {
      wanted.push(base)
      continue
    }
    contexts.set(frontierKey(next), { ...extend(control, start, base, next), frontier: next })
  }
}

/** A smaller past from which a context is one step away: less the newest control message. */
const baseOf = (control: ControlLog<ControlInfo>, frontier: Frontier): Frontier => {
  const newest = frontier.at(-1)
  if (newest === undefined) return []
  return frontier.length === 1 ? (control.entries[newest]?.past ?? []) : [newest]
}

const extend = (
  control: ControlLog<ControlInfo>,
  start: Context,
  base: Frontier,
  frontier: Frontier,
): Context => {
  const held = closureOf(control, base)
  let context = start
  for (const sequence of members(closureOf(control, frontier))) {
    const entry = control.entries[sequence]
    if (entry !== undefined && !has(held, sequence)) context = apply(control, context, entry)
  }
  return context
}

export const closureOfPast = (jurisdiction: Jurisdiction, frontier: Frontier): Closure =>
  closureOf(jurisdiction.control, frontier)

/** Hash over every member ever and its standing. */
export const membershipHash = (
  crypto: Crypto,
  jurisdiction: Jurisdiction,
  roster: Roster,
): Bytes => {
  const known = jurisdiction.hashes.get(roster)
  if (known !== undefined) return known
  const rows = [...roster.members.values()].map(({ facts, standing }) => ({
    member: facts.memberBytes,
    account: facts.account,
    state: standing,
  }))
  const computed = membershipHashOf(crypto, jurisdiction.groupBytes, rows)
  jurisdiction.hashes.set(roster, computed)
  return computed
}

/** Everybody ever admitted, in the order of leaves: one list as long as nobody comes. */
export const factsInOrder = (
  jurisdiction: Jurisdiction,
  roster: Roster,
): readonly MemberFacts[] => {
  const { members } = roster
  const known = jurisdiction.inOrder.get(roster)
  if (known !== undefined) return known
  const before = jurisdiction.latestOrder
  const same = before.length === members.size && before.every(({ member }) => members.has(member))
  const sorted = same
    ? before
    : [...members.values()]
        .map(({ facts }) => facts)
        .sort((a, b) => compare(a.account, b.account) || compare(a.memberBytes, b.memberBytes))
  jurisdiction.latestOrder = sorted
  jurisdiction.inOrder.set(roster, sorted)
  return sorted
}

/** Those to whom an epoch made on this past must be sealed, each with its latest prekey id. */
export const recipientsOf = (
  jurisdiction: Jurisdiction,
  roster: Roster,
): ReadonlyMap<Hex, Bytes> => {
  const known = jurisdiction.recipients.get(roster)
  if (known !== undefined) return known
  const computed = new Map(
    activeMembers(roster).map((member) => [member.facts.member, member.prekey.id] as const),
  )
  jurisdiction.recipients.set(roster, computed)
  return computed
}

/** Members whom a Remove hits in this past: no text may go to them. */
export const removedIn = (jurisdiction: Jurisdiction, roster: Roster): readonly Hex[] => {
  const known = jurisdiction.removed.get(roster)
  if (known !== undefined) return known
  const removed = [...roster.members.values()]
    .filter((member) => member.standing === Standing.removed)
    .map((member) => member.facts.member)
  jurisdiction.removed.set(roster, removed)
  return removed
}

/** Members who left or are accused in this past: a sender prefers an epoch without them. */
export const avoidedIn = (roster: Roster): readonly Hex[] =>
  [...roster.members.values()]
    .filter(({ standing }) => standing === Standing.left || standing === Standing.quarantined)
    .map((member) => member.facts.member)

/** The recipients of an epoch already made: implied by the past of its message. */
export const recipientsOfEpoch = (
  jurisdiction: Jurisdiction,
  epoch: Hex,
): ReadonlyMap<Hex, Bytes> | undefined => {
  const entry = jurisdiction.epochs.get(epoch)
  if (entry === undefined) return undefined
  return recipientsOf(jurisdiction, contextOf(jurisdiction, entry.past).roster)
}
