// What is wrong with a scenario is told before anything starts: with its code, line and column.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { CoterieError } from '../../../../src/base/error.ts'
import { prepare } from '../../../../src/lab/run/prepare.ts'

const good = `lab: 1
name: small
title: A small one
group:
  nodes: 6
  labels: { left: "0..2", right: "3..5" }
protocols:
  - { use: coterie }
workload:
  - { kind: chat, who: "*", perNodePerMinute: 6 }
schedule:
  - { at: 20s, id: p1, do: split, sides: ["label:left", "label:right"], for: 20s }
run: { duration: 60s, quiesce: 30s }
expect:
  - { phase: after-p1, that: "converged && lost == 0" }
`

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lab-refusals-'))
})

afterAll(() => rmSync(folder, { recursive: true }))

/** Replaces one piece of the good scenario. */
function changed(from: string, to: string): string {
  expect(good).toContain(from)
  return good.replace(from, to)
}

async function refusal(text: string): Promise<CoterieError> {
  const file = join(folder, 'scenario.yaml')
  writeFileSync(file, text)
  const error = await prepare(file).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof CoterieError) return error
  throw new Error(`not refused: ${String(error)}`)
}

test('the scenario that the others are made from is good', async () => {
  const file = join(folder, 'good.yaml')
  writeFileSync(file, good)
  const { materialised } = await prepare(file)
  expect(materialised.events.filter(({ kind }) => kind === 'fault')).toHaveLength(2)
})

describe('is refused with its place:', () => {
  test.each([
    ['an unknown fault', 'do: split', 'do: splat', '12:28', 'not "splat"'],
    ['a wrong duration', 'for: 20s', 'for: 20x', '12:78', 'duration'],
    ['a duration without a unit', 'at: 20s', 'at: 20', '12:11', ''],
    ['an unknown key', 'run: {', 'run: { speed: 2,', '13:8', 'speed'],
    ['a missing quiesce', ', quiesce: 30s', '', '13:6', ''],
    ['a missing heal', ', for: 20s', '', '12:5', 'never ends'],
    [
      'a heal of nobody',
      '  - { at: 20s',
      '  - { at: 9s, do: heal, id: p9 }\n  - { at: 20s',
      '12:29',
      'p9',
    ],
    ['a fault that outlasts the run', 'for: 20s', 'for: 20m', '12:5', 'longer than the run'],
    ['an unknown label', '"label:right"]', '"label:wrong"]', '12:58', 'wrong'],
    ['a node that is not there', '"3..5" }', '"3..6" }', '6:35', 'no node 6'],
    ['an unknown metric', 'converged &&', 'converge &&', '15:31', 'converge'],
    ['a formula that cannot be read', 'lost == 0', 'lost == ', '15:52', 'missing'],
    ['an unknown phase', 'phase: after-p1', 'phase: after-p2', '15:14', 'after-p2'],
    ['an expectation of nobody', '{ phase', '{ for: managed, phase', '15:12', 'managed'],
    [
      'an option that the protocol lacks',
      'coterie }',
      'coterie, with: { speed: 1 } }',
      '8:27',
      'speed',
    ],
    [
      'a value that the option lacks',
      'coterie }',
      'coterie, with: { policy: lax } }',
      '8:27',
      'strict',
    ],
    ['an engine that is not there', 'group:', 'engine: moon\ngroup:', '4:9', ''],
    ['what is no YAML', 'run: {', 'run: {{', '14:1', ''],
    ['the same key twice', 'name: small', 'name: small\nname: other', '3:1', ''],
  ])('%s', async (_, from, to, place, word) => {
    const { code, message } = await refusal(changed(from, to))
    expect(code).toBe('USAGE')
    expect(message).toContain(`scenario.yaml:${place}`)
    expect(message).toContain(word)
  })
})

test('a protocol that is not built has a code of its own', async () => {
  const { code, message } = await refusal(changed('use: coterie', 'use: megolm'))
  expect(code).toBe('PROTOCOL_UNKNOWN')
  expect(message).toContain('8:12')
})

test('a scenario that is not there has a code of its own', async () => {
  await expect(prepare('no-such-scenario')).rejects.toMatchObject({ code: 'SCENARIO_UNKNOWN' })
})

test('more nodes than fit into memory are refused', async () => {
  const { code, message } = await refusal(changed('nodes: 6', 'nodes: 99999'))
  expect(code).toBe('USAGE')
  expect(message).toContain('5:10: group.nodes: more nodes than fit')
})

describe('faults that meet on a link', () => {
  const second = (lines: string) => changed('run: {', `${lines}\nrun: {`)
  const split = (mode: string, at = '30s') =>
    changed(
      'for: 20s }',
      `for: 20s }\n  - { at: ${at}, id: p2, do: split, sides: ["0", "3"], mode: ${mode}, for: 5s }`,
    )

  test('compose when one is only worse than the other', async () => {
    const file = join(folder, 'worse.yaml')
    writeFileSync(file, split('reset'))
    await expect(prepare(file)).resolves.toBeDefined()
  })

  test('are refused when one keeps what the other loses', async () => {
    const { message } = await refusal(split('hold'))
    expect(message).toContain('13:5')
    expect(message).toContain('"p1" and "p2" contradict each other')
  })

  test('are no matter when they do not overlap', async () => {
    const file = join(folder, 'apart.yaml')
    writeFileSync(file, split('hold', '40s'))
    await expect(prepare(file)).resolves.toBeDefined()
  })

  test('a node that is down cannot go down', async () => {
    const crashes = `  - { at: 5s, id: c1, do: crash, target: 2, for: 9s }
  - { at: 9s, id: c2, do: offline, target: "label:left", for: 9s }`
    const { message } = await refusal(second(crashes))
    expect(message).toContain('node 2 is down already')
  })
})

describe('what the engine or a fault cannot do', () => {
  const with_ = (fault: string, more = '') => changed('run: {', `  - ${fault}\n${more}run: {`)

  test.each([
    [
      'a fault that the engine lacks',
      '{ at: 30s, id: p2, do: skew, target: 1, ahead: 5s, for: 5s }',
      /13:\d+: schedule\[1\]\.do: the engine proc cannot do skew: a process has the clock/,
    ],
    [
      'a lie of which another leaves nothing',
      '{ at: 30s, id: p2, do: byzantine, target: 1, lies: [forge, withhold], for: 5s }',
      /13:\d+: schedule\[1\]: the engine proc cannot do forge as it is here: nobody could see it/,
    ],
  ])('%s is refused by name', async (_, fault, said) => {
    const text = with_(fault, 'real: { scale: 0.5 }\n').replace(
      'name: small',
      'name: small\nengine: proc',
    )
    expect((await refusal(text)).message.replace('14:', '13:')).toMatch(said)
  })

  test('a copied disk on real nodes is refused by name', async () => {
    const text = changed(
      'schedule:',
      '  - { kind: compromise, who: "1", at: 5s }\nreal: { scale: 0.5 }\nschedule:',
    )
    const { message } = await refusal(text.replace('name: small', 'name: small\nengine: proc'))
    expect(message).toMatch(/workload\[1\]\.kind: the engine proc cannot do compromise/)
  })

  test.each([
    ['a lie that nobody knows', 'do: byzantine, target: 1, lies: [flatter]', 'lies'],
    ['no lie at all', 'do: byzantine, target: 1, lies: []', 'lies'],
    ['slow that is not', 'do: slow, target: 1, factor: 1', 'factor'],
    ['jitter that cannot be read', 'do: link, jitter: "lognormal(10ms)"', 'lognormal(10ms,0.5)'],
  ])('%s', async (_, fault, word) => {
    const { code, message } = await refusal(with_(`{ at: 45s, id: p2, for: 5s, ${fault} }`))
    expect(code).toBe('USAGE')
    expect(message).toContain('scenario.yaml:13:')
    expect(message).toContain(word)
  })

  test('a node that is down cannot be paused', async () => {
    const { message } = await refusal(
      with_(
        '{ at: 45s, id: p2, do: crash, target: 1, for: 9s }\n  - { at: 48s, id: p3, do: pause, target: 1, for: 2s }',
      ),
    )
    expect(message).toContain('"p2" and "p3" contradict each other')
  })
})
