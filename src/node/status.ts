// The answer to "how is it going": what the endpoint knows, with a word and a reason for each group.
// Plain values in the shapes that scripts rely on; fields may be added, never renamed.

import type {
  EndpointReport,
  EpochCause,
  ExposureReport,
  EpochReport,
  FinalReport,
  GroupReport,
  JoinReport,
  MemberState,
  PeerReport,
  ToldReport,
  WithheldReport,
} from '../core/report.ts'
import type { HealReport, PartitionReport } from '../core/split-report.ts'
import { type HealthState, type HealthWatch, worst } from './health.ts'

export interface GroupStatus {
  group: string
  name: string
  state: HealthState
  /** One sentence for people. */
  why: string
  /** How this node's own member stands: removed or left, it only shows what it held. */
  selfState: MemberState
  /** Who told this node that it is gone, where what it holds does not say so; else null. */
  told: ToldReport | null
  /** held, retired: this home may be, or is, older than what others hold of it; else null. */
  recovery: GroupReport['recovery']
  role: 'leader' | 'member'
  trust: 'introducer' | 'checked'
  /** memberId of the leader whose turn it is, as seen from here; null where none is reachable. */
  manager: string | null
  managerName: string | null
  /** Who made the latest epoch in force, when and why. */
  lastEpoch: EpochReport | null
  /** What calls for a new epoch now, or null. */
  epochDue: EpochCause | null
  epoch: string | null
  epochHeads: string[]
  /** Number of members that belong now. */
  members: number
  /** memberIds that answer now, without ourselves. */
  reachable: string[]
  /** Own texts that wait for an epoch under which they may be sent. */
  held: number
  /** What somebody who took this device now could read. */
  exposure: ExposureReport | null
  pending: number
  undecryptable: number
  messages: number
  /** How far the order is final, and for whose word it waits. */
  final: FinalReport
  root: string
  vector: Record<string, number>
  partition: PartitionReport | null
  /** The last heal of a split since the node started, as far as it got. */
  lastHeal: HealReport | null
  equivocators: string[]
  contradictions: string[]
  /** Messages that a peer says to hold and does not give, although it was asked again and again. */
  withheld: WithheldReport[]
}

export interface Status {
  name: string
  account: string
  device: string
  peerId: string
  /** Multiaddrs under which this node can be reached, each with /p2p/. */
  listen: string[]
  /** That of the group that is worst off. */
  state: HealthState
  groups: GroupStatus[]
  peers: PeerReport[]
  /** Groups that this node is asking to be let into. */
  joins: JoinReport[]
}

/** The status of everything. @param nowMs monotonic */
export function statusOf(
  report: EndpointReport,
  watch: HealthWatch,
  nowMs: number,
  exposure: (group: string) => ExposureReport | undefined,
): Status {
  const groups = report.groups.map((group) => ({
    ...groupStatus(group, watch, nowMs),
    exposure: exposure(group.group) ?? null,
  }))
  return {
    name: report.name,
    account: report.account,
    device: report.device,
    peerId: report.peerId,
    listen: report.listen,
    state: worst(groups.map((group) => group.state)),
    groups,
    peers: report.peers,
    joins: report.joins,
  }
}

function groupStatus(
  group: GroupReport,
  watch: HealthWatch,
  nowMs: number,
): Omit<GroupStatus, 'exposure'> {
  const { state, why, partition } = watch.judge(group, nowMs)
  return {
    group: group.group,
    name: group.name,
    state,
    why,
    selfState: group.selfState,
    told: group.told,
    recovery: group.recovery,
    role: group.role,
    trust: group.trust,
    manager: group.manager,
    managerName: group.members.find(({ member }) => member === group.manager)?.name ?? null,
    lastEpoch: group.lastEpoch,
    epochDue: group.epochDue,
    epoch: group.epoch,
    epochHeads: group.epochHeads,
    members: group.members.filter(({ state }) => state === 'active' || state === 'dormant').length,
    reachable: group.members
      .filter((member) => member.reachable && member.member !== group.self)
      .map((member) => member.member),
    held: group.held,
    pending: group.pending,
    undecryptable: group.undecryptable,
    messages: group.messages,
    final: group.final,
    root: group.root,
    vector: group.vector,
    partition,
    lastHeal: group.lastHeal,
    equivocators: group.equivocators,
    contradictions: group.contradictions,
    withheld: group.withheld,
  }
}
