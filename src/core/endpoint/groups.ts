/**
 * Groups come into being on this device: founded here, or adopted with a Welcome. Whatever a restart
 * needs is durable before anybody else hears of the group.
 */
import type { Bytes } from '../../base/bytes.ts'
import { EMPTY, fromHex, readU32 } from '../../base/bytes.ts'
import { CARD_KEPT_MS } from '../../base/limits.ts'
import { encodeConstitution, parseConstitution } from '../constitution/constitution.ts'
import type { Constitution } from '../constitution/constitution.ts'
import type { CommandResult, PolicyName } from '../command.ts'
import type { Failure } from '../effect.ts'
import { failure } from '../failure.ts'
import type { Card } from '../identity/card.ts'
import { cardHash, cardText, mintCard, parseCardText } from '../identity/card.ts'
import { hexOf } from '../message/header.ts'
import { postEpoch, postGenesis } from '../replica/author.ts'
import { openHeld } from '../replica/complaint.ts'
import { unspend } from '../replica/epochs.ts'
import { noteChecked } from '../replica/witness.ts'
import { keepReach, renewReach } from '../replica/peers.ts'
import { keepPrekey } from '../replica/prekeys.ts'
import { endRecovery, mustRejoin } from '../replica/recovery.ts'
import { encodeGroup } from '../replica/records.ts'
import type { Replica } from '../replica/state.ts'
import { SecretKind, secretKey } from '../replica/state.ts'
import { createReplica } from '../replica/create.ts'
import { startTimers } from '../replica.ts'
import { Space, key } from '../storage.ts'
import type { Turn } from '../turn.ts'
import { emit, forgetSecret, persist } from '../turn.ts'
import { DeviceSecret, saveCardPut } from './device-secret.ts'
import type { EndpointState } from './state.ts'
import { candidateOf } from './state.ts'

interface Adopted {
  readonly constitution: Constitution
  readonly accessKey: Bytes
  readonly member: Bytes
  readonly memberGroupId: number
  /** Private half of the prekey of the card or request. */
  readonly prekeySecret: Bytes
  readonly reachRecords: readonly Bytes[]
}

/** Makes the replica of a group and writes down everything that a restart needs. */
export const adoptGroup = (turn: Turn, state: EndpointState, adopted: Adopted): Replica => {
  const { constitution, accessKey, member, memberGroupId } = adopted
  const known = state.replicas.get(hexOf(constitution.group))
  if (known !== undefined) return mustRejoin(known) ? readmit(turn, known, adopted) : known
  const number = state.nextNumber++
  const createdMs = Math.floor(turn.env.wallMs)
  const replica = createReplica(turn.env, {
    number,
    constitution,
    createdMs,
    accessKey,
    self: {
      member: hexOf(member),
      memberBytes: member,
      memberGroupId,
      deviceSeed: state.identity.deviceSeed,
    },
    archive: state.archive,
  })
  const saved = { number, constitution: constitution.bytes, member, memberGroupId, createdMs }
  persist(turn, [
    { key: key(Space.group, number), value: encodeGroup(saved) },
    { key: secretKey(number, SecretKind.access, EMPTY), value: accessKey, secret: true },
  ])
  keepPrekey(turn, replica, adopted.prekeySecret)
  state.replicas.set(replica.group, replica)
  for (const record of adopted.reachRecords) keepReach(turn, replica, record)
  for (const seat of constitution.leaders) dropCard(turn, state, hexOf(seat.admission))
  startGroup(turn, state, replica)
  const { group } = replica
  emit(turn, { kind: 'notify', event: { kind: 'group', group, name: constitution.name } })
  return replica
}

/** Somebody who was removed or left is back: a new member over the transcript that is here. */
const readmit = (turn: Turn, replica: Replica, adopted: Adopted): Replica => {
  const { member, memberGroupId, prekeySecret } = adopted
  const { number, constitution, createdMs, self } = replica
  replica.self = { ...self, member: hexOf(member), memberBytes: member, memberGroupId }
  replica.sending = ''
  endRecovery(turn, replica)
  replica.changed = true
  const saved = { number, constitution: constitution.bytes, member, memberGroupId, createdMs }
  persist(turn, [{ key: key(Space.group, number), value: encodeGroup(saved) }])
  keepPrekey(turn, replica, prekeySecret)
  // Epochs that name the new member may have come before its Welcome.
  unspend(turn, replica)
  openHeld(turn, replica)
  return replica
}

/** What every group needs once it is in memory, fresh or from disk. */
export const startGroup = (turn: Turn, state: EndpointState, replica: Replica): void => {
  emit(turn, { kind: 'subscribe', topic: replica.topic })
  startTimers(turn, replica)
  renewReach(turn, replica, state.listen)
  openHeld(turn, replica)
}

// --- Cards ---------------------------------------------------------------------------------------

const freshCard = (
  turn: Turn,
  state: EndpointState,
): { card: Card; admission: Bytes; secret: Bytes } => {
  const { env } = turn
  const secret = env.random(32)
  const card = mintCard(env.crypto, {
    ...candidateOf(state),
    memberGroupId: readU32(env.random(4), 0),
    prekey0: env.crypto.xPublicKey(secret),
  })
  return { card, admission: cardHash(env.crypto, card.bytes), secret }
}

/** Mints a card and keeps its private half until a group uses it. */
export const mint = (turn: Turn, state: EndpointState): CommandResult['mint-card'] => {
  for (const [name, old] of state.cards) {
    if (turn.env.wallMs - old.mintedMs > CARD_KEPT_MS) dropCard(turn, state, name)
  }
  const { card, admission, secret } = freshCard(turn, state)
  const minted = {
    bytes: card.bytes,
    admission,
    prekeySecret: secret,
    mintedMs: Math.floor(turn.env.wallMs),
  }
  state.cards.set(hexOf(admission), minted)
  persist(turn, [saveCardPut(minted)])
  return { card: cardText(turn.env.crypto, card.bytes) }
}

const dropCard = (turn: Turn, state: EndpointState, admission: string): void => {
  const card = state.cards.get(admission)
  if (card === undefined) return
  state.cards.delete(admission)
  forgetSecret(turn, secretKey(0, DeviceSecret.card, card.admission))
}

// --- Founding ------------------------------------------------------------------------------------

type Founding = { readonly bytes: readonly Bytes[] } | Failure

const leadersOf = (turn: Turn, state: EndpointState, texts: readonly string[]): Founding => {
  const cards: Bytes[] = []
  for (const text of texts) {
    const card = parseCardText(turn.env.crypto, text)
    if (!card.ok) {
      return failure(
        'CARD_INVALID',
        `a leader's card does not hold (${card.error})`,
        'ask for a new one: `coterie card` on the device of the leader',
      )
    }
    const admission = hexOf(cardHash(turn.env.crypto, card.value.bytes))
    const used = [...state.replicas.values()].some((replica) =>
      [...replica.facts.values()].some((facts) => hexOf(facts.admission) === admission),
    )
    if (used) {
      return failure(
        'CARD_USED',
        'this card already names a leader of another group',
        'a card serves one group: ask for a new one with `coterie card`',
      )
    }
    cards.push(card.value.bytes)
  }
  return { bytes: cards }
}

export interface FoundingWish {
  readonly name: string
  readonly leaders: readonly string[]
  readonly policy: PolicyName
  readonly succeeds?: string
}

/** Founds a group: constitution, Genesis and the first epoch. */
export const found = (
  turn: Turn,
  state: EndpointState,
  wish: FoundingWish,
  then: (turn: Turn, result: CommandResult['create-group'] | Failure) => void,
): void => {
  const leaders = leadersOf(turn, state, wish.leaders)
  if ('code' in leaders) return then(turn, leaders)
  const { env } = turn
  const own = freshCard(turn, state)
  const accessKey = env.random(32)
  const encoded = encodeConstitution(env.crypto, {
    nonce: env.random(32),
    predecessor: wish.succeeds === undefined ? EMPTY : (fromHex(wish.succeeds) ?? EMPTY),
    name: wish.name,
    leaders: [own.card.bytes, ...leaders.bytes],
    policy: wish.policy,
    accessKey,
  })
  const constitution = parseConstitution(env.crypto, encoded)
  if (!constitution.ok) {
    const error = failure(
      'CARD_INVALID',
      `the constitution does not hold (${constitution.error})`,
      'each leader needs an account, a device and a card of its own; at most 16 leaders',
    )
    return then(turn, error)
  }
  const seat = constitution.value.leaders.find(
    (one) => hexOf(one.admission) === hexOf(own.admission),
  )
  const replica = adoptGroup(turn, state, {
    constitution: constitution.value,
    accessKey,
    member: seat?.member ?? EMPTY,
    memberGroupId: own.card.memberGroupId,
    prekeySecret: own.secret,
    reachRecords: [],
  })
  noteChecked(turn, replica)
  postGenesis(turn, replica, (later, posted) => {
    if (!posted.ok) return then(later, posted.error)
    postEpoch(later, replica, (after, epoch) => {
      if (!epoch.ok) return then(after, epoch.error)
      then(after, { group: replica.group, name: wish.name, member: replica.self.member })
    })
  })
}
