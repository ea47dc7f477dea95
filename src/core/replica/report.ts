/**
 * What one group looks like from here, as plain values: members, epochs, vector, root.
 * Reads only; the endpoint adds what it knows of links.
 */
import { compare, toHex } from '../../base/bytes.ts'
import type { Roster } from '../membership/roster.ts'
import { Standing } from '../membership/roster.ts'
import { MessageType } from '../message/type.ts'
import type { GroupReport, MemberReport, MemberState } from '../report.ts'
import { isLeader } from './admission.ts'
import type { Replica, WaitingRequest } from './state.ts'
import { currentContext } from './state.ts'

const group8 = (memberGroupId: number): string => memberGroupId.toString(16).padStart(8, '0')

const stateOf = (standing: number, joined: boolean): MemberState => {
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
const counterOf = (replica: Replica, member: string): number | null => {
  const lines = replica.transcript.byMember.get(member) ?? []
  const counters = lines.map((line) => replica.transcript.lines[line]?.tip.counter ?? -1)
  return counters.length === 0 ? null : Math.max(...counters)
}

const membersOf = (replica: Replica, roster: Roster): MemberReport[] => {
  const linked = new Set(
    [...replica.sync.peers.values()].filter((peer) => peer.proven).map((peer) => peer.member),
  )
  return [...roster.members.values()]
    .map(({ facts, standing }): MemberReport => {
      const counter = counterOf(replica, facts.member)
      return {
        member: facts.member,
        memberGroupId: group8(facts.memberGroupId),
        account: toHex(facts.account),
        name: facts.name,
        role: facts.leader ? 'leader' : 'member',
        state: stateOf(standing, counter !== null),
        device: toHex(facts.device),
        peerId: facts.peer,
        reachable: linked.has(facts.member) || facts.member === replica.self.member,
        muted: false,
        counter,
      }
    })
    .sort((a, b) => (a.member < b.member ? -1 : 1))
}

/** Those that this device can accept; others wait here only to be passed on. */
const ownRequests = (replica: Replica): [string, WaitingRequest][] =>
  [...replica.requests].filter(([, waiting]) => waiting.issuer === replica.self.member)

/** `root`: the view over everything held, computed by the caller. */
export const reportGroup = (replica: Replica, root: string): GroupReport => {
  const { constitution, transcript } = replica
  const { roster, epochHeads } = currentContext(replica)
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
    name: constitution.name,
    policy: constitution.policy.name,
    created: replica.createdMs,
    founder:
      transcript.control.entries.find((entry) => entry.type === MessageType.genesis)?.member ?? '',
    predecessor: constitution.predecessor.length === 0 ? null : toHex(constitution.predecessor),
    self: replica.self.member,
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
    pending: replica.pending.waiting.size,
    unknown: replica.unknown.size,
    undecryptable: [...replica.unopened.values()].reduce((sum, texts) => sum + texts, 0),
    root,
    messages: transcript.count,
    vector: Object.fromEntries(held.map((member) => [member.member, member.counter ?? 0])),
    authors: byAccount.map((member) => member.account),
    groupIds: byAccount.map((member) => member.memberGroupId),
    latestMessageIds: byAccount.map(
      (member) => member.memberGroupId + group8(member.counter ?? 0xffff_ffff),
    ),
    equivocators: [...replica.equivocators].sort(),
    lines: transcript.lines.map((line) => ({
      line: line.index,
      member: line.member,
      next: line.tip.counter + 1,
    })),
  }
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
