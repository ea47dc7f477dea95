// How a group is doing, in one word and a reason. The first that holds: forked, alone, partitioned,
// behind, healthy. One absent member is absence, several lost together are a partition: that is the
// core's to say. Pure state in, pure answers out: time is handed in.

import { BEHIND_AFTER_MS } from '../base/limits.ts'
import type { GroupReport, MemberReport } from '../core/report.ts'
import type { PartitionReport } from '../core/split-report.ts'

/** From best to worst. */
export const healthStates = ['healthy', 'behind', 'partitioned', 'alone', 'forked'] as const
export type HealthState = (typeof healthStates)[number]

export interface GroupHealth {
  state: HealthState
  partition: PartitionReport | null
  /** One sentence for people. */
  why: string
}

/** Remembers since when messages wait for their past. */
export class HealthWatch {
  /** group -> since when it has waited without a break. */
  readonly #waiting = new Map<string, number>()

  /** Looks at a group; call it now and then, or a short wait is not told from a long one. */
  judge(group: GroupReport, nowMs: number): GroupHealth {
    this.#sample(group, nowMs)
    const others = isGone(group) ? [] : group.members.filter((other) => isExpected(other, group))
    const here = others.filter((other) => other.reachable)
    const away = others.filter((other) => !other.reachable)
    const { partition } = group
    const word = this.#word(group, { here, away, partition }, nowMs)
    return { partition, ...recovering(group, word) }
  }

  #sample(group: GroupReport, nowMs: number): void {
    if (group.pending === 0) this.#waiting.delete(group.group)
    else if (!this.#waiting.has(group.group)) this.#waiting.set(group.group, nowMs)
  }

  #word(
    group: GroupReport,
    side: { here: MemberReport[]; away: MemberReport[]; partition: PartitionReport | null },
    nowMs: number,
  ): { state: HealthState; why: string } {
    const { here, away, partition } = side
    if (group.equivocators.length > 0) {
      const names = group.equivocators.map((id) => nameOf(group, id)).join(', ')
      const why = `two messages under one number by ${names}`
      return { state: 'forked', why: isFrozen(group) ? `${why}: ${frozen}` : why }
    }
    if (group.contradictions.length > 0) {
      const names = group.contradictions.map((id) => nameOf(group, id)).join(', ')
      return { state: 'forked', why: `a signed statement that cannot be true by ${names}` }
    }
    const gone = goneWhy(group)
    if (gone !== undefined) return { state: 'healthy', why: gone }
    if (here.length === 0 && away.length > 0) {
      return { state: 'alone', why: `no other member answers (${away.length} belong)` }
    }
    if (partition !== null) {
      const names = partition.missing.map((id) => nameOf(group, id)).join(', ')
      const sure = partition.suspected ? '' : '; they talk among themselves'
      const why = `lost together: ${names}; still here: ${here.length}${sure}`
      return { state: 'partitioned', why }
    }
    const [kept] = group.withheld
    if (kept !== undefined) {
      const whose = `${kept.number} of ${nameOf(group, kept.member)}`
      return {
        state: 'behind',
        why: `${nameOf(group, kept.by)} says to hold ${whose} and does not give it`,
      }
    }
    if (group.unknown > 0) {
      const why = `needs a newer coterie for ${count(group.unknown, 'message')}`
      return { state: 'behind', why }
    }
    const since = this.#waiting.get(group.group)
    if (since !== undefined && nowMs - since > BEHIND_AFTER_MS) {
      const why = `${count(group.pending, 'message')} held without all that came before`
      return { state: 'behind', why }
    }
    return { state: 'healthy', why: calm(others(here, away), away) }
  }
}

const recoveries = {
  held: 'this home may be an old copy: nothing is said before a member answers (daemon --alone says it now)',
  retired:
    'RECOVERED_NEEDS_REJOIN: others hold more of this member than this home does; ask a leader for a ticket, then coterie join',
}

/** A node that may say nothing hears so, whatever else there is to tell. */
function recovering<T extends { state: HealthState; why: string }>(
  group: GroupReport,
  { state, why }: T,
): { state: HealthState; why: string } {
  if (group.recovery === null || isGone(group)) return { state, why }
  return { state: worst([state, 'behind']), why: `${recoveries[group.recovery]}; ${why}` }
}

/** The state that a person must hear about first. */
export function worst(states: readonly HealthState[]): HealthState {
  return states.reduce<HealthState>(
    (a, b) => (healthStates.indexOf(b) > healthStates.indexOf(a) ? b : a),
    'healthy',
  )
}

/** Others that ought to be here: whoever left, was removed or never came is not missed. */
function isExpected(member: MemberReport, group: GroupReport): boolean {
  return member.member !== group.self && member.state === 'active'
}

/** This node's own member left or was removed: nobody answers it any more, and that is as it should be. */
function isGone({ selfState }: GroupReport): boolean {
  return selfState === 'left' || selfState === 'removed'
}

const frozen =
  'no leader is left who could act; found its successor: coterie group create NAME --succeeds GROUP'

/** Whether every leader who has not left is accused. */
function isFrozen({ members }: GroupReport): boolean {
  const leaders = members.filter(({ role, state }) => role === 'leader' && state !== 'left')
  return leaders.length > 0 && leaders.every(({ state }) => state === 'quarantined')
}

function goneWhy(group: GroupReport): string | undefined {
  if (!isGone(group)) return undefined
  const left = group.selfState === 'left'
  const own = left ? 'this node left the group' : 'this node was removed'
  const what = group.told === null ? own : `told by ${group.told.name}: ${group.told.kind}`
  return `${what}: it shows what it held; a new ticket brings it back as a new member`
}

function others(here: readonly unknown[], away: readonly unknown[]): number {
  return here.length + away.length
}

function calm(total: number, away: readonly MemberReport[]): string {
  if (total === 0) return 'no other active member yet'
  if (away.length === 0) return `everybody is reachable (${count(total, 'other member')})`
  return `absent: ${away.map((other) => other.name).join(', ')}`
}

function nameOf(group: GroupReport, id: string): string {
  return group.members.find((member) => member.member === id)?.name ?? id.slice(0, 8)
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
