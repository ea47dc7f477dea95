/**
 * Receipts: asked for over member links, answered once the message is held, passed on by any member to
 * whoever asked. What waits for them here (`send --ack`) is answered when enough are in, or as unknown when
 * its time is over: the message is signed and will spread, so that is never a failure.
 */
import type { Bytes } from '../../base/bytes.ts'
import { equal } from '../../base/bytes.ts'
import { ACKS_MAX, ACK_OPEN_MS } from '../../base/limits.ts'
import { parseReceipt, receiptHolds, signReceipt } from '../attestation/receipt.ts'
import type { AckMode } from '../command.ts'
import { activeMembers, isAccused } from '../membership/roster.ts'
import type { Hex } from '../message/header.ts'
import { hexOf } from '../message/header.ts'
import { Space, key } from '../storage.ts'
import { rowById } from '../transcript/transcript.ts'
import type { Turn } from '../turn.ts'
import { count, emit, persist } from '../turn.ts'
import type { Ack, AckWait } from './acks-state.ts'
import { loadIds } from './rows.ts'
import type { Replica } from './state.ts'
import { bytesOf, currentContext, isGone } from './state.ts'
import type { SyncPeer } from './sync-state.ts'
import { rootOf, sendFrame } from './sync.ts'

const openAck = (turn: Turn, replica: Replica, id: Hex): Ack => {
  const { open } = replica.sync.acks
  for (const [old, ack] of open) {
    if (ack.untilMs > turn.env.nowMs && open.size < ACKS_MAX) break
    open.delete(old)
  }
  const known = open.get(id)
  if (known !== undefined) return known
  const ack: Ack = {
    id,
    wanted: new Set(),
    askers: new Set(),
    asked: new Map(),
    receipts: new Map(),
    own: false,
    untilMs: turn.env.nowMs + ACK_OPEN_MS,
  }
  open.set(id, ack)
  return ack
}

const numberOf = (replica: Replica, member: Hex): number =>
  replica.facts.get(member)?.memberGroupId ?? -1

/** Asks each peer for its own receipt, and for those of members to whom there is no link here. */
const pass = (turn: Turn, replica: Replica, ack: Ack): void => {
  const peers = [...replica.sync.peers.values()].filter(({ proven }) => proven)
  const linked = new Set(peers.map(({ member }) => numberOf(replica, member)))
  linked.add(replica.self.memberGroupId)
  const here = new Set([...ack.receipts.keys()].map((member) => numberOf(replica, member)))
  for (const peer of peers) {
    const own = numberOf(replica, peer.member)
    const asked = ack.asked.get(peer.channel) ?? new Set<number>()
    const wanted = [...ack.wanted].filter(
      (number) =>
        !here.has(number) && !asked.has(number) && (number === own || !linked.has(number)),
    )
    // Whoever asked here need not be asked for others in turn.
    const fresh = ack.askers.has(peer.channel) ? wanted.filter((one) => one === own) : wanted
    if (fresh.length === 0) continue
    ack.asked.set(peer.channel, new Set([...asked, ...fresh]))
    const { index } = peer
    sendFrame(turn, peer, { kind: 'ack-request', index, id: bytesOf(ack.id), wanted: fresh })
  }
}

/** A link is up: whatever is wanted of or through that member is asked for now. */
export const passAcks = (turn: Turn, replica: Replica): void => {
  for (const ack of replica.sync.acks.open.values()) {
    if (ack.untilMs > turn.env.nowMs) pass(turn, replica, ack)
  }
}

export const takeAckRequest = (
  turn: Turn,
  replica: Replica,
  peer: SyncPeer,
  { id, wanted }: { readonly id: Bytes; readonly wanted: readonly number[] },
): void => {
  if (!peer.proven || isGone(replica)) return
  const ack = openAck(turn, replica, hexOf(id))
  ack.askers.add(peer.channel)
  for (const number of wanted) ack.wanted.add(number)
  for (const receipt of ack.receipts.values()) give(turn, peer, receipt)
  loadIds(turn, replica, [ack.id], (later) => answer(later, replica, ack.id))
  pass(turn, replica, ack)
}

const give = (turn: Turn, peer: SyncPeer, receipt: Bytes): void => {
  sendFrame(turn, peer, { kind: 'receipt', index: peer.index, receipt })
}

/** Signs for a message that is held, if that is wanted: the frame leaves after what is held is durable. */
const answer = (turn: Turn, replica: Replica, id: Hex): void => {
  const ack = replica.sync.acks.open.get(id)
  const { self, transcript } = replica
  if (ack === undefined || !ack.wanted.has(self.memberGroupId) || ack.receipts.has(self.member)) {
    return
  }
  if (rowById(transcript, id) === undefined || isGone(replica)) return
  const { group } = replica.constitution
  const view = rootOf(turn, replica)
  const what = { group, member: self.memberBytes, id: bytesOf(id), view }
  spread(turn, replica, ack, self.member, signReceipt(turn.env.crypto, self.deviceSeed, what))
}

/** A message was taken in: somebody may wait for the receipt of it. */
export const noteAck = (turn: Turn, replica: Replica, id: Hex): void => {
  if (replica.sync.acks.open.size > 0) answer(turn, replica, id)
}

const spread = (turn: Turn, replica: Replica, ack: Ack, member: Hex, receipt: Bytes): void => {
  ack.receipts.set(member, receipt)
  if (ack.own) {
    const at = key(Space.receipt, replica.number, bytesOf(ack.id), bytesOf(member))
    persist(turn, [{ key: at, value: receipt }])
  }
  for (const channel of ack.askers) {
    const peer = replica.sync.peers.get(channel)
    if (peer !== undefined) give(turn, peer, receipt)
  }
  for (const wait of [...replica.sync.acks.waits])
    if (wait.id === ack.id) judge(turn, replica, wait)
}

export const takeReceipt = (turn: Turn, replica: Replica, peer: SyncPeer, encoded: Bytes): void => {
  const parsed = parseReceipt(encoded)
  const facts = parsed.ok ? replica.facts.get(hexOf(parsed.value.member)) : undefined
  if (!parsed.ok || !equal(parsed.value.group, replica.constitution.group)) {
    replica.sync.misdeeds.push(peer.peer)
    return count(turn, 'frames_dropped', 'receipt')
  }
  const ack = replica.sync.acks.open.get(hexOf(parsed.value.id))
  // Only what was asked for is looked at.
  if (ack === undefined || facts === undefined || ack.receipts.has(facts.member)) return
  if (!ack.wanted.has(facts.memberGroupId)) return
  if (!receiptHolds(turn.env.crypto, facts.device, encoded)) {
    replica.sync.misdeeds.push(peer.peer)
    return count(turn, 'frames_dropped', 'receipt-signature')
  }
  spread(turn, replica, ack, facts.member, encoded)
}

// --- Who waits -----------------------------------------------------------------------------------

/** Whose receipts would do: the other leaders, or everybody who is expected to be there. */
const wantedFor = (replica: Replica, mode: AckMode): Hex[] => {
  const { roster } = currentContext(replica)
  const leaders = replica.constitution.leaders.map(({ member }) => hexOf(member))
  const all = activeMembers(roster).map(({ facts }) => facts.member)
  return (mode === 'quorum' ? leaders : all).filter((member) => member !== replica.self.member)
}

/** Those who are known to hold it, this node included; whoever is accused never counts. */
const holdersOf = (replica: Replica, id: Hex): Hex[] => {
  const { roster } = currentContext(replica)
  const answered = replica.sync.acks.open.get(id)?.receipts.keys() ?? []
  return [...new Set([replica.self.member, ...answered])].filter(
    (member) => !isAccused(roster, member),
  )
}

const isEnough = (replica: Replica, mode: AckMode, holders: readonly Hex[]): boolean => {
  const has = new Set(holders)
  if (mode === 'none') return true
  if (mode === 'all') return wantedFor(replica, mode).every((member) => has.has(member))
  const leaders = replica.constitution.leaders.map(({ member }) => hexOf(member))
  return 2 * leaders.filter((leader) => has.has(leader)).length > leaders.length
}

const judge = (turn: Turn, replica: Replica, wait: AckWait): void => {
  const holders = holdersOf(replica, wait.id)
  const enough = isEnough(replica, wait.mode, holders)
  if (!enough && wait.deadlineMs > turn.env.nowMs) return
  replica.sync.acks.waits.delete(wait)
  const by = holders.filter((member) => member !== replica.self.member).sort()
  wait.done(turn, enough, by)
}

const arm = (turn: Turn, replica: Replica): void => {
  const deadlines = [...replica.sync.acks.waits].map(({ deadlineMs }) => deadlineMs)
  if (deadlines.length === 0) return
  const timer = `ack/${String(replica.number)}`
  emit(turn, { kind: 'set-timer', timer, atMs: Math.min(...deadlines) })
}

/** The timer rang: whose time is over is told that it is not known. */
export const expireAcks = (turn: Turn, replica: Replica): void => {
  for (const wait of [...replica.sync.acks.waits]) judge(turn, replica, wait)
  arm(turn, replica)
}

/** Asks for receipts of an own message, and says when there are enough or the time is over. */
export const awaitAcks = (
  turn: Turn,
  replica: Replica,
  wanted: { readonly id: Hex; readonly mode: AckMode; readonly timeoutMs: number },
  done: AckWait['done'],
): void => {
  const { id, mode, timeoutMs } = wanted
  const ack = openAck(turn, replica, id)
  ack.own = true
  for (const member of wantedFor(replica, mode)) ack.wanted.add(numberOf(replica, member))
  const wait = { id, mode, done, deadlineMs: turn.env.nowMs + timeoutMs }
  replica.sync.acks.waits.add(wait)
  pass(turn, replica, ack)
  judge(turn, replica, wait)
  arm(turn, replica)
}
