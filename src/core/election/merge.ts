/**
 * When a leader merges two epoch heads into one. Safety never asks: two leaders who merge the same
 * heads only make two heads more, which the next merge folds. The wait makes that rare: first
 * quiet, then a slot for each better-ranked leader, doubled for every merge that was just made in vain.
 */
import {
  MERGE_BACKOFF_MAX,
  MERGE_JITTER_MS,
  MERGE_QUIET_MS,
  MERGE_SLOT_MS,
  ROTATE_JITTER_MS,
  ROTATE_SLOT_MS,
} from '../../base/limits.ts'

/** An epoch as far as merging looks at it. */
export interface MergeEpoch {
  readonly parents: readonly string[]
  /** Made for no other reason than to merge. */
  readonly merge: boolean
}

/** Merges in an unbroken chain that ends in one of the heads, the longest such chain, capped. */
export const backOff = (
  heads: readonly string[],
  epochOf: (id: string) => MergeEpoch | undefined,
): number => {
  let chain = heads
  for (let length = 0; length < MERGE_BACKOFF_MAX; length++) {
    const merges = chain.map(epochOf).filter((epoch) => epoch?.merge === true)
    if (merges.length === 0) return length
    chain = [...new Set(merges.flatMap((epoch) => epoch?.parents ?? []))]
  }
  return MERGE_BACKOFF_MAX
}

export interface MergeWait {
  /** What `backOff` says. */
  readonly chain: number
  /** Better-ranked leaders believed online. */
  readonly betterOnline: number
  /** All better-ranked leaders. */
  readonly better: number
  /** In [0, 1). */
  readonly luck: number
}

const slotOf = ({ chain, betterOnline, better }: MergeWait): number =>
  chain === 0 ? betterOnline : better

/** For every cause but a merge: no quiet and no doubling, as the need is real and soon. */
export const rotateWaitMs = (wait: MergeWait): number =>
  slotOf(wait) * ROTATE_SLOT_MS + Math.floor(wait.luck * ROTATE_JITTER_MS)

/** Milliseconds from the moment at which the heads became what they are. */
export const mergeWaitMs = (wait: MergeWait): number =>
  MERGE_QUIET_MS +
  2 ** wait.chain * (slotOf(wait) * MERGE_SLOT_MS + Math.floor(wait.luck * MERGE_JITTER_MS))
