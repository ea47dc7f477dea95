// A scenario that a module makes: the same checks, the same run as from the file that says the same.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { runScenario } from '../../../../src/lab/run/lab.ts'
import { prepare } from '../../../../src/lab/run/prepare.ts'

const module = `
const faults = [4, 8].map((s, k) => ({ at: \`\${s}s\`, id: \`p\${k + 1}\`, do: 'split', shape: 'halves', for: '2s' }))
export default () => ({
  lab: 1,
  name: 'made',
  title: 'Made by a module',
  seed: 'made',
  group: { nodes: 4 },
  protocols: [{ use: 'ideal' }],
  workload: [{ kind: 'chat', who: '*', perNodePerMinute: 60 }],
  schedule: faults,
  run: { duration: '12s', quiesce: '10s' },
})
`
const yaml = `lab: 1
name: made
title: Made by a module
seed: made
group: { nodes: 4 }
protocols: [{ use: ideal }]
workload: [{ kind: chat, who: "*", perNodePerMinute: 60 }]
schedule:
  - { at: 4s, id: p1, do: split, shape: halves, for: 2s }
  - { at: 8s, id: p2, do: split, shape: halves, for: 2s }
run: { duration: 12s, quiesce: 10s }
`

let dir = ''
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'lab-modules-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

function file(name: string, text: string): string {
  const path = join(dir, name)
  writeFileSync(path, text)
  return path
}

const options = (out: string) => ({
  ...{ out: join(dir, out), signal: new AbortController().signal, trace: 'full' as const },
  progress: () => {},
})

test('a module makes the run that its YAML would; what was made lies in the folder', async () => {
  const made = await runScenario(file('made.mjs', module), options('made'))
  const written = await runScenario(file('written.yaml', yaml), options('written'))
  expect(made.digest).toBe(written.digest)
  expect(made.verdict).toBe('pass')
  const kept = readFileSync(join(made.dir, 'scenario.yaml'), 'utf8')
  const again = await prepare(file('kept.yaml', kept))
  expect(again.materialised.events).toHaveLength(
    (await prepare(file('same.yaml', yaml))).materialised.events.length,
  )
}, 60_000)

test.each([
  [
    'a fault that nobody knows',
    module.replace("'split'", "'splat'"),
    /as YAML\):\d+:\d+: schedule.*splat/,
  ],
  ['nothing', 'export default undefined', /makes no scenario/],
  ['an error', 'throw new Error("no network")', /no network/],
])('a module that makes %s is refused', async (name, text, said) => {
  await expect(prepare(file(`${name.replaceAll(' ', '-')}.mjs`, text))).rejects.toThrow(said)
})
