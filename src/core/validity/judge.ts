/**
 * The static validity of one message: a function of its own past and of nothing else, so every
 * node and every order of arrival decides alike. Rules are numbered V1-V8 and S1-S3 in SPEC.md.
 * The caller holds the past (`parents`), has computed the hash of the body, and tells whether a
 * later signature of the same chain already vouches for the message.
 */
import { equal } from '../../base/bytes.ts'
import { isPresent } from '../membership/roster.ts'
import type { Message } from '../message/message.ts'
import { bodyLimit, verifyId } from '../message/message.ts'
import { MessageType, isControl, isSealed } from '../message/type.ts'
import { has } from '../transcript/control-log.ts'
import type { Row } from '../transcript/row.ts'
import type { LineStart, Transcript } from '../transcript/transcript.ts'
import { lineFor, reaches } from '../transcript/transcript.ts'
import type { Vector } from '../transcript/vector.ts'
import { withCount } from '../transcript/vector.ts'
import type { Context, ControlInfo, Jurisdiction } from './context.ts'
import { closureOfPast, contextOf, recipientsOfEpoch, removedIn } from './context.ts'
import type { Court } from './court.ts'
import type { Past, Place } from './past.ts'
import { pastOf } from './past.ts'
import { judgeBody } from './bodies.ts'
import { judgeQuarantine } from './quarantine.ts'

export interface Parents {
  /** The author's previous message; undefined for a counter 0. */
  readonly prev: Row | undefined
  readonly deps: readonly Row[]
}

export interface Accepted {
  readonly kind: 'valid'
  readonly row: Row
  readonly parents: readonly Row[]
  /** Set when the row starts a line of its own. */
  readonly start: LineStart | undefined
  readonly before: Vector
  readonly past: Past
  readonly info: ControlInfo | undefined
}

export type Judgement =
  | Accepted
  | { readonly kind: 'invalid'; readonly reason: string }
  | { readonly kind: 'need'; readonly places: readonly Place[] }

const invalid = (reason: string): Judgement => ({ kind: 'invalid', reason })

export const judge = (
  court: Court,
  message: Message,
  parents: Parents,
  vouched: boolean,
): Judgement => {
  const { crypto, jurisdiction, transcript } = court
  const { header } = message
  if (!equal(header.group, jurisdiction.groupBytes)) return invalid('foreign-group')
  // V1 again: in the session form no single message was ever parsed.
  if (message.body.length > bodyLimit(header.type)) return invalid('body-too-large')
  const rows = parents.prev === undefined ? [...parents.deps] : [parents.prev, ...parents.deps]
  const past = pastOf(transcript, rows)
  const structural = judgeStructure(message, parents, rows, past)
  if (structural !== undefined) return invalid(structural)
  const context = contextOf(jurisdiction, past.control)
  const author = context.roster.members.get(message.member)
  if (author === undefined) return invalid('author-not-a-member')
  if (!isPresent(context.roster, message.member)) return invalid('author-gone')
  if (author.facts.memberGroupId !== header.memberGroupId) return invalid('author-group-id')
  const first = judgeCounterZero(message, author.facts.admission)
  if (first !== undefined) return invalid(first)
  if (!vouched && !verifyId(crypto, author.facts.device, message.idBytes, message.signature)) {
    return invalid('signature')
  }
  const quarantine = judgeQuarantine(court, context, rows, past)
  if (quarantine.kind === 'need') return quarantine
  if (quarantine.kind === 'uncovered') return invalid('quarantine')
  const sealing = judgeSealing(court, message, parents.prev, context)
  if (sealing !== undefined) return invalid(sealing)
  const body = judgeBody(court, message, author, context, past)
  if (body.kind !== 'valid') return body
  return accepted(court, message, parents, rows, past, body.info)
}

/** V3, V4, V5: place in the chain and in the DAG. */
const judgeStructure = (
  { header, member, id, deps: ids }: Message,
  { prev, deps }: Parents,
  rows: readonly Row[],
  past: Past,
): string | undefined => {
  if (header.counter === 0 ? prev !== undefined : prev?.member !== member) return 'prev-author'
  if (prev !== undefined && prev.counter + 1 !== header.counter) return 'counter-gap'
  for (let i = 1; i < ids.length; i++) {
    const [a, b] = [ids[i - 1], ids[i]]
    if (a !== undefined && b !== undefined && a >= b) return 'deps-not-sorted'
  }
  for (const dep of deps) {
    if (dep.id === id) return 'deps-self'
    // A dep adds something: it lies in no other parent's past. `prev` may lie in a dep's.
    if (dep === prev) return 'deps-not-heads'
    for (const row of rows) if (row !== dep && reaches(row, dep)) return 'deps-not-heads'
  }
  if (header.lamport !== past.lamport) return 'lamport'
  return undefined
}

/** Counter 0 is the Genesis or the Join, and nothing else is. */
const judgeCounterZero = ({ header }: Message, admission: Uint8Array): string | undefined => {
  const opens = header.type === MessageType.join || header.type === MessageType.genesis
  if (opens !== (header.counter === 0)) return 'counter-zero'
  return opens && !equal(header.prev, admission) ? 'admission' : undefined
}

/**
 * Sealed types: S1 an epoch of the past that names the author, S2 epochs only go forward, S3 an
 * epoch that names nobody whom the past removes.
 */
const judgeSealing = (
  { jurisdiction, transcript }: Court,
  { header, member, epoch }: Message,
  prev: Row | undefined,
  { frontier, roster }: Context,
): string | undefined => {
  if (!isSealed(header.type)) {
    const clear = header.epoch.length + header.salt.length + header.keyCommit.length + header.gen
    return clear === 0 ? undefined : 'sealed-fields'
  }
  if (header.epoch.length !== 32 || header.salt.length !== 16 || header.keyCommit.length !== 32) {
    return 'sealed-fields'
  }
  const entry = jurisdiction.epochs.get(epoch)
  if (entry === undefined || !has(closureOfPast(jurisdiction, frontier), entry.sequence)) {
    return 'epoch-not-in-past'
  }
  const recipients = recipientsOfEpoch(jurisdiction, epoch)
  if (recipients?.has(member) !== true) return 'epoch-not-a-recipient'
  for (const removed of removedIn(jurisdiction, roster)) {
    if (recipients.has(removed)) return 'epoch-names-removed'
  }
  return judgeEpochUse(jurisdiction, transcript, prev, epoch, header.gen)
}

const judgeEpochUse = (
  jurisdiction: Jurisdiction,
  transcript: Transcript<ControlInfo>,
  prev: Row | undefined,
  epoch: string,
  gen: number,
): string | undefined => {
  if (prev === undefined) return 'counter-zero'
  // The usual case first: the author goes on under the epoch that it used last.
  const latest = transcript.lines[prev.line]?.uses.at(-1)
  if (latest !== undefined && latest.epoch === epoch && latest.from <= prev.counter) {
    return gen === prev.gen + 1 ? undefined : 'generation'
  }
  const uses = (transcript.lines[prev.line]?.uses ?? []).filter((use) => use.from <= prev.counter)
  const current = uses.at(-1)?.epoch
  if (current === epoch) return gen === prev.gen + 1 ? undefined : 'generation'
  if (gen !== 0) return 'generation'
  if (uses.some((use) => use.epoch === epoch)) return 'epoch-left'
  const next = jurisdiction.epochs.get(epoch)?.sequence ?? -1
  const older = uses.some((use) => {
    const past = jurisdiction.epochs.get(use.epoch)?.past
    return past !== undefined && has(closureOfPast(jurisdiction, past), next)
  })
  return older ? 'epoch-older' : undefined
}

const accepted = (
  { transcript }: Court,
  message: Message,
  { prev }: Parents,
  parents: readonly Row[],
  past: Past,
  info: ControlInfo | undefined,
): Accepted => {
  const { header } = message
  const place = lineFor(transcript, message.member, prev)
  const line = typeof place === 'number' ? place : transcript.lines.length
  const control = isControl(header.type) ? [transcript.control.entries.length] : past.control
  const row: Row = {
    id: message.id,
    idBytes: message.idBytes,
    line,
    member: message.member,
    counter: header.counter,
    type: header.type,
    lamport: header.lamport,
    gen: isSealed(header.type) ? header.gen : (prev?.gen ?? 0),
    seen: withCount(past.seen, line, header.counter + 1),
    control,
    leaf: undefined,
  }
  const start = typeof place === 'number' ? undefined : place
  return { kind: 'valid', row, parents, start, before: prev?.seen ?? past.seen, past, info }
}
