/**
 * The rules of each type (V6, V7): what a body must say, given the past it stands on, and
 * what it changes for those who come after.
 */
import type { Bytes } from '../../base/bytes.ts'
import { compare, equal } from '../../base/bytes.ts'
import { EPOCH_DEPTH_MAX, MEMBERS_MAX } from '../../base/limits.ts'
import { groupIdOf } from '../constitution/constitution.ts'
import { epochIdOf, parseEpochBody } from '../epoch/body.ts'
import type { EpochBody } from '../epoch/body.ts'
import { isUsablePrekey, prekeyIdOf } from '../identity/prekey.ts'
import { chargeHolds, readEvidence } from '../evidence/evidence.ts'
import { requestFacts } from '../membership/facts.ts'
import type { Member, Prekey, RosterChange } from '../membership/roster.ts'
import { Standing, idTaken, isAccused, isPresent } from '../membership/roster.ts'
import type { Hex } from '../message/header.ts'
import { hexOf } from '../message/header.ts'
import type { Message } from '../message/message.ts'
import {
  RekeyCode,
  RemoveScope,
  parseAdd,
  parseAttest,
  parseDormant,
  parseEpochMessage,
  parseGenesis,
  parseJoin,
  parseLeave,
  parsePrekey,
  parseRekeyRequest,
  parseRemove,
} from '../message/bodies.ts'
import { MessageType } from '../message/type.ts'
import { has } from '../transcript/control-log.ts'
import type { Context, ControlInfo, EpochFacts } from './context.ts'
import { closureOfPast, membershipHash, recipientsOf, recipientsOfEpoch } from './context.ts'
import type { Court } from './court.ts'
import type { Past, Place } from './past.ts'
import { viewOfPast } from './past.ts'
import { messagesIn, reasonFor } from './reason.ts'

export type BodyJudgement =
  | { readonly kind: 'valid'; readonly info: ControlInfo | undefined }
  | { readonly kind: 'invalid'; readonly reason: string }
  | { readonly kind: 'need'; readonly places: readonly Place[] }

const invalid = (reason: string): BodyJudgement => ({ kind: 'invalid', reason })
const changes = (...list: RosterChange[]): BodyJudgement => ({
  kind: 'valid',
  info: { kind: 'roster', changes: list },
})

interface Case {
  readonly court: Court
  readonly message: Message
  readonly author: Member
  readonly context: Context
  readonly past: Past
}

export const judgeBody = (
  court: Court,
  message: Message,
  author: Member,
  context: Context,
  past: Past,
): BodyJudgement => {
  const at: Case = { court, message, author, context, past }
  switch (message.header.type) {
    case MessageType.join:
      return judgeJoin(at)
    case MessageType.genesis:
      return judgeGenesis(at)
    case MessageType.attest:
      return judgeAttest(at)
    case MessageType.add:
      return judgeAdd(at)
    case MessageType.remove:
      return judgeRemove(at)
    case MessageType.leave:
      return judgeLeave(at)
    case MessageType.dormant:
      return judgeDormant(at)
    case MessageType.epoch:
      return judgeEpoch(at)
    case MessageType.rekeyRequest:
      return judgeRekeyRequest(at)
    case MessageType.evidence:
      return judgeEvidence(at)
    case MessageType.prekey:
      return judgePrekey(at)
    case MessageType.meta:
      // Its body is for those who can open it; that a leader wrote it everybody can see.
      return author.facts.leader ? { kind: 'valid', info: undefined } : invalid('not-a-leader')
    default:
      return { kind: 'valid', info: undefined }
  }
}

const prekeyOf = ({ court, message, author }: Case, key: Bytes): Prekey => ({
  id: prekeyIdOf(court.crypto, author.facts.memberBytes, key),
  public: key,
  counter: message.header.counter,
})

const judgeGenesis = (at: Case): BodyJudgement => {
  const { court, message, author } = at
  const body = parseGenesis(message.body)
  if (!body.ok) return invalid(body.error)
  if (!isUsablePrekey(at.court.crypto, body.value.prekey)) return invalid('prekey-unusable')
  if (message.header.deps.length > 0) return invalid('genesis-deps')
  const { groupBytes } = court.jurisdiction
  if (!author.facts.leader) return invalid('genesis-author')
  const group = groupIdOf(court.crypto, body.value.constitution)
  if (!equal(group, groupBytes)) return invalid('genesis-constitution')
  return changes({
    kind: 'join',
    member: author.facts.member,
    prekey: prekeyOf(at, body.value.prekey),
  })
}

const judgeJoin = (at: Case): BodyJudgement => {
  const body = parseJoin(at.message.body)
  if (!body.ok) return invalid(body.error)
  if (!isUsablePrekey(at.court.crypto, body.value.prekey)) return invalid('prekey-unusable')
  if (!equal(body.value.admission, at.author.facts.admission)) return invalid('admission')
  if (at.message.header.deps.length === 0) return invalid('join-deps')
  const { member } = at.author.facts
  return changes({ kind: 'join', member, prekey: prekeyOf(at, body.value.prekey) })
}

const judgePrekey = (at: Case): BodyJudgement => {
  const body = parsePrekey(at.message.body)
  if (!body.ok) return invalid(body.error)
  if (!isUsablePrekey(at.court.crypto, body.value.prekey)) return invalid('prekey-unusable')
  const { member } = at.author.facts
  return changes({ kind: 'prekey', member, prekey: prekeyOf(at, body.value.prekey) })
}

const judgeAttest = (at: Case): BodyJudgement => {
  const body = parseAttest(at.message.body)
  if (!body.ok) return invalid(body.error)
  const { court, context } = at
  const hash = membershipHash(court.crypto, court.jurisdiction, context.roster)
  if (!equal(hash, body.value.membershipHash)) return invalid('membership-hash')
  if (body.value.count !== context.roster.members.size) return invalid('view-count')
  return judgeView(at, body.value.view, undefined)
}

/** V6: the view equals the one that everybody computes over the same past. */
const judgeView = (at: Case, view: Bytes, info: ControlInfo | undefined): BodyJudgement => {
  const { court, context, past } = at
  const own = viewOfPast(
    court.crypto,
    court.jurisdiction,
    court.transcript,
    context.roster,
    past.seen,
  )
  if ('missing' in own) return { kind: 'need', places: own.missing }
  return equal(own.view.view, view) ? { kind: 'valid', info } : invalid('view')
}

const judgeAdd = (at: Case): BodyJudgement => {
  const body = parseAdd(at.message.body)
  if (!body.ok) return invalid(body.error)
  if (!at.author.facts.leader) return invalid('not-a-leader')
  const { court, context } = at
  const facts = requestFacts(court.crypto, court.jurisdiction.groupBytes, body.value.request)
  if (!facts.ok) return invalid(facts.error)
  if (context.roster.members.has(facts.value.member)) return invalid('already-added')
  if (context.roster.members.size >= MEMBERS_MAX) return invalid('group-full')
  if (idTaken(context.roster, facts.value.memberGroupId)) return invalid('group-id-taken')
  return judgeView(at, body.value.view, {
    kind: 'roster',
    changes: [{ kind: 'admit', facts: facts.value }],
  })
}

/** Leaders remove and are never removed: no circle of removals can be. */
const judgeRemove = (at: Case): BodyJudgement => {
  const body = parseRemove(at.message.body)
  if (!body.ok) return invalid(body.error)
  if (!at.author.facts.leader) return invalid('not-a-leader')
  const { scope, target, evidence, view } = body.value
  const { roster } = at.context
  if (evidence.length > 0 && !accuses(at, hexOf(evidence), scope, hexOf(target))) {
    return invalid('remove-evidence')
  }
  const named = [...roster.members.values()].filter(({ facts }) =>
    equal(scope === RemoveScope.member ? facts.memberBytes : facts.account, target),
  )
  if (named.some((member) => member.facts.leader)) return invalid('remove-leader')
  const hit = named.filter((member) => isPresent(roster, member.facts.member))
  if (hit.length === 0) return invalid('nobody-to-remove')
  const change: RosterChange =
    scope === RemoveScope.member
      ? { kind: 'remove', member: hexOf(target) }
      : { kind: 'ban', account: target }
  return judgeView(at, view, { kind: 'roster', changes: [change] })
}

/** Whether a message of the past is Evidence against the one member that a Remove names. */
const accuses = ({ court, context }: Case, id: Hex, scope: number, target: Hex): boolean => {
  const entry = court.jurisdiction.control.byId.get(id)
  if (scope !== RemoveScope.member || entry?.type !== MessageType.evidence) return false
  if (!has(closureOfPast(court.jurisdiction, context.frontier), entry.sequence)) return false
  const { info } = entry
  return (
    info.kind === 'roster' &&
    info.changes.some((change) => change.kind === 'accuse' && change.member === target)
  )
}

/** Nobody accuses itself, and nobody is accused a second time in one past: that would cover anew. */
const judgeEvidence = ({ court, message, author, context }: Case): BodyJudgement => {
  const charge = readEvidence(court.crypto, message.body)
  if (!charge.ok) return invalid(charge.error)
  const { group, member } = charge.value
  if (!equal(group, court.jurisdiction.groupBytes)) return invalid('evidence-foreign-group')
  const accused = context.roster.members.get(member)
  if (accused === undefined) return invalid('evidence-unknown-member')
  if (member === author.facts.member) return invalid('evidence-own')
  if (isAccused(context.roster, member)) return invalid('evidence-known')
  if (!chargeHolds(court.crypto, accused.facts.device, charge.value)) {
    return invalid('evidence-signature')
  }
  return changes({ kind: 'accuse', member })
}

const judgeLeave = (at: Case): BodyJudgement => {
  const body = parseLeave(at.message.body)
  if (!body.ok) return invalid(body.error)
  return changes({ kind: 'leave', member: at.author.facts.member })
}

const judgeDormant = (at: Case): BodyJudgement => {
  const body = parseDormant(at.message.body)
  if (!body.ok) return invalid(body.error)
  if (!at.author.facts.leader) return invalid('not-a-leader')
  const { member, on } = body.value
  const standing = at.context.roster.members.get(hexOf(member))?.standing
  if (standing !== (on ? Standing.active : Standing.dormant)) return invalid('dormant-unchanged')
  return changes({ kind: 'dormant', member: hexOf(member), on })
}

const judgeRekeyRequest = (at: Case): BodyJudgement => {
  const body = parseRekeyRequest(at.message.body)
  if (!body.ok) return invalid(body.error)
  const { code, epoch } = body.value
  const { court, author, context } = at
  const leaderOnly = code === RekeyCode.manual || code === RekeyCode.age
  if (leaderOnly && !author.facts.leader) return invalid('not-a-leader')
  if (code === RekeyCode.complaint) {
    const made = court.jurisdiction.epochs.get(hexOf(epoch))
    const known = made && has(closureOfPast(court.jurisdiction, context.frontier), made.sequence)
    if (known !== true) return invalid('epoch-not-in-past')
    const names = recipientsOfEpoch(court.jurisdiction, hexOf(epoch))?.has(author.facts.member)
    if (names !== true) return invalid('epoch-not-a-recipient')
  }
  return { kind: 'valid', info: { kind: 'request', code } }
}

const judgeEpoch = (at: Case): BodyJudgement => {
  const { court, context, author, past } = at
  const message = parseEpochMessage(at.message.body)
  if (!message.ok) return invalid(message.error)
  const parsed = parseEpochBody(message.value.epoch)
  if (!parsed.ok) return invalid(parsed.error)
  const body = parsed.value
  if (!author.facts.leader) return invalid('not-a-leader')
  const heads = [...context.epochHeads.values()].sort((a, b) => compare(a.idBytes, b.idBytes))
  if (!sameIds(body.parents, heads)) return invalid('epoch-parents')
  const depth = 1 + heads.reduce((most, head) => Math.max(most, head.depth), 0)
  if (body.depth !== depth || depth > EPOCH_DEPTH_MAX) return invalid('epoch-depth')
  const hash = membershipHash(court.crypto, court.jurisdiction, context.roster)
  if (!equal(body.membershipHash, hash)) return invalid('membership-hash')
  const wrong = judgeRecipients(at, body)
  if (wrong !== undefined) return invalid(wrong)
  if (message.value.seals.length !== body.recipients.length) return invalid('epoch-seals')
  const due = reasonFor(court, context, past)
  if (body.reason.code !== due?.code) return invalid('epoch-reason')
  const names =
    due.ids.length === 0 ? body.reason.id.length === 0 : due.ids.includes(hexOf(body.reason.id))
  if (!names) return invalid('epoch-reason')
  const idBytes = epochIdOf(court.crypto, court.jurisdiction.groupBytes, message.value.epoch)
  const epoch: EpochFacts = {
    id: hexOf(idBytes),
    idBytes,
    depth,
    parents: heads.map((head) => head.id),
    author: author.facts.member,
    reason: body.reason.code,
    commit: body.secretCommit,
    salt: body.salt,
    messages: 1 + messagesIn(court.transcript, past.seen),
  }
  return judgeView(at, message.value.view, { kind: 'epoch', epoch })
}

const sameIds = (parents: readonly Bytes[], heads: readonly EpochFacts[]): boolean =>
  parents.length === heads.length &&
  parents.every((parent, i) => equal(parent, heads[i]?.idBytes ?? new Uint8Array()))

const judgeRecipients = ({ court, context }: Case, body: EpochBody): string | undefined => {
  const due = recipientsOf(court.jurisdiction, context.roster)
  if (body.recipients.length !== due.size) return 'epoch-recipients'
  for (const recipient of body.recipients) {
    const prekey = due.get(hexOf(recipient.member))
    if (prekey === undefined) return 'epoch-recipients'
    if (!equal(prekey, recipient.prekeyId)) return 'epoch-prekey'
  }
  return undefined
}
