/**
 * Judging messages that are not taken in yet, one upon the other, on a copy of everything that judging
 * looks at: what an accused member said comes in only together with a message of somebody else that builds
 * on it, and whether that one is valid can be known only on top of what is not in yet. Costs a copy of the
 * window, and happens only while somebody is accused.
 */
import { Lru } from '../../base/lru.ts'
import type { Hex } from '../message/header.ts'
import type { Message } from '../message/message.ts'
import { isControl, isSealed } from '../message/type.ts'
import { appendControl, createControlLog } from '../transcript/control-log.ts'
import type { Row } from '../transcript/row.ts'
import type { Transcript } from '../transcript/transcript.ts'
import { insert, rowById } from '../transcript/transcript.ts'
import type { ControlInfo } from './context.ts'
import { createJurisdiction } from './context.ts'
import type { Court } from './court.ts'
import type { Accepted } from './judge.ts'
import { judge } from './judge.ts'
import type { Place } from './past.ts'

export interface Rehearsed {
  readonly message: Message
  /** A signature of its author is known to cover it. */
  readonly assured: boolean
}

export type Rehearsal =
  | { readonly kind: 'valid' }
  | { readonly kind: 'invalid'; readonly reason: string }
  | { readonly kind: 'need'; readonly places: readonly Place[] }
  /** A parent is neither in memory nor among them. */
  | { readonly kind: 'missing'; readonly id: Hex }

const copyOf = ({ crypto, jurisdiction, transcript }: Court): Court => {
  const control = createControlLog<ControlInfo>()
  for (const entry of transcript.control.entries) appendControl(control, entry)
  const copy: Transcript<ControlInfo> = {
    ...transcript,
    lines: transcript.lines.map((line) => ({ ...line })),
    byMember: new Map(transcript.byMember),
    heads: new Map(transcript.heads),
    control,
    rows: new Map(transcript.rows),
    places: new Map(transcript.places),
    order: [...transcript.order],
    // Nothing leaves the copy while it is looked at.
    windowRows: Number.MAX_SAFE_INTEGER,
  }
  const { groupBytes, group, leaders } = jurisdiction
  const fresh = createJurisdiction({ groupBytes, group, leaders, control })
  for (const [id, entry] of jurisdiction.epochs) fresh.epochs.set(id, entry)
  return { crypto, transcript: copy, jurisdiction: { ...fresh, contexts: new Lru(64) } }
}

/** Takes a valid message into the copy. */
const enter = ({ jurisdiction, transcript }: Court, message: Message, accepted: Accepted): void => {
  const { row, parents, start, past, info } = accepted
  const line = insert(transcript, row, parents, start)
  if (isSealed(row.type) && line.uses.at(-1)?.epoch !== message.epoch) {
    line.uses = [...line.uses, { epoch: message.epoch, from: row.counter }]
  }
  if (!isControl(row.type) || info === undefined) return
  const { id, type, member, counter, lamport } = row
  const sequence = transcript.control.entries.length
  const place = { line: row.line, counter, lamport }
  const entry = { sequence, id, type, member, ...place, past: past.control, info }
  appendControl(transcript.control, entry)
  if (info.kind === 'epoch') jurisdiction.epochs.set(info.epoch.id, entry)
}

/** Judges messages, each after those that it builds on. */
export const rehearse = (court: Court, messages: readonly Rehearsed[]): Rehearsal => {
  const copy = copyOf(court)
  for (const { message, assured } of messages) {
    const deps: Row[] = []
    for (const id of message.deps) {
      const row = rowById(copy.transcript, id)
      if (row === undefined) return { kind: 'missing', id }
      deps.push(row)
    }
    const prev = message.prev === undefined ? undefined : rowById(copy.transcript, message.prev)
    if (message.prev !== undefined && prev === undefined) {
      return { kind: 'missing', id: message.prev }
    }
    const judgement = judge(copy, message, { prev, deps }, assured)
    if (judgement.kind !== 'valid') return judgement
    enter(copy, message, judgement)
  }
  return { kind: 'valid' }
}
