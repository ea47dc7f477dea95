// The least that judges messages: a transcript, its control log and the rules, without keys, disk or
// peers. The vectors are written with it, and the tests judge every vector with it again.

import type { Bytes } from '../../src/base/bytes.ts'
import type { Constitution } from '../../src/core/constitution/constitution.ts'
import { parseConstitution } from '../../src/core/constitution/constitution.ts'
import { seatFacts } from '../../src/core/membership/facts.ts'
import type { Hex } from '../../src/core/message/header.ts'
import { hexOf } from '../../src/core/message/header.ts'
import type { Envelope, Message } from '../../src/core/message/message.ts'
import { parseMessage } from '../../src/core/message/message.ts'
import { isControl, isSealed } from '../../src/core/message/type.ts'
import { appendControl } from '../../src/core/transcript/control-log.ts'
import type { Row } from '../../src/core/transcript/row.ts'
import type { Transcript } from '../../src/core/transcript/transcript.ts'
import { createTranscript, insert, rowById } from '../../src/core/transcript/transcript.ts'
import type { ControlInfo, Jurisdiction } from '../../src/core/validity/context.ts'
import { createJurisdiction } from '../../src/core/validity/context.ts'
import type { Court } from '../../src/core/validity/court.ts'
import type { Accepted } from '../../src/core/validity/judge.ts'
import { judge } from '../../src/core/validity/judge.ts'
import type { Crypto } from '../../src/crypto/crypto.ts'

export interface Ledger extends Court {
  readonly jurisdiction: Jurisdiction
  readonly transcript: Transcript<ControlInfo>
}

export function createLedger(crypto: Crypto, constitution: Constitution): Ledger {
  const transcript = createTranscript<ControlInfo>(4096)
  const jurisdiction = createJurisdiction({
    groupBytes: constitution.group,
    group: hexOf(constitution.group),
    leaders: constitution.leaders.map((seat) => seatFacts(crypto, seat)),
    control: transcript.control,
  })
  return { crypto, jurisdiction, transcript }
}

export function rowOf(ledger: Ledger, id: Hex): Row {
  const row = rowById(ledger.transcript, id)
  if (row === undefined) throw new Error(`not held: ${id}`)
  return row
}

/** Reads and judges a message that came alone: `valid`, `pending`, or the reason of its refusal. */
export function verdictOn(ledger: Ledger, wire: Envelope): string {
  const message = parseMessage(ledger.crypto, wire)
  if (!message.ok) return message.error
  const judged = judgementOn(ledger, message.value)
  return typeof judged === 'string' ? judged : 'valid'
}

/** Takes a valid message in; gives what was concluded about it, or the reason of its refusal. */
export function hear(ledger: Ledger, message: Message): Accepted | string {
  const judged = judgementOn(ledger, message)
  if (typeof judged !== 'string') admit(ledger, message, judged)
  return judged
}

function judgementOn(ledger: Ledger, message: Message): Accepted | string {
  const { header } = message
  const { transcript } = ledger
  const prev = header.counter === 0 ? undefined : rowById(transcript, hexOf(header.prev))
  const deps = header.deps.map((id) => rowById(transcript, hexOf(id)))
  const held = deps.filter((row) => row !== undefined)
  if (held.length < deps.length || (header.counter > 0 && prev === undefined)) return 'pending'
  const judgement = judge(ledger, message, { prev, deps: held }, false)
  if (judgement.kind === 'need') return 'pending'
  return judgement.kind === 'valid' ? judgement : judgement.reason
}

function admit({ transcript, jurisdiction }: Ledger, message: Message, accepted: Accepted): void {
  const { row, parents, start, past, info } = accepted
  const { header } = message
  const line = insert(transcript, row, parents, start)
  const epoch = hexOf(header.epoch)
  if (isSealed(header.type) && line.uses.at(-1)?.epoch !== epoch) {
    line.uses = [...line.uses, { epoch, from: header.counter }]
  }
  if (!isControl(header.type) || info === undefined) return
  const { id, type, member, counter, lamport } = row
  const sequence = transcript.control.entries.length
  const place = { sequence, id, type, member, line: row.line, counter, lamport }
  const entry = { ...place, past: past.control, info }
  appendControl(transcript.control, entry)
  if (info.kind === 'epoch') jurisdiction.epochs.set(info.epoch.id, entry)
}

/** The epoch of the author's latest text at a row, or nothing. */
export function epochAtRow({ transcript }: Ledger, row: Row): Hex {
  const uses = transcript.lines[row.line]?.uses ?? []
  return uses.filter(({ from }) => from <= row.counter).at(-1)?.epoch ?? ''
}

/** A constitution that must hold. */
export function constitutionOf(crypto: Crypto, bytes: Bytes): Constitution {
  const constitution = parseConstitution(crypto, bytes)
  if (!constitution.ok) throw new Error(constitution.error)
  return constitution.value
}
