/**
 * What a leader writes about a group, inside the seal of a Meta message. Each entry sets one key. An
 * entry with `of` says again what another Meta wrote, for those who cannot open that one.
 *
 *   [[of b(0|32), kind, target b(0|32), value], ...]
 */
import { type Bytes, EMPTY, fromHex } from '../../base/bytes.ts'
import {
  BODY_BYTES_MAX,
  META_ENTRIES_MAX,
  META_TYPES_MAX,
  MEDIA_TYPE_BYTES_MAX,
  NAME_BYTES_MAX,
  TEXT_FIELD_BYTES_MAX,
} from '../../base/limits.ts'
import { type Result, fail, ok } from '../../base/result.ts'
import { type Value, encode } from '../../codec/canonical.ts'
import {
  type Reader,
  anything,
  bytesOrNone,
  flag,
  list,
  parse,
  textUpTo,
  tuple,
  u32,
  where,
} from '../../codec/shape.ts'
import type { MetaWrite } from '../command.ts'
import { checkName, checkTopic } from '../identity/name.ts'
import { type Hex, hexOf } from '../message/header.ts'

export const MetaKind = { name: 1, topic: 2, mute: 3, types: 4, hide: 5 } as const

export interface MetaEntry {
  /** The Meta message that wrote this, or empty: the very message that holds the entry. */
  readonly of: Hex
  readonly write: MetaWrite
}

/** Which key a write sets: writes of one key compete, others never do. */
export const keyOf = (write: MetaWrite): string => {
  switch (write.kind) {
    case 'mute':
    case 'types':
      return `${write.kind} ${write.member}`
    case 'hide':
      return `hide ${write.message}`
    default:
      return write.kind
  }
}

// --- Content types -------------------------------------------------------------------------------

const token = '[a-z0-9!#$&^_.+-]+'
const mediaType = new RegExp(String.raw`^${token}/(?:${token}|\*)$`)

/** A media type as a restriction names it: lower case, no parameters, the second half may be `*`. */
export const isMediaType = (text: string): boolean =>
  text.length <= MEDIA_TYPE_BYTES_MAX && mediaType.test(text)

/** True when texts of a content type are shown under a restriction. */
export const allows = (types: readonly string[], contentType: string): boolean => {
  if (types.length === 0) return true
  const plain = (contentType.split(';', 1)[0] ?? '').trim().toLowerCase()
  const slash = plain.indexOf('/')
  return types.includes(plain) || (slash > 0 && types.includes(`${plain.slice(0, slash)}/*`))
}

// --- Bytes ---------------------------------------------------------------------------------------

const bytesOf = (hex: Hex): Bytes => fromHex(hex) ?? EMPTY

const fieldsOf = (write: MetaWrite): [kind: number, target: Bytes, value: Value] => {
  switch (write.kind) {
    case 'name':
      return [MetaKind.name, EMPTY, write.name]
    case 'topic':
      return [MetaKind.topic, EMPTY, write.topic]
    case 'mute':
      return [MetaKind.mute, bytesOf(write.member), write.on ? 1 : 0]
    case 'types':
      return [MetaKind.types, bytesOf(write.member), [...write.types]]
    case 'hide':
      return [MetaKind.hide, bytesOf(write.message), write.on ? 1 : 0]
  }
}

export const encodeMeta = (entries: readonly MetaEntry[]): Bytes =>
  encode(entries.map(({ of, write }) => [bytesOf(of), ...fieldsOf(write)]))

const shape = list(tuple(bytesOrNone(32), u32, bytesOrNone(32), anything), {
  min: 1,
  max: META_ENTRIES_MAX,
})
const name = where(textUpTo(NAME_BYTES_MAX), (text) => checkName(text).ok, 'not a name')
const topic = where(textUpTo(TEXT_FIELD_BYTES_MAX), (text) => checkTopic(text).ok, 'not a topic')
const types = list(where(textUpTo(MEDIA_TYPE_BYTES_MAX), isMediaType, 'not a media type'), {
  max: META_TYPES_MAX,
  ascending: (a, b) => (a < b ? -1 : a > b ? 1 : 0),
})

const malformed = fail('meta-malformed')

/** Reason: `meta-malformed`. Entries of kinds that a later version may add say nothing here. */
export const parseMeta = (encoded: Bytes): Result<readonly MetaEntry[]> => {
  const parsed = parse(shape, encoded, { maxBytes: BODY_BYTES_MAX })
  if (!parsed.ok) return malformed
  const entries: MetaEntry[] = []
  const seen = new Set<string>()
  for (const [source, kind, target, value] of parsed.value) {
    if (kind === 0) return malformed
    if (kind > MetaKind.hide) continue
    const write = readWrite(kind, target, value)
    if (write === undefined) return malformed
    const of = source === undefined ? '' : hexOf(source)
    const set = `${of} ${keyOf(write)}`
    if (seen.has(set)) return malformed
    seen.add(set)
    entries.push({ of, write })
  }
  return ok(entries)
}

const readWrite = (
  kind: number,
  target: Bytes | undefined,
  value: Value,
): MetaWrite | undefined => {
  const named = target === undefined ? '' : hexOf(target)
  const of = <T>(reader: Reader<T>, build: (read: T) => MetaWrite): MetaWrite | undefined => {
    const read = reader(value)
    return read.ok ? build(read.value) : undefined
  }
  if (kind === MetaKind.types) {
    return of(types, (read) => ({ kind: 'types', member: named, types: read }))
  }
  // The group's own keys have no target, those about something have one.
  if ((kind === MetaKind.name || kind === MetaKind.topic) !== (named === '')) return undefined
  switch (kind) {
    case MetaKind.name:
      return of(name, (read) => ({ kind: 'name', name: read }))
    case MetaKind.topic:
      return of(topic, (read) => ({ kind: 'topic', topic: read }))
    case MetaKind.mute:
      return of(flag, (on) => ({ kind: 'mute', member: named, on }))
    default:
      return of(flag, (on) => ({ kind: 'hide', message: named, on }))
  }
}
