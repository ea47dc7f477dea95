/**
 * What was verified of an archive, as plain values: the figures, and at its end who belonged, which epochs
 * stand, who was caught, and the root.
 */
import { toHex } from '../../base/bytes.ts'
import type { StandingCode } from '../membership/roster.ts'
import { Standing, isAccused } from '../membership/roster.ts'
import { contextOf } from '../validity/context.ts'
import { viewOfPast } from '../validity/past.ts'
import type { ArchiveFigures } from './figures.ts'
import { frontierOf } from './verifier.ts'
import type { Verification } from './verifier.ts'

export interface ArchiveMember {
  member: string
  memberGroupId: string
  account: string
  name: string
  role: 'leader' | 'member'
  state: 'invited' | 'active' | 'dormant' | 'left' | 'removed' | 'quarantined'
  device: string
  /** Highest counter held, or null. */
  counter: number | null
}

export interface ArchiveReport extends ArchiveFigures {
  group: string
  name: string
  root: string
  members: ArchiveMember[]
  epochHeads: string[]
  /** memberIds of those with two messages under one number, and of those whom Evidence names. */
  equivocators: string[]
  accused: string[]
}

const words: Readonly<Record<StandingCode, ArchiveMember['state']>> = {
  [Standing.active]: 'active',
  [Standing.dormant]: 'dormant',
  [Standing.left]: 'left',
  [Standing.removed]: 'removed',
  [Standing.quarantined]: 'quarantined',
}

/** Everything that was verified; asked once the end of the archive was concluded. */
export const reportArchive = (verification: Verification): ArchiveReport => {
  const { constitution, court, figures } = verification
  const { crypto, jurisdiction, transcript } = court
  const { roster, epochHeads } = contextOf(jurisdiction, frontierOf(verification))
  const own = viewOfPast(crypto, jurisdiction, transcript, roster, transcript.seen)
  const members = [...roster.members.values()].map(({ facts, standing }): ArchiveMember => {
    const lines = transcript.byMember.get(facts.member) ?? []
    const counters = lines.map((line) => transcript.lines[line]?.tip.counter ?? -1)
    const counter = counters.length === 0 ? null : Math.max(...counters)
    const invited = standing === Standing.active && counter === null
    return {
      member: facts.member,
      memberGroupId: facts.memberGroupId.toString(16).padStart(8, '0'),
      account: toHex(facts.account),
      name: facts.name,
      role: facts.leader ? 'leader' : 'member',
      state: invited ? 'invited' : words[standing],
      device: toHex(facts.device),
      counter,
    }
  })
  const forked = [...transcript.byMember].filter(([, lines]) => lines.length > 1)
  return {
    group: jurisdiction.group,
    name: constitution.name,
    root: 'view' in own ? toHex(own.view.view) : '',
    ...figures,
    members: members.sort((a, b) => (a.member < b.member ? -1 : 1)),
    epochHeads: [...epochHeads.keys()].sort(),
    equivocators: forked.map(([member]) => member).sort(),
    accused: [...roster.members.keys()].filter((member) => isAccused(roster, member)).sort(),
  }
}
