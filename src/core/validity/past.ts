/**
 * A message's past, assembled from its parents' rows: vector, control past, lamport. With it come
 * the comparable statements about that past: one leaf per member, and the view over all leaves.
 */
import type { Bytes } from '../../base/bytes.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import type { LeafRow } from '../attestation/view.ts'
import { leafOf, leafOfSilent, viewOf } from '../attestation/view.ts'
import type { Roster } from '../membership/roster.ts'
import type { Frontier } from '../transcript/control-log.ts'
import { mergeFrontiers } from '../transcript/control-log.ts'
import type { Row } from '../transcript/row.ts'
import type { Transcript } from '../transcript/transcript.ts'
import { lineHolding, rowAt } from '../transcript/transcript.ts'
import type { Vector } from '../transcript/vector.ts'
import { countAt, emptyVector, join } from '../transcript/vector.ts'
import type { ControlInfo, Jurisdiction } from './context.ts'
import { membershipHash } from './context.ts'

export interface Past {
  readonly seen: Vector
  readonly control: Frontier
  /** What the lamport of a message on this past must be. */
  readonly lamport: number
}

/** In one loop: every message has a past, and nearly always one control past. */
export const pastOf = (transcript: Transcript<ControlInfo>, parents: readonly Row[]): Past => {
  let seen = parents[0]?.seen ?? emptyVector
  const first = parents[0]?.control
  let alike = first !== undefined
  let lamport = 0
  for (const parent of parents) {
    seen = join(seen, parent.seen)
    if (parent.control !== first) alike = false
    if (parent.lamport > lamport) lamport = parent.lamport
  }
  const control =
    alike && first !== undefined
      ? first
      : mergeFrontiers(
          transcript.control,
          parents.map((parent) => parent.control),
        )
  return { seen, control, lamport: 1 + lamport }
}

/** A row that is needed and is on disk only. */
export interface Place {
  readonly line: number
  readonly counter: number
}

export interface View {
  readonly membershipHash: Bytes
  readonly count: number
  readonly view: Bytes
}

const leaves = new WeakMap<Row, LeafRow>()

/** The last rows of a member in a past: one, or one for each branch of an equivocator. */
const tipsIn = (
  transcript: Transcript<ControlInfo>,
  seen: Vector,
  member: string,
  missing: Place[],
): Row[] => {
  const lines = (transcript.byMember.get(member) ?? []).filter(
    (line) => countAt(seen, line) > (transcript.lines[line]?.first ?? 0),
  )
  const tips: Row[] = []
  for (const line of lines) {
    const counter = countAt(seen, line) - 1
    const continued = lines.some((other) => {
      const branch = transcript.lines[other]
      return branch?.parent === line && branch.first === counter + 1
    })
    if (continued) continue
    const row = rowAt(transcript, lineHolding(transcript, line, counter), counter)
    if (row === undefined) missing.push({ line, counter })
    else tips.push(row)
  }
  return tips
}

/** The view over a past, or the places of the rows that must be loaded first. */
export const viewOfPast = (
  crypto: Crypto,
  jurisdiction: Jurisdiction,
  transcript: Transcript<ControlInfo>,
  roster: Roster,
  seen: Vector,
): { view: View } | { missing: Place[] } => {
  const missing: Place[] = []
  const rows = [...roster.members.values()].map(({ facts }): LeafRow => {
    const tips = tipsIn(transcript, seen, facts.member, missing)
    const only = tips.length === 1 ? tips[0] : undefined
    const known = only && leaves.get(only)
    if (known !== undefined) return known
    const { account, memberBytes: member, memberGroupId } = facts
    const ends = tips.map((tip) => ({ counter: tip.counter, id: tip.idBytes }))
    const leaf =
      ends.length === 0
        ? leafOfSilent(crypto, account, member, memberGroupId)
        : leafOf(crypto, account, member, memberGroupId, ends)
    const row = { account, member, leaf }
    if (only !== undefined) leaves.set(only, row)
    return row
  })
  if (missing.length > 0) return { missing }
  const hash = membershipHash(crypto, jurisdiction, roster)
  const view = viewOf(crypto, jurisdiction.groupBytes, hash, rows)
  return { view: { membershipHash: hash, count: rows.length, view } }
}
