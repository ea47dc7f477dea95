// A leader removes somebody as an honest one does: with a round with every leader that answers first,
// and with a word about those that could not be asked.
import { describe, expect, test } from 'vitest'
import { groupId, memberOf, startScripted } from './scripted-endpoint.ts'

describe('removing', () => {
  test('removing makes a round with each leader that answers first, and says who did not', async () => {
    const members = [
      memberOf('a', { role: 'leader' }),
      memberOf('b', { role: 'leader' }),
      memberOf('c', { role: 'leader', reachable: false }),
      memberOf('d', { waiting: 3 }),
    ]
    const round = (peer: string) => ({
      rounds: [
        { peer, member: '', received: 0, sent: 0, bytesIn: 0, bytesOut: 0, ms: 1, equal: true },
      ],
    })
    const { node, endpoint } = await startScripted({ members, sync: round })
    const done = await node.removeMember('garden', 'name-d')
    expect(endpoint.commands).toEqual([
      { kind: 'sync', group: groupId, peer: members[1]?.peerId },
      { kind: 'remove-member', group: groupId, scope: 'member', target: 'd'.repeat(64) },
    ])
    expect(done).toMatchObject({
      number: 'aaaaaaaa:10',
      members: ['d'.repeat(64)],
      askedLeaders: ['b'.repeat(64)],
      unaskedLeaders: ['c'.repeat(64)],
    })
    const dry = await node.removeMember('garden', 'name-d', { dryRun: true, account: true })
    expect(dry).toMatchObject({ number: null, id: null, withdraws: 3, members: ['d'.repeat(64)] })
    expect(endpoint.commands.filter(({ kind }) => kind === 'remove-member')).toHaveLength(1)
    await expect(node.removeMember('garden', 'name-b')).rejects.toMatchObject({ code: 'USAGE' })
    await node.stop()
  })

  test('a leader whose round did not end was not asked; only leaders remove those who belong', async () => {
    const members = [
      memberOf('a', { role: 'leader' }),
      memberOf('b', { role: 'leader' }),
      memberOf('d', { state: 'removed' }),
      memberOf('e'),
    ]
    const { node } = await startScripted({ members })
    const done = await node.removeMember('garden', 'name-e')
    expect(done).toMatchObject({ askedLeaders: [], unaskedLeaders: ['b'.repeat(64)] })
    await expect(node.removeMember('garden', 'name-d')).rejects.toMatchObject({
      code: 'MEMBER_UNKNOWN',
    })
    await node.stop()
    const plain = await startScripted({ members, role: 'member' })
    await expect(plain.node.removeMember('garden', 'name-e')).rejects.toMatchObject({
      code: 'NOT_A_LEADER',
    })
    expect(plain.endpoint.commands).toEqual([])
    await plain.node.stop()
  })
})
