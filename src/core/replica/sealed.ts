/**
 * Writing what is sealed: choosing the epoch, drawing the key, sealing, and holding a text back while
 * no epoch may carry it. Place, number and signature are the author's, as for every other message.
 */
import type { Bytes } from '../../base/bytes.ts'
import { textKeysOf } from '../epoch/schedule.ts'
import { encodeContent, sealText } from '../epoch/text.ts'
import type { Failure } from '../effect.ts'
import { failure } from '../failure.ts'
import type { Hex } from '../message/header.ts'
import { prefixOf } from '../message/message.ts'
import { MessageType } from '../message/type.ts'
import type { Turn } from '../turn.ts'
import { count } from '../turn.ts'
import type { EpochFacts } from '../validity/context.ts'
import type { Draft, Posted, Then } from './author.ts'
import { draftOf, gone, post } from './author.ts'
import { dropDraft, keepDraft } from './drafts.ts'
import { chainKeyFor, sendingNow } from './keys.ts'
import type { Replica } from './state.ts'
import { ownTip, isGone } from './state.ts'

export const noEpoch = failure(
  'JOIN_PENDING',
  'no epoch that names this member has arrived yet',
  'wait until a leader is reachable, then try again',
)

const tooLarge = failure(
  'TEXT_TOO_LARGE',
  'the text is larger than one message may be',
  'send at most 60 KiB at a time',
)

/** A text as it will be sealed, or why it cannot be. */
const contentFor = (contentType: string, payload: Bytes): Bytes | Failure => {
  const content = encodeContent({ contentType, payload })
  if (content.ok) return content.value
  const bad = failure('USAGE', 'the content type is not usable', 'use a short plain media type')
  return content.error === 'text-too-large' ? tooLarge : bad
}

/** Sends a text, or holds it while every epoch here names somebody who was removed. */
export const postText = (
  turn: Turn,
  replica: Replica,
  contentType: string,
  payload: Bytes,
  then: (turn: Turn, posted: Posted | { readonly ok: true; readonly draft: Hex }) => void,
): void => {
  const content = contentFor(contentType, payload)
  if ('code' in content) return then(turn, { ok: false, error: content })
  if (isGone(replica)) return then(turn, { ok: false, error: gone })
  const sending = sendingNow(turn.env.crypto, replica)
  if (sending.kind === 'none' || ownTip(replica) === undefined) {
    return then(turn, { ok: false, error: noEpoch })
  }
  // What was held first is sent first.
  const waits = sending.kind === 'hold' || replica.recovery === 'held' || replica.drafts.size > 0
  if (waits) {
    const draft = { contentType, payload, writtenMs: Math.floor(turn.env.wallMs) }
    return then(turn, { ok: true, draft: keepDraft(turn, replica, draft) })
  }
  sealAndPost(turn, replica, { type: MessageType.text, epoch: sending.epoch, content }, then)
}

/** Sends held texts in order, as long as there is an epoch for them. */
export const releaseDrafts = (turn: Turn, replica: Replica): void => {
  const [first] = replica.drafts
  if (first === undefined || replica.releasing || replica.recovery !== undefined) return
  const sending = sendingNow(turn.env.crypto, replica)
  if (sending.kind !== 'epoch' || isGone(replica)) return
  const [id, { contentType, payload }] = first
  const content = contentFor(contentType, payload)
  if ('code' in content) return dropDraft(turn, replica, id)
  replica.releasing = true
  const sealed = { type: MessageType.text, epoch: sending.epoch, content }
  sealAndPost(turn, replica, sealed, (later, posted) => {
    replica.releasing = false
    if (!posted.ok) return count(later, 'drafts_failed', posted.error.code)
    // In the same write as the message: no crash sends a text twice.
    dropDraft(later, replica, id)
    releaseDrafts(later, replica)
  })
}

/** Seals content under an epoch that the caller has chosen, and posts it. */
export const sealAndPost = (
  turn: Turn,
  replica: Replica,
  wanted: { readonly type: number; readonly epoch: EpochFacts; readonly content: Bytes },
  then: Then,
): void => {
  const { type, epoch, content } = wanted
  const { crypto } = turn.env
  const line = ownTip(replica)
  replica.sending = epoch.id
  const gen = line?.uses.at(-1)?.epoch === epoch.id ? line.tip.gen + 1 : 0
  const messageKey = chainKeyFor(crypto, replica, epoch.id, replica.self.member, gen)
  if (messageKey === undefined) return then(turn, { ok: false, error: noEpoch })
  const salt = turn.env.random(16)
  const keys = textKeysOf(crypto, messageKey, salt)
  messageKey.fill(0)
  const sealed = { epoch: epoch.idBytes, gen, salt, keyCommit: keys.keyCommit }
  const draft: Draft = (stand) => {
    const prefix = prefixOf(draftOf(turn, replica, type, stand, sealed))
    return { body: sealText(crypto, keys, prefix, content), sealed }
  }
  post(turn, replica, type, draft, then)
}
