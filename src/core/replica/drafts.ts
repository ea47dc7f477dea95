/**
 * Texts that are held: written here, and not sent while every epoch at hand could be read by
 * somebody who was removed. A held text has no number; number, place and key are chosen when it leaves.
 */
import type { Bytes } from '../../base/bytes.ts'
import { encode } from '../../codec/canonical.ts'
import { bytesUpTo, parse, textUpTo, tuple, u53 } from '../../codec/shape.ts'
import { BODY_BYTES_MAX, TEXT_FIELD_BYTES_MAX } from '../../base/limits.ts'
import type { Hex } from '../message/header.ts'
import { hexOf } from '../message/header.ts'
import { Space, key } from '../storage.ts'
import type { Turn } from '../turn.ts'
import { forgetSecret, persist } from '../turn.ts'
import type { Draft, Replica } from './state.ts'
import { bytesOf } from './state.ts'

const shape = tuple(textUpTo(TEXT_FIELD_BYTES_MAX), bytesUpTo(BODY_BYTES_MAX), u53)

const draftKey = (replica: Replica, id: Hex): Bytes => key(Space.draft, replica.number, bytesOf(id))

/** Keeps a text, after all that are held already: ids ascend, so that a start keeps the order. */
export const keepDraft = (turn: Turn, replica: Replica, draft: Draft): Hex => {
  const last = [...replica.drafts.keys()].at(-1)
  const next = last === undefined ? 1 : Number.parseInt(last.slice(0, 8), 16) + 1
  const id = next.toString(16).padStart(8, '0') + hexOf(turn.env.random(4))
  replica.drafts.set(id, draft)
  const value = encode([draft.contentType, draft.payload, draft.writtenMs])
  persist(turn, [{ key: draftKey(replica, id), value, secret: true }])
  return id
}

export const dropDraft = (turn: Turn, replica: Replica, id: Hex): void => {
  replica.drafts.delete(id)
  forgetSecret(turn, draftKey(replica, id))
}

export const parseDraft = (saved: Bytes): Draft | undefined => {
  const parsed = parse(shape, saved)
  if (!parsed.ok) return undefined
  const [contentType, payload, writtenMs] = parsed.value
  return { contentType, payload, writtenMs }
}
