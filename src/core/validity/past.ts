/**
 * A message's past, assembled from its parents' rows: vector, control past, lamport. With it come
 * the comparable statements about that past: one leaf per member, and the view over all leaves, which
 * is made from the last one by what changed.
 */
import type { Bytes } from '../../base/bytes.ts'
import { EMPTY } from '../../base/bytes.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import { HASH_BYTES } from '../../crypto/crypto.ts'
import { leafOf, leafOfSilent, viewOfLeaves } from '../attestation/view.ts'
import type { MemberFacts, Roster } from '../membership/roster.ts'
import type { Hex } from '../message/header.ts'
import type { Frontier } from '../transcript/control-log.ts'
import { mergeFrontiers } from '../transcript/control-log.ts'
import type { Row } from '../transcript/row.ts'
import type { Line, Transcript } from '../transcript/transcript.ts'
import { lineHolding, rowAt } from '../transcript/transcript.ts'
import type { Vector } from '../transcript/vector.ts'
import { changes, countAt, emptyVector, join } from '../transcript/vector.ts'
import type { ControlInfo, Jurisdiction } from './context.ts'
import { factsInOrder, membershipHash } from './context.ts'

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

/** The last rows of a member in a past, where it has several lines: one for each branch. */
const tipsIn = (
  transcript: Transcript<ControlInfo>,
  seen: Vector,
  own: readonly number[],
  missing: Place[],
): Row[] => {
  const lines = own.filter((line) => countAt(seen, line) > (transcript.lines[line]?.first ?? 0))
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

/** The last row of an honest member in a past: nearly always the last one held. */
const tipIn = (
  transcript: Transcript<ControlInfo>,
  seen: Vector,
  index: number,
  missing: Place[],
): Row | undefined => {
  const line = transcript.lines[index]
  const counter = countAt(seen, index) - 1
  if (line === undefined || counter < line.first) return undefined
  if (line.tip.counter === counter) return line.tip
  const row = rowAt(transcript, index, counter)
  if (row === undefined) missing.push({ line: index, counter })
  return row
}

/** What a member is in the view over a past. */
const leafIn = (
  crypto: Crypto,
  transcript: Transcript<ControlInfo>,
  seen: Vector,
  facts: MemberFacts,
  missing: Place[],
): Bytes => {
  const { account, memberBytes: member, memberGroupId } = facts
  const own = transcript.byMember.get(facts.member) ?? []
  const [first] = own
  if (own.length > 1 || first === undefined) {
    const tips = tipsIn(transcript, seen, own, missing)
    if (tips.length === 0) return leafOfSilent(crypto, account, member, memberGroupId)
    const ends = tips.map((tip) => ({ counter: tip.counter, id: tip.idBytes }))
    return leafOf(crypto, account, member, memberGroupId, ends)
  }
  const tip = tipIn(transcript, seen, first, missing)
  if (tip === undefined) return leafOfSilent(crypto, account, member, memberGroupId)
  tip.leaf ??= leafOf(crypto, account, member, memberGroupId, [
    { counter: tip.counter, id: tip.idBytes },
  ])
  return tip.leaf
}

/** The leaves of the view that was made last, side by side. */
interface Leaves {
  readonly order: readonly MemberFacts[]
  /** By member, where its leaf is. */
  readonly places: ReadonlyMap<Hex, number>
  readonly bytes: Bytes
  /** The past they are of; undefined while they are of none. */
  seen: Vector | undefined
}

/** By transcript: from one view to the next few leaves change. */
const latest = new WeakMap<readonly Line[], Leaves>()

const leavesOf = ({ lines }: Transcript<ControlInfo>, order: readonly MemberFacts[]): Leaves => {
  const known = latest.get(lines)
  if (known?.order === order) return known
  const places = new Map(order.map(({ member }, place) => [member, place]))
  const made = { order, places, bytes: new Uint8Array(order.length * HASH_BYTES), seen: undefined }
  latest.set(lines, made)
  return made
}

/** Whose leaves are others now. */
const staleIn = (
  { lines }: Transcript<ControlInfo>,
  { order, places, seen: before }: Leaves,
  seen: Vector,
): readonly number[] => {
  if (before === undefined) return order.map((_, place) => place)
  const changed = changes(before, seen)
  const stale: number[] = []
  for (let i = 0; i < changed.length; i += 2) {
    const place = places.get(lines[changed[i] ?? 0]?.member ?? '')
    if (place !== undefined) stale.push(place)
  }
  return stale
}

/** The view over a past, or the places of the rows that must be loaded first. */
export const viewOfPast = (
  crypto: Crypto,
  jurisdiction: Jurisdiction,
  transcript: Transcript<ControlInfo>,
  roster: Roster,
  seen: Vector,
): { view: View } | { missing: Place[] } => {
  const order = factsInOrder(jurisdiction, roster)
  const leaves = leavesOf(transcript, order)
  const stale = staleIn(transcript, leaves, seen)
  const missing: Place[] = []
  const fresh = stale.map((place) => {
    const facts = order[place]
    return facts && leafIn(crypto, transcript, seen, facts, missing)
  })
  if (missing.length > 0) return { missing }
  stale.forEach((place, i) => leaves.bytes.set(fresh[i] ?? EMPTY, place * HASH_BYTES))
  leaves.seen = seen
  const hash = membershipHash(crypto, jurisdiction, roster)
  const view = viewOfLeaves(crypto, jurisdiction.groupBytes, hash, order.length, leaves.bytes)
  return { view: { membershipHash: hash, count: order.length, view } }
}
