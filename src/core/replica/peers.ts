/**
 * Members on links: who proved to be whom on which channel, their reach records, and what is asked
 * of a peer as it comes and goes.
 */
import type { Bytes } from '../../base/bytes.ts'
import { equal } from '../../base/bytes.ts'
import type { GroupFrame } from '../anti-entropy/frames.ts'
import { readGroupFrame } from '../anti-entropy/frames.ts'
import type { HelloCommon } from '../anti-entropy/hello.ts'
import { checkProof } from '../anti-entropy/hello-proof.ts'
import type { Value } from '../../codec/canonical.ts'
import type { ChannelId, PeerId } from '../input.ts'
import type { Hex } from '../message/header.ts'
import { hexOf } from '../message/header.ts'
import { isPresent } from '../membership/roster.ts'
import {
  isAddress,
  memberOfRecord,
  parseReachRecord,
  reachRecordHolds,
  signReachRecord,
} from '../presence/reach-record.ts'
import { Space, key } from '../storage.ts'
import type { Turn } from '../turn.ts'
import { count, emit, persist } from '../turn.ts'
import { passAcks, takeAckRequest, takeReceipt } from './acks.ts'
import { passRequests, takeRequest } from './admission.ts'
import { takeBatch, takeEnd } from './receive.ts'
import { takeShareRequest } from './share-answering.ts'
import { shareLinkDown } from './share-asking.ts'
import { takeShare } from './share-taking.ts'
import { takePresence } from './presences.ts'
import { carryTraffic, noteReach } from './splits.ts'
import type { Replica } from './state.ts'
import { currentContext } from './state.ts'
import type { SyncPeer } from './sync-state.ts'
import { createSyncPeer, peerOn } from './sync-state.ts'
import { dropWaiters } from './sync-waiters.ts'
import {
  fetchNext,
  openRound,
  sendDigest,
  sendFrame,
  takeDigest,
  takeDurable,
  takeOffer,
  takeVector,
} from './sync.ts'
import { takeGone, tellGone } from './told.ts'

/** A channel's hello ended with this group in common. */
export const linkUp = (
  turn: Turn,
  replica: Replica,
  channel: ChannelId,
  peer: PeerId,
  common: HelloCommon,
  initiator: boolean,
): boolean => {
  const member = hexOf(common.peerMember)
  const { index } = common
  const entry = createSyncPeer({ channel, index, peer, member, claim: common }, turn.env.nowMs)
  if (!prove(turn, replica, entry)) return false
  if (isGoneMember(replica, member)) {
    farewell(turn, replica, entry)
    return true
  }
  replica.sync.peers.set(channel, entry)
  passRequests(turn, replica, channel)
  // The listener is done with its hello first, and everything that it says goes along with its
  // proofs; the dialler answers.
  if (!initiator) {
    greet(turn, replica, entry)
    openRound(turn, replica, entry)
  }
  passAcks(turn, replica)
  return true
}

/** Whoever was removed or left is told so, and given nothing else: not even a digest. */
const farewell = (turn: Turn, replica: Replica, entry: SyncPeer): void => {
  replica.sync.gone.set(entry.channel, entry)
  tellGone(turn, replica, entry)
}

/** Tells once where everybody can be reached. */
const greet = (turn: Turn, replica: Replica, entry: SyncPeer): void => {
  if (entry.greeted) return
  entry.greeted = true
  const records = [...replica.reach.values()].map((reach) => reach.record)
  sendReach(turn, entry, records)
}

/** Checks a claim as soon as its member is known. False: the claim is a lie. */
const prove = (turn: Turn, replica: Replica, entry: SyncPeer): boolean => {
  const facts = replica.facts.get(entry.member)
  if (facts === undefined) return true
  if (!checkProof(entry.claim, facts.device, turn.env.crypto)) return false
  entry.proven = isPresent(currentContext(replica).roster, entry.member)
  if (entry.proven) notifyReach(turn, replica, entry.member, true)
  return true
}

/** New members may be known: claims that waited for them are checked now. */
export const proveWaiting = (
  turn: Turn,
  replica: Replica,
  onLie: (channel: number) => void,
): void => {
  for (const entry of [...replica.sync.peers.values()]) {
    if (entry.proven || !replica.facts.has(entry.member)) continue
    if (!prove(turn, replica, entry)) onLie(entry.channel)
    else if (entry.proven) sendDigest(turn, replica, entry, true)
  }
}

const isGoneMember = (replica: Replica, member: Hex): boolean => {
  const { roster } = currentContext(replica)
  return roster.members.has(member) && !isPresent(roster, member)
}

/** Members may be gone now: what goes on with them ends. */
export const dropGone = (turn: Turn, replica: Replica): void => {
  for (const entry of [...replica.sync.peers.values()]) {
    if (!isGoneMember(replica, entry.member)) continue
    linkDown(turn, replica, entry.channel)
    const { channel, index, peer, member, claim } = entry
    const same = { channel, index, peer, member, claim }
    farewell(turn, replica, createSyncPeer(same, turn.env.nowMs))
  }
}

const notifyReach = (turn: Turn, replica: Replica, member: Hex, up: boolean): void => {
  emit(turn, { kind: 'notify', event: { kind: 'reach', group: replica.group, member, up } })
  noteReach(turn, replica, member, up)
}

export const linkDown = (turn: Turn, replica: Replica, channel: ChannelId): void => {
  const { sync } = replica
  const entry = peerOn(sync, channel)
  if (entry === undefined) return
  sync.peers.delete(channel)
  sync.gone.delete(channel)
  sync.wanted.delete(channel)
  carryTraffic(replica, entry)
  if (entry.stream !== undefined) entry.stream.over = true
  dropWaiters(turn, replica, channel)
  shareLinkDown(turn, replica, channel)
  const others = [...sync.peers.values()].some((one) => one.member === entry.member)
  if (!others && entry.proven) notifyReach(turn, replica, entry.member, false)
  if (sync.fetching?.channel !== channel) return
  sync.fetching = undefined
  fetchNext(turn, replica)
}

/** Takes a decoded frame of a group; false when it is malformed. */
export const takeGroupFrame = (
  turn: Turn,
  replica: Replica,
  entry: SyncPeer,
  value: Value,
  bytes: number,
): boolean => {
  const frame = readGroupFrame(value)
  if (!frame.ok) return false
  entry.tally.bytesIn += bytes
  entry.total.bytesIn += bytes
  if (replica.sync.gone.has(entry.channel))
    return takeOfGone(turn, replica, entry, frame.value, bytes)
  switch (frame.value.kind) {
    case 'digest':
      greet(turn, replica, entry)
      takeDigest(turn, replica, entry, frame.value)
      break
    case 'vector':
      greet(turn, replica, entry)
      takeVector(turn, replica, entry, frame.value)
      break
    case 'batch':
      takeBatch(turn, replica, entry, frame.value.batch, bytes)
      break
    case 'durable':
      takeDurable(turn, replica, entry, frame.value.bytes)
      break
    case 'end':
      takeEnd(turn, replica, entry, { root: hexOf(frame.value.root), count: frame.value.count })
      break
    case 'reach':
      takeReach(turn, replica, entry, frame.value.records)
      break
    case 'ack-request':
      takeAckRequest(turn, replica, entry, frame.value)
      break
    case 'receipt':
      takeReceipt(turn, replica, entry, frame.value.receipt)
      break
    case 'request':
      takeRequest(turn, replica, frame.value.request)
      break
    case 'presence':
      // Honest peers send none but their own.
      if (takePresence(turn, replica, frame.value.presence, false) === 'reject') {
        replica.sync.misdeeds.push(entry.peer)
      }
      break
    case 'gone':
      return takeGone(turn, replica, entry, frame.value)
    case 'share-request':
      takeShareRequest(turn, replica, entry, frame.value.request)
      break
    case 'share':
      takeShare(turn, replica, entry, frame.value)
      break
  }
  return true
}

/** Of somebody who is gone: what it holds, and the messages that it was asked for. */
const takeOfGone = (
  turn: Turn,
  replica: Replica,
  entry: SyncPeer,
  frame: GroupFrame,
  bytes: number,
): boolean => {
  if (frame.kind === 'vector') takeOffer(turn, replica, entry, frame)
  else if (frame.kind === 'batch') takeBatch(turn, replica, entry, frame.batch, bytes)
  else if (frame.kind === 'end')
    takeEnd(turn, replica, entry, { root: hexOf(frame.root), count: frame.count })
  // It may not know yet: no offence, and no answer.
  else count(turn, 'frames_dropped', 'gone')
  return true
}

// --- Reach records -------------------------------------------------------------------------------

/** So many of the largest records fit a frame. */
const REACH_PER_FRAME = 128
/** Records kept whose member is not known yet. */
const EARLY_REACH_MAX = 256

const sendReach = (turn: Turn, entry: SyncPeer, records: readonly Bytes[]): void => {
  for (let at = 0; at < records.length; at += REACH_PER_FRAME) {
    const some = records.slice(at, at + REACH_PER_FRAME)
    sendFrame(turn, entry, { kind: 'reach', index: entry.index, records: some })
  }
}

const takeReach = (
  turn: Turn,
  replica: Replica,
  entry: SyncPeer,
  records: readonly Bytes[],
): void => {
  const weighed = records.map((record) => weighReach(turn, replica, record))
  // Honest peers pass on what they have checked themselves.
  if (weighed.includes('false')) replica.sync.misdeeds.push(entry.peer)
  const fresh = records.filter((_, i) => weighed[i] === 'fresh')
  if (fresh.length === 0) return
  for (const other of replica.sync.peers.values()) {
    if (other !== entry) sendReach(turn, other, fresh)
  }
}

/** Keeps a record that is newer than what is held and signed by the member it is about. */
export const keepReach = (turn: Turn, replica: Replica, record: Bytes): boolean =>
  weighReach(turn, replica, record) === 'fresh'

const weighReach = (
  turn: Turn,
  replica: Replica,
  record: Bytes,
): 'fresh' | 'stale' | 'early' | 'false' => {
  // Most come again and again, from every new peer.
  const known = replica.reach.get(hexOf(memberOfRecord(record)))
  if (known !== undefined && equal(known.record, record)) return 'stale'
  const parsed = parseReachRecord(record)
  if (!parsed.ok || hexOf(parsed.value.group) !== replica.group) {
    count(turn, 'frames_dropped', 'reach-record')
    return 'false'
  }
  const member = hexOf(parsed.value.member)
  const facts = replica.facts.get(member)
  const held = replica.reach.get(member)
  if (facts === undefined) {
    if (replica.earlyReach.size < EARLY_REACH_MAX) replica.earlyReach.set(member, record)
    return 'early'
  }
  if (held !== undefined && held.seq >= parsed.value.seq) return 'stale'
  if (!reachRecordHolds(turn.env.crypto, facts.device, record)) {
    count(turn, 'frames_dropped', 'reach-signature')
    return 'false'
  }
  const { seq, addresses } = parsed.value
  replica.reach.set(member, { record, seq, addresses })
  replica.changed = true
  persist(turn, [{ key: key(Space.reach, replica.number, parsed.value.member), value: record }])
  return 'fresh'
}

/** Members became known: records of theirs that came before are looked at again. */
export const keepEarlyReach = (turn: Turn, replica: Replica): void => {
  for (const [member, record] of [...replica.earlyReach]) {
    if (!replica.facts.has(member)) continue
    replica.earlyReach.delete(member)
    keepReach(turn, replica, record)
  }
}

/** Signs where this device can be reached now, if that changed, and tells every peer. */
export const renewReach = (turn: Turn, replica: Replica, addresses: readonly string[]): void => {
  const { self } = replica
  if (!replica.facts.has(self.member)) return
  const usable = addresses.filter(isAddress).slice(0, 8)
  const held = replica.reach.get(self.member)
  if (held !== undefined && held.addresses.join(' ') === usable.join(' ')) return
  const record = signReachRecord(turn.env.crypto, self.deviceSeed, {
    group: replica.constitution.group,
    member: self.memberBytes,
    // Wall time keeps a member that lost its store from falling behind its own old records.
    seq: Math.max((held?.seq ?? 0) + 1, Math.floor(turn.env.wallMs)),
    addresses: usable,
    sentMs: Math.floor(turn.env.wallMs),
  })
  if (!keepReach(turn, replica, record)) return
  for (const entry of replica.sync.peers.values()) sendReach(turn, entry, [record])
}
