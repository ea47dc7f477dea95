/**
 * Why an epoch may be made: a function of the past alone, so that nobody can flood a group with
 * epochs and nobody has to believe a clock. Age only decides when a leader asks, never validity.
 */
import { EPOCH_PERIODIC_MESSAGES_MIN } from '../../base/limits.ts'
import { EpochReasonCode } from '../epoch/body.ts'
import type { Hex } from '../message/header.ts'
import { hexOf } from '../message/header.ts'
import { MessageType } from '../message/type.ts'
import type { ControlEntry, Frontier } from '../transcript/control-log.ts'
import { has, members } from '../transcript/control-log.ts'
import type { Transcript } from '../transcript/transcript.ts'
import type { Vector } from '../transcript/vector.ts'
import { countAt } from '../transcript/vector.ts'
import type { Context, ControlInfo, Jurisdiction } from './context.ts'
import { closureOfPast, recipientsOf, recipientsOfEpoch } from './context.ts'
import type { Court } from './court.ts'

export interface DueReason {
  readonly code: number
  /** The messages of which the epoch names one; none for reasons that name nothing. */
  readonly ids: readonly Hex[]
}

/** Types that change who gets the next epoch. */
export const membershipTypes: ReadonlySet<number> = new Set<number>([
  MessageType.genesis,
  MessageType.add,
  MessageType.remove,
  MessageType.leave,
  MessageType.dormant,
])

/** Messages in a past. */
export const messagesIn = (transcript: Transcript<ControlInfo>, seen: Vector): number => {
  let total = 0
  for (const line of transcript.lines) total += Math.max(0, countAt(seen, line.index) - line.first)
  return total
}

/** Control messages of a past that no maximal epoch of it was made upon, oldest first. */
export const uncovered = (
  jurisdiction: Jurisdiction,
  { frontier, epochHeads }: Pick<Context, 'frontier' | 'epochHeads'>,
): ControlEntry<ControlInfo>[] => {
  const { control, epochs } = jurisdiction
  const known = [...epochHeads.keys()].map((id) => pastOfEpoch(epochs, id))
  const covered = known.map((past) => closureOfPast(jurisdiction, past))
  return members(closureOfPast(jurisdiction, frontier))
    .filter((sequence) => !covered.some((closure) => has(closure, sequence)))
    .map((sequence) => control.entries[sequence])
    .filter((entry) => entry !== undefined)
}

const pastOfEpoch = (epochs: Jurisdiction['epochs'], id: Hex): Frontier =>
  epochs.get(id)?.past ?? []

/** The lowest reason that holds on this past, or undefined. SPEC numbers them. */
export const reasonFor = (
  { jurisdiction, transcript }: Pick<Court, 'jurisdiction' | 'transcript'>,
  context: Context,
  past: { readonly seen: Vector },
): DueReason | undefined => {
  const fresh = uncovered(jurisdiction, context)
  if (fresh.some((entry) => membershipTypes.has(entry.type))) {
    return { code: EpochReasonCode.membership, ids: [] }
  }
  const heads = [...context.epochHeads.values()]
  if (heads.length >= 2) return { code: EpochReasonCode.merge, ids: [] }
  const [head] = heads
  if (head === undefined) return undefined
  if (messagesIn(transcript, past.seen) - head.messages >= EPOCH_PERIODIC_MESSAGES_MIN) {
    return { code: EpochReasonCode.periodic, ids: [] }
  }
  const requests = fresh.filter((entry) => entry.type === MessageType.rekeyRequest)
  if (requests.length > 0) {
    return { code: EpochReasonCode.request, ids: requests.map((entry) => entry.id) }
  }
  if (prekeysRenewed(jurisdiction, context, head.id)) {
    return { code: EpochReasonCode.refresh, ids: [] }
  }
  const evidence = fresh.filter((entry) => entry.type === MessageType.evidence)
  return evidence.length > 0
    ? { code: EpochReasonCode.evidence, ids: evidence.map((entry) => entry.id) }
    : undefined
}

/** At least half of those to whom the next epoch goes have another prekey than in the last. */
export const prekeysRenewed = (
  jurisdiction: Jurisdiction,
  context: Context,
  head: Hex,
): boolean => {
  const before = recipientsOfEpoch(jurisdiction, head)
  const now = recipientsOf(jurisdiction, context.roster)
  let renewed = 0
  for (const [member, prekey] of now) {
    const old = before?.get(member)
    if (old === undefined || hexOf(old) !== hexOf(prekey)) renewed += 1
  }
  return renewed > 0 && 2 * renewed >= now.size
}
