// What the endpoint tells about members and keys of a group, asked for by whatever names them: plain
// reads that change nothing, apart from the facade, which only says that there are such questions.

import { CoterieError } from '../base/error.ts'
import { resolveMember } from './resolve.ts'
import type { EndpointMachine } from './rows.ts'
import type { GroupReport, ShareReport, StandingReport } from './words.ts'

/** The messages that made a member's standing. @throws CoterieError MEMBER_UNKNOWN, AMBIGUOUS */
export function tellStanding(
  machine: EndpointMachine,
  group: GroupReport,
  member: string,
): StandingReport {
  const report = machine.standing(group.group, resolveMember(group, member).member)
  if (report !== undefined) return report
  throw new CoterieError('MEMBER_UNKNOWN', 'Nothing is known here of that member.')
}

/** Who asked whom for keys of epochs, and how it ended; newest first. */
export function tellShares(
  machine: EndpointMachine,
  { group }: GroupReport,
): { group: string; shares: ShareReport[] } {
  return { group, shares: machine.shares(group) ?? [] }
}
