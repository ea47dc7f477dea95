/**
 * What leaders say about the group, as this replica keeps it: every Meta message by its place, with
 * what it says once that could be opened, so that a start reads them and never the log.
 */
import type { Bytes } from '../../base/bytes.ts'
import { EMPTY } from '../../base/bytes.ts'
import { encode } from '../../codec/canonical.ts'
import { bytes, bytesUpTo, flag, list, parse, tuple, u32, u53 } from '../../codec/shape.ts'
import { BODY_BYTES_MAX } from '../../base/limits.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import type { Put } from '../effect.ts'
import type { Entry } from '../input.ts'
import { openSealed } from '../epoch/text.ts'
import type { Header, Hex } from '../message/header.ts'
import { encodePrefix, hexOf, parseHeader } from '../message/header.ts'
import type { Message } from '../message/message.ts'
import { type MetaEntry, parseMeta } from '../meta/body.ts'
import type { HeldMeta } from '../meta/fold.ts'
import { Space, key, only } from '../storage.ts'
import type { Row } from '../transcript/row.ts'
import { parseRecord } from '../transcript/row.ts'
import { countAt } from '../transcript/vector.ts'
import type { Turn } from '../turn.ts'
import { count, emit, load, persist } from '../turn.ts'
import { messageKeyFor } from './keys.ts'
import { messageKey } from './rows.ts'
import type { Replica } from './state.ts'
import { bytesOf } from './state.ts'

const keep = (replica: Replica, meta: HeldMeta): void => {
  replica.meta.held.set(meta.id, meta)
  replica.meta.maxima = undefined
  replica.meta.state = undefined
  replica.meta.version += 1
}

/** What a Meta says; undefined where it does not open here. One that is malformed says nothing. */
const opened = (
  crypto: Crypto,
  replica: Replica,
  header: Header,
  body: Bytes,
): Bytes | undefined => {
  const { salt, keyCommit } = header
  const messageKey = messageKeyFor(crypto, replica, header)
  if (messageKey === undefined) return undefined
  const prefix = encodePrefix(header)
  const plaintext = openSealed(crypto, { messageKey, salt, keyCommit, prefix, body })
  return plaintext.ok ? plaintext.value : EMPTY
}

const entriesOf = (plaintext: Bytes | undefined): readonly MetaEntry[] | undefined => {
  if (plaintext === undefined) return undefined
  const parsed = parseMeta(plaintext)
  return parsed.ok ? parsed.value : []
}

/** Takes a Meta that was just accepted into the state; the write that keeps it. */
export const noteMeta = (turn: Turn, replica: Replica, message: Message, row: Row): Put[] => {
  const { header } = message
  const plaintext = opened(turn.env.crypto, replica, header, message.body)
  const entries = entriesOf(plaintext)
  // Leaders alone write Metas, so their lines are all that the order of Metas depends on.
  const lines = replica.transcript.lines.filter(
    (line) => replica.facts.get(line.member)?.leader === true,
  )
  const meta: HeldMeta = {
    id: row.id,
    leader: replica.constitution.leaders.findIndex((seat) => hexOf(seat.member) === row.member),
    line: row.line,
    counter: row.counter,
    seen: new Map(
      lines
        .map((line) => [line.index, countAt(row.seen, line.index)] as const)
        .filter(([, seen]) => seen > 0),
    ),
    epoch: hexOf(header.epoch),
    entries,
  }
  keep(replica, meta)
  tell(turn, replica, meta)
  return [metaPut(replica, meta, plaintext)]
}

const tell = (turn: Turn, replica: Replica, { id, entries }: HeldMeta): void => {
  if (entries === undefined) return count(turn, 'metas_unopened')
  if (entries.length === 0) count(turn, 'metas_unread')
  // Names and what is shown may have changed; a leader may have to say it again to others.
  replica.changed = true
  emit(turn, { kind: 'notify', event: { kind: 'meta', group: replica.group, id } })
}

/** Opens Metas that could not be opened when they came, now that there are keys; then goes on. */
export const openWaitingMetas = (
  turn: Turn,
  replica: Replica,
  then: (turn: Turn) => void = () => undefined,
): void => {
  const waiting = [...replica.meta.held.values()].filter(
    ({ entries, epoch }) => entries === undefined && replica.epochs.has(epoch),
  )
  if (waiting.length === 0) return then(turn)
  const ranges = waiting.map(({ line, counter }) => only(messageKey(replica, line, counter)))
  load(turn, ranges, (later, results) => {
    waiting.forEach((meta, i) => openStored(later, replica, meta, results[i]?.[0]))
    then(later)
  })
}

const openStored = (turn: Turn, replica: Replica, meta: HeldMeta, stored?: Entry): void => {
  const record = stored && parseRecord(stored.value)
  if (record?.ok !== true) return
  const { envelope } = record.value
  const header = parseHeader(envelope.header)
  if (!header.ok) return
  const plaintext = opened(turn.env.crypto, replica, header.value, envelope.body)
  if (plaintext === undefined) return
  const known = { ...meta, entries: entriesOf(plaintext) }
  keep(replica, known)
  tell(turn, replica, known)
  persist(turn, [metaPut(replica, known, plaintext)])
}

// --- On disk -------------------------------------------------------------------------------------

const shape = tuple(
  u32,
  u32,
  u32,
  bytes(32),
  list(tuple(u32, u53), { max: 65_536 }),
  flag,
  bytesUpTo(BODY_BYTES_MAX),
)

const ID_AT = 5

/** Secret, like every text: it lies there opened, so that it outlives the key of its message. */
const metaPut = (replica: Replica, meta: HeldMeta, plaintext: Bytes | undefined): Put => ({
  key: key(Space.meta, replica.number, bytesOf(meta.id)),
  value: encode([
    meta.leader,
    meta.line,
    meta.counter,
    bytesOf(meta.epoch),
    [...meta.seen].map(([line, seen]) => [line, seen]),
    plaintext === undefined ? 0 : 1,
    plaintext ?? EMPTY,
  ]),
  secret: true,
})

/** Brings back one stored Meta. */
export const bootMeta = (replica: Replica, entry: Entry): void => {
  const parsed = parse(shape, entry.value)
  if (!parsed.ok) return
  const [leader, line, counter, epoch, seen, open, plaintext] = parsed.value
  const entries = entriesOf(open ? plaintext : undefined)
  const id: Hex = hexOf(entry.key.slice(ID_AT))
  keep(replica, { id, leader, line, counter, seen: new Map(seen), epoch: hexOf(epoch), entries })
}
