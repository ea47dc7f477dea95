// What `check` concludes and how monitors read it: each state has a level, and no name of a group, which
// somebody else may have chosen, adds a field, a label or a line.
import { describe, expect, test } from 'vitest'
import type { Status } from '../../../src/api/contract.ts'
import { nagiosText, prometheusText, verdictOf } from '../../../src/cli/commands/check-formats.ts'

type Group = Status['groups'][number]

const group = (over: Partial<Group>): Group =>
  ({
    group: 'ab'.repeat(32),
    name: 'garden',
    state: 'healthy',
    why: '',
    members: 3,
    reachable: ['b', 'c'],
    pending: 1,
    undecryptable: 0,
    held: 2,
    messages: 40,
    ...over,
  }) as Group

const statusOf = (...groups: Group[]): Status =>
  ({ state: groups.at(-1)?.state ?? 'healthy', groups }) as unknown as Status

describe('levels', () => {
  test.each([
    ['healthy', 'ok'],
    ['behind', 'warning'],
    ['partitioned', 'warning'],
    ['alone', 'critical'],
    ['forked', 'critical'],
  ] as const)('%s is %s', (state, level) => {
    const verdict = verdictOf(statusOf(group({ state })))
    expect([verdict.level, verdict.groups[0]?.level]).toEqual([level, level])
  })
})

describe('nagios', () => {
  test('one line: the word, what is wrong, figures over all groups', () => {
    const verdict = verdictOf(statusOf(group({}), group({ state: 'alone', why: 'nobody answers' })))
    expect(nagiosText(verdict)).toBe(
      'COTERIE CRITICAL - garden is alone: nobody answers | ' +
        'groups=2 members=6 reachable=4 pending=2 undecryptable=0 held=4 messages=80',
    )
    expect(nagiosText(verdictOf(statusOf(group({}))))).toMatch(
      /^COTERIE OK - 1 groups, all healthy \|/,
    )
    expect(nagiosText(new Error('No daemon\nanswers'))).toBe('COTERIE UNKNOWN - No daemon answers')
  })

  test('a name ends no field and no line', () => {
    const text = nagiosText(verdictOf(statusOf(group({ name: 'a|b\nOK\u2028', state: 'behind' }))))
    expect(text.split('|')).toHaveLength(2)
    expect(text).not.toMatch(/[\n\u2028]/)
  })
})

describe('prometheus', () => {
  test('a figure a line, each with its kind, one state of five', () => {
    const text = prometheusText(verdictOf(statusOf(group({ state: 'behind' }))))
    for (const line of text.trimEnd().split('\n')) {
      expect(line).toMatch(/^(# (HELP|TYPE) coterie_[a-z_]+ .+|coterie_[a-z_]+(\{.*\})? [0-9]+)$/)
    }
    const states = text.split('\n').filter((line) => line.startsWith('coterie_group_state{'))
    expect(states).toHaveLength(5)
    expect(states.filter((line) => line.endsWith(' 1'))).toEqual([
      expect.stringContaining('state="behind"'),
    ])
    expect(text).toContain('coterie_up 1\n')
    expect(prometheusText(undefined)).toContain('coterie_up 0\n')
  })

  test('a name adds no label', () => {
    const text = prometheusText(verdictOf(statusOf(group({ name: 'x",y="1\\\n' }))))
    expect(text).toContain('name="x\\",y=\\"1\\\\\\n"')
  })
})
