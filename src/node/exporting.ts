// Writes a group's transcript as an archive that verifies by itself (core/export), straight from the
// store beside the core: one stored line an author, merged in total order, a page of each in memory.
// With keys, a second stream says for each text by which key it opens; the archive itself never does.

import { type Bytes, readU32, toHex } from '../base/bytes.ts'
import { CoterieError } from '../base/error.ts'
import { Heap } from '../base/heap.ts'
import {
  ARCHIVE_FRAME_BYTES_TARGET,
  ARCHIVE_WINDOW_MESSAGES,
  RUN_MESSAGES_MAX,
} from '../base/limits.ts'
import { SIGNATURE_EVERY } from '../core/anti-entropy/batch.ts'
import type { Range } from '../core/effect.ts'
import type { ArchivePlace } from '../core/export/format.ts'
import { compareArchivePlaces } from '../core/export/format.ts'
import type { Entry } from '../core/input.ts'
import type { Header } from '../core/message/header.ts'
import { hexOf, idOf, parseHeader } from '../core/message/header.ts'
import type { Envelope } from '../core/message/message.ts'
import { verifyId } from '../core/message/message.ts'
import { MessageType, isSealed } from '../core/message/type.ts'
import { archiveRanges, archivedKeys } from '../core/replica/archive.ts'
import type { ExportLine, ExportState } from '../core/replica/exporting.ts'
import { Space, only } from '../core/storage.ts'
import { RowFlag, parseRecord } from '../core/transcript/row.ts'
import type { Crypto } from '../crypto/crypto.ts'
import { ArchiveWriter, KeysWriter } from './export-writer.ts'
import { type EndpointMachine, messageKey } from './rows.ts'

export interface ExportParts {
  readonly machine: Pick<EndpointMachine, 'exportState' | 'textKey'>
  /** Stored rows as the core wrote them, all ranges in one list. */
  readonly read: (ranges: readonly Range[]) => Promise<readonly Entry[]>
  readonly crypto: Crypto
  readonly wait: (ms: number) => Promise<void>
}

export interface ExportOptions {
  /** Whether the keys of texts are written too. Default: false. */
  readonly keys?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** What was written, in all. */
export interface ExportFigures {
  group: string
  root: string
  messages: number
  texts: number
  /** Texts whose key was given. */
  keys: number
  /** Bytes of the archive. */
  bytes: number
  /** The last link of the archive: names this very file. */
  archive: string
}

/** Bytes of one of the two files, in order, or the end of both. */
export type ExportPart =
  | { readonly part: 'archive' | 'keys'; readonly bytes: Bytes }
  | { readonly part: 'end'; readonly figures: ExportFigures }

/** One message on its way into the archive. */
interface Exported {
  readonly place: ArchivePlace
  readonly line: number
  readonly header: Header
  readonly envelope: Envelope
  /** Its own signature was checked here. */
  readonly verified: boolean
  /** Of a text: its key, where it is wanted and known. */
  readonly key: Bytes | undefined
}

const SETTLE_TRIES = 100
const SETTLE_MS = 100
const PAGE_ROWS_MIN = 2
const PAGE_ROWS_MAX = 256

/** The archive of everything held of a group now, piece by piece. @throws CoterieError GROUP_UNKNOWN, TIMEOUT */
export async function* exportGroup(
  parts: ExportParts,
  group: string,
  options: ExportOptions = {},
): AsyncGenerator<ExportPart, void, undefined> {
  const { keys = false, signal } = options
  const state = await settledState(parts, group)
  const archive = new ArchiveWriter(parts.crypto)
  const opened = new KeysWriter(parts.crypto)
  yield archive.part(archive.begin(state.constitution))
  if (keys) yield opened.part(opened.begin(state.group))
  let frame: Exported[] = []
  let size = 0
  for await (const one of mergeLines(parts, group, state, keys)) {
    if (signal?.aborted === true) return
    const bytes = one.envelope.header.length + one.envelope.body.length + 80
    const full = frame.length >= RUN_MESSAGES_MAX || size + bytes > ARCHIVE_FRAME_BYTES_TARGET
    if (full && frame.length > 0) {
      yield archive.part(archive.messages(framed(parts.crypto, state, frame)))
      frame = []
      size = 0
    }
    frame.push(one)
    size += bytes
    if (!keys || one.header.type !== MessageType.text) continue
    const filled = opened.add(one.key)
    if (filled !== undefined) yield opened.part(filled)
  }
  if (frame.length > 0) yield archive.part(archive.messages(framed(parts.crypto, state, frame)))
  for (const bytes of await vouchersOf(parts, state, archive)) yield archive.part(bytes)
  yield archive.part(archive.end(state))
  if (keys) for (const bytes of opened.end(archive.link)) yield opened.part(bytes)
  const { bytes, texts, link } = archive
  yield {
    part: 'end',
    figures: {
      group,
      root: toHex(state.root),
      messages: state.count,
      texts,
      keys: opened.given,
      bytes,
      archive: toHex(link),
    },
  }
}

/** The state as of a moment at which the end of every line is stored and something vouches for it. */
async function settledState(parts: ExportParts, group: string): Promise<ExportState> {
  for (let attempt = 0; attempt < SETTLE_TRIES; attempt++) {
    const state = parts.machine.exportState(group)
    if (state === undefined) {
      throw new CoterieError('GROUP_UNKNOWN', 'This node holds no such group.', {
        hint: 'List the groups with: coterie group list',
      })
    }
    const ends = await Promise.all(state.lines.map((line) => endOf(parts, state, line)))
    const open = state.lines.some((line, i) => {
      const end = ends[i]
      return end === undefined || !(isSigned(parts.crypto, line, end) || line.voucher !== undefined)
    })
    if (!open) return state
    await parts.wait(SETTLE_MS)
  }
  throw new CoterieError('TIMEOUT', 'Messages keep coming in faster than they can be archived.', {
    hint: 'Try again when the group is quieter.',
  })
}

async function endOf(
  { crypto, read }: ExportParts,
  { number }: ExportState,
  { line, next }: ExportLine,
): Promise<Exported | undefined> {
  const [entry] = await read([only(messageKey(number, line, next - 1))])
  return entry && exportedOf(crypto, line, entry.value, undefined)
}

function isSigned(crypto: Crypto, { device }: ExportLine, end: Exported): boolean {
  const { verified, envelope } = end
  return verified || verifyId(crypto, device, idOf(crypto, envelope.header), envelope.signature)
}

/** What vouches for those lines whose ends have no signature of their own. */
async function vouchersOf(
  parts: ExportParts,
  state: ExportState,
  archive: ArchiveWriter,
): Promise<Bytes[]> {
  const frames: Bytes[] = []
  for (const line of state.lines) {
    const end = await endOf(parts, state, line)
    if (end === undefined || isSigned(parts.crypto, line, end) || line.voucher === undefined)
      continue
    const tip = idOf(parts.crypto, end.envelope.header)
    frames.push(archive.voucher({ tip, ...line.voucher }))
  }
  return frames
}

function exportedOf(
  crypto: Crypto,
  line: number,
  stored: Bytes,
  key: Bytes | undefined,
): Exported | undefined {
  const record = parseRecord(stored)
  const header = record.ok ? parseHeader(record.value.envelope.header) : record
  if (!record.ok || !header.ok) return undefined
  const { envelope, flags } = record.value
  const { lamport, counter, member } = header.value
  const id = hexOf(idOf(crypto, envelope.header))
  return {
    place: { lamport, member: hexOf(member), counter, id },
    line,
    header: header.value,
    envelope,
    verified: (flags & RowFlag.verified) !== 0,
    key,
  }
}

/**
 * The messages of one frame. Of texts only few signatures are written: a later one of the same author
 * vouches for all before it, since each message names the one before by its hash.
 */
function framed(crypto: Crypto, state: ExportState, frame: readonly Exported[]): Envelope[] {
  const last = new Map(frame.map((one) => [one.line, one]))
  return frame.map((one) => {
    const { envelope, header } = one
    const line = state.lines[one.line]
    const isEnd = line !== undefined && header.counter === line.next - 1
    const kept =
      !isSealed(header.type) ||
      last.get(one.line) === one ||
      header.counter % SIGNATURE_EVERY === SIGNATURE_EVERY - 1
    const holds = one.verified || (isEnd && isSigned(crypto, line, one))
    return kept && holds ? envelope : { ...envelope, signature: new Uint8Array() }
  })
}

/** Every message of every line in total order. */
async function* mergeLines(
  parts: ExportParts,
  group: string,
  state: ExportState,
  keys: boolean,
): AsyncGenerator<Exported, void, undefined> {
  const share = Math.floor(ARCHIVE_WINDOW_MESSAGES / Math.max(1, 4 * state.lines.length))
  const page = Math.max(PAGE_ROWS_MIN, Math.min(PAGE_ROWS_MAX, share))
  type Front = { one: Exported; rest: AsyncGenerator<Exported, void, undefined> }
  const fronts = new Heap<Front>((a, b) => compareArchivePlaces(a.one.place, b.one.place))
  const advance = async (rest: Front['rest']): Promise<void> => {
    const next = await rest.next()
    if (next.done !== true) fronts.push({ one: next.value, rest })
  }
  for (const line of state.lines)
    await advance(rowsOfLine(parts, group, { state, line, page, keys }))
  for (let front = fronts.pop(); front !== undefined; front = fronts.pop()) {
    yield front.one
    await advance(front.rest)
  }
}

interface LineToRead {
  readonly state: ExportState
  readonly line: ExportLine
  readonly page: number
  readonly keys: boolean
}

async function* rowsOfLine(
  { crypto, machine, read }: ExportParts,
  group: string,
  { state: { number }, line: { line, first, next }, page, keys }: LineToRead,
): AsyncGenerator<Exported, void, undefined> {
  for (let from = first; from < next; from += page) {
    const to = Math.min(next, from + page)
    const range = { from: messageKey(number, line, from), to: messageKey(number, line, to) }
    const entries = await read([range, ...(keys ? archiveRanges(number, line, from, to) : [])])
    const archived = new Map(
      entries.flatMap(({ key, value }) =>
        key[0] === Space.archive ? [...archivedKeys(value)] : [],
      ),
    )
    const rows = entries.filter(({ key }) => key[0] === Space.message)
    if (rows.length !== to - from) throw damaged(line, from)
    for (const { key, value } of rows) {
      const given = archived.get(readU32(key, key.length - 4))
      const textKey = keys ? machine.textKey(group, value, line, given) : undefined
      const one = exportedOf(crypto, line, value, textKey)
      if (one === undefined) throw damaged(line, from)
      yield one
    }
  }
}

function damaged(line: number, from: number): CoterieError {
  const message = `Stored messages of line ${line} from ${from} on are missing or damaged.`
  return new CoterieError('INTERNAL', message, {
    hint: 'The data directory is damaged. Restore it, or join again from another device.',
  })
}
