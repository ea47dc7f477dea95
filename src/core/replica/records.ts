/**
 * How a replica's own notes lie on disk: lines, control messages in short, the group itself. All of
 * it is derived from messages and could be rebuilt from them; it is kept so that a start reads
 * members and heads, never the log.
 */
import type { Bytes } from '../../base/bytes.ts'
import { EMPTY, readU32 } from '../../base/bytes.ts'
import { CoterieError } from '../../base/error.ts'
import { encode } from '../../codec/canonical.ts'
import type { Value } from '../../codec/canonical.ts'
import {
  bytes,
  bytesUpTo,
  flag,
  list,
  parse,
  textUpTo,
  tuple,
  u32,
  u53,
} from '../../codec/shape.ts'
import { peerIdOf } from '../identity/peer-id.ts'
import type { MemberFacts, Prekey, RosterChange } from '../membership/roster.ts'
import { hexOf } from '../message/header.ts'
import type { ControlEntry } from '../transcript/control-log.ts'
import type { EpochUse, Line } from '../transcript/transcript.ts'
import type { ControlInfo } from '../validity/context.ts'
import { bytesOf } from './state.ts'

const SAVED_BYTES_MAX = 4 * 1024 * 1024
const options = { maxBytes: SAVED_BYTES_MAX }
const many = { max: 65_536 }

/** What we wrote ourselves must read back: going on without it would show a smaller group. */
const damaged = (what: string): never => {
  throw new CoterieError('INTERNAL', `the stored record of ${what} cannot be read`, {
    hint: 'the database is damaged or of another version: restore it, or join again as a new member',
  })
}

// --- Lines ---------------------------------------------------------------------------------------

export interface SavedLine {
  readonly index: number
  readonly member: string
  readonly parent: number
  readonly first: number
  readonly uses: readonly EpochUse[]
  readonly voucher: { readonly headers: readonly Bytes[]; readonly signature: Bytes } | undefined
}

export const encodeLine = (line: Line, voucher: SavedLine['voucher']): Bytes =>
  encode([
    bytesOf(line.member),
    line.parent + 1,
    line.first,
    line.uses.map((use) => [bytesOf(use.epoch), use.from]),
    [...(voucher?.headers ?? [])],
    voucher?.signature ?? EMPTY,
  ])

const lineShape = tuple(
  bytes(32),
  u32,
  u32,
  list(tuple(bytes(32), u32), many),
  list(bytesUpTo(8192), many),
  bytesUpTo(64),
)

/** `key`: the line's number is its last four bytes. */
export const parseLine = (key: Bytes, saved: Bytes): SavedLine => {
  const parsed = parse(lineShape, saved, options)
  if (!parsed.ok) return damaged('a line')
  const [member, parent, first, uses, headers, signature] = parsed.value
  return {
    index: readU32(key, key.length - 4),
    member: hexOf(member),
    parent: parent - 1,
    first,
    uses: uses.map(([epoch, from]) => ({ epoch: hexOf(epoch), from })),
    voucher: signature.length === 64 ? { headers, signature } : undefined,
  }
}

// --- The control log -----------------------------------------------------------------------------

const prekeyValue = (prekey: Prekey): Value => [prekey.id, prekey.public, prekey.counter + 1]

/** How a saved change begins. */
const ChangeCode = {
  admit: 0,
  join: 1,
  prekey: 2,
  remove: 3,
  leave: 4,
  ban: 5,
  dormant: 6,
  awake: 7,
  accuse: 8,
} as const

const changeValue = (change: RosterChange): Value => {
  switch (change.kind) {
    case 'admit':
      return admitValue(change.facts)
    case 'join':
    case 'prekey':
      return [ChangeCode[change.kind], bytesOf(change.member), prekeyValue(change.prekey)]
    case 'ban':
      return [ChangeCode.ban, change.account]
    case 'dormant':
      return [change.on ? ChangeCode.dormant : ChangeCode.awake, bytesOf(change.member)]
    default:
      return [ChangeCode[change.kind], bytesOf(change.member)]
  }
}

const admitValue = (facts: MemberFacts): Value => {
  return [
    ChangeCode.admit,
    facts.memberBytes,
    prekeyValue(facts.prekey),
    [
      facts.account,
      facts.memberGroupId,
      facts.name,
      facts.device,
      facts.transport,
      facts.leader ? 1 : 0,
      facts.admission,
    ],
  ]
}

const infoValue = (info: ControlInfo): Value => {
  if (info.kind === 'roster') return [0, info.changes.map(changeValue)]
  if (info.kind === 'request') return [2, info.code]
  const { epoch } = info
  return [
    1,
    [
      epoch.idBytes,
      epoch.depth,
      epoch.parents.map(bytesOf),
      bytesOf(epoch.author),
      epoch.reason,
      epoch.commit,
      epoch.salt,
      epoch.messages,
    ],
  ]
}

export const encodeControl = (entry: ControlEntry<ControlInfo>): Bytes =>
  encode([
    entry.sequence,
    bytesOf(entry.id),
    entry.type,
    bytesOf(entry.member),
    entry.line,
    entry.counter,
    entry.lamport,
    [...entry.past],
    infoValue(entry.info),
  ])

const prekeyShape = tuple(bytes(32), bytes(32), u32)
const prekeyChange = tuple(u32, bytes(32), prekeyShape)
const plainChange = tuple(u32, bytes(32))
const factsShape = tuple(bytes(32), u32, textUpTo(256), bytes(32), bytes(32), flag, bytes(32))
const admitShape = tuple(u32, bytes(32), prekeyShape, factsShape)
const anyValue = (value: Value): { readonly ok: true; readonly value: Value } => ({
  ok: true,
  value,
})
const epochShape = tuple(
  bytes(32),
  u32,
  list(bytes(32), many),
  bytes(32),
  u32,
  bytes(32),
  bytes(32),
  u53,
)
const entryShape = tuple(
  u53,
  bytes(32),
  u32,
  bytes(32),
  u32,
  u32,
  u53,
  list(u53, many),
  tuple(u32, anyValue),
)

const readChange = (value: Value): RosterChange | undefined => {
  const admit = admitShape(value)
  if (admit.ok) {
    const [, member, [id, key, counter], fields] = admit.value
    const [account, memberGroupId, name, device, transport, leader, admission] = fields
    const facts: MemberFacts = {
      member: hexOf(member),
      memberBytes: member,
      account,
      memberGroupId,
      name,
      device,
      transport,
      peer: peerIdOf(transport),
      leader,
      admission,
      prekey: { id, public: key, counter: counter - 1 },
    }
    return { kind: 'admit', facts }
  }
  const renewed = prekeyChange(value)
  if (renewed.ok) {
    const [code, member, [id, key, counter]] = renewed.value
    const prekey = { id, public: key, counter: counter - 1 }
    return { kind: code === ChangeCode.join ? 'join' : 'prekey', member: hexOf(member), prekey }
  }
  const plain = plainChange(value)
  return plain.ok ? readPlain(plain.value[0], plain.value[1]) : undefined
}

const readPlain = (code: number, target: Bytes): RosterChange | undefined => {
  const member = hexOf(target)
  switch (code) {
    case ChangeCode.remove:
      return { kind: 'remove', member }
    case ChangeCode.accuse:
      return { kind: 'accuse', member }
    case ChangeCode.leave:
      return { kind: 'leave', member }
    case ChangeCode.ban:
      return { kind: 'ban', account: target }
    case ChangeCode.dormant:
      return { kind: 'dormant', member, on: true }
    case ChangeCode.awake:
      return { kind: 'dormant', member, on: false }
    default:
      return undefined
  }
}

const readInfo = (kind: number, value: Value): ControlInfo | undefined => {
  if (kind === 0) {
    if (!Array.isArray(value)) return undefined
    const changes = value.map(readChange).filter((change) => change !== undefined)
    return { kind: 'roster', changes }
  }
  if (kind === 2) return typeof value === 'number' ? { kind: 'request', code: value } : undefined
  const read = epochShape(value)
  if (!read.ok) return undefined
  const [idBytes, depth, parents, author, reason, commit, salt, messages] = read.value
  const epoch = {
    id: hexOf(idBytes),
    idBytes,
    depth,
    parents: parents.map(hexOf),
    author: hexOf(author),
    reason,
    commit,
    salt,
    messages,
  }
  return { kind: 'epoch', epoch }
}

export const parseControl = (saved: Bytes): ControlEntry<ControlInfo> => {
  const parsed = parse(entryShape, saved, options)
  if (!parsed.ok) return damaged('a control message')
  const [sequence, id, type, member, line, counter, lamport, past, [kind, value]] = parsed.value
  const info = readInfo(kind, value)
  if (info === undefined) return damaged('a control message')
  return {
    sequence,
    id: hexOf(id),
    type,
    member: hexOf(member),
    line,
    counter,
    lamport,
    past,
    info,
  }
}

// --- The group -----------------------------------------------------------------------------------

export interface SavedGroup {
  readonly number: number
  readonly constitution: Bytes
  readonly member: Bytes
  readonly memberGroupId: number
  readonly createdMs: number
}

export const encodeGroup = (group: SavedGroup): Bytes =>
  encode([group.constitution, group.member, group.memberGroupId, group.createdMs])

const groupShape = tuple(bytesUpTo(65_536), bytes(32), u32, u53)

export const parseGroup = (key: Bytes, saved: Bytes): SavedGroup => {
  const parsed = parse(groupShape, saved, options)
  if (!parsed.ok) return damaged('a group')
  const [constitution, member, memberGroupId, createdMs] = parsed.value
  return { number: readU32(key, 1), constitution, member, memberGroupId, createdMs }
}
