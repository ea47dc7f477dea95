/**
 * Censorship made visible: a peer says that it holds a member's messages up to some number, was asked for
 * them again and again, and never gave the next one. It may have its reasons, so nothing follows from it
 * here but a name in `status`: validity, links and keys do not change.
 *
 * A claim is what a peer's vector says, or a signed message that waits for its past. It is over once its
 * number is held, or as soon as anything moves: an honest peer that holds a message gives it when asked,
 * whatever becomes of it here.
 */
import { WITHHELD_AFTER_MS, WITHHELD_ASKS_MIN } from '../../base/limits.ts'
import type { Batch } from '../anti-entropy/batch.ts'
import type { VectorEntry } from '../anti-entropy/frames.ts'
import type { Hex } from '../message/header.ts'
import { hexOf, numberText } from '../message/header.ts'
import type { WithheldReport } from '../report.ts'
import type { Turn } from '../turn.ts'
import { count, emit } from '../turn.ts'
import type { Replica } from './state.ts'
import { isGone } from './state.ts'
import type { SyncPeer } from './sync-state.ts'
import { namesIn } from './vector.ts'

/** Vectors name members by their first eight bytes. */
const SHORT_DIGITS = 16

/** What one member says of another's messages that are not here. */
interface Claim {
  counter: number
  /** How far that other was held when it was last looked. */
  tip: number
  /** How often it was asked for in vain since then. */
  asks: number
  sinceMs: number
  sinceWallMs: number
  named: boolean
}

/** Who claims -> whose messages -> how far. */
export type Withholding = Map<Hex, Map<Hex, Claim>>

/** The highest number held of a member, or -1. */
const tipOf = ({ transcript }: Replica, author: Hex): number => {
  let most = -1
  for (const at of transcript.byMember.get(author) ?? []) {
    most = Math.max(most, transcript.lines[at]?.tip.counter ?? -1)
  }
  return most
}

/** Of somebody who used a number twice, or is gone, numbers say too little. */
const isPlain = ({ equivocators, accused, departures, self }: Replica, author: Hex): boolean =>
  author !== self.member &&
  !equivocators.has(author) &&
  !accused.has(author) &&
  !departures.has(author)

const claimOf = (turn: Turn, counter: number, tip: number): Claim => ({
  counter,
  tip,
  asks: 0,
  sinceMs: turn.env.nowMs,
  sinceWallMs: Math.floor(turn.env.wallMs),
  named: false,
})

const claimsBy = ({ withholding }: Replica, by: Hex): Map<Hex, Claim> => {
  const known = withholding.get(by) ?? new Map<Hex, Claim>()
  withholding.set(by, known)
  return known
}

const claim = (turn: Turn, replica: Replica, by: Hex, author: Hex, counter: number): void => {
  const tip = tipOf(replica, author)
  if (counter <= tip || !isPlain(replica, author)) return
  const claims = claimsBy(replica, by)
  const known = claims.get(author)
  if (known === undefined || known.tip !== tip) claims.set(author, claimOf(turn, counter, tip))
  else known.counter = Math.max(known.counter, counter)
}

/** A member's vector came: how far it says to hold each line. */
export const noteClaims = (
  turn: Turn,
  replica: Replica,
  peer: SyncPeer,
  entries: readonly VectorEntry[],
): void => {
  if (!peer.proven || isGone(replica)) return
  const told = new Map<string, number | undefined>()
  const names = namesIn(entries)
  entries.forEach(({ counter }, at) => {
    const name = names[at] ?? ''
    // Two ends of one member are two stories: which of them is lacked, numbers do not tell.
    told.set(name, told.has(name) ? undefined : counter)
  })
  const before = replica.withholding.get(peer.member)
  for (const { author, name } of authorsOf(replica)) {
    const counter = told.get(name)
    if (counter !== undefined) claim(turn, replica, peer.member, author, counter)
    else before?.delete(author)
  }
}

interface Author {
  readonly author: Hex
  /** As vectors name it. */
  readonly name: string
}

const everybody = new WeakMap<Replica['facts'], readonly Author[]>()

/** Everybody ever admitted; members only ever come to it. */
const authorsOf = ({ facts }: Replica): readonly Author[] => {
  const known = everybody.get(facts)
  if (known?.length === facts.size) return known
  const made = [...facts.keys()].map((author) => ({ author, name: author.slice(0, SHORT_DIGITS) }))
  everybody.set(facts, made)
  return made
}

/** Messages that wait say that what they build on exists. */
const noteWaiting = (turn: Turn, replica: Replica): void => {
  for (const { message, verified } of replica.pending.waiting.values()) {
    if (verified) claim(turn, replica, message.member, message.member, message.header.counter)
  }
}

/** A batch came: whoever gives the next message of a member does not withhold it. */
export const noteGiven = (turn: Turn, replica: Replica, peer: SyncPeer, batch: Batch): void => {
  const claims = replica.withholding.get(peer.member)
  if (claims === undefined || claims.size === 0) return
  batch.authors.forEach(({ member, first }, at) => {
    const author = hexOf(member)
    const known = claims.get(author)
    const items = batch.items.filter((item) => item.author === at).length
    const tip = tipOf(replica, author)
    if (known !== undefined && first <= tip + 1 && first + items > tip + 1) {
      claims.set(author, claimOf(turn, known.counter, tip))
    }
  })
}

/** What is held now is claimed no more, and what moved begins anew. */
const settle = (turn: Turn, replica: Replica): void => {
  for (const [by, claims] of replica.withholding) {
    for (const [author, known] of claims) {
      const tip = tipOf(replica, author)
      if (known.counter <= tip || !isPlain(replica, author)) claims.delete(author)
      else if (known.tip !== tip) claims.set(author, claimOf(turn, known.counter, tip))
    }
    if (claims.size === 0) replica.withholding.delete(by)
  }
}

/** A peer that was asked has answered, or let the question be: what it claims and did not give counts. */
export const noteAnswered = (turn: Turn, replica: Replica, peer: SyncPeer): void => {
  if (!peer.proven || isGone(replica)) return replica.withholding.clear()
  noteWaiting(turn, replica)
  settle(turn, replica)
  // It says to hold more than this member, and gives nothing: then it holds what others speak of too.
  if (peer.tally.received === 0 && peer.given === 0 && peer.theirCount > replica.transcript.count) {
    for (const claims of [...replica.withholding.values()]) {
      for (const [author, { counter }] of claims) {
        if (author !== peer.member) claim(turn, replica, peer.member, author, counter)
      }
    }
  }
  for (const [author, known] of replica.withholding.get(peer.member) ?? []) {
    known.asks += 1
    const long = turn.env.nowMs - known.sinceMs >= WITHHELD_AFTER_MS
    if (known.named || known.asks < WITHHELD_ASKS_MIN || !long) continue
    known.named = true
    count(turn, 'withheld')
    const { group } = replica
    const counter = known.tip + 1
    emit(turn, {
      kind: 'notify',
      event: { kind: 'withheld', group, member: author, counter, by: peer.member },
    })
  }
}

/** What peers are named for now. */
export const withheldOf = (replica: Replica): WithheldReport[] =>
  [...replica.withholding]
    .flatMap(([by, claims]) =>
      [...claims]
        .filter(([author, { named, tip }]) => named && tipOf(replica, author) === tip)
        .map(([member, { tip, counter, sinceWallMs }]) => ({
          member,
          number: numberText(replica.facts.get(member)?.memberGroupId ?? 0, tip + 1),
          upTo: counter,
          by,
          since: sinceWallMs,
        })),
    )
    .sort((a, b) => (a.member + a.by < b.member + b.by ? -1 : 1))
