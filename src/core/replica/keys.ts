/**
 * The group's keys on this device: opening one's own seal in every epoch, choosing the epoch to
 * send under, and turning stored bodies into texts. Secrets are made durable in the same write as
 * the message that brought them.
 */
import type { Bytes } from '../../base/bytes.ts'
import { compare, equalSecret, text } from '../../base/bytes.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import type { Put } from '../effect.ts'
import { scoreOf } from '../election/rank.ts'
import { parseEpochBody, placeOf } from '../epoch/body.ts'
import { messageKeyAt } from '../epoch/chain.ts'
import { textKeysOf } from '../epoch/schedule.ts'
import { openSeal } from '../epoch/seal.ts'
import type { Content } from '../epoch/text.ts'
import { openText } from '../epoch/text.ts'
import { shownAs, type Shown } from '../meta/fold.ts'
import { parseEpochMessage } from '../message/bodies.ts'
import type { Header, Hex } from '../message/header.ts'
import { encodePrefix, hexOf, idOf, numberText, parseHeader } from '../message/header.ts'
import type { Message } from '../message/message.ts'
import { MessageType } from '../message/type.ts'
import type { HeldText, TextReport } from '../report.ts'
import type { Row } from '../transcript/row.ts'
import { RowFlag, parseRecord } from '../transcript/row.ts'

import type { Turn } from '../turn.ts'
import { count, emit } from '../turn.ts'
import type { EpochFacts } from '../validity/context.ts'
import { avoidedIn, recipientsOfEpoch, removedIn } from '../validity/context.ts'
import { interrupt, recall, remember } from './archive.ts'
import { isWithdrawn } from './departures.ts'
import { canSeal, doubtChain, keepEpoch, spend } from './epochs.ts'
import { isFinal } from './final.ts'
import { metaState } from './meta-state.ts'
import type { Replica } from './state.ts'
import { currentContext, ownTip } from './state.ts'
import { isMeant, noteOpened, noteUnopened } from './unopened.ts'

/**
 * Keeps the key of a text that is taken in, the one time when its chain gives it, or notes that there is
 * none; the write of that.
 */
export const takeText = (
  turn: Turn,
  replica: Replica,
  { header, epoch, member }: Message,
  row: Pick<Row, 'line' | 'counter'>,
): Put[] => {
  const messageKey = messageKeyFor(turn.env.crypto, replica, header)
  if (messageKey === undefined) {
    doubtChain(replica, epoch, member, header.gen)
    interrupt(replica, row.line)
    return noteUnopened(replica, header, row.line)
  }
  remember(replica, row, { messageKey, sentMs: header.sent })
  return replica.epochs.get(epoch)?.given === true ? noteOpened(replica, epoch, row) : []
}

/** A message of a sealed type was taken in: its key and those before it are erased. */
export const spendKey = (
  crypto: Crypto,
  replica: Replica,
  { epoch, member }: { readonly epoch: Hex; readonly member: Hex },
  gen: number,
): void => spend(crypto, replica, epoch, member, gen)

/** Opens this member's seal of an epoch message that is held; whether it did. */
export const openOwnSeal = (turn: Turn, replica: Replica, message: Message): boolean => {
  const outer = parseEpochMessage(message.body)
  const body = outer.ok ? parseEpochBody(outer.value.epoch) : outer
  if (!outer.ok || !body.ok) return false
  const member = replica.self.memberBytes
  const place = placeOf(body.value, member)
  if (place < 0) return false
  const { crypto } = turn.env
  const entry = replica.transcript.control.byId.get(message.id)
  if (entry?.info.kind !== 'epoch') return false
  const { idBytes, id } = entry.info.epoch
  const prekeyId = body.value.recipients[place]?.prekeyId
  const prekeySecret =
    prekeyId === undefined ? undefined : replica.prekeys.get(hexOf(prekeyId))?.secret
  const opened =
    prekeySecret &&
    openSeal(crypto, {
      group: replica.constitution.group,
      id: idBytes,
      body: body.value,
      seals: outer.value.seals,
      member,
      prekeySecret,
    })
  const ok = opened?.ok === true
  emit(turn, {
    kind: 'notify',
    event: { kind: 'epoch', group: replica.group, epoch: id, opened: ok },
  })
  if (!ok) {
    count(turn, 'seals_unopened', opened?.error ?? 'prekey-missing')
    return false
  }
  const members = body.value.recipients.map((recipient) => recipient.member)
  keepEpoch(turn, replica, idBytes, { secret: opened.value, members })
  return true
}

/** What a text could be sent under now. */
export type Sending =
  | { readonly kind: 'epoch'; readonly epoch: EpochFacts }
  /** Every epoch here still names somebody who must not read on. */
  | { readonly kind: 'hold' }
  /** No epoch that names this member was opened yet. */
  | { readonly kind: 'none' }

/**
 * The epoch to send under: a head that can be opened, names this member and nobody removed. One
 * without members who left or are accused comes first; the current one is kept while it is no worse in that.
 */
export const sendingNow = (crypto: Crypto, replica: Replica): Sending => {
  const { jurisdiction, self } = replica
  const context = currentContext(replica)
  // S2: an epoch that was used and left is not taken up again.
  const used = ownTip(replica)?.uses ?? []
  const left = new Set(used.slice(0, -1).map((use) => use.epoch))
  const opened = [...context.epochHeads.values()].filter(
    (head) =>
      canSeal(replica, head.id) &&
      !left.has(head.id) &&
      recipientsOfEpoch(jurisdiction, head.id)?.has(self.member) === true,
  )
  if (opened.length === 0) return { kind: 'none' }
  const names = (head: EpochFacts, members: readonly Hex[]): boolean =>
    members.some((member) => recipientsOfEpoch(jurisdiction, head.id)?.has(member) === true)
  const removed = removedIn(jurisdiction, context.roster)
  const allowed = opened.filter((head) => !names(head, removed))
  const avoided = avoidedIn(context.roster)
  const clean = avoided.length === 0 ? allowed : allowed.filter((head) => !names(head, avoided))
  const holds = replica.constitution.policy.holdAfterLeave
  const heads = clean.length > 0 || holds ? clean : allowed
  const epoch = heads.find((head) => head.id === replica.sending) ?? best(crypto, replica, heads)
  return epoch === undefined ? { kind: 'hold' } : { kind: 'epoch', epoch }
}

/** As `sendingNow`, for those who only need the epoch. */
export const sendingEpoch = (crypto: Crypto, replica: Replica): EpochFacts | undefined => {
  const sending = sendingNow(crypto, replica)
  return sending.kind === 'epoch' ? sending.epoch : undefined
}

/** Deepest, then most recipients, then the better-ranked author, then the smallest id. */
const best = (
  crypto: Crypto,
  replica: Replica,
  heads: readonly EpochFacts[],
): EpochFacts | undefined => {
  const group = replica.constitution.group
  const greatest = heads.reduce((most, head) => Math.max(most, head.depth), 0)
  const rank = (head: EpochFacts): Bytes =>
    scoreOf(crypto, group, greatest, replica.facts.get(head.author)?.account ?? new Uint8Array())
  const size = (head: EpochFacts): number =>
    recipientsOfEpoch(replica.jurisdiction, head.id)?.size ?? 0
  const [first] = heads.toSorted(
    (a, b) =>
      b.depth - a.depth ||
      size(b) - size(a) ||
      compare(rank(a), rank(b)) ||
      compare(a.idBytes, b.idBytes),
  )
  return first
}

/**
 * The message key of a text or Meta from the chain of its author, which stays where it is. A chain that
 * came from another member counts only where it fits what the message commits to.
 */
export const messageKeyFor = (
  crypto: Crypto,
  replica: Replica,
  header: Header,
): Bytes | undefined => {
  const epoch = hexOf(header.epoch)
  const key = chainKeyFor(crypto, replica, epoch, hexOf(header.member), header.gen)
  if (key === undefined || replica.epochs.get(epoch)?.given === false) return key
  return fits(crypto, key, header) ? key : undefined
}

/** The message key of a position as the chain here gives it. */
export const chainKeyFor = (
  crypto: Crypto,
  replica: Replica,
  epoch: Hex,
  member: Hex,
  gen: number,
): Bytes | undefined => {
  const chain = replica.epochs.get(epoch)?.chains.get(member)
  const key = chain && messageKeyAt(crypto, chain, gen)
  return key?.ok === true ? key.value : undefined
}

/** Whether a message key, wherever it came from, is the one that a header commits to. */
export const fits = (crypto: Crypto, messageKey: Bytes, header: Header): boolean =>
  equalSecret(textKeysOf(crypto, messageKey, header.salt).keyCommit, header.keyCommit)

const decoded = (payload: Bytes, contentType: string): string =>
  contentType.startsWith('text/') ? (text(payload) ?? '') : hexOf(payload)

/** Texts of one's own that wait for an epoch, as `read` shows them. */
export const heldTexts = (replica: Replica): HeldText[] =>
  [...replica.drafts].map(([draft, { contentType, payload, writtenMs }]) => ({
    number: null,
    id: null,
    draft,
    author: replica.self.member,
    name: replica.facts.get(replica.self.member)?.name ?? '',
    text: decoded(payload, contentType),
    contentType,
    sent: writtenMs,
    lamport: null,
    epoch: null,
    final: false,
    state: 'held',
    late: false,
  }))

/** A stored text as `read` shows it; undefined for any other message. */
export const textOf = (
  crypto: Crypto,
  replica: Replica,
  stored: Bytes,
  line: number,
  archived?: Bytes,
): TextReport | undefined => {
  const record = parseRecord(stored)
  if (!record.ok) return undefined
  const { envelope, flags } = record.value
  const header = parseHeader(envelope.header)
  if (!header.ok || header.value.type !== MessageType.text) return undefined
  const member = hexOf(header.value.member)
  const epoch = hexOf(header.value.epoch)
  const shown = {
    number: numberText(header.value.memberGroupId, header.value.counter),
    id: hexOf(idOf(crypto, envelope.header)),
    author: member,
    name: replica.facts.get(member)?.name ?? '',
    sent: header.value.sent,
    lamport: header.value.lamport,
    epoch,
    final: isFinal(replica, member, { line, counter: header.value.counter }),
    late: (flags & RowFlag.late) !== 0,
  }
  const messageKey = recall(replica, { line, counter: header.value.counter }, archived)
  if (messageKey === undefined && !isMeant(replica, epoch)) {
    return { ...shown, text: null, contentType: '', state: 'sealed' }
  }
  if (isWithdrawn(replica, member, line, header.value.counter)) {
    return { ...shown, text: null, contentType: '', state: 'withdrawn' }
  }
  const content = messageKey && contentOf(crypto, messageKey, header.value, envelope.body)
  if (content === undefined) {
    return { ...shown, text: null, contentType: '', state: 'undecryptable' }
  }
  const { contentType, payload } = content
  const text = decoded(payload, contentType)
  const as = shownAs(metaState(replica), { id: shown.id, member, contentType })
  return { ...shown, text, contentType, ...stateFor(as) }
}

const stateFor = (as: Shown): Pick<TextReport, 'state' | 'hiddenBy'> => {
  if (as === 'ok' || as === 'muted') return { state: as }
  return { state: 'hidden', hiddenBy: as === 'type' ? 'content-type' : 'message' }
}

const contentOf = (
  crypto: Crypto,
  messageKey: Bytes,
  header: Header,
  body: Bytes,
): Content | undefined => {
  const { salt, keyCommit } = header
  const opened = openText(crypto, {
    messageKey,
    salt,
    keyCommit,
    prefix: encodePrefix(header),
    body,
  })
  return opened.ok ? opened.value : undefined
}
