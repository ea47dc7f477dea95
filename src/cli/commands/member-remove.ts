// `member remove`: takes somebody out. The daemon first makes a round with every leader that answers,
// because what no leader had heard of the removed does not count any more; what that costs, and who
// could not be asked, is said.

import type { Removal } from '../../api/contract.ts'
import { type CommandSpec, argument, optionFlag } from '../command.ts'
import { fields } from '../output/table.ts'
import { connect } from './connect.ts'

/** A round with a leader takes ten seconds at most, and then the Remove must be written. */
const REMOVE_MS_MAX = 60_000

export const remove: CommandSpec = {
  name: 'remove',
  summary: 'Remove a member and re-key without them (leaders).',
  arguments: ['<group>', '<member>'],
  options: [
    { flags: '--account', summary: 'every member of their account, also those not known here' },
    { flags: '--dry-run', summary: 'ask the leaders and say what would happen; remove nobody' },
  ],
  examples: ['member remove garden bob', 'member remove garden 1d3f92d1 --account --json'],
  async run(context, given) {
    const client = await connect(context)
    const dryRun = optionFlag(given, 'dryRun')
    const answer = await client.call('POST /v1/groups/:id/members/:member/remove', {
      params: { id: argument(given, 0), member: argument(given, 1) },
      body: { account: optionFlag(given, 'account'), dryRun },
      headers: { 'idempotency-key': crypto.randomUUID() },
      timeoutMs: REMOVE_MS_MAX,
    })
    await context.out.result(answer, () =>
      fields([
        [dryRun ? 'would remove' : 'removed', answer.members.map(short).join(' ')],
        ['epoch', answer.epoch ?? (dryRun ? 'none made' : 'follows as soon as it can be made')],
        ['withdraws', `${answer.withdraws} known here by number only`],
        ['leaders asked', listed(answer.askedLeaders)],
        ['not reached', listed(answer.unaskedLeaders)],
      ]),
    )
    if (answer.unaskedLeaders.length > 0) await context.out.talk(warning(answer, dryRun))
  },
}

function warning({ unaskedLeaders }: Removal, dryRun: boolean): string {
  const count = unaskedLeaders.length
  const who = count === 1 ? 'One leader' : `${count} leaders`
  const what = dryRun ? 'would be withdrawn' : 'is withdrawn'
  return `${who} could not be asked: what nobody else here has heard of the removed ${what}.`
}

function listed(members: readonly string[]): string {
  return members.length === 0 ? 'none' : members.map(short).join(' ')
}

function short(member: string): string {
  return member.slice(0, 12)
}
