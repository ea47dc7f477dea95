// The state of a group is the first that holds: forked, alone, partitioned, behind, healthy; and each
// comes with a reason in words.
import { describe, expect, test } from 'vitest'
import type { GroupReport } from '../../../src/core/report.ts'
import { HealthWatch, worst } from '../../../src/node/health.ts'
import { ScriptedEndpoint, groupId, memberOf } from './scripted-endpoint.ts'

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

function watchWith(losses: Readonly<Record<string, number>>): HealthWatch {
  const watch = new HealthWatch()
  for (const [letter, atMs] of Object.entries(losses)) lose(watch, letter, atMs)
  return watch
}

function lose(watch: HealthWatch, letter: string, atMs: number, up = false): void {
  const event = { kind: 'reach', group: groupId, member: letter.repeat(64), up } as const
  watch.observe(event, atMs, DAY + atMs)
}

describe('a group is', () => {
  test('healthy when everybody is here, and when it has nobody else', () => {
    const watch = new HealthWatch()
    expect(watch.judge(groupOf('bcd', ''), 0)).toMatchObject({ state: 'healthy', partition: null })
    expect(watch.judge(groupOf('', ''), 0).state).toBe('healthy')
  })

  test('healthy when one is absent, and says who', () => {
    const health = watchWith({ d: 100 }).judge(groupOf('bc', 'd'), 200)
    expect(health).toMatchObject({ state: 'healthy', partition: null, why: 'absent: name-d' })
  })

  test('partitioned when two were lost together and still are', () => {
    const health = watchWith({ c: 1_000, d: 5_900 }).judge(groupOf('b', 'cd'), 6_000)
    expect(health.state).toBe('partitioned')
    expect(health.partition).toEqual({
      since: DAY + 1_000,
      suspected: true,
      reachable: ['b'.repeat(64)],
      missing: ['c'.repeat(64), 'd'.repeat(64)],
    })
    expect(health.why).toContain('name-c, name-d')
  })

  test('not partitioned by losses further apart, however many', () => {
    const health = watchWith({ c: 1_000, d: 6_001, e: 12_000 }).judge(groupOf('b', 'cde'), 13_000)
    expect(health).toMatchObject({ state: 'healthy', partition: null })
  })

  test('partitioned by the largest set lost within one window', () => {
    const losses = { c: 0, d: 4_000, e: 6_000, f: 8_500 }
    const { partition } = watchWith(losses).judge(groupOf('b', 'cdef'), 9_000)
    expect(partition?.missing).toEqual(['d', 'e', 'f'].map((letter) => letter.repeat(64)))
  })

  test('whole again when one of two came back, and the next loss counts anew', () => {
    const watch = watchWith({ c: 1_000, d: 1_100 })
    lose(watch, 'd', 2_000, true)
    expect(watch.judge(groupOf('bd', 'c'), 3_000).state).toBe('healthy')
    lose(watch, 'd', 60_000)
    expect(watch.judge(groupOf('b', 'cd'), 61_000).state).toBe('healthy')
  })

  test('a second word of the same loss does not move its time', () => {
    const watch = watchWith({ c: 1_000, d: 9_000 })
    lose(watch, 'c', 9_000)
    expect(watch.judge(groupOf('b', 'cd'), 9_500).partition).toBeNull()
  })

  test('alone when others belong and none answers, also when they were lost together', () => {
    const health = watchWith({ b: 0, c: 10 }).judge(groupOf('', 'bc'), 100)
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
    const health = watchWith({ b: 0, c: 0 }).judge(groupOf('', '', { members }), 10)
    expect(health).toMatchObject({ state: 'healthy', partition: null })
  })

  test('not alone when this node left or was removed: it says that', () => {
    const away = watchWith({ b: 0, c: 10 })
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
    const health = watchWith({ b: 0, c: 0 }).judge(groupOf('', 'bc', over), 10)
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
    const health = watchWith({ b: 0, c: 0 }).judge({ ...group, members: [accused, ...rest] }, 10)
    expect(health.why).toContain('--succeeds')
  })
})

test('the worst group speaks for the node', () => {
  expect(worst([])).toBe('healthy')
  expect(worst(['healthy', 'partitioned', 'behind'])).toBe('partitioned')
  expect(worst(['alone', 'forked'])).toBe('forked')
})
