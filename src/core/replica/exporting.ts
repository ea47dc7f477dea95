/**
 * What an archive of a group's transcript starts from: everything that is not in the stored messages
 * themselves, as of one moment, and the key of a text for those who are to read it.
 */
import type { Bytes } from '../../base/bytes.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import type { Hex } from '../message/header.ts'
import { parseHeader } from '../message/header.ts'
import { parseRecord } from '../transcript/row.ts'
import { membershipHash } from '../validity/context.ts'
import { viewOfPast } from '../validity/past.ts'
import { recall } from './archive.ts'
import { textOf } from './keys.ts'
import type { Replica } from './state.ts'
import { currentContext } from './state.ts'

/** One author's line as far as it is held. */
export interface ExportLine {
  readonly line: number
  readonly member: Hex
  readonly first: number
  /** One more than its last counter. */
  readonly next: number
  /** The key that signs it. */
  readonly device: Bytes
  /** What vouches for its end, where that has no signature of its own. */
  readonly voucher: { readonly headers: readonly Bytes[]; readonly signature: Bytes } | undefined
}

export interface ExportState {
  /** Under which the group's rows are stored. */
  readonly number: number
  readonly constitution: Bytes
  readonly group: Bytes
  readonly lines: readonly ExportLine[]
  readonly count: number
  readonly membershipHash: Bytes
  readonly root: Bytes
}

export const exportStateOf = (crypto: Crypto, replica: Replica): ExportState | undefined => {
  const { number, constitution, transcript, jurisdiction, facts, vouchers } = replica
  const { roster } = currentContext(replica)
  const own = viewOfPast(crypto, jurisdiction, transcript, roster, transcript.seen)
  if ('missing' in own) return undefined
  const lines = transcript.lines.map(({ index, member, first, tip }): ExportLine => {
    const device = facts.get(member)?.device ?? new Uint8Array()
    const place = { line: index, member, first, next: tip.counter + 1 }
    return { ...place, device, voucher: vouchers.get(index) }
  })
  return {
    number,
    constitution: constitution.bytes,
    group: constitution.group,
    lines,
    count: transcript.count,
    membershipHash: membershipHash(crypto, jurisdiction, roster),
    root: own.view.view,
  }
}

/** The key of a stored text, if `read` shows here what it says; `archived`: as the archive has it. */
export const textKeyOf = (
  crypto: Crypto,
  replica: Replica,
  stored: Bytes,
  line: number,
  archived?: Bytes,
): Bytes | undefined => {
  const shown = textOf(crypto, replica, stored, line, archived)
  if (shown === undefined || shown.text === null) return undefined
  const record = parseRecord(stored)
  const header = record.ok ? parseHeader(record.value.envelope.header) : record
  return header.ok ? recall(replica, { line, counter: header.value.counter }, archived) : undefined
}
