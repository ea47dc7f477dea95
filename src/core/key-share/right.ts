/**
 * By what right somebody gets the keys of an epoch, and the words in which it is refused. Whether it may
 * be answered at all (active now, on its own link, not too often) is decided before.
 */
import type { Policy } from '../constitution/policy.ts'

export type ShareRight = 'recipient' | 'concurrent' | 'full'

/** How an epoch and somebody's admission lie to each other. */
export interface Entitlement {
  /** The epoch was sealed to it. */
  readonly recipient: boolean
  /** It was admitted, and no AddMember of it has the epoch in its past, nor the epoch one of those. */
  readonly concurrent: boolean
}

/** The right, or undefined where there is none. */
export const rightTo = (
  policy: Pick<Policy, 'historyConcurrent' | 'historyFull'>,
  { recipient, concurrent }: Entitlement,
): ShareRight | undefined => {
  if (recipient) return 'recipient'
  if (policy.historyConcurrent && concurrent) return 'concurrent'
  return policy.historyFull ? 'full' : undefined
}

/** Why nothing is given: the code of an answer. 0 is an answer that gives. */
export const ShareRefusal = {
  /** The group's policy shares no keys. */
  policy: 1,
  /** The requester is not active now, or its chain is forked. */
  standing: 2,
  /** The epoch is not known here. */
  unknown: 3,
  /** No right to it. */
  entitlement: 4,
  /** The requester spoke under it: it had its keys. */
  used: 5,
  /** Nothing of it is kept here any more. */
  nothing: 6,
  /** Too many epochs in an hour, or another request is being answered. */
  rate: 7,
  /** One request holds no more: ask again. */
  later: 8,
} as const

export type ShareRefusalWord = keyof typeof ShareRefusal

/** The word of a code; `unknown-code` for one that a later version may bring. */
export const refusalWord = (code: number): ShareRefusalWord | 'unknown-code' =>
  (Object.keys(ShareRefusal) as ShareRefusalWord[]).find((word) => ShareRefusal[word] === code) ??
  'unknown-code'
