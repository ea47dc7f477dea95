// How a group is doing, in one word and a reason. The first that holds: forked, alone, partitioned,
// behind, healthy. One absent member is absence, several lost together are a partition.
// Judged from links alone, hence "suspected": attestations that make it certain come from elsewhere.
// Pure state in, pure answers out: time is handed in.

import { BEHIND_AFTER_MS, PARTITION_WINDOW_MS } from '../base/limits.ts'
import type { Event } from '../core/event.ts'
import type { GroupReport, MemberReport } from '../core/report.ts'

/** From best to worst. */
export const healthStates = ['healthy', 'behind', 'partitioned', 'alone', 'forked'] as const
export type HealthState = (typeof healthStates)[number]

export interface Partition {
  /** Milliseconds UTC of the first loss. */
  since: number
  /** True while only missing links speak for it. */
  suspected: boolean
  /** memberIds on this side, without ourselves. */
  reachable: string[]
  /** memberIds on the other side or sides. */
  missing: string[]
}

export interface GroupHealth {
  state: HealthState
  partition: Partition | null
  /** One sentence for people. */
  why: string
}

/** Remembers when members were lost and since when messages wait for their past. */
export class HealthWatch {
  /** group and member -> when the last link to it went, monotonic and UTC. */
  readonly #lost = new Map<string, { atMs: number; wallMs: number }>()
  /** group -> since when it has waited without a break. */
  readonly #waiting = new Map<string, number>()

  /** Takes news in. */
  observe(event: Event, nowMs: number, wallMs: number): void {
    if (event.kind !== 'reach') return
    const place = `${event.group}/${event.member}`
    if (event.up) this.#lost.delete(place)
    else if (!this.#lost.has(place)) this.#lost.set(place, { atMs: nowMs, wallMs })
  }

  /** Looks at a group; call it now and then, or a short wait is not told from a long one. */
  judge(group: GroupReport, nowMs: number): GroupHealth {
    this.#sample(group, nowMs)
    const others = isGone(group) ? [] : group.members.filter((other) => isExpected(other, group))
    const here = others.filter((other) => other.reachable)
    const away = others.filter((other) => !other.reachable)
    const partition = this.#partition(group, here, away)
    return { partition, ...this.#word(group, { here, away, partition }, nowMs) }
  }

  #sample(group: GroupReport, nowMs: number): void {
    if (group.pending === 0) this.#waiting.delete(group.group)
    else if (!this.#waiting.has(group.group)) this.#waiting.set(group.group, nowMs)
  }

  #word(
    group: GroupReport,
    side: { here: MemberReport[]; away: MemberReport[]; partition: Partition | null },
    nowMs: number,
  ): { state: HealthState; why: string } {
    const { here, away, partition } = side
    if (group.equivocators.length > 0) {
      const names = group.equivocators.map((id) => nameOf(group, id)).join(', ')
      const why = `two messages under one number by ${names}`
      return { state: 'forked', why: isFrozen(group) ? `${why}: ${frozen}` : why }
    }
    const gone = goneWhy(group)
    if (gone !== undefined) return { state: 'healthy', why: gone }
    if (here.length === 0 && away.length > 0) {
      return { state: 'alone', why: `no other member answers (${away.length} belong)` }
    }
    if (partition !== null) {
      const names = partition.missing.map((id) => nameOf(group, id)).join(', ')
      return { state: 'partitioned', why: `lost together: ${names}; still here: ${here.length}` }
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

  /** The largest set of members lost within the window of its first one, if it has two or more. */
  #partition(group: GroupReport, here: MemberReport[], away: MemberReport[]): Partition | null {
    const losses = away
      .filter((other) => other.state === 'active')
      .flatMap((other) => {
        const lost = this.#lost.get(`${group.group}/${other.member}`)
        return lost === undefined ? [] : [{ member: other.member, ...lost }]
      })
      .toSorted((a, b) => a.atMs - b.atMs)
    let best: typeof losses = []
    let first = 0
    for (let last = 0; last < losses.length; last++) {
      while (gap(losses[first], losses[last]) > PARTITION_WINDOW_MS) first += 1
      if (last - first + 1 > best.length) best = losses.slice(first, last + 1)
    }
    const [earliest] = best
    if (earliest === undefined || best.length < 2) return null
    return {
      since: earliest.wallMs,
      suspected: true,
      reachable: here.map((other) => other.member).toSorted(),
      missing: best.map((loss) => loss.member).toSorted(),
    }
  }
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

function gap(a: { atMs: number } | undefined, b: { atMs: number } | undefined): number {
  return (b?.atMs ?? 0) - (a?.atMs ?? 0)
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
