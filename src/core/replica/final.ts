/**
 * The final order as this replica keeps it: worked out again after each step that may have moved it.
 * Nothing of it lies on disk: it follows from the rows, a few of which are read back after a start.
 */
import { ATTEST_FINAL_AFTER_MS } from '../../base/limits.ts'
import type { Roster } from '../membership/roster.ts'
import { isAccused } from '../membership/roster.ts'
import type { Hex } from '../message/header.ts'
import { MessageType } from '../message/type.ts'
import type { Finality, Hints } from '../order/finality.ts'
import { finalityOf, noFinality } from '../order/finality.ts'
import type { Absent, Ground } from '../order/ground.ts'
import { planOf } from '../order/sequence.ts'
import type { Place } from '../order/standpoint.ts'
import { awaited } from '../order/standpoint.ts'
import type { FinalReport, FinalWait, OrderPlan } from '../report.ts'
import type { Row } from '../transcript/row.ts'
import { rowAt } from '../transcript/transcript.ts'
import { countAt } from '../transcript/vector.ts'
import type { Turn } from '../turn.ts'
import { count, emit } from '../turn.ts'
import type { ControlInfo } from '../validity/context.ts'
import { contextOf } from '../validity/context.ts'
import { isWithdrawn } from './departures.ts'
import { loadPlaces } from './rows.ts'
import type { Replica } from './state.ts'
import { currentContext } from './state.ts'

export interface Finalising {
  readonly hints: Hints
  /** What the order stands on, as long as nobody comes or goes. */
  ground: { readonly roster: Roster; readonly ground: Ground<ControlInfo> } | undefined
  now: Finality
  /** Something came that may move it. */
  stale: boolean
  /** Rows are being read back for it. */
  loading: boolean
  /** Whoever waits until it is up to date. */
  readonly waiters: ((turn: Turn) => void)[]
  /** By line, the counter of the last text. */
  readonly lastTexts: Map<number, number>
  /** Since when this node waits for the word of a leader, wall ms. */
  since: ReadonlyMap<Hex, number>
  /** The timer of the additional attestation is set. */
  armed: boolean
}

export const createFinalising = (): Finalising => ({
  hints: new Map(),
  ground: undefined,
  now: noFinality,
  stale: true,
  loading: false,
  waiters: [],
  lastTexts: new Map(),
  since: new Map(),
  armed: false,
})

export const groundOf = (replica: Replica): Ground<ControlInfo> => {
  const { final } = replica
  const { roster } = currentContext(replica)
  if (final.ground?.roster !== roster) final.ground = { roster, ground: groundOn(replica, roster) }
  return final.ground.ground
}

const groundOn = ({ jurisdiction, transcript }: Replica, roster: Roster): Ground<ControlInfo> => {
  const leaders = jurisdiction.leaders.map(({ member }) => member)
  const leaves = leaders.flatMap((leader) =>
    (roster.members.get(leader)?.leftBy ?? []).flatMap((sequence) => {
      const entry = transcript.control.entries[sequence]
      if (entry === undefined) return []
      return [{ leader, line: entry.line, counter: entry.counter, past: entry.past }]
    }),
  )
  return {
    transcript,
    leaders,
    accused: new Set(leaders.filter((leader) => isAccused(roster, leader))),
    leaves,
    accusedIn: (past, leader) => isAccused(contextOf(jurisdiction, past).roster, leader),
  }
}

/** A message was taken in: what leaders say, and who belongs, moves the order; a text may begin to wait. */
export const noteFinal = (replica: Replica, row: Row, info: ControlInfo | undefined): void => {
  const { final } = replica
  if (row.type === MessageType.text) {
    final.lastTexts.set(row.line, row.counter)
    if (final.since.size === 0) final.stale = true
  }
  if (info !== undefined || replica.facts.get(row.member)?.leader === true) final.stale = true
}

/** After every step: works the order out anew where it may have moved. */
export const settleFinal = (turn: Turn, replica: Replica): void => {
  const { final } = replica
  if (!final.stale || final.loading) return
  final.stale = false
  const ground = groundOf(replica)
  const found = finalityOf(ground, final.hints, final.now)
  if ('missing' in found) return readBack(turn, replica, found.missing)
  const grown = found.mark !== final.now.mark || found.frontier !== final.now.frontier
  final.now = found
  noteWaits(turn, replica, ground)
  arm(turn, replica)
  if (grown) {
    const event = { kind: 'final', group: replica.group, mark: found.mark } as const
    emit(turn, { kind: 'notify', event })
  }
  for (const waiter of final.waiters.splice(0)) waiter(turn)
}

const readBack = (turn: Turn, replica: Replica, missing: readonly Absent[]): void => {
  const { final } = replica
  final.loading = true
  loadPlaces(turn, replica, missing, (later) => {
    final.loading = false
    const absent = ({ line, counter }: Absent): boolean =>
      rowAt(replica.transcript, line, counter) === undefined
    // A row that is not on the disk either: the order stays where it is.
    if (missing.some(absent)) count(later, 'order_unread')
    else final.stale = true
    settleFinal(later, replica)
  })
}

/** Goes on once the order is up to date with everything held. */
export const whenFinal = (
  turn: Turn,
  replica: Replica,
  then: (turn: Turn, finality: Finality) => void,
): void => {
  const { final } = replica
  settleFinal(turn, replica)
  if (!final.loading) return then(turn, final.now)
  final.waiters.push((later) => then(later, final.now))
}

// --- What is shown -------------------------------------------------------------------------------

/** True when the message can neither move nor be withdrawn any more. */
export const isFinal = (replica: Replica, member: Hex, { line, counter }: Place): boolean =>
  counter < countAt(replica.final.now.frontier, line) &&
  !isWithdrawn(replica, member, line, counter)

/** The last text of every line, where it counts and is not final. */
const waitingPlaces = (replica: Replica): Place[] => {
  const { lastTexts, now } = replica.final
  const places: Place[] = []
  for (const [line, counter] of lastTexts) {
    if (counter < countAt(now.frontier, line)) continue
    const member = replica.transcript.lines[line]?.member ?? ''
    if (!isWithdrawn(replica, member, line, counter)) places.push({ line, counter })
  }
  return places
}

const noteWaits = (turn: Turn, replica: Replica, ground: Ground): void => {
  const { final } = replica
  const names = awaited(ground, final.now, waitingPlaces(replica))
  const nowMs = Math.floor(turn.env.wallMs)
  final.since = new Map(names.map((name) => [name, final.since.get(name) ?? nowMs]))
}

export const waitsOf = (replica: Replica, leaders: readonly Hex[]): FinalWait[] =>
  leaders.map((member) => ({
    member,
    name: replica.facts.get(member)?.name ?? '',
    since: replica.final.since.get(member) ?? null,
  }))

export const finalReport = (replica: Replica): FinalReport => {
  const { now, since } = replica.final
  const { lines, count: held } = replica.transcript
  const messages = lines.reduce((sum, { index, first }) => {
    const covered = countAt(now.frontier, index)
    return sum + Math.max(0, covered - first)
  }, 0)
  return {
    stamp: now.mark,
    messages,
    waiting: held - messages,
    waitsFor: waitsOf(replica, [...since.keys()]),
  }
}

/** How to walk through the final order. */
export const finalPlan = (replica: Replica): OrderPlan =>
  planOf(
    replica.final.now,
    replica.transcript.lines.map(({ index, tip }) => [index, tip.counter + 1]),
  )

/** A leader looks a while later whether it owes the order one more attestation (`final-attest.ts`). */
const arm = (turn: Turn, replica: Replica): void => {
  const { final, self, facts, transcript } = replica
  if (final.armed || facts.get(self.member)?.leader !== true) return
  if (transcript.lines.every(({ index, tip }) => countAt(final.now.frontier, index) > tip.counter))
    return
  final.armed = true
  const atMs = turn.env.nowMs + ATTEST_FINAL_AFTER_MS
  emit(turn, { kind: 'set-timer', timer: `final/${String(replica.number)}`, atMs })
}
