/**
 * A member's own prekeys: to which of them the next epoch is sealed, when a new one is due, and when
 * an old private half may be erased. A private half opens every epoch that was ever sealed to it, so
 * each one that is kept is what a thief of this device gains.
 *
 *   prekey k  <- sealed to -  epoch  - opened, a day old ->  prekey k+1 posted
 *   every leader has said something upon k+1, and all before it was tried  ->  k is erased  (E1)
 */
import type { Bytes } from '../../base/bytes.ts'
import { equal, readU32 } from '../../base/bytes.ts'
import { PREKEY_INTERVAL_MS, PREKEY_JITTER_MS, REKEY_REQUEST_GAP_MS } from '../../base/limits.ts'
import { encode } from '../../codec/canonical.ts'
import { bytes, parse, tuple, u53 } from '../../codec/shape.ts'
import { prekeyIdOf } from '../identity/prekey.ts'
import { Standing, isAccused, presentMembers } from '../membership/roster.ts'
import type { Member } from '../membership/roster.ts'
import type { Hex } from '../message/header.ts'
import { hexOf } from '../message/header.ts'
import type { Turn } from '../turn.ts'
import { count, emit, forgetSecret, persist } from '../turn.ts'
import { contextOf, recipientsOfEpoch } from '../validity/context.ts'
import type { OwnPrekey, Replica } from './state.ts'
import { SecretKind, bytesOf, currentContext, ownTip, secretKey } from './state.ts'

/** Makes a fresh prekey, durable before anybody may seal to it. */
export const freshPrekey = (turn: Turn, replica: Replica): Bytes => {
  const secret = turn.env.random(32)
  const publicKey = turn.env.crypto.xPublicKey(secret)
  keepPrekey(turn, replica, secret)
  return publicKey
}

/** Keeps the private half of a prekey of this member. */
export const keepPrekey = (turn: Turn, replica: Replica, secret: Bytes): void => {
  const { crypto, wallMs } = turn.env
  const id = prekeyIdOf(crypto, replica.self.memberBytes, crypto.xPublicKey(secret))
  const madeMs = Math.floor(wallMs)
  replica.prekeys.set(hexOf(id), { secret, madeMs })
  const at = secretKey(replica.number, SecretKind.prekey, id)
  persist(turn, [{ key: at, value: encode([secret, madeMs]), secret: true }])
}

const shape = tuple(bytes(32), u53)

export const parsePrekey = (saved: Bytes): OwnPrekey | undefined => {
  const parsed = parse(shape, saved)
  if (!parsed.ok) return undefined
  const [secret, madeMs] = parsed.value
  return { secret, madeMs }
}

// --- When a new one is due -----------------------------------------------------------------------

/** Now, at a monotonic time, or not before something else happens. */
type Due = 'now' | { readonly atMs: number } | undefined

const ownMember = (replica: Replica): Member | undefined =>
  currentContext(replica).roster.members.get(replica.self.member)

/** True when an epoch in force is sealed to the newest prekey: whoever has that one can open it. */
const isInUse = (replica: Replica, newest: Bytes): boolean =>
  [...currentContext(replica).epochHeads.keys()].some((epoch) => {
    const named = recipientsOfEpoch(replica.jurisdiction, epoch)?.get(replica.self.member)
    return named !== undefined && equal(named, newest)
  })

/**
 * A prekey that no epoch in force used is never replaced, however old: an idle group stays silent.
 * One in use is replaced when it is a day old, however many epochs used it meanwhile. Whoever was
 * set dormant says at once that it is back.
 */
const dueOf = (turn: Turn, replica: Replica): Due => {
  const own = ownMember(replica)
  if (own === undefined || ownTip(replica) === undefined) return undefined
  const { nowMs, wallMs } = turn.env
  if (own.standing === Standing.dormant) {
    const againMs = replica.prekeyPostedMs + REKEY_REQUEST_GAP_MS
    return againMs <= nowMs ? 'now' : { atMs: againMs }
  }
  if (own.standing !== Standing.active || !isInUse(replica, own.prekey.id)) return undefined
  const madeMs = replica.prekeys.get(hexOf(own.prekey.id))?.madeMs ?? 0
  const left = madeMs + PREKEY_INTERVAL_MS - wallMs
  const luck = readU32(turn.env.random(4), 0) / 2 ** 32
  return { atMs: nowMs + Math.max(0, left) + luck * PREKEY_JITTER_MS }
}

const timerOf = (replica: Replica): string => `prekey/${String(replica.number)}`

/** After a change: posts what is due at once, and sets the timer anew when the newest prekey changed. */
export const planPrekey = (
  turn: Turn,
  replica: Replica,
  post: (turn: Turn, replica: Replica) => void,
): void => {
  const own = ownMember(replica)
  const used = own !== undefined && isInUse(replica, own.prekey.id)
  const subject = own && `${String(own.standing)} ${hexOf(own.prekey.id)} ${String(used)}`
  if (subject === replica.prekeyPlan) return
  replica.prekeyPlan = subject ?? ''
  const due = dueOf(turn, replica)
  if (due === 'now') return renew(turn, replica, post)
  if (due !== undefined) emit(turn, { kind: 'set-timer', timer: timerOf(replica), atMs: due.atMs })
}

/** The timer rang: looks again, as the clock may have been set and the prekey replaced meanwhile. */
export const prekeyTimer = (
  turn: Turn,
  replica: Replica,
  post: (turn: Turn, replica: Replica) => void,
): void => {
  const due = dueOf(turn, replica)
  if (due === undefined) return
  if (due === 'now' || due.atMs <= turn.env.nowMs + PREKEY_JITTER_MS) {
    return renew(turn, replica, post)
  }
  emit(turn, { kind: 'set-timer', timer: timerOf(replica), atMs: due.atMs })
}

const renew = (
  turn: Turn,
  replica: Replica,
  post: (turn: Turn, replica: Replica) => void,
): void => {
  replica.prekeyPostedMs = turn.env.nowMs
  count(turn, 'prekeys_posted')
  post(turn, replica)
}

// --- E1: when an old one is erased ---------------------------------------------------------------

/** Prekeys of this member as the transcript knows them: prekey id -> counter of the message; -1 = prekey0. */
const countersOf = (replica: Replica): Map<Hex, number> => {
  const { member } = replica.self
  const known = new Map<Hex, number>()
  const admitted = replica.facts.get(member)?.prekey
  if (admitted !== undefined) known.set(hexOf(admitted.id), admitted.counter)
  for (const { info } of replica.transcript.control.entries) {
    if (info.kind !== 'roster') continue
    for (const change of info.changes) {
      if (change.kind !== 'join' && change.kind !== 'prekey') continue
      if (change.member === member) known.set(hexOf(change.prekey.id), change.prekey.counter)
    }
  }
  return known
}

/**
 * The counter of the oldest own prekey that a leader may still seal to. A leader's own messages form
 * one chain: what it says from now on builds on its last message held here, and all before that is
 * held and was tried. A leader from whom nothing is held may still know of the first one only.
 */
const oldestNeeded = (replica: Replica): number => {
  const { transcript, jurisdiction, self } = replica
  const { roster } = currentContext(replica)
  const leaders = presentMembers(roster).filter((one) => one.facts.leader)
  let oldest = Number.POSITIVE_INFINITY
  for (const { facts } of leaders) {
    // Two branches of one chain: what it may still say is no longer bounded by what is held.
    if (replica.equivocators.has(facts.member) || isAccused(roster, facts.member)) continue
    const tip = transcript.lines[transcript.byMember.get(facts.member)?.[0] ?? -1]?.tip
    const known = tip && contextOf(jurisdiction, tip.control).roster.members.get(self.member)
    oldest = Math.min(oldest, known?.prekey.counter ?? -1)
  }
  return oldest
}

/** Erases private prekeys that nobody may seal to any more, or that were superseded too long ago. */
export const erasePrekeys = (turn: Turn, replica: Replica): void => {
  const newest = ownMember(replica)?.prekey
  if (newest === undefined || replica.prekeys.size < 2) return
  const counters = countersOf(replica)
  const needed = oldestNeeded(replica)
  const { prekeyCapMs } = replica.constitution.policy
  const madeMs = (counter: number): number | undefined => {
    const later = [...counters].filter(([, other]) => other > counter)
    const made = later.map(([id]) => replica.prekeys.get(id)?.madeMs ?? 0)
    return made.length === 0 ? undefined : Math.min(...made)
  }
  for (const [id, own] of replica.prekeys) {
    const counter = counters.get(id)
    // Made for a message that a crash took back, or of a former membership.
    const stray = counter === undefined && turn.env.wallMs - own.madeMs > PREKEY_INTERVAL_MS
    const unneeded = counter !== undefined && counter < Math.min(needed, newest.counter)
    const supersededMs = counter === undefined ? undefined : madeMs(counter)
    const late = supersededMs !== undefined && turn.env.wallMs - supersededMs >= prekeyCapMs
    if (stray || unneeded || late) erasePrekey(turn, replica, id, own)
  }
}

/** Erases every private half: nothing will be sealed to this member again. */
export const eraseOwnPrekeys = (turn: Turn, replica: Replica): void => {
  for (const [id, own] of replica.prekeys) erasePrekey(turn, replica, id, own)
}

const erasePrekey = (turn: Turn, replica: Replica, id: Hex, own: OwnPrekey): void => {
  replica.prekeys.delete(id)
  own.secret.fill(0)
  const at = secretKey(replica.number, SecretKind.prekey, bytesOf(id))
  forgetSecret(turn, at)
  count(turn, 'prekeys_erased')
}
