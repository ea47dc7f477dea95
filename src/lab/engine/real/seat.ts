// A node in its group, as the bench knows it from what its daemon tells: what it holds and shows, what was
// told of it last, and the feed that tells.

import type { GroupReport, TextReport } from '../../../api/contract.ts'
import { Display } from '../../protocol/coterie/display.ts'
import type { Feed } from './feed.ts'

export type Shown = 'shown' | 'withdrawn' | 'undecryptable' | 'sealed'

export interface Seat {
  readonly node: number
  readonly g: number
  /** Id of the group. */
  readonly group: string
  readonly member: string
  readonly display: Display
  readonly texts: Map<string, Shown>
  /** Of others, as it told. */
  readonly held: Set<string>
  /** What it said itself since the run began. */
  readonly own: Set<string>
  /** Members against whom it holds a proof. */
  readonly accused: Set<string>
  /** It came in the middle of the run: what was said before is not shown to it. */
  readonly late: boolean
  readonly told: { view: string; epoch: string; manager: number | null | undefined }
  report: GroupReport
  feed: Feed | undefined
  /** Whether it is being asked, and has to be asked once more. */
  asking: boolean
  again: boolean
}

export function newSeat(node: number, g: number, report: GroupReport, late: boolean): Seat {
  return {
    node,
    g,
    group: report.group,
    member: report.self,
    display: new Display(),
    texts: new Map(),
    held: new Set(),
    own: new Set(),
    accused: new Set(),
    late,
    told: nothing(),
    report,
    feed: undefined,
    asking: false,
    again: false,
  }
}

export const nothing = (): Seat['told'] => ({ view: '', epoch: '', manager: undefined })

/** Ids as the trace has them. */
export const short = (id: string): string => id.slice(0, 16)

export const isPresent = ({ selfState }: GroupReport): boolean =>
  selfState === 'active' || selfState === 'dormant' || selfState === 'quarantined'

export function stateOf(state: TextReport['state']): Shown {
  switch (state) {
    case 'ok':
    case 'muted':
    case 'hidden':
      return 'shown'
    default:
      return state
  }
}
