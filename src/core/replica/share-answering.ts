/**
 * Answering a request for keys. Everything is decided by what is held here at the moment when an answer
 * leaves: who asks, on its own link, active now, by what right, how often. Whoever is refused is told
 * why in one number; both ends keep a record.
 */
import type { Bytes } from '../../base/bytes.ts'
import { EMPTY } from '../../base/bytes.ts'
import { SHARED_EPOCHS_PER_HOUR_MAX, SHARE_BYTES_MAX } from '../../base/limits.ts'
import { hourMs } from '../../base/time.ts'
import { isUsablePrekey } from '../identity/prekey.ts'
import { sealShare } from '../key-share/answer.ts'
import type { SharedKeys } from '../key-share/answer.ts'
import type { ShareRequest, WantedEpoch } from '../key-share/request.ts'
import { parseShareRequest, shareRequestHash, shareRequestHolds } from '../key-share/request.ts'
import type { ShareRefusalWord } from '../key-share/right.ts'
import { ShareRefusal } from '../key-share/right.ts'
import { hexOf } from '../message/header.ts'
import type { Turn } from '../turn.ts'
import { count } from '../turn.ts'
import { gather } from './share-giving.ts'
import { openEntry, saveEntry } from './share-log.ts'
import { addsOf, hasSpokenUnder, isInGoodStanding, rightOf } from './share-rights.ts'
import type { ShareEntry, ShareOutcome, SharedEpoch } from './sharing-state.ts'
import type { Replica } from './state.ts'
import { isGone } from './state.ts'
import type { SyncPeer } from './sync-state.ts'
import { sendFrame } from './sync.ts'

interface Asking {
  readonly peer: SyncPeer
  readonly request: ShareRequest
  readonly hash: Bytes
}

/** A request came on the link of a peer. */
export const takeShareRequest = (
  turn: Turn,
  replica: Replica,
  peer: SyncPeer,
  encoded: Bytes,
): void => {
  const parsed = parseShareRequest(encoded)
  if (!parsed.ok) return dishonest(turn, replica, peer, parsed.error)
  const { crypto } = turn.env
  const hash = shareRequestHash(crypto, encoded)
  const asking = { peer, request: parsed.value, hash }
  const lie = lieIn(turn, replica, asking, encoded)
  if (lie !== undefined) {
    // Whom it pretends to be is not blamed for it.
    if (replica.facts.has(peer.member)) refused(turn, replica, asking, lie)
    return dishonest(turn, replica, peer, lie)
  }
  const { seen } = replica.sharing
  const name = hexOf(hash)
  if (seen.has(name)) {
    count(turn, 'shares_refused', 'replayed')
    return refused(turn, replica, asking, 'replayed')
  }
  seen.set(name, true)
  const why = refusalOf(turn, replica, asking)
  if (why === undefined) return answer(turn, replica, asking)
  count(turn, 'shares_refused', why)
  refused(turn, replica, asking, why)
  sendRefusal(turn, asking, EMPTY, why)
}

/** What no honest peer sends. */
const dishonest = (turn: Turn, replica: Replica, peer: SyncPeer, reason: string): void => {
  count(turn, 'shares_refused', reason)
  replica.sync.misdeeds.push(peer.peer)
}

/** Nobody asks for another, and nobody on a link that is not its own. */
const lieIn = (
  turn: Turn,
  replica: Replica,
  { peer, request }: Asking,
  encoded: Bytes,
): 'impersonated' | 'signature' | undefined => {
  const facts = replica.facts.get(peer.member)
  const own =
    facts !== undefined &&
    facts.peer === peer.peer &&
    hexOf(request.requester) === peer.member &&
    hexOf(request.group) === replica.group
  if (!own) return 'impersonated'
  return shareRequestHolds(turn.env.crypto, facts.device, encoded) &&
    isUsablePrekey(turn.env.crypto, request.key)
    ? undefined
    : 'signature'
}

/** Why the request as a whole gets nothing. */
const refusalOf = (
  turn: Turn,
  replica: Replica,
  { peer }: Asking,
): 'policy' | 'standing' | 'rate' | 'nothing' | undefined => {
  // Whoever is gone has nothing to give any more.
  if (isGone(replica)) return 'nothing'
  if (!replica.constitution.policy.keyShare) return 'policy'
  if (!peer.proven || !isInGoodStanding(replica, peer.member)) return 'standing'
  const busy = replica.sharing.answering.has(peer.member)
  return busy || allowance(turn, replica, peer) === 0 ? 'rate' : undefined
}

/** How many more epochs a member may ask for in this hour. */
const allowance = (turn: Turn, replica: Replica, { member }: SyncPeer): number => {
  const since = turn.env.nowMs - hourMs
  const given = (replica.sharing.given.get(member) ?? []).filter(({ atMs }) => atMs > since)
  replica.sharing.given.set(member, given)
  return SHARED_EPOCHS_PER_HOUR_MAX - given.reduce((sum, { epochs }) => sum + epochs, 0)
}

const refused = (
  turn: Turn,
  replica: Replica,
  { peer, request }: Asking,
  why: ShareOutcome,
): void => {
  const epochs = request.epochs.map(({ epoch }): SharedEpoch => ({
    epoch: hexOf(epoch),
    right: null,
    outcome: why,
    keys: 0,
  }))
  const { member } = peer
  const entry = openEntry(turn, replica, { role: 'answered', member, epochs, refused: why })
  saveEntry(turn, replica, entry)
}

const sendRefusal = (
  turn: Turn,
  { peer, hash }: Asking,
  epoch: Bytes,
  why: ShareRefusalWord,
): void => {
  const { index } = peer
  const code = ShareRefusal[why]
  sendFrame(turn, peer, { kind: 'share', index, request: hash, epoch, code, sealed: EMPTY })
}

// --- One epoch after the other -------------------------------------------------------------------

interface Answering extends Asking {
  readonly entry: ShareEntry
  /** Bytes that were sealed to it. */
  bytes: number
}

const answer = (turn: Turn, replica: Replica, asking: Asking): void => {
  const { sharing } = replica
  const { member } = asking.peer
  const allowed = allowance(turn, replica, asking.peer)
  const { epochs } = asking.request
  sharing.answering.add(member)
  const given = { atMs: turn.env.nowMs, epochs: Math.min(allowed, epochs.length) }
  sharing.given.get(member)?.push(given)
  const rows = epochs.map(({ epoch }, i): SharedEpoch => ({
    epoch: hexOf(epoch),
    right: null,
    outcome: i < allowed ? 'open' : 'rate',
    keys: 0,
  }))
  const entry = openEntry(turn, replica, {
    role: 'answered',
    member,
    epochs: rows,
    refused: undefined,
  })
  answerNext(turn, replica, { ...asking, entry, bytes: 0 }, 0)
}

const answerNext = (turn: Turn, replica: Replica, answering: Answering, at: number): void => {
  const { entry, request, peer } = answering
  const wanted = request.epochs[at]
  const row = entry.epochs[at]
  if (wanted === undefined || row === undefined) {
    replica.sharing.answering.delete(peer.member)
    return saveEntry(turn, replica, entry)
  }
  answerOne(turn, replica, answering, { wanted, row }, (later) =>
    answerNext(later, replica, answering, at + 1),
  )
}

interface One {
  readonly wanted: WantedEpoch
  readonly row: SharedEpoch
}

const answerOne = (
  turn: Turn,
  replica: Replica,
  answering: Answering,
  { wanted, row }: One,
  done: (turn: Turn) => void,
): void => {
  const { peer } = answering
  const settle = (at: Turn, outcome: ShareRefusalWord): void => {
    row.outcome = outcome
    count(at, 'shares_refused', outcome)
    sendRefusal(at, answering, wanted.epoch, outcome)
    done(at)
  }
  if (row.outcome === 'rate') return settle(turn, 'rate')
  const judged = judge(replica, peer, row)
  if (typeof judged === 'string') return settle(turn, judged)
  if (answering.bytes >= SHARE_BYTES_MAX) return settle(turn, 'later')
  const { right } = judged
  const { epoch } = row
  const asked = { epoch, right, requester: peer.member, after: wanted.after }
  gather(turn, replica, asked, (later, keys) => {
    // What was read meanwhile may have removed it, or closed the link.
    const again = judge(replica, peer, row)
    if (!replica.sync.peers.has(peer.channel)) return abandon(later, replica, answering)
    if (typeof again === 'string') return settle(later, again)
    if (keys.secret.length + keys.chains.length + keys.keys.length === 0) {
      return settle(later, 'nothing')
    }
    give(later, replica, answering, { wanted, row }, keys)
    done(later)
  })
}

const judge = (
  replica: Replica,
  { member }: SyncPeer,
  row: SharedEpoch,
): { right: NonNullable<SharedEpoch['right']> } | ShareRefusalWord => {
  if (!isInGoodStanding(replica, member)) return 'standing'
  if (!replica.jurisdiction.epochs.has(row.epoch)) return 'unknown'
  const right = rightOf(replica, member, row.epoch, addsOf(replica, member))
  if (right === undefined) return 'entitlement'
  row.right = right
  return hasSpokenUnder(replica, member, row.epoch) ? 'used' : { right }
}

const give = (
  turn: Turn,
  replica: Replica,
  answering: Answering,
  { wanted, row }: One,
  keys: SharedKeys,
): void => {
  const { peer, request, hash } = answering
  const { group } = replica.constitution
  const responder = replica.self.memberBytes
  const binding = { group, epoch: wanted.epoch, request: hash, responder }
  const sealed = sealShare(turn.env, replica.self.deviceSeed, request.key, binding, keys)
  keys.secret.fill(0)
  for (const { key } of keys.chains) key.fill(0)
  answering.bytes += sealed.length
  row.outcome = keys.secret.length > 0 ? 'secret' : 'keys'
  row.keys = keys.keys.length
  count(turn, 'shares_given', row.outcome)
  const { index } = peer
  const { epoch } = wanted
  sendFrame(turn, peer, { kind: 'share', index, request: hash, epoch, code: 0, sealed })
}

/** The link went: nobody listens any more. */
const abandon = (turn: Turn, replica: Replica, { entry, peer }: Answering): void => {
  for (const row of entry.epochs) if (row.outcome === 'open') row.outcome = 'unanswered'
  replica.sharing.answering.delete(peer.member)
  saveEntry(turn, replica, entry)
}
