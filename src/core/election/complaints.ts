/**
 * Leaders of whose epochs members complain that they cannot open them. Nobody can prove that a seal was bad
 * on purpose, so nothing follows but this: whoever draws two complaints within a day acts last, as far as
 * this member looks at it (attack 18).
 */
import { COMPLAINTS_RANK_LAST, COMPLAINTS_WITHIN_MS } from '../../base/limits.ts'

/** By memberId of the leader: when complaints about it came here, monotonic ms. */
export type Complaints = Map<string, readonly number[]>

/** A complaint about an epoch of a leader was taken in. */
export const noteComplaint = (complaints: Complaints, leader: string, nowMs: number): void => {
  const recent = (complaints.get(leader) ?? []).slice(1 - COMPLAINTS_RANK_LAST)
  complaints.set(leader, [...recent, nowMs])
}

/** Whether a leader acts last now. */
export const isComplainedOf = (complaints: Complaints, leader: string, nowMs: number): boolean => {
  const times = complaints.get(leader) ?? []
  return times.filter((atMs) => nowMs - atMs < COMPLAINTS_WITHIN_MS).length >= COMPLAINTS_RANK_LAST
}

/** The same order, but for those who act last. */
export const complainedLast = (
  ranked: readonly string[],
  complaints: Complaints,
  nowMs: number,
): string[] => {
  const last = ranked.filter((leader) => isComplainedOf(complaints, leader, nowMs))
  return [...ranked.filter((leader) => !last.includes(leader)), ...last]
}
