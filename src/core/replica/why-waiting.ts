/**
 * What is told of a message that is not held: what it waits for, and who claims to hold what is missing.
 * Whoever builds on a message, or brought one that does, says by that that it has it.
 */
import { MESSAGES_NAMED_MAX } from '../../base/limits.ts'
import type {
  CameReport,
  MemberName,
  MessageReport,
  MessageState,
  MessageTypeWord,
  ParentReport,
} from '../message-report.ts'
import type { Hex } from '../message/header.ts'
import { numberText } from '../message/header.ts'
import type { Message } from '../message/message.ts'
import { MessageType } from '../message/type.ts'
import type { Row } from '../transcript/row.ts'
import type { Turn } from '../turn.ts'
import { groupName } from './meta-state.ts'
import type { Replica } from './state.ts'

export const nameOf = (replica: Replica, member: Hex): MemberName => ({
  member,
  name: replica.facts.get(member)?.name ?? '',
})

/** The word for a type; one that this version does not know has its number. */
export const typeWord = (type: number): MessageTypeWord => {
  const word = (Object.keys(MessageType) as (keyof typeof MessageType)[]).find(
    (one) => MessageType[one] === type,
  )
  if (word === undefined) return `type-${type}`
  return word === 'rekeyRequest' ? 'rekey-request' : word
}

/** A message that is here and not held. */
export const notHeldMessage = (replica: Replica, id: Hex): Message | undefined =>
  (replica.pending.waiting.get(id) ?? replica.aside.get(id))?.message ?? replica.unknown.get(id)

/** How a message that is not held stands here. */
export const stateHere = ({ pending, aside, unknown }: Replica, id: Hex): MessageState => {
  if (pending.waiting.has(id)) return 'pending'
  if (aside.has(id)) return 'aside'
  return unknown.has(id) ? 'unknown' : 'missing'
}

/** The member behind a peer, where it is one. */
const memberAt = (replica: Replica, peer: string): Hex | undefined => {
  for (const facts of replica.facts.values()) if (facts.peer === peer) return facts.member
  return undefined
}

/** Ids of messages here that wait for one. */
export const awaitersOf = ({ pending, aside }: Replica, id: Hex): Hex[] => {
  const beside = [...aside].filter(([, { missing }]) => missing.includes(id)).map(([at]) => at)
  return [...(pending.awaited.get(id) ?? []), ...beside].slice(0, MESSAGES_NAMED_MAX)
}

const bringerOf = ({ pending, aside }: Replica, id: Hex): string =>
  pending.waiting.get(id)?.from ?? aside.get(id)?.source.from ?? ''

/** Members who must have a message that is not held here, this one left out. */
export const claimantsOf = (replica: Replica, id: Hex): MemberName[] => {
  const claimed = [id, ...awaitersOf(replica, id)].flatMap((one) => [
    notHeldMessage(replica, one)?.member,
    memberAt(replica, bringerOf(replica, one)),
  ])
  return [...new Set(claimed)]
    .filter((member) => member !== undefined && replica.facts.has(member))
    .filter((member) => member !== replica.self.member)
    .map((member) => nameOf(replica, member ?? ''))
}

const cameBy = (
  replica: Replica,
  how: CameReport['how'],
  from: string,
  at: number | null,
): CameReport => {
  const member = memberAt(replica, from) ?? null
  const name = nameOf(replica, member ?? '').name
  return { how, from: from === '' ? null : from, member, name, at }
}

/** How a held message came; one's own is known by its author, for ever. */
export const cameOf = (
  replica: Replica,
  { id, member }: Pick<Row, 'id' | 'member'>,
): CameReport => {
  const came = replica.sync.arrivals.get(id)
  if (came !== undefined) return cameBy(replica, came.how, came.from, came.atMs)
  return cameBy(replica, member === replica.self.member ? 'own' : null, '', null)
}

const cameWaiting = (turn: Turn, replica: Replica, id: Hex): CameReport => {
  const { nowMs, wallMs } = turn.env
  const sinceMs = (replica.pending.waiting.get(id) ?? replica.aside.get(id))?.sinceMs
  const at = sinceMs === undefined ? null : Math.floor(wallMs - (nowMs - sinceMs))
  return cameBy(replica, replica.aside.get(id)?.source.how ?? null, bringerOf(replica, id), at)
}

/** Nothing is claimed of a message that is not held but what its header says. */
export const notHeldReport = (
  turn: Turn,
  replica: Replica,
  found: {
    readonly id: Hex
    readonly message: Message | undefined
    readonly parents: ParentReport[]
  },
): MessageReport => {
  const { id, message, parents } = found
  const { header } = message ?? {}
  return {
    group: replica.group,
    groupName: groupName(replica),
    id,
    number: header === undefined ? null : numberText(header.memberGroupId, header.counter),
    author: message?.member ?? null,
    name: nameOf(replica, message?.member ?? '').name,
    type: header === undefined ? null : typeWord(header.type),
    state: stateHere(replica, id),
    sent: header?.sent ?? null,
    lamport: header?.lamport ?? null,
    epoch: message === undefined || message.epoch === '' ? null : message.epoch,
    came: cameWaiting(turn, replica, id),
    parents,
    awaitedBy: awaitersOf(replica, id),
    claimedBy: claimantsOf(replica, id),
    holders: [],
    stable: false,
    receipts: [],
    order: null,
    shown: null,
    hiddenBy: null,
    late: false,
    because: [],
  }
}
