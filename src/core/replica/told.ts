/**
 * Whoever was removed while it was away is told on its first link, by the removal itself: header, body
 * and a leader's signature, which it can check without the past of it. It is believed and shown as
 * told, and becomes part of the transcript only if its past ever comes. Nothing else is given.
 */
import type { Bytes } from '../../base/bytes.ts'
import { equal } from '../../base/bytes.ts'
import { BODY_BYTES_MAX, HEADER_BYTES_MAX } from '../../base/limits.ts'
import { encode } from '../../codec/canonical.ts'
import { bytes, bytesUpTo, parse, tuple, u53 } from '../../codec/shape.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import type { GroupFrame } from '../anti-entropy/frames.ts'
import { isPresent } from '../membership/roster.ts'
import { RemoveScope, parseRemove } from '../message/bodies.ts'
import type { Hex } from '../message/header.ts'
import { hexOf } from '../message/header.ts'
import type { Envelope, Message } from '../message/message.ts'
import { parseMessage, verifyId } from '../message/message.ts'
import { MessageType } from '../message/type.ts'
import { parseRecord } from '../transcript/row.ts'
import type { Turn } from '../turn.ts'
import { count, emit, load, persist } from '../turn.ts'
import { messageKey } from './rows.ts'
import type { Replica } from './state.ts'
import type { Told } from './state.ts'
import { GroupNote, currentContext, groupNoteKey, isGone } from './state.ts'
import type { SyncPeer } from './sync-state.ts'
import { sendFrame } from './sync.ts'
import { vectorOf } from './vector.ts'

// --- Telling -------------------------------------------------------------------------------------

/** Sends a member that is gone the first message at hand that says so and that proves itself. */
export const tellGone = (turn: Turn, replica: Replica, peer: SyncPeer): void => {
  const { entries } = replica.transcript.control
  const member = currentContext(replica).roster.members.get(peer.member)
  const reasons = [...(member?.removedBy ?? []), ...(member?.leftBy ?? [])]
  const places = reasons.map((sequence) => entries[sequence]).filter((entry) => entry !== undefined)
  const ranges = places.map(({ line, counter }) => ({
    from: messageKey(replica, line, counter),
    to: messageKey(replica, line, counter + 1),
  }))
  load(turn, ranges, (later, results) => {
    // The link may be gone by now, or the channel stand for somebody else.
    if (replica.sync.gone.get(peer.channel) !== peer) return
    for (const [stored] of results) {
      const record = stored && parseRecord(stored.value)
      if (record?.ok !== true || !provesItself(later, replica, record.value.envelope)) continue
      const frame = { kind: 'gone', index: peer.index, ...record.value.envelope } as const
      sendFrame(later, peer, frame)
      return
    }
  })
}

/** A message whose own signature holds: only some of those that came by sync have one. */
const provesItself = (turn: Turn, replica: Replica, envelope: Envelope): boolean => {
  const message = parseMessage(turn.env.crypto, envelope)
  const device = message.ok ? replica.facts.get(message.value.member)?.device : undefined
  if (!message.ok || device === undefined) return false
  const { idBytes, signature } = message.value
  return verifyId(turn.env.crypto, device, idBytes, signature)
}

// --- Being told ----------------------------------------------------------------------------------

/** Somebody says that this member is gone. False: what it shows is none of that. */
export const takeGone = (
  turn: Turn,
  replica: Replica,
  peer: SyncPeer,
  frame: Extract<GroupFrame, { kind: 'gone' }>,
): boolean => {
  const message = parseMessage(turn.env.crypto, frame)
  if (!message.ok) return false
  const told = isGone(replica) ? undefined : toldBy(turn, replica, message.value)
  if (told === 'false') return false
  if (told !== undefined) become(turn, replica, message.value, told)
  // Whoever is gone says what it holds, so that it can be asked for what nobody else has.
  if (isGone(replica)) {
    const explicit = replica.equivocators.size > 0
    sendFrame(turn, peer, {
      kind: 'vector',
      index: peer.index,
      explicit,
      entries: vectorOf(replica),
    })
  } else count(turn, 'frames_dropped', 'not-gone')
  return true
}

/** What a message says of this member's standing; `false` where no honest peer would show it. */
const toldBy = (turn: Turn, replica: Replica, message: Message): Told | 'false' | undefined => {
  const { header, id, idBytes, member, signature, body } = message
  const device = replica.facts.get(member)?.device
  if (device === undefined || hexOf(header.group) !== replica.group) return 'false'
  if (!verifyId(turn.env.crypto, device, idBytes, signature)) return 'false'
  const kind = kindOf(replica, header.type, member, body)
  // What is held already was judged with all its past; that counts.
  if (kind === undefined || replica.transcript.control.byId.has(id)) return undefined
  return { member: replica.self.member, kind, by: member, id, atMs: Math.floor(turn.env.wallMs) }
}

const kindOf = (
  replica: Replica,
  type: number,
  author: Hex,
  body: Bytes,
): Told['kind'] | undefined => {
  const { self, facts } = replica
  const { roster } = currentContext(replica)
  if (type === MessageType.leave) return author === self.member ? 'left' : undefined
  const remove = type === MessageType.remove ? parseRemove(body) : undefined
  // A leader that left can remove nobody afterwards, and what it did before is held with its Leave.
  const byLeader = facts.get(author)?.leader === true && isPresent(roster, author)
  if (remove?.ok !== true || !byLeader) return undefined
  const { scope, target } = remove.value
  const own = facts.get(self.member)
  if (own?.leader === true) return undefined
  if (scope === RemoveScope.member) return hexOf(target) === self.member ? 'removed' : undefined
  // It hits an Add that does not build on it: where the Add is held, all that it builds on is held.
  return own !== undefined && equal(target, own.account) ? 'removed' : undefined
}

const become = (turn: Turn, replica: Replica, message: Message, told: Told): void => {
  const { group, number, self } = replica
  replica.told = told
  replica.changed = true
  const { headerBytes, signature, body } = message
  const value = encode([self.memberBytes, headerBytes, signature, body, told.atMs])
  persist(turn, [{ key: toldKey(number), value }])
  count(turn, 'told_gone', told.kind)
  emit(turn, { kind: 'notify', event: { kind: 'departed', group, member: told.member } })
}

const toldKey = (number: number): Bytes => groupNoteKey(number, GroupNote.told, new Uint8Array())

const savedShape = tuple(
  bytes(32),
  bytesUpTo(HEADER_BYTES_MAX),
  bytes(64),
  bytesUpTo(BODY_BYTES_MAX),
  u53,
)

/** What was told in an earlier life; it was checked then. */
export const parseTold = (crypto: Crypto, saved: Bytes): Told | undefined => {
  const parsed = parse(savedShape, saved)
  if (!parsed.ok) return undefined
  const [member, header, signature, body, atMs] = parsed.value
  const message = parseMessage(crypto, { header, signature, body })
  if (!message.ok) return undefined
  const kind = message.value.header.type === MessageType.leave ? 'left' : 'removed'
  const { id, member: by } = message.value
  return { member: hexOf(member), kind, by, id, atMs }
}
