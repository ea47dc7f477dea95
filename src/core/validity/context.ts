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
import type { MemberFacts, Roster, RosterChange, RosterDraft } from '../membership/roster.ts'
import { Standing, activeMembers, applyChange, draftOf, rosterOf } from '../membership/roster.ts'
import type { Hex } from '../message/header.ts'
import type { Closure, ControlEntry, ControlLog, Frontier } from '../transcript/control-log.ts'
import { closureOf, frontierKey, has, members, wholeFrontier } from '../transcript/control-log.ts'

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
  /** Of the first so many entries of the log. */
  whole: { readonly context: Context | undefined; readonly upTo: number }
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
  whole: { context: undefined, upTo: 0 },
})

const emptyContext = (jurisdiction: Jurisdiction): Context => ({
  frontier: [],
  roster: rosterOf(jurisdiction.leaders),
  epochHeads: new Map(),
})

/** A context in the making: what it began as is copied once, by the first message that changes it. */
interface ContextDraft {
  readonly control: ControlLog<ControlInfo>
  readonly start: Context
  roster: RosterDraft | undefined
  epochHeads: Map<Hex, EpochFacts> | undefined
}

const apply = (draft: ContextDraft, entry: ControlEntry<ControlInfo>): void => {
  const { control, start } = draft
  const { info, sequence, past } = entry
  if (info.kind === 'roster') {
    const builtOn = (older: number): boolean => has(closureOf(control, past), older)
    const roster = (draft.roster ??= draftOf(start.roster))
    for (const change of info.changes) applyChange(roster, change, { sequence, builtOn })
  } else if (info.kind === 'epoch') {
    const epochHeads = (draft.epochHeads ??= new Map(start.epochHeads))
    for (const parent of info.epoch.parents) epochHeads.delete(parent)
    epochHeads.set(info.epoch.id, info.epoch)
  }
}

/** What a context becomes with some messages more, given in an order that is causal. */
const grown = (
  control: ControlLog<ControlInfo>,
  start: Context,
  frontier: Frontier,
  more: readonly number[],
): Context => {
  const draft: ContextDraft = { control, start, roster: undefined, epochHeads: undefined }
  for (const sequence of more) {
    const entry = control.entries[sequence]
    if (entry !== undefined) apply(draft, entry)
  }
  const { roster = start.roster, epochHeads = start.epochHeads } = draft
  return { frontier, roster, epochHeads }
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
    contexts.set(frontierKey(next), extend(control, start, base, next))
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
  const more = members(closureOf(control, frontier)).filter((sequence) => !has(held, sequence))
  return grown(control, start, frontier, more)
}

/** The context of everything in the log: made from the last one by what came since. */
export const wholeContext = (jurisdiction: Jurisdiction): Context => {
  const { control, contexts, recent } = jurisdiction
  const { context = emptyContext(jurisdiction), upTo } = jurisdiction.whole
  const { length } = control.entries
  if (upTo === length && jurisdiction.whole.context !== undefined) return context
  const frontier = wholeFrontier(control)
  const more = Array.from({ length: length - upTo }, (_, i) => upTo + i)
  const whole = contexts.get(frontierKey(frontier)) ?? grown(control, context, frontier, more)
  jurisdiction.whole = { context: whole, upTo: length }
  contexts.set(frontierKey(frontier), whole)
  recent.set(frontier, whole)
  return whole
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
