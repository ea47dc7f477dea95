// A scenario that is run several times: every seed and every swept value is run, medians lie where they
// must, the page tells of them, and two folders compare.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { compare } from '../../../../src/lab/run/compare.ts'
import { meant } from '../../../../src/lab/run/folder.ts'
import { runScenario } from '../../../../src/lab/run/lab.ts'
import { prepare } from '../../../../src/lab/run/prepare.ts'
import type { Study } from '../../../../src/lab/run/study.ts'
import { spreadOf } from '../../../../src/lab/measure/spread.ts'

const text = `lab: 1
name: several
title: A short split, several times
seed: several
group: { nodes: 4, labels: { left: "0,1", right: "2,3" } }
network: { link: { latency: 10ms, jitter: 5ms } }
protocols: [{ use: ideal }, { use: direct }]
workload: [{ kind: chat, who: "*", perNodePerMinute: 60 }]
schedule: [{ at: 4s, id: p1, do: split, sides: ["label:left", "label:right"], for: 4s }]
run: { duration: 12s, quiesce: 10s, repeats: 5 }
sweep: { "network.link.latency": [10ms, 200ms] }
expect:
  - { for: ideal, phase: after-p1, that: "converged && lost == 0" }
`

let dir = ''
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'lab-study-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

function file(name: string, content: string): string {
  const path = join(dir, name)
  writeFileSync(path, content)
  return path
}

const options = (out: string, seed?: string) => ({
  ...{ out: join(dir, out), seed, signal: new AbortController().signal },
  progress: () => {},
})

const studyIn = (folder: string): Study =>
  JSON.parse(readFileSync(join(folder, 'study.json'), 'utf8'), meant) as Study

test('every seed and every value is run, and the page tells of all', async () => {
  const path = file('several.yaml', text)
  const result = await runScenario(path, options('one'))
  const { cells, seeds } = studyIn(result.dir)
  expect(seeds).toEqual(['several', 'several/1', 'several/2', 'several/3', 'several/4'])
  expect(cells.map(({ protocol, setting }) => [protocol, setting['network.link.latency']])).toEqual(
    [
      ['ideal', '10ms'],
      ['direct', '10ms'],
      ['ideal', '200ms'],
      ['direct', '200ms'],
    ],
  )
  expect(cells.every(({ verdicts }) => verdicts.length === 5)).toBe(true)
  const [near, , far] = cells.map(({ phases }) => phases['before']?.['stale_p50'])
  for (const spread of [near, far]) {
    expect(spread?.n).toBe(5)
    expect(spread?.low).toBeLessThanOrEqual(spread?.median ?? 0)
    expect(spread?.high).toBeGreaterThanOrEqual(spread?.median ?? 0)
  }
  // A flood takes one delay of a link: what is swept is what is felt.
  expect(near?.median).toBeGreaterThan(10)
  expect(near?.median).toBeLessThan(30)
  expect(far?.median).toBeGreaterThan(200)
  expect(result.verdict).toBe('pass')
  const page = readFileSync(join(result.dir, 'report.html'), 'utf8')
  expect(page).toContain('Over 5 seeds and over network.link.latency')
  expect(page).toContain('Medians of 5 runs')
  // A flood waits for one delay of a link, and so does whoever sends to everybody.
  expect(page).toMatch(/ideal: 1\.0\d delays/)
  expect(page).toMatch(/direct: (1\.0|0\.9)\d delays/)
  expect(page.replace(/\s+/g, ' ')).toContain('The curves over all delays tell the slope, which')
  const wait = readFileSync(join(result.dir, 'plots', 'sweep-wait_send.svg'), 'utf8')
  const heights = [...wait.matchAll(/small end"[^>]*>\s*([^<]+?)\s*</g)].map((match) => match[1])
  expect(heights.length).toBeGreaterThan(3)
  expect(new Set(heights).size).toBe(heights.length)
  // The folder is that of the first run: it can be repeated alone.
  expect(result.protocols.map(({ digest }) => digest)).toHaveLength(2)
  const again = await runScenario(path, options('two'))
  expect(studyIn(again.dir)).toEqual(studyIn(result.dir))
}, 120_000)

test('one run that fails fails them all', async () => {
  const strict = text
    .replace('converged && lost == 0', 'stale_p50 < 100')
    .replace('ideal, phase: after-p1', 'ideal, phase: before')
  const {
    verdict,
    protocols,
    dir: folder,
  } = await runScenario(file('strict.yaml', strict), options('strict'))
  expect(protocols.map((one) => one.verdict)).toEqual(['pass', 'pass'])
  expect(studyIn(folder).cells.map(({ verdicts }) => verdicts[0])).toContain('fail')
  expect(verdict).toBe('fail')
}, 120_000)

test('two folders compare: the same, and another seed', async () => {
  const once = text.replace(', repeats: 5', '').replace(/sweep:.*\n/, '')
  const path = file('once.yaml', once)
  const [a, b] = [await runScenario(path, options('a')), await runScenario(path, options('b'))]
  const c = await runScenario(path, options('c', 'other'))
  expect(compare(a.dir, b.dir)).toMatchObject({ same: true, differences: [], onlyA: [], onlyB: [] })
  const { same, differences, equal } = compare(a.dir, c.dir)
  expect(same).toBe(false)
  expect(differences.length).toBeGreaterThan(10)
  expect(equal).toBeGreaterThan(10)
  const factors = differences.map(({ factor }) => factor)
  expect(factors).toEqual([...factors].sort((x, y) => y - x))
  expect(() => compare(a.dir, dir)).toThrow(/not the folder of a run/)
}, 120_000)

test.each([
  [
    'a value that does not fit',
    '"network.link.latency": [fast]',
    /11:8: sweep: network\.link\.latency as set here/,
  ],
  [
    'a path that is not there',
    '"network.link.speed": [1]',
    /sweep: network\.link as set here: .*speed/,
  ],
  [
    'too many combinations',
    '"run.repeats": [1,2,3,4,5,6,7,8,9], "group.nodes": [4,5,6,7,8,9,10,11]',
    /72 combinations/,
  ],
])('refuses %s before anything starts', async (_, swept, said) => {
  const path = file('wrong.yaml', text.replace('"network.link.latency": [10ms, 200ms]', swept))
  await expect(prepare(path)).rejects.toThrow(said)
})

test('medians by hand: of few runs from least to greatest, of none nothing, never is a value', () => {
  expect(spreadOf([3, 1, Number.NaN, 2])).toEqual({ n: 3, median: 2, low: 1, high: 3 })
  expect(spreadOf([Number.NaN]).n).toBe(0)
  const many = spreadOf([1, 2, 3, 4, 5, 6, 7, 8, Number.POSITIVE_INFINITY])
  expect(many.median).toBe(5)
  expect(many.low).toBeLessThan(5)
  expect(many.high).toBeGreaterThan(5)
  expect(spreadOf([1, 2, 3, 4, 5, 6, 7, 8, Number.POSITIVE_INFINITY])).toEqual(many)
})
