/**
 * Why a member stands as it does: the control messages that made its standing, and which of them
 * knew of which. The rules themselves are in `membership/roster.ts`; this only shows their grounds.
 */
import { toHex } from '../../base/bytes.ts'
import type { Member } from '../membership/roster.ts'
import type { Hex } from '../message/header.ts'
import { numberText } from '../message/header.ts'
import type { StandingCause, StandingReport } from '../report.ts'
import type { ControlEntry } from '../transcript/control-log.ts'
import { closureOf, has } from '../transcript/control-log.ts'
import type { ControlInfo } from '../validity/context.ts'
import { withdrawnOf } from './departures.ts'
import { stateOf } from './report.ts'
import type { Replica } from './state.ts'
import { currentContext } from './state.ts'

type Entry = ControlEntry<ControlInfo>
type Kind = StandingCause['kind']

/** What a control message says about a member, or undefined where it says nothing. */
const kindFor = (entry: Entry, { facts }: Member): Kind | 'prekey' | undefined => {
  if (entry.info.kind !== 'roster') return undefined
  for (const change of entry.info.changes) {
    if (change.kind === 'ban') {
      if (toHex(change.account) === toHex(facts.account)) return 'remove-account'
    } else if (change.kind === 'admit') {
      if (change.facts.member === facts.member) return 'add'
    } else if (change.member === facts.member) {
      if (change.kind === 'dormant') return change.on ? 'dormant' : 'awake'
      return change.kind
    }
  }
  return undefined
}

/** A new prekey is a sign of life: it matters here only where it ends a Dormant. */
const grounds = (replica: Replica, member: Member): { entry: Entry; kind: Kind }[] => {
  const { control } = replica.transcript
  const found: { entry: Entry; kind: Kind }[] = []
  for (const entry of control.entries) {
    const kind = kindFor(entry, member)
    if (kind === undefined) continue
    if (kind !== 'prekey') {
      found.push({ entry, kind })
      continue
    }
    const past = closureOf(control, entry.past)
    const wakes = found.some((one) => one.kind === 'dormant' && has(past, one.entry.sequence))
    if (wakes) found.push({ entry, kind: 'awake' })
  }
  return found
}

const holds = (kind: Kind, { sequence }: Entry, member: Member): boolean => {
  switch (kind) {
    case 'remove':
    case 'remove-account':
      return member.removedBy.includes(sequence)
    case 'leave':
      return member.leftBy.includes(sequence)
    case 'dormant':
      return member.dormantBy.includes(sequence)
    default:
      return true
  }
}

const numberOf = (replica: Replica, { member, counter }: Entry): string =>
  numberText(replica.facts.get(member)?.memberGroupId ?? 0, counter)

/** A leader's first device is a member by the constitution, without any message. */
const cardOf = ({ facts }: Member): StandingCause[] =>
  facts.leader
    ? [
        {
          kind: 'card',
          number: null,
          id: null,
          author: facts.member,
          name: facts.name,
          holds: true,
          after: [],
          concurrent: [],
        },
      ]
    : []

/** Undefined where nobody of that id was ever admitted. */
export const standingOf = (replica: Replica, name: Hex): StandingReport | undefined => {
  const member = currentContext(replica).roster.members.get(name)
  if (member === undefined) return undefined
  const found = grounds(replica, member)
  const { control } = replica.transcript
  const knows = (entry: Entry, other: Entry): boolean =>
    has(closureOf(control, entry.past), other.sequence)
  const causes = found.map(({ entry, kind }): StandingCause => {
    const others = found.map((one) => one.entry).filter((other) => other !== entry)
    const after = others.filter((other) => knows(entry, other))
    const concurrent = others.filter((other) => !knows(entry, other) && !knows(other, entry))
    return {
      kind,
      number: numberOf(replica, entry),
      id: entry.id,
      author: entry.member,
      name: replica.facts.get(entry.member)?.name ?? '',
      holds: holds(kind, entry, member),
      after: after.map((other) => other.id),
      concurrent: concurrent.map((other) => other.id),
    }
  })
  const { facts } = member
  return {
    group: replica.group,
    member: name,
    memberGroupId: facts.memberGroupId.toString(16).padStart(8, '0'),
    name: facts.name,
    state: stateOf(member.standing, (replica.transcript.byMember.get(name) ?? []).length > 0),
    withdrawn: withdrawnOf(replica, name),
    causes: [...cardOf(member), ...causes],
  }
}
