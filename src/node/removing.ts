// Removing somebody, as an honest leader does it: first one round with every leader that answers, so
// that what they heard of the person counts; then the Remove. What nobody here had heard by then is
// withdrawn, and who could not be asked is said: a cut must not wait for the other side of a split.

import { CoterieError } from '../base/error.ts'
import type { Command, CommandResult } from '../core/command.ts'
import type { GroupReport, MemberReport } from '../core/report.ts'
import { isPresent, resolveAccount, resolveMember } from './resolve.ts'

export interface LeaveOptions {
  /** Told to the others. Default: none. */
  readonly reason?: string | undefined
  /** Also when no leader is left afterwards. Default: false. */
  readonly last?: boolean | undefined
}

export interface RemoveOptions {
  /** Every member of that person's account, also those that are not known here. Default: false. */
  readonly account?: boolean | undefined
  /** Only ask the leaders and say what would happen. Default: false. */
  readonly dryRun?: boolean | undefined
}

/** What was done, or with `dryRun` would be. */
export interface Removal {
  group: string
  /** Number and id of the Remove; null when nothing was done. */
  number: string | null
  id: string | null
  /** memberIds that it hits. */
  members: string[]
  /** The epoch made with it, or null where it could not be made at once. */
  epoch: string | null
  /** Messages of theirs known here by number only: they do not count any more. */
  withdraws: number
  /** memberIds of the leaders with whom a round was made first. */
  askedLeaders: string[]
  /** Those that could not be asked: what only they hold of the removed is withdrawn too. */
  unaskedLeaders: string[]
}

/** What it takes of a node. */
export interface Removing {
  readonly group: () => GroupReport
  readonly run: <C extends Command>(command: C) => Promise<CommandResult[C['kind']]>
}

/** @throws CoterieError NOT_A_LEADER, MEMBER_UNKNOWN, AMBIGUOUS, USAGE */
export async function removeMember(
  { group, run }: Removing,
  named: string,
  options: RemoveOptions,
): Promise<Removal> {
  const before = group()
  if (before.role !== 'leader') {
    throw new CoterieError('NOT_A_LEADER', 'Only a leader of the group can remove somebody.', {
      hint: 'Ask a leader: coterie member list GROUP shows who they are.',
    })
  }
  const scope = options.account === true ? 'account' : 'member'
  const target =
    scope === 'account' ? resolveAccount(before, named) : resolveMember(before, named).member
  removable(before, scope, target)
  const askedLeaders = await askLeaders(before, run)
  const { group: id } = before
  if (options.dryRun === true) {
    const now = removable(group(), scope, target)
    const withdraws = now.reduce((sum, member) => sum + member.waiting, 0)
    const members = now.map(({ member }) => member)
    const unaskedLeaders = otherLeaders(before).filter((leader) => !askedLeaders.includes(leader))
    const nothing = { number: null, id: null, epoch: null }
    return { group: id, ...nothing, members, withdraws, askedLeaders, unaskedLeaders }
  }
  const done = await run({ kind: 'remove-member', group: id, scope, target })
  return {
    ...done,
    group: id,
    members: [...done.members],
    askedLeaders,
    unaskedLeaders: otherLeaders(before).filter((leader) => !askedLeaders.includes(leader)),
  }
}

/** The members that a Remove would hit. @throws CoterieError MEMBER_UNKNOWN, USAGE */
function removable(
  group: GroupReport,
  scope: 'member' | 'account',
  target: string,
): MemberReport[] {
  const hit = group.members.filter(
    (member) =>
      isPresent(member) && (scope === 'member' ? member.member : member.account) === target,
  )
  if (hit.length === 0) {
    throw new CoterieError('MEMBER_UNKNOWN', 'Nobody of that id belongs to the group now.', {
      hint: 'List the members with: coterie member list GROUP',
    })
  }
  if (hit.some(({ role }) => role === 'leader')) {
    throw new CoterieError('USAGE', 'A leader cannot be removed.', {
      hint: 'Leaders are fixed for the life of a group: found a new one without them.',
    })
  }
  return hit
}

function otherLeaders(group: GroupReport): string[] {
  return group.members
    .filter((member) => member.role === 'leader' && isPresent(member))
    .map(({ member }) => member)
    .filter((member) => member !== group.self)
}

/** A link may go between the look and the round: that leader is not asked, and that is said. */
function noneIfGone(error: unknown): CommandResult['sync'] {
  if (error instanceof CoterieError && error.code === 'PEER_UNREACHABLE') return { rounds: [] }
  throw error
}

/** One round with each leader that answers; a round that does not end in time does not count. */
async function askLeaders(group: GroupReport, run: Removing['run']): Promise<string[]> {
  const others = otherLeaders(group)
  const here = group.members.filter(({ member, reachable }) => reachable && others.includes(member))
  const asked = await Promise.all(
    here.map(async ({ member, peerId }) => {
      const round = { kind: 'sync', group: group.group, peer: peerId } as const
      const { rounds } = await run(round).catch(noneIfGone)
      return rounds.length > 0 ? [member] : []
    }),
  )
  return asked.flat()
}
