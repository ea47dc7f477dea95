/**
 * The group's keys on this device: opening one's own seal in every epoch, choosing the epoch to
 * send under, and turning stored bodies into texts. Secrets are made durable in the same write as
 * the message that brought them.
 */
import type { Bytes } from '../../base/bytes.ts'
import { compare, concat, text, u32 } from '../../base/bytes.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import type { Put } from '../effect.ts'
import { scoreOf } from '../election/rank.ts'
import { parseEpochBody, placeOf } from '../epoch/body.ts'
import { messageKeyAt } from '../epoch/chain.ts'
import { chainKeyOf, envKeyOf, prkOf } from '../epoch/schedule.ts'
import { openSeal } from '../epoch/seal.ts'
import { openText } from '../epoch/text.ts'
import { shownAs, type Shown } from '../meta/fold.ts'
import { parseEpochMessage } from '../message/bodies.ts'
import type { Header, Hex } from '../message/header.ts'
import { encodePrefix, hexOf, idOf, numberText, parseHeader } from '../message/header.ts'
import type { Message } from '../message/message.ts'
import { MessageType } from '../message/type.ts'
import type { HeldText, TextReport } from '../report.ts'
import { RowFlag, parseRecord } from '../transcript/row.ts'

import type { Turn } from '../turn.ts'
import { count, emit, persist } from '../turn.ts'
import type { EpochFacts } from '../validity/context.ts'
import { leftIn, recipientsOfEpoch, removedIn } from '../validity/context.ts'
import { isWithdrawn } from './departures.ts'
import { metaState } from './meta-state.ts'
import type { Replica } from './state.ts'
import {
  GroupNote,
  SecretKind,
  bytesOf,
  currentContext,
  groupNoteKey,
  ownTip,
  secretKey,
} from './state.ts'

/** Adds an epoch's secret to memory. */
export const keepEpoch = (crypto: Crypto, replica: Replica, id: Bytes, secret: Bytes): void => {
  const prk = prkOf(crypto, id, secret)
  replica.epochs.set(hexOf(id), { id: hexOf(id), prk, env: envKeyOf(crypto, prk) })
}

/** Notes a text that is meant for this member and that no key here opens; the write that keeps it. */
export const noteUnopened = (replica: Replica, { header, epoch }: Message, line: number): Put[] => {
  if (replica.epochs.has(epoch)) return []
  const entitled = recipientsOfEpoch(replica.jurisdiction, epoch)?.has(replica.self.member) === true
  if (!entitled) return []
  addUnopened(replica, { epoch, line, counter: header.counter })
  const place = concat(header.epoch, u32(line), u32(header.counter))
  const at = groupNoteKey(replica.number, GroupNote.unopened, place)
  return [{ key: at, value: Uint8Array.of(1) }]
}

interface Unopened {
  readonly epoch: Hex
  readonly line: number
  readonly counter: number
}

export const addUnopened = (replica: Replica, { epoch, line, counter }: Unopened): void => {
  const lines = replica.unopened.get(epoch) ?? new Map<number, number[]>()
  const counters = lines.get(line) ?? []
  counters.push(counter)
  lines.set(line, counters)
  replica.unopened.set(epoch, lines)
}

/** Texts that this member should be able to read and is not; what was withdrawn is nobody's loss. */
export const undecryptable = (replica: Replica): number => {
  let total = 0
  for (const [epoch, lines] of replica.unopened) {
    if (replica.epochs.has(epoch)) continue
    for (const [line, counters] of lines) {
      const member = replica.transcript.lines[line]?.member ?? ''
      total += replica.departures.has(member)
        ? counters.filter((counter) => !isWithdrawn(replica, member, line, counter)).length
        : counters.length
    }
  }
  return total
}

/** Opens this member's seal of an epoch message that was just taken in. */
export const openOwnSeal = (turn: Turn, replica: Replica, message: Message): void => {
  const outer = parseEpochMessage(message.body)
  const body = outer.ok ? parseEpochBody(outer.value.epoch) : outer
  if (!outer.ok || !body.ok) return
  const member = replica.self.memberBytes
  const place = placeOf(body.value, member)
  if (place < 0) return
  const { crypto } = turn.env
  const entry = replica.transcript.control.byId.get(message.id)
  if (entry?.info.kind !== 'epoch') return
  const { idBytes, id } = entry.info.epoch
  const prekeyId = body.value.recipients[place]?.prekeyId
  const prekeySecret = prekeyId === undefined ? undefined : replica.prekeys.get(hexOf(prekeyId))
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
  if (!ok) return count(turn, 'seals_unopened', opened?.error ?? 'prekey-missing')
  keepEpoch(crypto, replica, idBytes, opened.value)
  persist(turn, [
    {
      key: secretKey(replica.number, SecretKind.epoch, idBytes),
      value: opened.value,
      secret: true,
    },
  ])
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
 * without members who left comes first; the current one is kept while it is no worse in that.
 */
export const sendingNow = (crypto: Crypto, replica: Replica): Sending => {
  const { jurisdiction, self } = replica
  const context = currentContext(replica)
  // S2: an epoch that was used and left is not taken up again.
  const used = ownTip(replica)?.uses ?? []
  const left = new Set(used.slice(0, -1).map((use) => use.epoch))
  const opened = [...context.epochHeads.values()].filter(
    (head) =>
      replica.epochs.has(head.id) &&
      !left.has(head.id) &&
      recipientsOfEpoch(jurisdiction, head.id)?.has(self.member) === true,
  )
  if (opened.length === 0) return { kind: 'none' }
  const names = (head: EpochFacts, members: readonly Hex[]): boolean =>
    members.some((member) => recipientsOfEpoch(jurisdiction, head.id)?.has(member) === true)
  const removed = removedIn(jurisdiction, context.roster)
  const allowed = opened.filter((head) => !names(head, removed))
  const gone = leftIn(context.roster)
  const clean = gone.length === 0 ? allowed : allowed.filter((head) => !names(head, gone))
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

/** The message key of a member under an opened epoch. */
export const messageKeyFor = (
  crypto: Crypto,
  replica: Replica,
  epoch: Hex,
  member: Hex,
  gen: number,
): Bytes | undefined => {
  const open = replica.epochs.get(epoch)
  if (open === undefined) return undefined
  const key = messageKeyAt(crypto, replica.chains, {
    epoch,
    member,
    gen,
    verified: gen + 1,
    first: () => chainKeyOf(crypto, open.prk, bytesOf(member)),
  })
  return key.ok ? key.value : undefined
}

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
    final: false,
    late: (flags & RowFlag.late) !== 0,
  }
  const entitled = recipientsOfEpoch(replica.jurisdiction, epoch)?.has(replica.self.member) === true
  if (!entitled) return { ...shown, text: null, contentType: '', state: 'sealed' }
  if (isWithdrawn(replica, member, line, header.value.counter)) {
    return { ...shown, text: null, contentType: '', state: 'withdrawn' }
  }
  const content = contentOf(crypto, replica, header.value, envelope.body)
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

/** What a sealed body says, or undefined where it does not open. */
export const contentOf = (
  crypto: Crypto,
  replica: Replica,
  header: Header,
  body: Bytes,
): { contentType: string; payload: Bytes } | undefined => {
  const member = hexOf(header.member)
  const messageKey = messageKeyFor(crypto, replica, hexOf(header.epoch), member, header.gen)
  if (messageKey === undefined) return undefined
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
