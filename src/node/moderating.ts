// What leaders say about a group, in the words of people: members and messages may be named in every
// way that `resolve.ts` knows. A message that is not held yet can be hidden by its full id.

import type { CommandResult, MetaWrite } from '../core/command.ts'
import { type ReadParts, findMessage } from './reading.ts'
import { resolveMember } from './resolve.ts'
import type { GroupReport } from '../core/report.ts'

/** Ids as people name them: a member by its name too, a message by its number too. */
export type ModerateWish = MetaWrite

/** Where nothing had to change: the message that said so before, or null where none did. */
export type Moderation = { group: string } & CommandResult['set-meta']

/** What it takes of a node. */
export interface Moderating {
  readonly reading: ReadParts
  readonly group: GroupReport
  readonly set: (group: string, write: MetaWrite) => Promise<CommandResult['set-meta']>
}

/** @throws CoterieError NOT_A_LEADER, MEMBER_UNKNOWN, MESSAGE_UNKNOWN, AMBIGUOUS, USAGE */
export async function moderate(
  { reading, group, set }: Moderating,
  wish: ModerateWish,
): Promise<Moderation> {
  const write = await meant(reading, group, wish)
  return { group: group.group, ...(await set(group.group, write)) }
}

async function meant(
  reading: ReadParts,
  group: GroupReport,
  wish: ModerateWish,
): Promise<MetaWrite> {
  switch (wish.kind) {
    case 'mute':
      return { ...wish, member: resolveMember(group, wish.member).member }
    case 'types':
      return wish.member === ''
        ? wish
        : { ...wish, member: resolveMember(group, wish.member).member }
    case 'hide': {
      const message = wish.message.toLowerCase()
      if (/^[0-9a-f]{64}$/.test(message)) return { ...wish, message }
      return { ...wish, message: (await findMessage(reading, group, message)).text.id }
    }
    default:
      return wish
  }
}
