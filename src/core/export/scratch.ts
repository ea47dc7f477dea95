/**
 * Rows that left memory, as records by line and counter, for whoever keeps them while an archive is
 * verified. The record is that of a replica's store, without the body: nothing here needs it again.
 */
import type { Bytes } from '../../base/bytes.ts'
import { EMPTY } from '../../base/bytes.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import { hexOf, idOf, parseHeader } from '../message/header.ts'
import type { Message } from '../message/message.ts'
import type { Row } from '../transcript/row.ts'
import {
  RowFlag,
  checkpointBefore,
  encodeRecord,
  isCheckpoint,
  parseRecord,
  replaySeen,
} from '../transcript/row.ts'
import { lineHolding, remember } from '../transcript/transcript.ts'
import { emptyVector } from '../transcript/vector.ts'
import type { Place } from '../validity/past.ts'
import type { Held, Verification } from './verifier.ts'

/** A record of a row that was taken in. */
export const recordOf = (message: Message, { row, before, starts }: Held): Bytes => {
  const whole = starts || isCheckpoint(row.counter)
  const envelope = { header: message.headerBytes, signature: EMPTY, body: EMPTY }
  return encodeRecord(envelope, row, before, whole ? RowFlag.whole : 0)
}

/** Part of a line, both ends included: from the nearest whole vector up to the wanted row. */
export interface Stretch {
  readonly line: number
  readonly from: number
  readonly to: number
}

/** Which records bring a row back. */
export const stretchFor = ({ court }: Verification, { line, counter }: Place): Stretch => {
  const holding = lineHolding(court.transcript, line, counter)
  const first = court.transcript.lines[holding]?.first ?? 0
  return { line: holding, from: Math.max(first, checkpointBefore(counter)), to: counter }
}

/** Brings the last row of a stretch back into memory; false where its records do not add up. */
export const recallRow = (
  { court }: Verification,
  { line }: Stretch,
  records: readonly Bytes[],
): boolean => {
  let seen = emptyVector
  let row: Row | undefined
  for (const bytes of records) {
    const record = parseRecord(bytes)
    if (!record.ok) return false
    const header = parseHeader(record.value.envelope.header)
    if (!header.ok) return false
    seen = replaySeen(seen, record.value)
    row = rowOf(court.crypto, line, record.value, header.value, seen)
  }
  if (row !== undefined) remember(court.transcript, row)
  return row !== undefined
}

const rowOf = (
  crypto: Crypto,
  line: number,
  record: { readonly envelope: { readonly header: Bytes }; gen: number; control: Row['control'] },
  header: { member: Bytes; counter: number; type: number; lamport: number },
  seen: Row['seen'],
): Row => {
  const idBytes = idOf(crypto, record.envelope.header)
  const { member, counter, type, lamport } = header
  return {
    id: hexOf(idBytes),
    idBytes,
    line,
    member: hexOf(member),
    counter,
    type,
    lamport,
    gen: record.gen,
    seen,
    control: record.control,
    leaf: undefined,
  }
}
