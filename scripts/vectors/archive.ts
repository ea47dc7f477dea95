// Vectors of archives: the transcript of the message vectors as a file, whole and as far as a line whose
// end a later header vouches for, with the keys of its texts, and what is refused of it.

import { type Bytes, concat } from '../../src/base/bytes.ts'
import {
  ARCHIVE_MAGIC,
  type ArchiveFrame,
  KEYS_MAGIC,
  type KeysFrame,
  LINK_BYTES,
  compareArchivePlaces,
  encodeArchiveFrame,
  encodeKeysFrame,
  firstLink,
  frameOf,
} from '../../src/core/export/format.ts'
import type { Message } from '../../src/core/message/message.ts'
import { MessageType } from '../../src/core/message/type.ts'
import { mergeFrontiers } from '../../src/core/transcript/control-log.ts'
import { contextOf } from '../../src/core/validity/context.ts'
import { viewOfPast } from '../../src/core/validity/past.ts'
import { createLedger, hear } from './ledger.ts'
import { wireOf } from './message.ts'
import { NONE, club, crypto } from './people.ts'
import { at, story } from './transcript.ts'

const placeOf = ({ header, member, id }: Message) => ({
  lamport: header.lamport,
  member,
  counter: header.counter,
  id,
})

const inOrder = (messages: readonly Message[]): Message[] =>
  [...messages].sort((a, b) => compareArchivePlaces(placeOf(a), placeOf(b)))

/** Membership and root of these messages. */
function endOf(messages: readonly Message[]) {
  const ledger = createLedger(crypto, club)
  for (const message of messages) {
    const heard = hear(ledger, message)
    if (typeof heard === 'string') throw new Error(heard)
  }
  const { jurisdiction, transcript } = ledger
  const heads = [...transcript.heads.values()].map((head) => head.control)
  const { roster } = contextOf(jurisdiction, mergeFrontiers(transcript.control, heads))
  const own = viewOfPast(crypto, jurisdiction, transcript, roster, transcript.seen)
  if ('missing' in own) throw new Error('a tip is missing')
  return { membershipHash: own.view.membershipHash, root: own.view.view }
}

function linked(magic: Bytes, payloads: readonly Bytes[]): { file: Bytes; link: Bytes } {
  let link = firstLink(crypto, magic)
  const frames = payloads.map((payload) => {
    const frame = frameOf(crypto, link, payload)
    link = frame.slice(-LINK_BYTES)
    return frame
  })
  return { file: concat(magic, ...frames), link }
}

/** Two messages a frame, so that there are several; texts with a later message of their author unsigned. */
function archiveOf(messages: readonly Message[], vouchers: readonly Message[] = []) {
  const ordered = inOrder(messages)
  const wires = ordered.map((message) => {
    const later = ordered.some((other) => other.prev === message.id)
    const vouched = vouchers.some((other) => other.prev === message.id)
    const isText = message.header.type === MessageType.text
    return vouched || (isText && later) ? { ...wireOf(message), signature: NONE } : wireOf(message)
  })
  const frames: ArchiveFrame[] = [{ kind: 'head', constitution: club.bytes }]
  for (let i = 0; i < wires.length; i += 2) {
    frames.push({ kind: 'messages', messages: wires.slice(i, i + 2) })
  }
  for (const { header, headerBytes, signature } of vouchers) {
    frames.push({ kind: 'voucher', tip: header.prev, headers: [headerBytes], signature })
  }
  frames.push({ kind: 'end', count: ordered.length, ...endOf(messages) })
  const payloads = frames.map(encodeArchiveFrame)
  return { ordered, ...linked(ARCHIVE_MAGIC, payloads), ...endOf(messages) }
}

function keysOf(ordered: readonly Message[], archive: Bytes) {
  const texts = ordered.filter(({ header }) => header.type === MessageType.text)
  const keys = texts.map((text) => story.find(({ message }) => message.id === text.id)?.messageKey)
  const frames: KeysFrame[] = [
    { kind: 'head', group: club.group },
    { kind: 'keys', keys },
    { kind: 'end', texts: texts.length, archive },
  ]
  return { texts: texts.length, ...linked(KEYS_MAGIC, frames.map(encodeKeysFrame)) }
}

export function archiveVectors() {
  const all = story.map(({ message }) => message)
  const whole = archiveOf(all)
  const keys = keysOf(whole.ordered, whole.link)
  // Without the last of ada's and what builds on it, the one before has no signature but what follows it.
  const [tail] = all.filter((one) => one.member === at.genesis.member && lastOf(all, one))
  if (tail === undefined) throw new Error('nobody spoke last')
  const before = all.filter((one) => one !== tail && !buildsOn(all, one, tail))
  const short = archiveOf(before, [tail])
  return {
    group: club.group,
    archives: [
      { what: 'everything', archive: whole.file, ...told(whole) },
      { what: 'a line that a later header vouches for', archive: short.file, ...told(short) },
    ],
    keys: { file: keys.file, texts: keys.texts, link: keys.link },
  }
}

const told = ({ ordered, link, root }: ReturnType<typeof archiveOf>) => ({
  messages: ordered.length,
  order: ordered.map(({ idBytes }) => idBytes),
  link,
  root,
})

const lastOf = (all: readonly Message[], one: Message): boolean =>
  !all.some((other) => other.prev === one.id)

const buildsOn = (all: readonly Message[], one: Message, on: Message): boolean => {
  const parents = [...one.deps, ...(one.prev === undefined ? [] : [one.prev])]
  if (parents.includes(on.id)) return true
  return all.some((other) => parents.includes(other.id) && buildsOn(all, other, on))
}
