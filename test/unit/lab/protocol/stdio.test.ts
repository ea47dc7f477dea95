// A program in another language on the bench: the example of the README, as it stands there, and programs
// that die, hang or say what is no answer.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { CoterieError } from '../../../../src/base/error.ts'
import { sim } from '../../../../src/lab/engine/sim/sim.ts'
import { type Experiment, experiment } from '../../../../src/lab/run/experiment.ts'
import { prepare } from '../../../../src/lab/run/prepare.ts'

let dir = ''
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'lab-stdio-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

function program(name: string, text: string): string {
  const path = join(dir, name)
  writeFileSync(path, text)
  return `"${process.execPath}" ${path}`
}

async function run(command: string, timeoutMs = 5_000, seed = 'one'): Promise<Experiment> {
  const use = { use: 'stdio', as: 'mine', with: { command, timeoutMs } }
  const text = `lab: 1
name: stdio
title: A program of one's own, split and healed
group: { nodes: 4, labels: { left: "0,1", right: "2,3" } }
network: { link: { latency: 20ms, loss: 0.02 } }
protocols: [${JSON.stringify(use)}]
workload: [{ kind: chat, who: "*", perNodePerMinute: 40 }]
schedule:
  - { at: 4s, id: p1, do: split, sides: ["label:left", "label:right"], for: 5s }
  - { at: 10s, id: p2, do: crash, target: 1, unsynced: lose, for: 1s }
run: { duration: 14s, quiesce: 20s }
`
  const file = join(dir, 'scenario.yaml')
  writeFileSync(file, text)
  const { materialised: scenario } = await prepare(file, { seed })
  const [own] = scenario.protocols
  if (own === undefined) throw new Error('no protocol')
  const { signal } = new AbortController()
  const about = { scenario, use: own, engine: sim, level: 'digest', signal } as const
  return experiment({ ...about, progress: () => {} })
}

const failing = async (text: string, timeoutMs?: number): Promise<CoterieError> => {
  const error = await run(program('wrong.mjs', text), timeoutMs).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof CoterieError) return error
  throw new Error(`no error: ${String(error)}`)
}

test('the example of the README takes part: it delivers, heals, survives a crash, and repeats', async () => {
  const readme = readFileSync('src/lab/protocol/README.md', 'utf8')
  const [, flood = ''] = /```js\n([\s\S]*?)```/.exec(readme) ?? []
  const command = program('flood.mjs', flood)
  const [one, again] = [await run(command), await run(command)]
  const other = await run(command, 5_000, 'two')
  const broken = one.checks.filter(({ held }) => held === 'false').map(({ id }) => id)
  // It sorts by name: what it shows has no order of authors and no causes. All else holds.
  expect(broken.filter((id) => id !== 'C3' && id !== 'C4')).toEqual([])
  expect(one.metrics['after-p1']).toMatchObject({ lost: 0, A_all: 1 })
  expect(one.metrics['p1']?.['U_all']).toBeGreaterThan(0.9)
  expect(one.metrics['all']?.['S_all']).toBeGreaterThan(20)
  expect(again.digest).toBe(one.digest)
  expect(other.digest).not.toBe(one.digest)
}, 60_000)

const answering = (body: string) => `
import { createInterface } from 'node:readline'
let asked = 0
createInterface({ input: process.stdin }).on('line', (line) => {
  asked += 1
  ${body}
})
`

test('a program that dies is an error with what it said last, not a run', async () => {
  const { code, message, hint } = await failing(
    answering(`if (asked > 20) { console.error('no more paper'); process.exit(3) }
  console.log('{}')`),
  )
  expect(code).toBe('USAGE')
  expect(message).toMatch(/cannot be asked any more: it ended with 3: no more paper/)
  expect(hint).toMatch(/It was asked: \{"node":/)
}, 60_000)

test('a program that hangs is an error in time', async () => {
  const { code, message } = await failing(answering(`if (asked <= 20) console.log('{}')`), 500)
  expect(code).toBe('TIMEOUT')
  expect(message).toMatch(/did not answer within 500 ms/)
}, 60_000)

test.each([
  ['no JSON', `console.log('hello')`, /said what is no answer: hello/],
  ['what nobody understands', `console.log('{"do":[{"fly":1}]}')`, /said what is no answer: .*fly/],
  ['a key that is mistyped', `console.log('{"si":{}}')`, /said what is no answer: .*si/],
])(
  'a program that says %s is an error that quotes it',
  async (_, body, said) => {
    const { code, message, hint } = await failing(answering(body))
    expect(code).toBe('USAGE')
    expect(message).toMatch(said)
    expect(hint).toContain('src/lab/protocol/README.md')
  },
  60_000,
)

test('a program that is not there is an error', async () => {
  const error = await run('/no/such/program').catch((thrown: unknown) => thrown)
  expect(String(error)).toMatch(/cannot be asked any more: it ended with 12[67]/)
}, 60_000)

test('without a command it is refused before anything starts', async () => {
  const file = join(dir, 'bare.yaml')
  const bare =
    'lab: 1\nname: bare\ntitle: Bare\ngroup: { nodes: 2 }\nprotocols: [{ use: stdio }]\nrun: { duration: 1s, quiesce: 1s }\n'
  writeFileSync(file, bare)
  await expect(prepare(file)).rejects.toThrow(/bare\.yaml:5:.*stdio needs "command"/)
})
