// What a demo comes to: its scenes with their times, what the nodes say of the heal, and the verdict.
// The same object is what `--json` prints.

import type { Status } from '../../api/contract.ts'
import type { Check, Witness } from './evidence.ts'

/** One scene: how long it took, its own figures, and a sentence. */
export interface Phase {
  readonly name:
    | 'start'
    | 'form'
    | 'talk'
    | 'copy'
    | 'split'
    | 'apart'
    | 'keys'
    | 'heal'
    | 'caught'
    | 'merge'
    | 'again'
    | 'verdict'
  readonly ms: number
  readonly note: string
  readonly [figure: string]: string | number | null | readonly unknown[]
}

type HealReport = NonNullable<Status['groups'][number]['lastHeal']>

/** The heal as one node reports it (`status`, lastHeal): times in ms since its own first link across. */
export interface NodeHeal extends HealReport {
  readonly name: string
}

/** The member that said two things under one number, and what came of it. */
export interface Caught {
  readonly name: string
  readonly member: string
  /** The number under which there are two messages, and their ids. */
  readonly number: string
  readonly ids: readonly string[]
  /** From the end of the cut until every honest node named it; null where one never did. */
  readonly namedMs: number | null
  /** Size of the proof, in a file. */
  readonly proofBytes: number | null
}

/** Times in ms. Heal times are null when the nodes did not become equal again within the bound. */
export interface DemoResult {
  readonly verdict: 'pass' | 'fail'
  /** The honest ones. */
  readonly nodes: number
  /** From the end of the cut until all roots were equal: the sum of the next two. */
  readonly healMs: number | null
  /** Until the first link across. */
  readonly linkMs: number | null
  /** From then until all roots were equal. */
  readonly dataMs: number | null
  /** From equal roots until one epoch was left, without the liar. */
  readonly keyMs: number | null
  /** The same as the nodes report it themselves: those that missed several others. */
  readonly heals: readonly NodeHeal[]
  readonly caught: Caught
  /** Who was removed during the split; null with three nodes, all of them leaders. */
  readonly removed: string | null
  /** Messages that each node holds at the end. */
  readonly messages: number
  /** Texts that were sent. */
  readonly texts: number
  readonly phases: readonly Phase[]
  readonly checks: readonly Check[]
}

/** What each node that has one says of its last heal, if it began when the cut had ended. */
export const healsOf = (nodes: readonly Witness[], healedAt: number): readonly NodeHeal[] =>
  nodes.flatMap(({ name, group }) => {
    const heal = group?.lastHeal
    return heal && heal.start >= healedAt ? [{ name, ...heal }] : []
  })
