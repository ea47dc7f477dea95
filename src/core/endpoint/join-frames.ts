/**
 * The admission dialogue, one short channel. The listener opens with a nonce; the newcomer shows a
 * join request, or the cards it minted; the answer is a Welcome, a refusal, or "ask again".
 */
import type { Bytes } from '../../base/bytes.ts'
import { ENCODED_BYTES_MAX, NOTE_BYTES_MAX } from '../../base/limits.ts'
import type { Result } from '../../base/result.ts'
import { fail, ok } from '../../base/result.ts'
import { decode, encode } from '../../codec/canonical.ts'
import type { Value } from '../../codec/canonical.ts'
import { bytes, bytesUpTo, exactly, list, textUpTo, tuple } from '../../codec/shape.ts'

/** Cards that a newcomer shows at most: its most recent ones. */
export const CARDS_SHOWN_MAX = 8

export interface ShownCard {
  readonly admission: Bytes
  /** Device signature over nonce, group and admission. */
  readonly signature: Bytes
}

export type JoinFrame =
  | { readonly kind: 'nonce'; readonly nonce: Bytes }
  | { readonly kind: 'request'; readonly request: Bytes }
  | { readonly kind: 'cards'; readonly group: Bytes; readonly cards: readonly ShownCard[] }
  | { readonly kind: 'pending' }
  | { readonly kind: 'refused'; readonly code: string }
  /** `admission`: the request or card that the welcome is for. */
  | { readonly kind: 'welcome'; readonly admission: Bytes; readonly sealed: Bytes }

const valueOf = (frame: JoinFrame): Value => {
  switch (frame.kind) {
    case 'nonce':
      return [0, frame.nonce]
    case 'request':
      return [1, frame.request]
    case 'cards':
      return [2, frame.group, frame.cards.map((card) => [card.admission, card.signature])]
    case 'pending':
      return [3]
    case 'refused':
      return [4, frame.code]
    case 'welcome':
      return [5, frame.admission, frame.sealed]
  }
}

export const writeJoinFrame = (frame: JoinFrame): Bytes => encode(valueOf(frame))

const nonce = tuple(exactly(0), bytes(16))
const request = tuple(exactly(1), bytesUpTo(NOTE_BYTES_MAX))
const cards = tuple(
  exactly(2),
  bytes(32),
  list(tuple(bytes(32), bytes(64)), { max: CARDS_SHOWN_MAX }),
)
const pending = tuple(exactly(3))
const refused = tuple(exactly(4), textUpTo(64))
const welcome = tuple(exactly(5), bytes(32), bytesUpTo(2 * ENCODED_BYTES_MAX))

/** Reads a frame of the dialogue. Never throws on what a peer sent. */
export const readJoinFrame = (frame: Bytes): Result<JoinFrame> => {
  const decoded = decode(frame, { maxBytes: 2 * ENCODED_BYTES_MAX })
  if (!decoded.ok || !Array.isArray(decoded.value)) return fail('join-malformed')
  const value = decoded.value as readonly Value[]
  if (value[0] === 0) {
    const read = nonce(value)
    if (read.ok) return ok({ kind: 'nonce', nonce: read.value[1] })
  }
  if (value[0] === 1) {
    const read = request(value)
    if (read.ok) return ok({ kind: 'request', request: read.value[1] })
  }
  if (value[0] === 2) {
    const read = cards(value)
    if (!read.ok) return fail('join-malformed')
    const shown = read.value[2].map(([admission, signature]) => ({ admission, signature }))
    return ok({ kind: 'cards', group: read.value[1], cards: shown })
  }
  return readAnswer(value)
}

const readAnswer = (value: readonly Value[]): Result<JoinFrame> => {
  if (pending(value).ok) return ok({ kind: 'pending' })
  if (value[0] === 4) {
    const read = refused(value)
    if (read.ok) return ok({ kind: 'refused', code: read.value[1] })
  }
  if (value[0] === 5) {
    const read = welcome(value)
    if (read.ok) return ok({ kind: 'welcome', admission: read.value[1], sealed: read.value[2] })
  }
  return fail('join-malformed')
}
