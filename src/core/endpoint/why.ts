/**
 * The `why` command: a message is named without its group, so every group is looked through; what fits more
 * than one message is an error that lists them, never a guess.
 */
import type { Failure } from '../effect.ts'
import { failure } from '../failure.ts'
import type { MessageReport } from '../message-report.ts'
import type { Hex } from '../message/header.ts'
import type { Replica } from '../replica/state.ts'
import type { MessageName } from '../replica/why-find.ts'
import { findMessages, parseMessageName } from '../replica/why-find.ts'
import { explain } from '../replica/why.ts'
import type { Turn } from '../turn.ts'

interface Found {
  readonly replica: Replica
  readonly id: Hex
}

const CANDIDATES_SHOWN_MAX = 8

const unnamed = failure(
  'USAGE',
  'this is neither a message number nor an id',
  'a number looks like 1d3f92d1:1; of an id, six hex digits are enough',
)

const unknown = failure(
  'MESSAGE_UNKNOWN',
  'no such message is held here, waits here or is built on by one that waits',
  'numbers and ids are shown by `coterie read GROUP --json`',
)

const ambiguous = (found: readonly Found[]): Failure => {
  const shown = found.slice(0, CANDIDATES_SHOWN_MAX).map(({ id }) => id)
  const more = found.length > shown.length ? ', and more' : ''
  const message = `that fits ${String(found.length)} messages`
  return failure('AMBIGUOUS', message, `use a longer id: ${shown.join(', ')}${more}`)
}

/** Finds the message in all groups, then tells of it. */
export const whyMessage = (
  turn: Turn,
  replicas: readonly Replica[],
  text: string,
  then: (turn: Turn, result: MessageReport | Failure) => void,
): void => {
  const name = parseMessageName(text)
  if (name === undefined) return then(turn, unnamed)
  search(turn, replicas, name, [], (later, found) => {
    const [only, second] = found
    if (only === undefined) return then(later, unknown)
    if (second !== undefined) return then(later, ambiguous(found))
    explain(later, only.replica, only.id, then)
  })
}

const search = (
  turn: Turn,
  replicas: readonly Replica[],
  name: MessageName,
  before: readonly Found[],
  then: (turn: Turn, found: readonly Found[]) => void,
): void => {
  const [replica, ...rest] = replicas
  if (replica === undefined) return then(turn, before)
  findMessages(turn, replica, name, (later, ids) =>
    search(later, rest, name, [...before, ...ids.map((id) => ({ replica, id }))], then),
  )
}
