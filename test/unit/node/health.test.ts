// The state of a group is the first that holds: forked, alone, partitioned, behind, healthy; and each
// comes with a reason in words.
import { describe, expect, test } from 'vitest'
import type { GroupReport } from '../../../src/core/report.ts'
import { HealthWatch, worst } from '../../../src/node/health.ts'
import { ScriptedEndpoint, memberOf } from './scripted-endpoint.ts'

const DAY = 86_400_000

function groupOf(reachable: string, away: string, over: Partial<GroupReport> = {}): GroupReport {
  const members = [
    memberOf('a'),
    ...[...reachable].map((letter) => memberOf(letter)),
    ...[...away].map((letter) => memberOf(letter, { reachable: false })),
  ]
  const [group] = new ScriptedEndpoint({ members }).report().groups
  if (group === undefined) throw new Error('the script has one group')
  return { ...group, ...over }
}

const split = (missing: string, suspected = true) => ({
  since: DAY,
  suspected,
  reachable: ['b'.repeat(64)],
  missing: [...missing].map((letter) => letter.repeat(64)),
})

describe('a group is', () => {
  test('healthy when everybody is here, and when it has nobody else', () => {
    const watch = new HealthWatch()
    expect(watch.judge(groupOf('bcd', ''), 0)).toMatchObject({ state: 'healthy', partition: null })
    expect(watch.judge(groupOf('', ''), 0).state).toBe('healthy')
  })

  test('healthy when one is absent, and says who', () => {
    const health = new HealthWatch().judge(groupOf('bc', 'd'), 200)
    expect(health).toMatchObject({ state: 'healthy', partition: null, why: 'absent: name-d' })
  })

  test('partitioned when the core says so, and says whom it lost', () => {
    const partition = split('cd')
    const health = new HealthWatch().judge(groupOf('b', 'cd', { partition }), 6_000)
    expect(health).toMatchObject({ state: 'partitioned', partition })
    expect(health.why).toBe('lost together: name-c, name-d; still here: 1')
  })

  test('partitioned for certain when messages show it', () => {
    const over = { partition: split('cd', false) }
    const { why } = new HealthWatch().judge(groupOf('b', 'cd', over), 6_000)
    expect(why).toContain('they talk among themselves')
  })

  test('alone when others belong and none answers, also when they were lost together', () => {
    const over = { partition: split('bc') }
    const health = new HealthWatch().judge(groupOf('', 'bc', over), 100)
    expect(health.state).toBe('alone')
    expect(health.partition?.missing).toHaveLength(2)
  })

  test('not missing those who left or were removed or never came', () => {
    const members = [
      memberOf('a'),
      memberOf('b', { state: 'left', reachable: false }),
      memberOf('c', { state: 'removed', reachable: false }),
      memberOf('d', { state: 'invited', reachable: false }),
    ]
    const health = new HealthWatch().judge(groupOf('', '', { members }), 10)
    expect(health).toMatchObject({ state: 'healthy', partition: null })
  })

  test('not alone when this node left or was removed: it says that', () => {
    const away = new HealthWatch()
    for (const [selfState, word] of [
      ['removed', 'was removed'],
      ['left', 'left the group'],
    ] as const) {
      const health = away.judge(groupOf('', 'bc', { selfState }), 100)
      expect(health).toMatchObject({ state: 'healthy', partition: null })
      expect(health.why).toContain(word)
    }
  })

  test('behind when messages wait for their past for more than five seconds', () => {
    const watch = new HealthWatch()
    const waiting = groupOf('b', '', { pending: 3 })
    expect(watch.judge(waiting, 1_000).state).toBe('healthy')
    expect(watch.judge(waiting, 6_000).state).toBe('healthy')
    expect(watch.judge(waiting, 6_001)).toMatchObject({ state: 'behind' })
    expect(watch.judge(groupOf('b', ''), 7_000).state).toBe('healthy')
    expect(watch.judge(waiting, 8_000).state).toBe('healthy')
  })

  test('behind at once when it needs a newer program', () => {
    const health = new HealthWatch().judge(groupOf('b', '', { pending: 1, unknown: 1 }), 0)
    expect(health).toMatchObject({ state: 'behind', why: 'needs a newer coterie for 1 message' })
  })

  test('forked before anything else', () => {
    const over = { equivocators: ['b'.repeat(64)] }
    const health = new HealthWatch().judge(groupOf('', 'bc', over), 10)
    expect(health.state).toBe('forked')
    expect(health.why).toContain('name-b')
    expect(health.why).not.toContain('--succeeds')
  })

  test('with the way out where no leader is left who is not accused', () => {
    const group = groupOf('', 'bc', { equivocators: ['b'.repeat(64)] })
    const members = group.members.map((member) => ({ ...member, role: 'member' as const }))
    const [first, ...rest] = members
    if (first === undefined) throw new Error('nobody')
    const accused = { ...first, role: 'leader' as const, state: 'quarantined' as const }
    const health = new HealthWatch().judge({ ...group, members: [accused, ...rest] }, 10)
    expect(health.why).toContain('--succeeds')
  })

  test('behind where somebody keeps back what it says to hold, who is named', () => {
    const [member, by] = ['b'.repeat(64), 'c'.repeat(64)]
    const withheld = [{ member, by, number: '00000001 00000005', upTo: 7, since: 1 }]
    const health = new HealthWatch().judge(groupOf('bc', '', { withheld }), 10)
    expect(health.state).toBe('behind')
    expect(health.why).toBe('name-c says to hold 00000001 00000005 of name-b and does not give it')
  })

  test('forked by a statement that cannot be true', () => {
    const over = { contradictions: ['c'.repeat(64)], partition: split('bc') }
    const health = new HealthWatch().judge(groupOf('', 'bc', over), 10)
    expect(health.state).toBe('forked')
    expect(health.why).toContain('name-c')
  })
})

test('the worst group speaks for the node', () => {
  expect(worst([])).toBe('healthy')
  expect(worst(['healthy', 'partitioned', 'behind'])).toBe('partitioned')
  expect(worst(['alone', 'forked'])).toBe('forked')
})
