/**
 * The one way in, for messages of any origin: known already? past held? valid? then durable, and
 * only then forwarded, opened and shown. What waits for a read of the store is taken up again when
 * the answer comes; what waits for its past lies in `pending`.
 */
import { encode } from '../../codec/canonical.ts'
import type { Put } from '../effect.ts'
import type { Message } from '../message/message.ts'
import { verifyId } from '../message/message.ts'
import { MessageType, isControl, isSealed, isUnderstood } from '../message/type.ts'
import { Space, key } from '../storage.ts'
import { arrived, hold } from '../transcript/pending.ts'
import type { Row } from '../transcript/row.ts'
import { RowFlag, encodeRecord, isCheckpoint } from '../transcript/row.ts'
import type { Line } from '../transcript/transcript.ts'
import { insert, rowById } from '../transcript/transcript.ts'
import type { Turn } from '../turn.ts'
import { count, persist } from '../turn.ts'
import type { EpochFacts } from '../validity/context.ts'
import type { Accepted } from '../validity/judge.ts'
import { judge } from '../validity/judge.ts'
import { announceDeparture, announceRow, noteBranch } from './announce.ts'
import { noteContradiction } from './contradictions.ts'
import { answered, noteControl } from './control.ts'
import { departurePut, noteDepartures } from './departures.ts'
import { countText } from './exposure.ts'
import { noteAck } from './acks.ts'
import { noteFinal } from './final.ts'
import { noteHeard } from './heard.ts'
import { forgetLeft } from './erasure.ts'
import { openBranch } from './branches.ts'
import { openOwnSeal, spendKey, takeText } from './keys.ts'
import { noteMeta, openWaitingMetas } from './meta.ts'
import { noticed } from './noticed.ts'
import { encodeLine } from './records.ts'
import {
  indexKey,
  indexValue,
  loadIds,
  loadPlaces,
  messageKey,
  missingParents,
  noteArrival,
  heldDeps,
} from './rows.ts'
import type { Done, Outcome, Source } from './source.ts'
import type { Replica } from './state.ts'
import { isSuspended, signatureDue, suspicionOf } from './suspicion.ts'
import { GroupNote, courtOf, groupNoteKey } from './state.ts'

export type { Done, Outcome, Source } from './source.ts'

const UNKNOWN_MAX = 1024
/** So often a leader looks whether its epoch has grown too large: texts alone change nothing else. */
const LOOK_EVERY_MESSAGES = 256

export const take = (
  turn: Turn,
  replica: Replica,
  message: Message,
  source: Source,
  done: Done,
): void => {
  if (rowById(replica.transcript, message.id) !== undefined) {
    return done(turn, { kind: 'duplicate' })
  }
  // A copy that comes while this one waits for reads must not overtake it and become a branch.
  const copies = replica.taking.get(message.id)
  if (copies !== undefined) {
    copies.push((later) => take(later, replica, message, source, done))
    return
  }
  if (readyAtOnce(replica, message)) return considered(turn, replica, message, source, done)
  const waiting: ((turn: Turn) => void)[] = []
  replica.taking.set(message.id, waiting)
  attempt(turn, replica, message, source, (later, outcome) => {
    replica.taking.delete(message.id)
    done(later, outcome)
    for (const again of waiting) again(later)
  })
}

/** Takes in what `suspects.ts` has answered: copies that came meanwhile still wait for this one. */
export const takeSettled = (
  turn: Turn,
  replica: Replica,
  message: Message,
  source: Source,
  done: Done,
): void => attempt(turn, replica, message, { ...source, settled: true }, done)

/** A text whose parents are in memory needs no read: the usual case, and the one that must be fast. */
const readyAtOnce = ({ transcript }: Replica, message: Message): boolean => {
  const { prev } = message
  const before = prev === undefined ? undefined : rowById(transcript, prev)
  if (message.header.type !== MessageType.text || before === undefined) return false
  if (transcript.lines[before.line]?.tip !== before) return false
  for (const dep of message.deps) if (rowById(transcript, dep) === undefined) return false
  return true
}

const attempt = (
  turn: Turn,
  replica: Replica,
  message: Message,
  source: Source,
  done: Done,
): void => {
  const { header } = message
  const parents = message.prev === undefined ? message.deps : [...message.deps, message.prev]
  const lines = replica.transcript.byMember.get(message.member) ?? []
  const old = lines.some(
    (line) => (replica.transcript.lines[line]?.tip.counter ?? -1) >= header.counter,
  )
  const { transcript, reading } = replica
  const inMemory = (id: string): boolean => rowById(transcript, id) !== undefined
  const read = { parents, held: new Set(parents.filter(inMemory)) }
  reading.add(read)
  loadIds(turn, replica, old ? [...parents, message.id] : parents, (later) => {
    reading.delete(read)
    // A parent was here when the read was asked for, or came since, and left memory again: not missing.
    const left = parents.some((id) => read.held.has(id) && !inMemory(id))
    if (left) attempt(later, replica, message, source, done)
    else considered(later, replica, message, source, done)
  })
}

const considered = (
  turn: Turn,
  replica: Replica,
  message: Message,
  source: Source,
  done: Done,
): void => {
  const { header } = message
  if (rowById(replica.transcript, message.id) !== undefined) {
    return done(turn, { kind: 'duplicate' })
  }
  if (!isUnderstood(header.type)) {
    return done(turn, keepUnknown(turn, replica, message, source))
  }
  const { transcript } = replica
  const prev = message.prev === undefined ? undefined : rowById(transcript, message.prev)
  const rows = heldDeps(replica, message)
  const headless = message.prev !== undefined && prev === undefined
  if (headless || rows.length < message.deps.length) {
    return wait(turn, replica, message, missingParents(replica, message), source, done)
  }
  const vouched = source.vouched || source.verified
  const judgement = judge(courtOf(turn, replica), message, { prev, deps: rows }, vouched)
  if (judgement.kind === 'invalid') {
    count(turn, 'messages_dropped', judgement.reason)
    noteContradiction(turn, replica, message, judgement.reason)
    return done(turn, { kind: 'rejected', reason: judgement.reason })
  }
  if (judgement.kind === 'need') {
    // From the start: meanwhile its parents may have left memory again.
    return loadPlaces(turn, replica, judgement.places, (later) =>
      attempt(later, replica, message, source, done),
    )
  }
  const due = signatureDue(turn, replica, message, source)
  if (due === undefined) {
    count(turn, 'messages_dropped', 'signature-due')
    return done(turn, { kind: 'rejected', reason: 'signature-due' })
  }
  const why = suspicionOf(replica, message, judgement, source)
  if (why !== undefined)
    return void replica.suspects.push({ message, source: due, why, done, missing: [] })
  admit(turn, replica, message, judgement, due)
  done(turn, { kind: 'accepted' })
  freeWaiting(turn, replica, message.id)
}

/** Takes up what waited for a message, and what waited for that: a loop, however long the chain. */
const freeWaiting = (turn: Turn, replica: Replica, id: string): void => {
  const { freed } = replica
  const now = arrived(replica.pending, id)
  if (now.length === 0 && freed.length === 0) return
  freed.push(...now)
  if (replica.freeing) return
  replica.freeing = true
  for (let next = freed.shift(); next !== undefined; next = freed.shift()) {
    const { from, vouched, verified } = next
    const source = { how: 'push', from, vouched, verified } as const
    take(turn, replica, next.message, source, () => undefined)
  }
  replica.freeing = false
}

/** A type that only a newer version judges: kept for `status`, if its author is a member. */
const keepUnknown = (turn: Turn, replica: Replica, message: Message, source: Source): Outcome => {
  const device = replica.facts.get(message.member)?.device
  const signed = source.vouched || source.verified
  if (device === undefined) return { kind: 'pending' }
  if (!signed && !verifyId(turn.env.crypto, device, message.idBytes, message.signature)) {
    count(turn, 'messages_dropped', 'signature')
    return { kind: 'rejected', reason: 'signature' }
  }
  if (replica.unknown.size < UNKNOWN_MAX) replica.unknown.set(message.id, message)
  return { kind: 'unknown' }
}

const nothing = (): void => undefined

/** A message whose past is missing waits, unless its author is known and did not sign it. */
const wait = (
  turn: Turn,
  replica: Replica,
  message: Message,
  missing: readonly string[],
  source: Source,
  done: Done,
): void => {
  const author = replica.facts.get(message.member)
  const trusted = source.vouched || source.verified || author === undefined
  if (!trusted && !verifyId(turn.env.crypto, author.device, message.idBytes, message.signature)) {
    count(turn, 'messages_dropped', 'signature')
    return done(turn, { kind: 'rejected', reason: 'signature' })
  }
  const { from, vouched } = source
  const verified = source.verified || (!vouched && author !== undefined)
  const { pending, suspects } = replica
  if (isSuspended(replica, message.member)) {
    const known = { ...source, verified }
    return void suspects.push({ message, source: known, why: 'accused', done, missing })
  }
  if (!hold(pending, { message, from, vouched, verified }, missing, turn.env.nowMs)) {
    count(turn, 'messages_dropped', 'pending-full')
  }
  if (replica.aside.size > 0) {
    suspects.push({ message, source, why: 'waiting', done: nothing, missing })
  }
  done(turn, { kind: 'pending' })
}

/** Takes a valid message in: memory first, then one durable write, then the news of it. */
const admit = (
  turn: Turn,
  replica: Replica,
  message: Message,
  accepted: Accepted,
  source: Source,
): void => {
  const { row, parents, start, before, info } = accepted
  const branch = start !== undefined && replica.transcript.byMember.has(row.member)
  const line = insert(replica.transcript, row, parents, start)
  replica.root = undefined
  if (replica.reading.size > 0) noteArrival(replica, row.id)
  replica.vouchers.delete(line.index)
  if (branch) replica.equivocators.add(row.member)
  const puts: Put[] = []
  const useChanged = noteEpochUse(replica, line, message)
  const flags = flagsOf(replica, line, row, source)
  const envelope = { header: message.headerBytes, signature: message.signature, body: message.body }
  puts.push(
    {
      key: messageKey(replica, line.index, row.counter),
      value: encodeRecord(envelope, row, before, flags),
    },
    { key: indexKey(replica, row.idBytes), value: indexValue(line.index, row.counter) },
  )
  if (start !== undefined || useChanged) puts.push(linePut(replica, line))
  if (isControl(row.type) && info !== undefined) {
    puts.push(noteControl(replica, row, accepted.past.control, info), ...answered(replica, info))
  }
  const departed = noteDepartures(replica, row, accepted.past.control, info)
  for (const member of departed) puts.push(departurePut(replica, member))
  if (info?.kind === 'epoch') puts.push(noteEpochSeen(turn, replica, info.epoch))
  if (row.type === MessageType.text) {
    countText(replica, message.epoch, message.header.sent)
    puts.push(...takeText(turn, replica, message, row))
    if (replica.equivocators.has(row.member)) openBranch(turn, replica, message, row)
  }
  if (row.type === MessageType.meta) puts.push(...noteMeta(turn, replica, message, row))
  if (isSealed(row.type)) spendKey(turn.env.crypto, replica, message, row.gen)
  if (useChanged) forgetLeft(replica, line)
  persist(turn, puts)
  if (branch) noteBranch(turn, replica, row)
  noteHeard(turn, replica, row.member)
  announceRow(turn, replica, message, row, source)
  for (const member of departed) announceDeparture(turn, replica, member)
  if (row.type === MessageType.epoch) {
    openOwnSeal(turn, replica, message)
    openWaitingMetas(turn, replica)
  }
  noticed(turn, replica, message, row, source.how)
  noteFinal(replica, row, info)
  noteAck(turn, replica, row.id)
  if (replica.transcript.count % LOOK_EVERY_MESSAGES === 0) replica.changed = true
}

export const linePut = (replica: Replica, line: Line): Put => ({
  key: key(Space.line, replica.number, line.index),
  value: encodeLine(line, replica.vouchers.get(line.index)),
})

const noteEpochUse = (replica: Replica, line: Line, { header, epoch }: Message): boolean => {
  if (!isSealed(header.type)) return false
  if (!replica.epochsUsed.has(epoch)) {
    // From now on its age counts.
    replica.epochsUsed.add(epoch)
    replica.changed = true
  }
  if (line.uses.at(-1)?.epoch === epoch) return false
  line.uses = [...line.uses, { epoch, from: header.counter }]
  return true
}

/** The age of an epoch is what this node's clock says: nobody else has to agree. */
const noteEpochSeen = (turn: Turn, replica: Replica, { id, idBytes }: EpochFacts): Put => {
  const seenMs = Math.floor(turn.env.wallMs)
  replica.epochsSeen.set(id, seenMs)
  return {
    key: groupNoteKey(replica.number, GroupNote.epochSeen, idBytes),
    value: encode([seenMs]),
  }
}

const flagsOf = (replica: Replica, line: Line, row: Row, source: Source): number => {
  let flags = source.vouched ? 0 : RowFlag.verified
  if (source.verified) flags |= RowFlag.verified
  if (isCheckpoint(row.counter) || row.counter === line.first) flags |= RowFlag.whole
  if (row.type !== MessageType.text) return flags
  const { shown } = replica
  const later =
    row.lamport !== shown.lamport
      ? row.lamport > shown.lamport
      : row.member !== shown.member
        ? row.member > shown.member
        : row.counter > shown.counter
  if (later) replica.shown = { lamport: row.lamport, member: row.member, counter: row.counter }
  else flags |= RowFlag.late
  return flags
}
