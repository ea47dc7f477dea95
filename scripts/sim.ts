// Many random histories of a mesh, each held against the laws of test/support/laws.ts. Bounded:
// stops at the first broken law, or when all seeds are done. A failure prints what happened and the
// command that replays it.
//
//   npm run sim -- --seeds 500 --nodes 50 --late 5 --rounds 6
//   npm run sim -- --seed 'ci 7' --nodes 10
//   npm run sim -- --seeds 1000 --nodes 6 --membership      with removals, leaving, coming back, re-keying
import { parseArgs } from 'node:util'
import { runHistory } from '../test/support/history.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '500' },
    nodes: { type: 'string', default: '10' },
    late: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    seed: { type: 'string' },
    membership: { type: 'boolean', default: false },
  },
})

const whole = (name: 'seeds' | 'nodes' | 'late' | 'rounds', min: number, max: number): number => {
  const number = Number(values[name])
  if (Number.isInteger(number) && number >= min && number <= max) return number
  console.error(`--${name} takes a whole number from ${String(min)} to ${String(max)}`)
  process.exit(2)
}

const nodes = whole('nodes', 2, 64)
const late = whole('late', 0, nodes - 2)
const rounds = whole('rounds', 1, 100)
const count = whole('seeds', 1, 100_000)
const seeds =
  values.seed === undefined
    ? Array.from({ length: count }, (_, i) => `sim ${String(i)}`)
    : [values.seed]

const scenario = `--nodes ${String(nodes)} --late ${String(late)} --rounds ${String(rounds)}${values.membership ? ' --membership' : ''}`
const startedMs = performance.now()
let texts = 0

const failed = (seed: string, log: readonly string[], broken: readonly string[]): never => {
  console.error(`\nseed '${seed}', ${scenario}`)
  for (const line of log) console.error(`  ${line}`)
  console.error('broken:')
  for (const line of broken.slice(0, 20)) console.error(`  ${line}`)
  console.error(`replay: npm run sim -- --seed '${seed}' ${scenario}`)
  process.exit(1)
}

const run = (seed: string): void => {
  try {
    const history = runHistory({ seed, nodes, late, rounds, membership: values.membership })
    if (history.broken.length > 0) failed(seed, history.log, history.broken)
    texts += history.acknowledged
  } catch (error) {
    failed(seed, [], [error instanceof Error ? (error.stack ?? error.message) : String(error)])
  }
}

seeds.forEach((seed, i) => {
  run(seed)
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0)
  if (process.stdout.isTTY || (i + 1) % 25 === 0 || i + 1 === seeds.length) {
    console.log(`${String(i + 1)}/${String(seeds.length)} seeds hold, ${seconds} s`)
  }
})
console.log(`${scenario}: every law held over ${String(texts)} acknowledged texts`)
