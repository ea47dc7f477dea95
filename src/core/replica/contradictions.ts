/**
 * Statements that cannot be true: signed by a member, over a past that is held here, with another view than
 * everybody computes over it. The message is refused like any invalid one; its bytes are kept, one of
 * each member, and shown. It never quarantines by itself, as a program that is wrong would look the same.
 */
import { encode } from '../../codec/canonical.ts'
import type { Hex } from '../message/header.ts'
import { hexOf } from '../message/header.ts'
import type { Message } from '../message/message.ts'
import { verifyId } from '../message/message.ts'
import type { Turn } from '../turn.ts'
import { count, emit, persist } from '../turn.ts'
import type { Replica } from './state.ts'
import { GroupNote, groupNoteKey } from './state.ts'

/** Reasons of `validity/bodies.ts` that mean: equal pasts, different views. */
const contradicting: ReadonlySet<string> = new Set(['view', 'view-count', 'membership-hash'])

/** Of a message that was refused for a reason: keeps it if that makes it a contradiction. */
export const noteContradiction = (
  turn: Turn,
  replica: Replica,
  message: Message,
  reason: string,
): void => {
  const { member, headerBytes, signature, body, idBytes } = message
  if (!contradicting.has(reason) || replica.contradictions.has(member)) return
  const device = replica.facts.get(member)?.device
  // Within a run only the last is signed; what is kept must prove itself.
  const signed =
    device !== undefined &&
    signature.length > 0 &&
    verifyId(turn.env.crypto, device, idBytes, signature)
  if (!signed) return
  replica.contradictions.add(member)
  const key = groupNoteKey(replica.number, GroupNote.contradiction, message.header.member)
  persist(turn, [{ key, value: encode([headerBytes, signature, body]) }])
  count(turn, 'contradictions')
  const { counter } = message.header
  emit(turn, {
    kind: 'notify',
    event: { kind: 'contradiction', group: replica.group, member, counter, id: message.id },
  })
}

/** `id`: the memberId that the note is about. */
export const bootContradiction = (replica: Replica, id: Uint8Array): void => {
  const member: Hex = hexOf(id)
  replica.contradictions.add(member)
}
