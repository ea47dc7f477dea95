/**
 * Writing messages of one's own: take the current heads as the past, number and sign, and send the
 * result through the same intake as everybody else's. What a member writes it has judged first.
 */
import type { Bytes } from '../../base/bytes.ts'
import { EMPTY, compare } from '../../base/bytes.ts'
import { COUNTER_MAX, DEPS_MAX } from '../../base/limits.ts'
import type { Failure } from '../effect.ts'
import { mintEpoch } from '../epoch/seal.ts'
import type { HeaderDraft, Message } from '../message/message.ts'
import { signMessage } from '../message/message.ts'
import {
  encodeAdd,
  encodeAttest,
  encodeDormant,
  encodeEpochMessage,
  encodeGenesis,
  encodeJoin,
  encodeLeave,
  encodePrekey,
  encodeRekeyRequest,
  encodeRemove,
} from '../message/bodies.ts'
import { MessageType } from '../message/type.ts'
import { activeMembers, isAccused, presentMembers } from '../membership/roster.ts'
import type { Row } from '../transcript/row.ts'
import { sortedHeads } from '../transcript/transcript.ts'
import type { Turn } from '../turn.ts'
import { count } from '../turn.ts'
import { reasonFor } from '../validity/reason.ts'
import { contextOf, membershipHash } from '../validity/context.ts'
import type { Past, View } from '../validity/past.ts'
import { pastOf, viewOfPast } from '../validity/past.ts'
import { failure } from '../failure.ts'
import { take } from './intake.ts'
import { freshPrekey } from './prekeys.ts'
import { heldBack, needsRejoin } from './recovery.ts'
import { loadPlaces } from './rows.ts'
import type { Replica } from './state.ts'
import { bytesOf, courtOf, currentContext, isGone, ownTip } from './state.ts'
import { enqueuePush } from './push.ts'

export type Posted =
  { readonly ok: true; readonly message: Message } | { readonly ok: false; readonly error: Failure }

export type Then = (turn: Turn, posted: Posted) => void

/** Where the next message of this member stands. */
export interface Stand {
  readonly prev: Row | undefined
  readonly parents: readonly Row[]
  readonly deps: readonly Bytes[]
  readonly past: Past
}

/** Where the next message stands: on the own tip and up to sixteen other heads. */
const standOf = (replica: Replica): Stand => {
  const prev = ownTip(replica)?.tip
  const { accused, accusing } = replica
  // Nobody who knows that somebody forked builds on its last word; evidence builds on its second branch.
  const others = sortedHeads(replica.transcript)
    .filter((head) => head.id !== prev?.id && !accused.has(head.member))
    .sort((a, b) => Number(accusing.has(b.member)) - Number(accusing.has(a.member)))
    .slice(0, DEPS_MAX)
  const parents = prev === undefined ? others : [prev, ...others]
  const deps = others.map((head) => head.idBytes).sort(compare)
  return { prev, parents, deps, past: pastOf(replica.transcript, parents) }
}

/** Makes a body for a place, or says why there is none. */
export type Draft = (stand: Stand) => { body: Bytes; sealed?: Partial<HeaderDraft> } | Failure

/** The header of the next message, without what depends on its body. */
export const draftOf = (
  turn: Turn,
  replica: Replica,
  type: number,
  stand: Stand,
  sealed: Partial<HeaderDraft>,
): HeaderDraft => {
  const { self, constitution } = replica
  const admission = replica.facts.get(self.member)?.admission ?? EMPTY
  return {
    type,
    group: constitution.group,
    member: self.memberBytes,
    memberGroupId: self.memberGroupId,
    counter: stand.prev === undefined ? 0 : stand.prev.counter + 1,
    prev: stand.prev?.idBytes ?? admission,
    deps: stand.deps,
    lamport: stand.past.lamport,
    epoch: EMPTY,
    gen: 0,
    salt: EMPTY,
    sent: Math.max(0, Math.floor(turn.env.wallMs)),
    keyCommit: EMPTY,
    ...sealed,
  }
}

const exhausted = failure(
  'COUNTER_EXHAUSTED',
  'this member has used its last message number',
  'join the group again as a new member',
)

export const gone = failure(
  'NOT_A_MEMBER',
  'this device is no longer a member of the group',
  'ask a leader for a new ticket: `coterie join` comes back as a new member',
)

/** Why an own message could not be: Rule Q alone can stop an honest member. */
const refusal = (replica: Replica, reason: string): Failure => {
  if (reason !== 'quarantine') {
    return failure('INTERNAL', `an own message was not valid: ${reason}`, 'report this')
  }
  const { roster } = currentContext(replica)
  const frozen = presentMembers(roster)
    .filter(({ facts }) => facts.leader)
    .every(({ facts }) => isAccused(roster, facts.member))
  return frozen
    ? failure(
        'NOT_A_LEADER',
        'every leader of the group signed two messages under one number: nothing more can be said in it',
        'found its successor with other leaders: coterie group create NAME --succeeds GROUP',
      )
    : failure(
        'NOT_A_MEMBER',
        'only a leader who is accused let this member in, and nobody else had heard of it',
        'ask another leader for a ticket: `coterie join` comes back as a new member',
      )
}

/** Signs a message on the current heads and takes it in. */
export const post = (
  turn: Turn,
  replica: Replica,
  type: number,
  draft: Draft,
  then: Then,
): void => {
  if (isGone(replica)) return then(turn, { ok: false, error: gone })
  if (replica.recovery === 'retired') return then(turn, { ok: false, error: needsRejoin })
  if (replica.recovery === 'held') return then(turn, { ok: false, error: heldBack })
  const stand = standOf(replica)
  if ((stand.prev?.counter ?? -1) + 1 > COUNTER_MAX - 1) {
    return then(turn, { ok: false, error: exhausted })
  }
  const made = draft(stand)
  if ('code' in made) return then(turn, { ok: false, error: made })
  const header = draftOf(turn, replica, type, stand, made.sealed ?? {})
  const message = signMessage(turn.env.crypto, replica.self.deviceSeed, header, made.body)
  const source = { how: 'own', from: '', vouched: false, verified: true } as const
  take(turn, replica, message, source, (later, outcome) => {
    if (outcome.kind === 'accepted') {
      enqueuePush(later, replica, message)
      return then(later, { ok: true, message })
    }
    const reason = outcome.kind === 'rejected' ? outcome.reason : outcome.kind
    then(later, { ok: false, error: refusal(replica, reason) })
  })
}

/** As `post`, for bodies that carry a view of the past. */
const postWithView = (
  turn: Turn,
  replica: Replica,
  type: number,
  draft: (stand: Stand, view: View) => { body: Bytes } | Failure,
  then: Then,
): void => {
  const stand = standOf(replica)
  const { roster } = contextOf(replica.jurisdiction, stand.past.control)
  const { jurisdiction, transcript } = replica
  const own = viewOfPast(turn.env.crypto, jurisdiction, transcript, roster, stand.past.seen)
  if ('missing' in own) {
    return loadPlaces(turn, replica, own.missing, (later) =>
      postWithView(later, replica, type, draft, then),
    )
  }
  post(turn, replica, type, (at) => draft(at, own.view), then)
}

export const postGenesis = (turn: Turn, replica: Replica, then: Then): void => {
  const prekey = freshPrekey(turn, replica)
  const body = encodeGenesis({ constitution: replica.constitution.bytes, prekey })
  post(turn, replica, MessageType.genesis, () => ({ body }), then)
}

export const postJoin = (turn: Turn, replica: Replica, then: Then): void => {
  const prekey = freshPrekey(turn, replica)
  const admission = replica.facts.get(replica.self.member)?.admission ?? EMPTY
  const body = encodeJoin({ admission, prekey })
  post(turn, replica, MessageType.join, () => ({ body }), then)
}

export const postAttest = (turn: Turn, replica: Replica, then: Then): void =>
  postWithView(
    turn,
    replica,
    MessageType.attest,
    (_, { membershipHash: hash, count, view }) => ({
      body: encodeAttest({ membershipHash: hash, count, view }),
    }),
    then,
  )

export const postAdd = (turn: Turn, replica: Replica, request: Bytes, then: Then): void =>
  postWithView(
    turn,
    replica,
    MessageType.add,
    (_, { view }) => ({ body: encodeAdd({ request, view }) }),
    then,
  )

/** Takes a member or a whole account out; the Epoch that follows is the caller's. */
export const postRemove = (
  turn: Turn,
  replica: Replica,
  wanted: { readonly scope: number; readonly target: Bytes; readonly evidence?: Bytes },
  then: Then,
): void =>
  postWithView(
    turn,
    replica,
    MessageType.remove,
    (_, { view }) => ({ body: encodeRemove({ evidence: EMPTY, ...wanted, view }) }),
    then,
  )

/** Accuses somebody; `body` is the proof. */
export const postEvidence = (turn: Turn, replica: Replica, body: Bytes, then: Then): void =>
  post(turn, replica, MessageType.evidence, () => ({ body }), then)

export const postLeave = (turn: Turn, replica: Replica, reason: string, then: Then): void =>
  post(turn, replica, MessageType.leave, () => ({ body: encodeLeave({ reason }) }), then)

export const postDormant = (
  turn: Turn,
  replica: Replica,
  member: Bytes,
  on: boolean,
  then: Then,
): void =>
  post(turn, replica, MessageType.dormant, () => ({ body: encodeDormant({ member, on }) }), then)

/** Asks for a new epoch; `epoch`: the one complained about. */
export const postRekeyRequest = (
  turn: Turn,
  replica: Replica,
  code: number,
  epoch: Bytes | undefined,
  then: Then,
): void => {
  const body = encodeRekeyRequest({ code, epoch: epoch ?? EMPTY })
  post(turn, replica, MessageType.rekeyRequest, () => ({ body }), then)
}

/** A new prekey, to which the next epoch is sealed. */
export const postPrekey = (turn: Turn, replica: Replica, then: Then): void => {
  const body = encodePrekey({ prekey: freshPrekey(turn, replica), mailbox: EMPTY })
  post(turn, replica, MessageType.prekey, () => ({ body }), then)
}

/** A new prekey because the last one has been in use for long enough. */
export const renewPrekey = (turn: Turn, replica: Replica): void =>
  postPrekey(turn, replica, (later, posted) => {
    if (!posted.ok) count(later, 'prekeys_failed', posted.error.code)
  })

const noReason = failure('INTERNAL', 'there is no reason for a new epoch', 'report this')

/** Mints the epoch that the current heads call for, sealed to every active member. */
export const postEpoch = (turn: Turn, replica: Replica, then: Then): void =>
  postWithView(
    turn,
    replica,
    MessageType.epoch,
    (stand, { view }) => {
      const court = courtOf(turn, replica)
      const context = contextOf(replica.jurisdiction, stand.past.control)
      const heads = [...context.epochHeads.values()].sort((a, b) => compare(a.idBytes, b.idBytes))
      const due = reasonFor(court, context, stand.past)
      if (due === undefined) return noReason
      const [named] = due.ids.toSorted()
      const minted = mintEpoch(turn.env, replica.self.deviceSeed, {
        group: replica.constitution.group,
        parents: heads.map((head) => head.idBytes),
        depth: 1 + heads.reduce((most, head) => Math.max(most, head.depth), 0),
        membershipHash: membershipHash(turn.env.crypto, replica.jurisdiction, context.roster),
        recipients: activeMembers(context.roster).map((member) => ({
          member: member.facts.memberBytes,
          prekey: member.prekey.public,
        })),
        reason: { code: due.code, id: named === undefined ? EMPTY : bytesOf(named) },
      })
      return { body: encodeEpochMessage({ epoch: minted.bytes, seals: minted.seals, view }) }
    },
    then,
  )
