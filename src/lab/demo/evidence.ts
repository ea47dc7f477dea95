// What the verdict of the demo is made from: what the nodes' own interfaces report, and what was sent
// and acknowledged. Types, and how some of it is named in a sentence.

import type { Status, TextReport } from '../../api/contract.ts'

type GroupStatus = Status['groups'][number]

/** A text that a node acknowledged as stored. */
export interface Sent {
  readonly id: string
  readonly number: string
  readonly text: string
  /** Place of the node that sent it. */
  readonly place: number
  /** Whether its node knew of the removal when it sent it. */
  readonly knew: boolean
}

/** What one node reports. */
export interface Witness {
  readonly name: string
  readonly place: number
  readonly member: string
  /** Undefined when the node does not hold the group. */
  readonly group: GroupStatus | undefined
  readonly rows: readonly TextReport[]
  /** memberId to state, as the node lists its members. */
  readonly standings: Readonly<Record<string, string>>
}

/** What was held at the end of the split, by place. */
export interface Apart {
  readonly sides: readonly [readonly number[], readonly number[]]
  /** Texts sent meanwhile. */
  readonly sent: readonly Sent[]
  /** The epochs in force at the end of the split, by side. */
  readonly epochs: readonly (readonly string[])[]
  /** Ids of all texts held, by place. */
  readonly held: readonly ReadonlySet<string>[]
}

/** Who was removed during the split. */
export interface Outcast {
  readonly place: number
  readonly member: string
  /** What its own node reports at the end. */
  readonly node: Witness
}

/** The member that said two things under one number. */
export interface Lie {
  readonly name: string
  readonly member: string
  readonly group: string
  /** What its daemons acknowledged on the two sides. */
  readonly said: readonly Sent[]
  /** What a process answered that was given the proof and nothing else; undefined: there was none. */
  readonly verified: Verified | undefined
}

/** Of the answer of `coterie verify FILE`. */
export interface Verified {
  readonly kind: string
  readonly group: string
  readonly member: string
  readonly number: string
  readonly ids: readonly string[]
}

export interface Evidence {
  /** Everybody who still belongs. */
  readonly nodes: readonly Witness[]
  readonly outcast: Outcast | undefined
  readonly lie: Lie
  readonly sent: readonly Sent[]
  /** Ids of those texts that were sent when all had named the liar. */
  readonly after: ReadonlySet<string>
  readonly apart: Apart
  /** When the cut ended, ms UTC. */
  readonly healedAt: number
}

export interface Check {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
}

/** The beginning of an id or a root. */
export function short(root: string | undefined): string {
  return root?.slice(0, 8) ?? 'none'
}

const FEW = 4

/** The first of them, and how many more there are. */
export function few(items: readonly string[]): string {
  const rest = items.length - FEW
  return `${items.slice(0, FEW).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}
