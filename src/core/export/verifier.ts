/**
 * Verifying an archive as a stranger: the rules of the group, message by message, with nothing but the
 * archive itself. Signatures, chains, the DAG, membership, epochs, evidence and every stated view are
 * judged as a node judges them; at the end every line must be vouched for and the root must come out.
 *
 *   begin(constitution)   consider(message)*   vouchFor(voucher)*   conclude(end)
 *
 * Rows that left memory are asked for, as in a replica; whoever drives this keeps them elsewhere.
 */
import type { Bytes } from '../../base/bytes.ts'
import { equal, toHex } from '../../base/bytes.ts'
import { type Result, fail, ok } from '../../base/result.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import type { Constitution } from '../constitution/constitution.ts'
import { parseConstitution } from '../constitution/constitution.ts'
import { seatFacts } from '../membership/facts.ts'
import type { Hex } from '../message/header.ts'
import { hexOf, idOf, numberText, parseHeader } from '../message/header.ts'
import type { Message } from '../message/message.ts'
import { verifyId } from '../message/message.ts'
import { isControl, isSealed, isUnderstood } from '../message/type.ts'
import { appendControl } from '../transcript/control-log.ts'
import type { Row } from '../transcript/row.ts'
import type { Line } from '../transcript/transcript.ts'
import { createTranscript, insert, rowById } from '../transcript/transcript.ts'
import type { Vector } from '../transcript/vector.ts'
import type { ControlInfo } from '../validity/context.ts'
import { contextOf, createJurisdiction } from '../validity/context.ts'
import type { Court } from '../validity/court.ts'
import type { Accepted } from '../validity/judge.ts'
import { judge } from '../validity/judge.ts'
import type { Place } from '../validity/past.ts'
import { viewOfPast } from '../validity/past.ts'
import { mergeFrontiers } from '../transcript/control-log.ts'
import type { ArchivePlace, ArchiveVoucher } from './format.ts'
import { compareArchivePlaces } from './format.ts'
import type { ArchiveFigures } from './figures.ts'
import { countMessage, noFigures } from './figures.ts'

export interface Verification {
  readonly constitution: Constitution
  readonly court: Court
  /** Line -> the counter up to which signatures vouch for it. */
  readonly vouched: Map<number, number>
  readonly figures: ArchiveFigures
  /** The message before, in the order of the archive. */
  last: ArchivePlace | undefined
}

/** Where a row lies that was taken in, and what its record is written against. */
export interface Held {
  readonly kind: 'held'
  readonly row: Row
  readonly before: Vector
  /** It starts a line. */
  readonly starts: boolean
}

export type Considered =
  | Held
  /** These rows are not in memory any more: bring them back and ask again. */
  | { readonly kind: 'need'; readonly ids: readonly Hex[]; readonly places: readonly Place[] }
  | { readonly kind: 'broken'; readonly reason: string }

/** Begins with the constitution; its hash is the group's id. Reasons: those of constitutions. */
export const begin = (
  crypto: Crypto,
  constitutionBytes: Bytes,
  windowRows: number,
): Result<Verification> => {
  const parsed = parseConstitution(crypto, constitutionBytes)
  if (!parsed.ok) return parsed
  const { group, leaders } = parsed.value
  const transcript = createTranscript<ControlInfo>(windowRows)
  const jurisdiction = createJurisdiction({
    groupBytes: group,
    group: hexOf(group),
    leaders: leaders.map((seat) => seatFacts(crypto, seat)),
    control: transcript.control,
  })
  return ok({
    constitution: parsed.value,
    court: { crypto, jurisdiction, transcript },
    vouched: new Map(),
    figures: noFigures(),
    last: undefined,
  })
}

const broken = (reason: string): Considered => ({ kind: 'broken', reason })

/** Takes the next message in, if it is valid on what came before it. */
export const consider = (verification: Verification, message: Message): Considered => {
  const { court, last } = verification
  const { transcript } = court
  const { header, id, member } = message
  const place = { lamport: header.lamport, member, counter: header.counter, id }
  // One order, so that nothing comes twice and nothing before what it builds on.
  if (last !== undefined && compareArchivePlaces(last, place) >= 0) return broken('out-of-order')
  if (!isUnderstood(header.type)) return broken('type-unknown')
  const parents = message.prev === undefined ? message.deps : [...message.deps, message.prev]
  const missing = parents.filter((parent) => rowById(transcript, parent) === undefined)
  if (missing.length > 0) {
    if (!transcript.evicted) return broken('parent-missing')
    return { kind: 'need', ids: missing, places: [] }
  }
  const rowsOf = (ids: readonly Hex[]): Row[] =>
    ids.map((one) => rowById(transcript, one)).filter((row) => row !== undefined)
  const [prev] = message.prev === undefined ? [] : rowsOf([message.prev])
  // Without a signature of its own a later one of its line must reach it: `conclude` looks.
  const inherited = message.signature.length === 0
  const judgement = judge(court, message, { prev, deps: rowsOf(message.deps) }, inherited)
  if (judgement.kind === 'invalid') return broken(judgement.reason)
  if (judgement.kind === 'need') return { kind: 'need', ids: [], places: judgement.places }
  verification.last = place
  return take(verification, message, judgement)
}

const take = (verification: Verification, message: Message, accepted: Accepted): Held => {
  const { court, vouched, figures } = verification
  const { transcript, jurisdiction } = court
  const { row, parents, start, before, past, info } = accepted
  const line = insert(transcript, row, parents, start)
  const used = line.uses.at(-1)?.epoch
  if (isSealed(row.type) && used !== message.epoch) {
    line.uses = [...line.uses, { epoch: message.epoch, from: row.counter }]
  }
  if (isControl(row.type) && info !== undefined) {
    const { id, type, member, counter, lamport } = row
    const sequence = transcript.control.entries.length
    const place = { sequence, id, type, member, line: row.line, counter, lamport }
    const entry = { ...place, past: past.control, info }
    appendControl(transcript.control, entry)
    if (info.kind === 'epoch') jurisdiction.epochs.set(info.epoch.id, entry)
  }
  if (message.signature.length > 0) vouch(verification, line, row.counter)
  else if (!vouched.has(line.index)) vouched.set(line.index, line.first - 1)
  countMessage(figures, message)
  return { kind: 'held', row, before, starts: start !== undefined }
}

/** A checked signature covers everything before it in its author's chain, the trunk of a branch too. */
const vouch = ({ court, vouched }: Verification, line: Line, counter: number): void => {
  let at: Line | undefined = line
  let upTo = counter
  while (at !== undefined && (vouched.get(at.index) ?? -1) < upTo) {
    vouched.set(at.index, upTo)
    upTo = at.first - 1
    at = court.transcript.lines[at.parent]
  }
}

/** Takes headers that lead from the end of a line on to a signed one. Reasons: `voucher-...`. */
export const vouchFor = (
  verification: Verification,
  { tip, headers, signature }: ArchiveVoucher,
): Result<undefined> => {
  const { crypto, jurisdiction, transcript } = verification.court
  const line = transcript.lines.find((one) => equal(one.tip.idBytes, tip))
  if (line === undefined) return fail('voucher-of-nothing')
  let id = tip
  let counter = line.tip.counter
  for (const encoded of headers) {
    const header = parseHeader(encoded)
    if (!header.ok) return header
    const { prev, member, group } = header.value
    counter += 1
    const follows =
      equal(prev, id) &&
      header.value.counter === counter &&
      hexOf(member) === line.member &&
      equal(group, jurisdiction.groupBytes)
    if (!follows) return fail('voucher-path')
    id = idOf(crypto, encoded)
  }
  const { roster } = contextOf(jurisdiction, frontierOf(verification))
  const device = roster.members.get(line.member)?.facts.device
  if (device === undefined || !verifyId(crypto, device, id, signature)) {
    return fail('voucher-signature')
  }
  vouch(verification, line, line.tip.counter)
  verification.figures.signatures += 1
  return ok(undefined)
}

/** The control past of everything taken in. */
export const frontierOf = ({ court }: Verification): readonly number[] =>
  mergeFrontiers(
    court.transcript.control,
    [...court.transcript.heads.values()].map((head) => head.control),
  )

/** The number of a message whose end nothing vouches for, or undefined. */
const unvouched = ({ court, vouched }: Verification): string | undefined => {
  const line = court.transcript.lines.find(
    ({ index, tip }) => (vouched.get(index) ?? -1) < tip.counter,
  )
  if (line === undefined) return undefined
  const { roster } = contextOf(court.jurisdiction, line.tip.control)
  const author = roster.members.get(line.member)?.facts.memberGroupId ?? 0
  return numberText(author, (vouched.get(line.index) ?? -1) + 1)
}

/** Asks at the end: all there, all vouched for, and the stated root is the one that comes out. */
export const conclude = (
  verification: Verification,
  stated: { readonly count: number; readonly membershipHash: Bytes; readonly root: Bytes },
): Result<undefined> => {
  const { crypto, jurisdiction, transcript } = verification.court
  if (transcript.count !== stated.count) {
    return fail(`it states ${String(stated.count)} messages and holds ${String(transcript.count)}`)
  }
  const open = unvouched(verification)
  if (open !== undefined) return fail(`no signature vouches for message ${open}`)
  const { roster } = contextOf(jurisdiction, frontierOf(verification))
  const own = viewOfPast(crypto, jurisdiction, transcript, roster, transcript.seen)
  if ('missing' in own) return fail('the end of a line is missing')
  if (!equal(own.view.membershipHash, stated.membershipHash)) {
    return fail('the stated membership is not the one that comes out')
  }
  return equal(own.view.view, stated.root)
    ? ok(undefined)
    : fail(`it states the root ${toHex(stated.root)}, but ${toHex(own.view.view)} comes out`)
}
