/**
 * From what a person types to the messages that are meant: an id or the beginning of one, or a number.
 * Held ones are found by the index, at most so many; what waits, and what is only built on, in memory.
 */
import { concat, fromHex, readU32 } from '../../base/bytes.ts'
import { MESSAGES_NAMED_MAX } from '../../base/limits.ts'
import type { Range } from '../effect.ts'
import type { Hex } from '../message/header.ts'
import type { Message } from '../message/message.ts'
import { Space, key } from '../storage.ts'
import { rowAt } from '../transcript/transcript.ts'
import type { Turn } from '../turn.ts'
import { load } from '../turn.ts'
import type { Place } from '../validity/past.ts'
import { loadPlaces } from './rows.ts'
import type { Replica } from './state.ts'

export type MessageName =
  | { readonly kind: 'id'; readonly digits: string }
  | {
      readonly kind: 'number'
      readonly author: number
      readonly counter: number
    }

/** Digits of an id that the index holds. */
const INDEXED_DIGITS = 32

/** Undefined where the text is neither an id of six digits or more, nor a number. */
export const parseMessageName = (text: string): MessageName | undefined => {
  const lower = text.trim().toLowerCase()
  const [, author = '', counter = ''] = /^([0-9a-f]{8}):([0-9]{1,10})$/.exec(lower) ?? []
  if (author !== '') {
    return {
      kind: 'number',
      author: Number.parseInt(author, 16),
      counter: Number(counter),
    }
  }
  return /^[0-9a-f]{6,64}$/.test(lower) ? { kind: 'id', digits: lower } : undefined
}

/** Ids of the messages of a group that a name fits, each once. */
export const findMessages = (
  turn: Turn,
  replica: Replica,
  name: MessageName,
  then: (turn: Turn, ids: readonly Hex[]) => void,
): void => {
  const found = (later: Turn, places: readonly Place[]): void =>
    loadPlaces(later, replica, places, (last) => {
      const rows = places.flatMap(
        ({ line, counter }) => rowAt(replica.transcript, line, counter) ?? [],
      )
      const held = rows.map(({ id }) => id).filter((id) => fits(name, id))
      then(last, [...new Set([...held, ...notHeld(replica, name)])])
    })
  if (name.kind === 'number') return found(turn, placesOf(replica, name))
  load(turn, [rangeOf(replica, name.digits)], (later, [entries = []]) =>
    found(
      later,
      entries.map(({ value }) => ({
        line: readU32(value, 0),
        counter: readU32(value, 4),
      })),
    ),
  )
}

const fits = (name: MessageName, id: Hex): boolean =>
  name.kind === 'number' || id.startsWith(name.digits)

const rangeOf = (replica: Replica, digits: string): Range => {
  const indexed = digits.slice(0, INDEXED_DIGITS)
  const at = (filler: string): Uint8Array =>
    key(
      Space.index,
      replica.number,
      fromHex(indexed.padEnd(INDEXED_DIGITS, filler)) ?? new Uint8Array(),
    )
  return {
    from: at('0'),
    to: concat(at('f'), Uint8Array.of(0)),
    limit: MESSAGES_NAMED_MAX,
  }
}

/** An equivocator has two messages under one number, two members may have one memberGroupId. */
const placesOf = (
  { facts, transcript }: Replica,
  { author, counter }: { readonly author: number; readonly counter: number },
): Place[] =>
  [...facts.values()]
    .filter(({ memberGroupId }) => memberGroupId === author)
    .flatMap(({ member }) => transcript.byMember.get(member) ?? [])
    .flatMap((index) => {
      const { first = 0, tip } = transcript.lines[index] ?? {}
      const within = tip !== undefined && counter >= first && counter <= tip.counter
      return within ? [{ line: index, counter }] : []
    })
    .slice(0, MESSAGES_NAMED_MAX)

const notHeld = (replica: Replica, name: MessageName): Hex[] => {
  const { pending, aside, unknown } = replica
  const waiting = [...pending.waiting.values(), ...aside.values()].map(({ message }) => message)
  const messages = [...waiting, ...unknown.values()]
  const here = messages.filter((message) => isMeant(name, message)).map(({ id }) => id)
  // What is only built on has no number that is known here.
  const awaited = name.kind === 'id' ? [...pending.awaited.keys()] : []
  return [...here, ...awaited.filter((id) => fits(name, id))].slice(0, MESSAGES_NAMED_MAX)
}

const isMeant = (name: MessageName, { id, header }: Message): boolean =>
  name.kind === 'id'
    ? id.startsWith(name.digits)
    : header.memberGroupId === name.author && header.counter === name.counter
