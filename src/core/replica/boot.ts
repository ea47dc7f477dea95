/**
 * Starting from disk: the group's fixed facts, secrets, control log and lines, then the last rows of
 * every line. Costs members and heads, never the log.
 */
import { readU32, toHex } from '../../base/bytes.ts'
import { parse, tuple, u53 } from '../../codec/shape.ts'
import { parseConstitution } from '../constitution/constitution.ts'
import type { Entry } from '../input.ts'
import { parseReachRecord } from '../presence/reach-record.ts'
import { parseJoinRequest } from '../membership/join-request.ts'
import { MessageType } from '../message/type.ts'
import { hexOf } from '../message/header.ts'
import { Space, key, within } from '../storage.ts'
import { appendControl } from '../transcript/control-log.ts'
import type { Row } from '../transcript/row.ts'
import { CHECKPOINT_EVERY } from '../transcript/row.ts'
import type { Line } from '../transcript/transcript.ts'
import { headsOfTips, newLine, remember } from '../transcript/transcript.ts'
import { join } from '../transcript/vector.ts'
import type { Turn } from '../turn.ts'
import { load } from '../turn.ts'
import { parseInvite } from './admission.ts'
import { bootAttesting } from './attesting.ts'
import { bootArchived } from './archive.ts'
import { bootContradiction } from './contradictions.ts'
import { registerControl } from './control.ts'
import { parseDeparture } from './departures.ts'
import { parseDraft } from './drafts.ts'
import { bootHeard } from './heard.ts'
import { parseEpoch } from './epochs.ts'
import { parseTally } from './exposure.ts'
import { bootMeta, openWaitingMetas } from './meta.ts'
import { parsePrekey } from './prekeys.ts'
import { parseControl, parseGroup, parseLine } from './records.ts'
import { rowsOfRecords } from './rows.ts'
import { bootSplit, parseSplit } from './splits.ts'
import type { Replica } from './state.ts'
import { GroupNote, SecretKind, ownTip } from './state.ts'
import { createReplica } from './create.ts'
import { parseTold } from './told.ts'
import { bootShareLog } from './share-log.ts'
import { addUnopened, parseOpened } from './unopened.ts'

/** Everything that a start reads before it knows any line; the device space is the endpoint's. */
export const bootSpaces = [
  Space.group,
  Space.secret,
  Space.control,
  Space.line,
  Space.reach,
  Space.invite,
  Space.request,
  Space.draft,
  Space.meta,
] as const

/** What a device is to all of its groups. */
export interface DeviceFacts {
  readonly deviceSeed: Uint8Array
  readonly archive: boolean
}

type Saved = ReadonlyMap<number, readonly Entry[]>

const GROUP_KEY_BYTES = 5

/** Rebuilds every group from what `bootSpaces` held, then its rows; `done` gets them all. */
export const bootReplicas = (
  turn: Turn,
  device: DeviceFacts,
  saved: Saved,
  done: (turn: Turn, replicas: Replica[]) => void,
): void => {
  const replicas: Replica[] = []
  for (const entry of saved.get(Space.group) ?? []) {
    if (entry.key.length !== GROUP_KEY_BYTES) continue
    const replica = bootOne(turn, device, entry, saved)
    if (replica !== undefined) replicas.push(replica)
  }
  bootRows(turn, replicas, saved, (later) => done(later, replicas))
}

const startsWith = (bytes: Uint8Array, prefix: Uint8Array): boolean =>
  prefix.every((byte, i) => bytes[i] === byte)

const of = (saved: Saved, space: (typeof bootSpaces)[number], number: number): Entry[] => {
  const prefix = key(space, number)
  return (saved.get(space) ?? []).filter((entry) => startsWith(entry.key, prefix))
}

const bootOne = (
  turn: Turn,
  { deviceSeed, archive }: DeviceFacts,
  entry: Entry,
  saved: Saved,
): Replica | undefined => {
  const group = parseGroup(entry.key, entry.value)
  const constitution = parseConstitution(turn.env.crypto, group.constitution)
  if (!constitution.ok) return undefined
  const secrets = of(saved, Space.secret, group.number)
  const access = secrets.find((one) => one.key[GROUP_KEY_BYTES] === SecretKind.access)
  if (access === undefined) return undefined
  const { number, createdMs, memberGroupId, member } = group
  const replica = createReplica(turn.env, {
    number,
    constitution: constitution.value,
    createdMs,
    accessKey: access.value,
    self: { member: hexOf(member), memberBytes: member, memberGroupId, deviceSeed },
    archive,
  })
  for (const one of secrets) {
    const id = one.key.slice(GROUP_KEY_BYTES + 1)
    const kind = one.key[GROUP_KEY_BYTES]
    const prekey = kind === SecretKind.prekey ? parsePrekey(one.value) : undefined
    if (prekey !== undefined) replica.prekeys.set(toHex(id), prekey)
    const given = kind === SecretKind.given
    const epoch = kind === SecretKind.epoch || given ? parseEpoch(id, one.value, given) : undefined
    if (epoch !== undefined) replica.epochs.set(epoch.id, epoch)
  }
  for (const note of of(saved, Space.group, number)) {
    const kind = note.key[GROUP_KEY_BYTES]
    if (kind === GroupNote.checked) replica.checked = true
    if (kind === GroupNote.retired) replica.recovery = 'retired'
    if (kind === GroupNote.held) replica.recovery ??= 'held'
    const epoch = hexOf(note.key.slice(GROUP_KEY_BYTES + 1))
    const tally = kind === GroupNote.texts ? parseTally(note.value) : undefined
    if (tally !== undefined) replica.texts.set(epoch, tally)
    if (kind === GroupNote.heard) bootHeard(replica, epoch, note.value)
    if (kind === GroupNote.spent) replica.spent.add(epoch)
    if (kind === GroupNote.reopening) replica.reopening.add(epoch)
    if (kind === GroupNote.split) replica.splits.saved = parseSplit(note.value)
    if (kind === GroupNote.archived) bootArchived(replica, note.value)
    if (kind === GroupNote.told) replica.told = parseTold(turn.env.crypto, note.value)
    if (kind === GroupNote.sharedTexts) replica.sharing.opened.set(epoch, parseOpened(note.value))
    if (kind === GroupNote.shareLog) bootShareLog(replica, note)
    bootMemberNote(replica, kind, note)
  }
  bootControl(replica, of(saved, Space.control, number))
  bootNotes(turn, replica, saved)
  return replica
}

const EPOCH_BYTES = 32

/** The key of such a note is the epoch, the line and the counter of the text. */
const bootUnopened = (replica: Replica, note: Entry): void => {
  const place = note.key.slice(GROUP_KEY_BYTES + 1)
  const epoch = hexOf(place.slice(0, EPOCH_BYTES))
  const line = readU32(place, EPOCH_BYTES)
  addUnopened(replica, { epoch, line, counter: readU32(place, EPOCH_BYTES + 4) })
}

const bootMemberNote = (replica: Replica, kind: number | undefined, note: Entry): void => {
  const id = toHex(note.key.slice(GROUP_KEY_BYTES + 1))
  if (kind === GroupNote.unopened) bootUnopened(replica, note)
  if (kind === GroupNote.contradiction) {
    bootContradiction(replica, note.key.slice(GROUP_KEY_BYTES + 1))
  }
  if (kind === GroupNote.departure) {
    const departure = parseDeparture(note.value)
    if (departure !== undefined) replica.departures.set(id, departure)
  }
  if (kind === GroupNote.epochSeen) {
    const seen = parse(tuple(u53), note.value)
    if (seen.ok) replica.epochsSeen.set(id, seen.value[0])
  }
}

const bootControl = (replica: Replica, entries: readonly Entry[]): void => {
  for (const one of entries) {
    const control = parseControl(one.value)
    appendControl(replica.transcript.control, control)
    registerControl(replica, control)
  }
  // Secrets lie by id; the newest epochs must come last, as they are tried first.
  const order = [...replica.jurisdiction.epochs.keys()]
  const opened = order.map((id) => replica.epochs.get(id)).filter((epoch) => epoch !== undefined)
  replica.epochs.clear()
  for (const epoch of opened) replica.epochs.set(epoch.id, epoch)
}

const bootNotes = (turn: Turn, replica: Replica, saved: Saved): void => {
  for (const one of of(saved, Space.reach, replica.number)) {
    const record = parseReachRecord(one.value)
    if (!record.ok) continue
    const { member, seq, addresses } = record.value
    replica.reach.set(hexOf(member), { record: one.value, seq, addresses })
  }
  for (const one of of(saved, Space.invite, replica.number)) {
    const invite = parseInvite(one.value)
    if (invite !== undefined) replica.invites.set(hexOf(invite.id), invite)
  }
  for (const one of of(saved, Space.draft, replica.number)) {
    const draft = parseDraft(one.value)
    if (draft !== undefined) replica.drafts.set(toHex(one.key.slice(GROUP_KEY_BYTES)), draft)
  }
  for (const one of of(saved, Space.meta, replica.number)) bootMeta(replica, one)
  for (const one of of(saved, Space.request, replica.number)) {
    const request = parseJoinRequest(turn.env.crypto, one.value)
    if (!request.ok) continue
    replica.requests.set(hexOf(request.value.admission), {
      bytes: one.value,
      sinceMs: Math.floor(turn.env.wallMs),
      name: request.value.name,
      account: hexOf(request.value.account),
      issuer: hexOf(request.value.issuer),
    })
  }
}

const bootRows = (
  turn: Turn,
  replicas: readonly Replica[],
  saved: Saved,
  done: (turn: Turn) => void,
): void => {
  const lines = replicas.flatMap((replica) =>
    of(saved, Space.line, replica.number).map((entry) => ({ replica, entry })),
  )
  const found = lines.map(({ replica, entry }) => ({
    replica,
    line: parseLine(entry.key, entry.value),
  }))
  const ranges = found.map(({ replica, line }) => ({
    ...within(key(Space.message, replica.number, line.index)),
    limit: CHECKPOINT_EVERY,
    reverse: true,
  }))
  load(turn, ranges, (later, results) => {
    const read = new Map(replicas.map((replica) => [replica, new Map<Line, readonly Row[]>()]))
    found.forEach(({ replica, line }, i) => {
      const rows = rowsOfRecords(later, line.index, (results[i] ?? []).toReversed())
      const tip = rows.at(-1)
      if (tip === undefined) return
      const { transcript } = replica
      const made = newLine(transcript, tip, line)
      made.uses = line.uses
      for (const use of line.uses) replica.epochsUsed.add(use.epoch)
      if (line.voucher !== undefined) replica.vouchers.set(line.index, line.voucher)
      transcript.seen = join(transcript.seen, tip.seen)
      transcript.count += tip.counter + 1 - line.first
      remember(transcript, tip)
      bootShown(replica, tip)
      read.get(replica)?.set(made, rows)
      const text = rows.findLast((row) => row.type === MessageType.text)
      if (text !== undefined) replica.final.lastTexts.set(line.index, text.counter)
    })
    for (const replica of replicas) {
      bootHeads(replica)
      bootSplit(later, replica)
      bootAttesting(later, replica, read.get(replica) ?? new Map())
      openWaitingMetas(later, replica)
    }
    done(later)
  })
}

const bootShown = (
  replica: Replica,
  tip: { type: number; lamport: number; member: string; counter: number },
): void => {
  if (tip.type !== MessageType.text || tip.lamport < replica.shown.lamport) return
  const { lamport, member, counter } = tip
  replica.shown = { lamport, member, counter }
}

const bootHeads = (replica: Replica): void => {
  const { transcript } = replica
  for (const head of headsOfTips(transcript.lines)) transcript.heads.set(head.id, head)
  transcript.evicted = transcript.count > transcript.rows.size
  replica.sending = ownTip(replica)?.uses.at(-1)?.epoch ?? ''
  for (const [member, lines] of transcript.byMember) {
    if (lines.length > 1) replica.equivocators.add(member)
  }
}
