/**
 * Leaders at work on what the group is called and what of it is shown: writing Metas, and saying
 * again, under an epoch of one's own, what some of its recipients cannot open. So a newcomer knows
 * the name and the mutes, and after a split both sides know all.
 */
import { META_ENTRIES_MAX, META_TYPES_MAX } from '../../base/limits.ts'
import type { MetaWrite } from '../command.ts'
import type { Failure } from '../effect.ts'
import { PLAINTEXT_BYTES_MAX } from '../epoch/text.ts'
import { failure } from '../failure.ts'
import { checkName, checkTopic } from '../identity/name.ts'
import { isPresent } from '../membership/roster.ts'
import type { Hex } from '../message/header.ts'
import { numberText } from '../message/header.ts'
import { MessageType } from '../message/type.ts'
import { type MetaEntry, encodeMeta, isMediaType, keyOf } from '../meta/body.ts'
import type { HeldMeta, PlacedWrite } from '../meta/fold.ts'
import type { Turn } from '../turn.ts'
import { count } from '../turn.ts'
import type { EpochFacts } from '../validity/context.ts'
import { recipientsOfEpoch } from '../validity/context.ts'
import { isLeader } from './admission.ts'
import { gone, postEpoch } from './author.ts'
import { currentContext, isActingLeader, isGone, ownTip } from './state.ts'
import type { Posted } from './author.ts'
import { notALeader, numbered } from './govern.ts'
import { sendingNow } from './keys.ts'
import { metaMaxima } from './meta-state.ts'
import { noEpoch, sealAndPost } from './sealed.ts'
import type { Replica } from './state.ts'

/** What a leader's write came to. Where nothing had to change: the message that said so before. */
export interface Moderated {
  readonly number: string | null
  readonly id: string | null
  readonly changed: boolean
}

/** Writes one key for the whole group, unless it is as wanted already. */
export const moderate = (
  turn: Turn,
  replica: Replica,
  wanted: MetaWrite,
  then: (turn: Turn, result: Moderated | Failure) => void,
): void => {
  if (isGone(replica)) return then(turn, gone)
  if (!isLeader(replica)) return then(turn, notALeader)
  const write = tidied(wanted)
  const bad = unusable(replica, write)
  if (bad !== undefined) return then(turn, bad)
  const now = metaMaxima(replica).get(keyOf(write))?.[0]
  if (JSON.stringify(now?.write ?? unset(replica, write)) === JSON.stringify(write)) {
    return then(turn, { ...saidBy(replica, now), changed: false })
  }
  postMeta(turn, replica, [{ of: '', write }], (later, posted) => {
    if (!posted.ok) return then(later, posted.error)
    then(later, { ...numbered(posted.message), changed: true })
  })
}

/** In the one spelling that a key's value has. */
const tidied = (write: MetaWrite): MetaWrite => {
  if (write.kind !== 'types') return write
  const types = write.types.map((type) => type.trim().toLowerCase())
  return { ...write, types: [...new Set(types)].sort() }
}

/** What a key is before anybody wrote it. */
const unset = (replica: Replica, write: MetaWrite): MetaWrite => {
  switch (write.kind) {
    case 'name':
      return { ...write, name: replica.constitution.name }
    case 'topic':
      return { ...write, topic: '' }
    case 'types':
      return { ...write, types: [] }
    default:
      return { ...write, on: false }
  }
}

const saidBy = (
  replica: Replica,
  now: PlacedWrite | undefined,
): { number: string | null; id: string | null } => {
  const line = replica.transcript.lines[now?.at.line ?? -1]
  const facts = replica.facts.get(line?.member ?? '')
  if (now === undefined || facts === undefined) return { number: null, id: null }
  return { number: numberText(facts.memberGroupId, now.at.counter), id: now.at.id }
}

const unusable = (replica: Replica, write: MetaWrite): Failure | undefined => {
  if (write.kind === 'name') {
    const checked = checkName(write.name)
    if (!checked.ok) return notText('name', checked.error, '1 to 64')
  }
  if (write.kind === 'topic') {
    const checked = checkTopic(write.topic)
    if (!checked.ok) return notText('topic', checked.error, 'up to 256')
  }
  if (write.kind === 'types') {
    const bad = write.types.find((type) => !isMediaType(type))
    if (bad !== undefined || write.types.length > META_TYPES_MAX) {
      const hint = `name up to ${String(META_TYPES_MAX)} types such as text/plain or image/*`
      return failure('USAGE', `this is no content type: "${bad ?? 'too many'}"`, hint)
    }
  }
  const member = 'member' in write ? write.member : ''
  if (member === '' || replica.facts.has(member)) return undefined
  const hint = 'see `coterie member list` for who belongs'
  return failure('MEMBER_UNKNOWN', 'no such member is known in the group', hint)
}

const notText = (what: string, reason: string, bytes: string): Failure =>
  failure(
    'USAGE',
    `the ${what} is not usable (${reason})`,
    `use ${bytes} bytes of text without control characters`,
  )

/** Seals entries like a text. Where every epoch names somebody removed, makes one that does not. */
const postMeta = (
  turn: Turn,
  replica: Replica,
  entries: readonly MetaEntry[],
  then: (turn: Turn, posted: Posted) => void,
): void => {
  const sending = sendingNow(turn.env.crypto, replica)
  if (sending.kind === 'none' || ownTip(replica) === undefined) {
    return then(turn, { ok: false, error: noEpoch })
  }
  const content = encodeMeta(entries)
  const seal = (later: Turn, epoch: EpochFacts): void =>
    sealAndPost(later, replica, { type: MessageType.meta, epoch, content }, then)
  if (sending.kind === 'epoch') return seal(turn, sending.epoch)
  postEpoch(turn, replica, (later, made) => {
    if (!made.ok) return then(later, made)
    const now = sendingNow(later.env.crypto, replica)
    if (now.kind !== 'epoch') return then(later, { ok: false, error: noEpoch })
    seal(later, now.epoch)
  })
}

// --- Saying it again -----------------------------------------------------------------------------

/**
 * The maker of the epoch in force says again what some of its recipients cannot open: all writes on
 * which no other builds, so that they fold to the same. Asked after every change; what was said
 * again needs no saying any more, so it ends.
 */
export const restateMetas = (turn: Turn, replica: Replica): void => {
  const { meta, self } = replica
  if (meta.held.size === 0 || meta.restating || !isActingLeader(replica)) return
  const sending = sendingNow(turn.env.crypto, replica)
  if (sending.kind !== 'epoch' || sending.epoch.author !== self.member) return
  const looked = `${sending.epoch.id} ${String(meta.version)}`
  if (meta.looked === looked) return
  meta.looked = looked
  const entries = unreadable(replica, sending.epoch.id).map(({ at, write }) => ({
    of: at.id,
    write,
  }))
  if (entries.length === 0) return
  meta.restating = true
  postMeta(turn, replica, firstOf(entries), (later, posted) => {
    meta.restating = false
    // The rest, if it was too much for one message: what was said counts as readable by now.
    if (posted.ok) restateMetas(later, replica)
    else count(later, 'metas_failed', posted.error.code)
  })
}

/** As many entries as one message takes. */
const firstOf = (entries: readonly MetaEntry[]): readonly MetaEntry[] => {
  let some = entries.slice(0, META_ENTRIES_MAX)
  while (encodeMeta(some).length > PLAINTEXT_BYTES_MAX) some = some.slice(0, some.length / 2)
  return some
}

/** Writes that count, or may yet, and that some present recipient of an epoch has no key for. */
const unreadable = (replica: Replica, epoch: Hex): PlacedWrite[] => {
  const { roster } = currentContext(replica)
  const readers = [...(recipientsOfEpoch(replica.jurisdiction, epoch)?.keys() ?? [])].filter(
    (member) => isPresent(roster, member),
  )
  const said = saidAgain(replica)
  return [...metaMaxima(replica).values()].flat().filter(({ at, write }) => {
    const epochs = [at.epoch, ...(said.get(`${at.id} ${keyOf(write)}`) ?? [])]
    const known = [...new Set(epochs)].map((id) => recipientsOfEpoch(replica.jurisdiction, id))
    return !readers.every((member) => known.some((recipients) => recipients?.has(member) === true))
  })
}

/** Message and key -> the epochs under which it was said again. */
const saidAgain = (replica: Replica): Map<string, Hex[]> => {
  const said = new Map<string, Hex[]>()
  for (const by of replica.meta.held.values()) noteSaid(said, by)
  return said
}

const noteSaid = (said: Map<string, Hex[]>, { epoch, entries }: HeldMeta): void => {
  for (const { of, write } of entries ?? []) {
    if (of === '') continue
    const name = `${of} ${keyOf(write)}`
    said.set(name, [...(said.get(name) ?? []), epoch])
  }
}
