/**
 * What keeps a valid message from being taken in at once: its author is accused, or it would be the first
 * sign of a lie. A few looks at small sets, for every message; `suspects.ts` does the rest.
 */
import { isSignatureDue } from '../anti-entropy/batch.ts'
import type { Hex } from '../message/header.ts'
import type { Message } from '../message/message.ts'
import { verifyId } from '../message/message.ts'
import type { Turn } from '../turn.ts'
import type { Accepted } from '../validity/judge.ts'
import type { Source } from './source.ts'
import type { Replica, Suspect } from './state.ts'

/** Somebody accused, or about to be. */
export const isSuspended = ({ accused, accusing }: Replica, member: Hex): boolean =>
  accused.has(member) || accusing.has(member)

/**
 * Whoever forks is proven by a signed header at most 31 numbers further on, so at every 32nd its own
 * signature must hold, whatever else vouches for it. Undefined: it does not.
 */
export const signatureDue = (
  turn: Turn,
  replica: Replica,
  message: Message,
  source: Source,
): Source | undefined => {
  if (source.verified || !isSignatureDue(message.header.counter)) return source
  const device = replica.facts.get(message.member)?.device
  if (device === undefined) return source
  const holds = verifyId(turn.env.crypto, device, message.idBytes, message.signature)
  return holds ? { ...source, verified: true } : undefined
}

/** What is not taken in at once though it is valid: see `suspects.ts`. */
export const suspicionOf = (
  replica: Replica,
  { member }: Message,
  { start, info }: Accepted,
  { how, settled }: Source,
): Suspect['why'] | undefined => {
  const { self, transcript, accused } = replica
  if (how === 'own' || settled === true) return undefined
  if (member === self.member) return 'fork'
  if (isSuspended(replica, member)) return 'accused'
  if (start !== undefined && transcript.byMember.has(member)) return 'fork'
  if (info?.kind !== 'roster') return undefined
  const fresh = info.changes.some((one) => one.kind === 'accuse' && !accused.has(one.member))
  return fresh ? 'evidence' : undefined
}
