/**
 * What one group looks like from here, as plain values: members, epochs, vector, root.
 * Reads only; the endpoint adds what it knows of links.
 */
import { compare, toHex } from '../../base/bytes.ts'
import { EpochReasonCode } from '../epoch/body.ts'
import type { MemberFacts, Roster } from '../membership/roster.ts'
import { Standing } from '../membership/roster.ts'
import type { Hex } from '../message/header.ts'
import { MessageType } from '../message/type.ts'
import type {
  EpochReasonWord,
  EpochReport,
  GroupReport,
  MemberReport,
  MemberState,
  ToldReport,
} from '../report.ts'
import type { Turn } from '../turn.ts'
import type { Context } from '../validity/context.ts'
import { recipientsOfEpoch } from '../validity/context.ts'
import { isLeader } from './admission.ts'
import { finalReport } from './final.ts'
import { causeNow, managerNow } from './manager.ts'
import { groupName, metaState } from './meta-state.ts'
import { partitionOf } from './splits.ts'
import type { Replica, WaitingRequest } from './state.ts'
import { currentContext, isTold } from './state.ts'
import { withheldOf } from './withholding.ts'
import { undecryptable } from './unopened.ts'

const group8 = (memberGroupId: number): string => memberGroupId.toString(16).padStart(8, '0')

/** The word for a standing; `joined`: its first message is held. */
export const stateOf = (standing: number, joined: boolean): MemberState => {
  switch (standing) {
    case Standing.dormant:
      return 'dormant'
    case Standing.left:
      return 'left'
    case Standing.removed:
      return 'removed'
    case Standing.quarantined:
      return 'quarantined'
    default:
      return joined ? 'active' : 'invited'
  }
}

/** Highest contiguous counter of a member, or null. */
const counterOf = ({ transcript }: Replica, member: string): number | null => {
  let most: number | null = null
  for (const line of transcript.byMember.get(member) ?? []) {
    most = Math.max(most ?? -1, transcript.lines[line]?.tip.counter ?? -1)
  }
  return most
}

/** What admission fixed, as it is spelled in reports: it never changes, and is asked for often. */
const spelled = new WeakMap<MemberFacts, Pick<MemberReport, Spelled>>()
type Spelled = 'member' | 'memberGroupId' | 'account' | 'name' | 'role' | 'device' | 'peerId'

const spell = (facts: MemberFacts): Pick<MemberReport, Spelled> => {
  const known = spelled.get(facts)
  if (known !== undefined) return known
  const made = {
    member: facts.member,
    memberGroupId: group8(facts.memberGroupId),
    account: toHex(facts.account),
    name: facts.name,
    role: facts.leader ? ('leader' as const) : ('member' as const),
    device: toHex(facts.device),
    peerId: facts.peer,
  }
  spelled.set(facts, made)
  return made
}

/** How many messages wait for their past, by author. */
const waitingBy = (replica: Replica): ReadonlyMap<Hex, number> => {
  const counts = new Map<Hex, number>()
  for (const { message } of replica.pending.waiting.values()) {
    counts.set(message.member, (counts.get(message.member) ?? 0) + 1)
  }
  return counts
}

const membersOf = (replica: Replica, roster: Roster): MemberReport[] => {
  const waiting = waitingBy(replica)
  const linked = new Set(
    [...replica.sync.peers.values()].filter((peer) => peer.proven).map((peer) => peer.member),
  )
  const { muted, types } = metaState(replica)
  const told = isTold(replica) ? replica.told : undefined
  return [...roster.members.values()]
    .map(({ facts, standing }): MemberReport => {
      const counter = counterOf(replica, facts.member)
      const { member, memberGroupId, account, name, role, device, peerId } = spell(facts)
      return {
        member,
        memberGroupId,
        account,
        name,
        role,
        state: facts.member === told?.member ? told.kind : stateOf(standing, counter !== null),
        device,
        peerId,
        reachable: linked.has(facts.member) || facts.member === replica.self.member,
        muted: muted.has(facts.member),
        allowedTypes: types.size === 0 ? [] : [...(types.get(facts.member) ?? [])],
        counter,
        waiting: waiting.get(facts.member) ?? 0,
      }
    })
    .sort((a, b) => (a.member < b.member ? -1 : 1))
}

const toldOf = (replica: Replica): ToldReport | null => {
  const { told, facts } = replica
  if (told === undefined || !isTold(replica)) return null
  const { kind, by, id, atMs } = told
  return { kind, by, name: facts.get(by)?.name ?? '', id, at: atMs }
}

/** How this member itself stands: by its own transcript, or because it was told. */
const standingHere = (
  replica: Replica,
  members: readonly MemberReport[],
): Pick<GroupReport, 'selfState' | 'told'> => {
  const told = toldOf(replica)
  const own = members.find(({ member }) => member === replica.self.member)
  return { selfState: told?.kind ?? own?.state ?? 'invited', told }
}

/** Those that this device can accept; others wait here only to be passed on. */
const ownRequests = (replica: Replica): [string, WaitingRequest][] =>
  [...replica.requests].filter(([, waiting]) => waiting.issuer === replica.self.member)

const reasonWord = (code: number): EpochReasonWord =>
  (Object.keys(EpochReasonCode) as (keyof typeof EpochReasonCode)[]).find(
    (word) => EpochReasonCode[word] === code,
  ) ?? 'membership'

/** Of the epochs in force the one that came here last: who acted last, and why. */
const lastEpochOf = (replica: Replica, { epochHeads }: Context): EpochReport | null => {
  const atOf = (id: Hex): number => replica.epochsSeen.get(id) ?? 0
  const [last] = [...epochHeads.values()].sort(
    (a, b) => atOf(b.id) - atOf(a.id) || b.depth - a.depth || compare(a.idBytes, b.idBytes),
  )
  if (last === undefined) return null
  return {
    epoch: last.id,
    author: last.author,
    name: replica.facts.get(last.author)?.name ?? '',
    reason: reasonWord(last.reason),
    at: replica.epochsSeen.get(last.id) ?? null,
    recipients: recipientsOfEpoch(replica.jurisdiction, last.id)?.size ?? 0,
  }
}

/** What parts the group, or its members from the truth. */
const splitsOf = (
  replica: Replica,
): Pick<
  GroupReport,
  'partition' | 'lastHeal' | 'equivocators' | 'contradictions' | 'withheld'
> => ({
  partition: partitionOf(replica),
  lastHeal: replica.splits.last ?? null,
  equivocators: [...replica.equivocators].sort(),
  contradictions: [...replica.contradictions].sort(),
  withheld: withheldOf(replica),
})

/** Reads only: `turn` brings the clock and the hash. `root`: the view over everything held. */
export const reportGroup = (turn: Turn, replica: Replica, root: string): GroupReport => {
  const { constitution, transcript } = replica
  const context = currentContext(replica)
  const { roster, epochHeads } = context
  const members = membersOf(replica, roster)
  const heads = [...epochHeads.values()].sort(
    (a, b) => b.depth - a.depth || compare(a.idBytes, b.idBytes),
  )
  const byAccount = members.toSorted(
    (a, b) => order(a.account, b.account) || order(a.member, b.member),
  )
  const held = byAccount.filter((member) => member.counter !== null)
  return {
    group: replica.group,
    name: groupName(replica),
    topic: metaState(replica).topic,
    allowedTypes: [...(metaState(replica).types.get('') ?? [])],
    policy: constitution.policy.name,
    created: replica.createdMs,
    founder:
      transcript.control.entries.find((entry) => entry.type === MessageType.genesis)?.member ?? '',
    predecessor: constitution.predecessor.length === 0 ? null : toHex(constitution.predecessor),
    self: replica.self.member,
    ...standingHere(replica, members),
    recovery: replica.recovery ?? null,
    role: isLeader(replica) ? 'leader' : 'member',
    trust: replica.checked ? 'checked' : 'introducer',
    members,
    requests: ownRequests(replica).map(([request, waiting]) => ({
      request,
      name: waiting.name,
      account: waiting.account,
      since: waiting.sinceMs,
    })),
    epoch: heads.find((head) => head.id === replica.sending)?.id ?? heads[0]?.id ?? null,
    epochHeads: heads.map((head) => head.id),
    manager: managerNow(turn, replica) ?? null,
    lastEpoch: lastEpochOf(replica, context),
    epochDue: causeNow(turn, replica) ?? null,
    held: replica.drafts.size,
    pending: replica.pending.waiting.size,
    unknown: replica.unknown.size,
    undecryptable: undecryptable(replica),
    root,
    messages: transcript.count,
    final: finalReport(replica),
    vector: Object.fromEntries(held.map((member) => [member.member, member.counter ?? 0])),
    authors: byAccount.map((member) => member.account),
    groupIds: byAccount.map((member) => member.memberGroupId),
    latestMessageIds: byAccount.map(
      (member) => member.memberGroupId + group8(member.counter ?? 0xffff_ffff),
    ),
    ...splitsOf(replica),
    lines: transcript.lines.map((line) => ({
      line: line.index,
      member: line.member,
      next: line.tip.counter + 1,
    })),
  }
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
