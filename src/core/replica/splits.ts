/**
 * What this member makes of links that go and come: it names a split when several members are lost together,
 * keeps that over restarts until they answer again, and records each heal in figures. News of both goes
 * out as events; nothing of it touches validity, membership or keys.
 */
import { readU32 } from '../../base/bytes.ts'
import {
  ATTEST_JITTER_MS,
  HEAL_GATHER_MS,
  HEAL_RECORDED_MS,
  PARTITION_WINDOW_MS,
} from '../../base/limits.ts'
import { encode } from '../../codec/canonical.ts'
import { bytes, list, parse, tuple, u53 } from '../../codec/shape.ts'
import type { Heal, Traffic } from '../attestation/heal.ts'
import {
  addTraffic,
  advance,
  beginHeal,
  linkOf,
  noTraffic,
  noteMet,
  noteReturn,
  noteTaken,
} from '../attestation/heal.ts'
import type { PartitionWatch, Split } from '../attestation/partition.ts'
import {
  createPartitionWatch,
  judgeSplit,
  lose,
  missingOf,
  regain,
  showsSplit,
} from '../attestation/partition.ts'
import { activeMembers } from '../membership/roster.ts'
import type { Hex } from '../message/header.ts'
import { hexOf } from '../message/header.ts'
import { MessageType, isControl } from '../message/type.ts'
import type { HealReport, PartitionReport } from '../split-report.ts'
import type { Row } from '../transcript/row.ts'
import type { Turn } from '../turn.ts'
import { count, emit, persist } from '../turn.ts'
import { callForAttest } from './attesting.ts'
import { undecryptable } from './unopened.ts'
import type { Replica } from './state.ts'
import { GroupNote, bytesOf, currentContext, groupNoteKey, isGone } from './state.ts'
import type { SyncPeer } from './sync-state.ts'

export interface Splits {
  readonly watch: PartitionWatch
  healing: Heal | undefined
  /** The last heal of a split, as far as it got. */
  last: HealReport | undefined
  /** The first own message since the split began: whoever hears us would know of it soon. */
  own: { readonly line: number; readonly counter: number; readonly atMs: number } | undefined
  /** Read at a start: a split that was open when the node went down. */
  saved: { readonly wallMs: number; readonly members: readonly Hex[] } | undefined
}

export const createSplits = (): Splits => ({
  watch: createPartitionWatch(),
  healing: undefined,
  last: undefined,
  own: undefined,
  saved: undefined,
})

/** Other members that ought to answer: whoever left, sleeps or never came is not missed. */
const expectedOf = (replica: Replica): Set<Hex> => {
  if (isGone(replica)) return new Set()
  const active = activeMembers(currentContext(replica).roster).map(({ facts }) => facts.member)
  const { byMember } = replica.transcript
  return new Set(active.filter((one) => one !== replica.self.member && byMember.has(one)))
}

/** The first link to a member is up, or the last one is gone. */
export const noteReach = (turn: Turn, replica: Replica, member: Hex, up: boolean): void => {
  const { splits } = replica
  const { nowMs, wallMs } = turn.env
  if (!up) {
    lose(splits.watch, member, { atMs: nowMs, wallMs: Math.floor(wallMs) })
    // It went before all that it held was here: it comes back another time.
    if (splits.healing?.returned.get(member) === false) splits.healing.returned.delete(member)
  } else {
    const { split } = splits.watch
    if (split?.lost.has(member) === true) {
      begin(turn, replica, split)
    }
    regain(splits.watch, member)
    if (splits.healing?.split.lost.has(member) === true) noteReturn(splits.healing, member, nowMs)
  }
  review(turn, replica)
}

const begin = (turn: Turn, { splits }: Replica, split: Split): void => {
  const { healing } = splits
  // What somebody once carried over began no heal.
  const stale = healing?.returned.size === 0 && turn.env.nowMs - healing.startedMs > HEAL_GATHER_MS
  if (stale) splits.healing = undefined
  splits.healing ??= beginHeal(split, turn.env.nowMs, Math.floor(turn.env.wallMs))
}

/** A message was taken in: what it says of a split, and which part of a heal it belongs to. */
export const noteSplitRow = (turn: Turn, replica: Replica, row: Row, how: string): void => {
  const { watch } = replica.splits
  const { nowMs } = turn.env
  // Others of our side may be across before us.
  if (how === 'sync' && watch.split?.lost.has(row.member) === true)
    begin(turn, replica, watch.split)
  const { healing } = replica.splits
  if (healing !== undefined) {
    if (row.type === MessageType.epoch) noteTaken(healing, 'epoch', nowMs)
    else if (how === 'sync') noteTaken(healing, isControl(row.type) ? 'membership' : 'text', nowMs)
    if (row.type === MessageType.epoch && healing.dataMs !== undefined) review(turn, replica)
  }
  if (watch.split === undefined && healing === undefined) return
  if (how === 'own') replica.splits.own ??= { line: row.line, counter: row.counter, atMs: nowMs }
  // What somebody says now came here by some path: it is not cut off from us.
  if (how === 'push' && watch.lost.has(row.member)) {
    regain(watch, row.member)
    review(turn, replica)
  }
  judgeCertain(turn, replica, row)
}

const judgeCertain = (turn: Turn, replica: Replica, row: Row): void => {
  const { watch, healing, own } = replica.splits
  const split = watch.split ?? healing?.split
  const ripe = own !== undefined && turn.env.nowMs - own.atMs >= PARTITION_WINDOW_MS
  if (split === undefined || split.certain || !ripe) return
  const linesOf = (member: Hex): readonly number[] => replica.transcript.byMember.get(member) ?? []
  if (!showsSplit(split, row, linesOf, new Map([[own.line, own.counter + 1]]))) return
  split.certain = true
  tellSplit(turn, replica)
}

/** A round with a peer ended: everything that it held is here, or both hold the same. */
export const notePeerMet = (turn: Turn, replica: Replica, peer: SyncPeer): void => {
  const { healing } = replica.splits
  if (healing?.returned.get(peer.member) !== false) return
  noteMet(healing, peer.member)
  review(turn, replica)
}

/** A link is gone: what crossed it still counts. */
export const carryTraffic = (replica: Replica, peer: SyncPeer): void => {
  const { healing } = replica.splits
  if (healing?.returned.has(peer.member) === true) addTraffic(healing.carried, peer.total)
}

/** Looks anew at who is missing, and at how far a heal has come. */
export const review = (turn: Turn, replica: Replica): void => {
  const { splits } = replica
  const { watch } = splits
  const before = watch.split
  const expected = expectedOf(replica)
  const change = judgeSplit(watch, expected, () => ({
    then: replica.transcript.seen,
    unread: undecryptable(replica),
  }))
  if (change === 'opened') {
    splits.own = undefined
    splits.healing = undefined
    count(turn, 'splits')
  }
  if (change !== undefined) save(turn, replica)
  if (change === 'opened' || change === 'grown') tellSplit(turn, replica)
  if (change === 'over' && before !== undefined && splits.healing === undefined) {
    // They are heard again by other paths than links of ours.
    begin(turn, replica, before)
  }
  if (splits.healing !== undefined) reviewHeal(turn, replica, splits.healing, expected)
}

const reviewHeal = (turn: Turn, replica: Replica, heal: Heal, expected: ReadonlySet<Hex>): void => {
  const { splits } = replica
  const { nowMs } = turn.env
  const { lost } = splits.watch
  // Somebody carried over what they said, and none of them answers.
  if (heal.returned.size === 0 && splits.watch.split !== undefined) {
    if (nowMs - heal.startedMs >= HEAL_RECORDED_MS) splits.healing = undefined
    return
  }
  const missing = [...heal.split.lost].filter((one) => lost.has(one) && expected.has(one)).length
  const { data, whole } = advance(heal, {
    nowMs,
    missing,
    gatherMs: HEAL_GATHER_MS,
    unread: undecryptable(replica),
    epochHeads: currentContext(replica).epochHeads.size,
    traffic: () => trafficOf(replica, heal),
  })
  const overdue = nowMs - heal.startedMs >= HEAL_RECORDED_MS
  if (heal.dataMs === undefined) {
    if (overdue) splits.healing = undefined
    else emit(turn, { kind: 'set-timer', timer: timerOf(replica), atMs: nextLook(heal, nowMs) })
    return
  }
  if (data && heal.taken > 0) attestHeal(turn, replica)
  if (!data && !whole && !overdue) return
  splits.last = reportOf(heal, whole)
  if (whole || overdue) splits.healing = undefined
  emit(turn, {
    kind: 'notify',
    event: { kind: 'heal', group: replica.group, ...splits.last },
  })
  if (data) count(turn, 'heals')
}

const timerOf = (replica: Replica): string => `heal/${String(replica.number)}`

/** When nobody has come back for long enough, what is here is all there is. */
const nextLook = (heal: Heal, nowMs: number): number =>
  Math.max(heal.lastReturnMs + HEAL_GATHER_MS, nowMs + HEAL_GATHER_MS / 2)

/** Everybody says what it holds now; not all at the same moment. */
const attestHeal = (turn: Turn, replica: Replica): void => {
  const luck = readU32(turn.env.random(4), 0) / 2 ** 32
  callForAttest(turn, replica, 'healed', turn.env.nowMs + 1 + Math.floor(luck * ATTEST_JITTER_MS))
}

const trafficOf = (replica: Replica, heal: Heal): Traffic => {
  const sum = noTraffic()
  addTraffic(sum, heal.carried)
  for (const peer of replica.sync.peers.values()) {
    if (heal.returned.has(peer.member)) addTraffic(sum, peer.total)
  }
  return sum
}

const reportOf = (heal: Heal, whole: boolean): HealReport => {
  const { split, dataMs = 0, viewMs } = heal
  const readMs = heal.readMs ?? null
  const keyMs = heal.keyMs ?? null
  const linkMs = linkOf(heal)
  const parts = [linkMs, viewMs, dataMs, readMs ?? 0, keyMs ?? 0]
  return {
    since: split.since.wallMs,
    start: heal.startedWallMs,
    splitMs: Math.round(heal.startedMs - split.since.atMs),
    healMs: Math.round(Math.max(...parts)),
    linkMs: Math.round(linkMs),
    viewMs: Math.round(viewMs),
    keyMs: keyMs === null ? null : Math.round(keyMs),
    dataMs: Math.round(dataMs),
    readMs: readMs === null ? null : Math.round(readMs),
    ...(heal.traffic ?? noTraffic()),
    returned: [...heal.returned.keys()].sort(),
    certain: split.certain,
    whole,
  }
}

/** The split as `status` shows it, without those who are back. */
export const partitionOf = (replica: Replica): PartitionReport | null => {
  const { watch } = replica.splits
  const { split } = watch
  if (split === undefined) return null
  const expected = expectedOf(replica)
  const missing = missingOf(watch, expected)
  if (missing.length < 2) return null
  const linked = new Set(
    [...replica.sync.peers.values()].filter((peer) => peer.proven).map((peer) => peer.member),
  )
  const reachable = [...expected].filter((one) => linked.has(one)).sort()
  return { since: split.since.wallMs, suspected: !split.certain, reachable, missing }
}

const tellSplit = (turn: Turn, replica: Replica): void => {
  const partition = partitionOf(replica)
  if (partition === null) return
  emit(turn, { kind: 'notify', event: { kind: 'split', group: replica.group, ...partition } })
}

// --- Over a restart ------------------------------------------------------------------------------

const shape = tuple(u53, list(bytes(32), { max: 4_096 }))

const save = (turn: Turn, replica: Replica): void => {
  const { split } = replica.splits.watch
  const key = groupNoteKey(replica.number, GroupNote.split, new Uint8Array())
  const value =
    split === undefined ? null : encode([split.since.wallMs, [...split.lost].sort().map(bytesOf)])
  persist(turn, [{ key, value }])
}

export const parseSplit = (saved: Uint8Array): Splits['saved'] => {
  const parsed = parse(shape, saved, { maxBytes: saved.length })
  if (!parsed.ok) return undefined
  const [wallMs, members] = parsed.value
  return { wallMs, members: members.map(hexOf) }
}

/** After a start nobody is linked: whoever was lost before still is. */
export const bootSplit = (turn: Turn, replica: Replica): void => {
  const { saved, watch } = replica.splits
  replica.splits.saved = undefined
  if (saved === undefined) return
  const { nowMs, wallMs } = turn.env
  const since = { atMs: nowMs - Math.max(0, wallMs - saved.wallMs), wallMs: saved.wallMs }
  for (const member of saved.members) lose(watch, member, since)
  review(turn, replica)
}
