// Random lives of a group with one or two liars in it, held against what must stay true of the honest
// (test/support/byzantine.ts). Bounded; stops at the first life that breaks a law: exit 1.
//
//   npm run sim:byzantine -- --seeds 1000
//   npm run sim:byzantine -- --seed 'byzantine 7' --rounds 5
//   npm run sim:byzantine -- --crashes        a crash at every write around an accusation, instead
import { parseArgs } from 'node:util'
import { LEADER, MEMBER, TWICE, survive } from '../test/support/accused.ts'
import { runByzantine } from '../test/support/byzantine.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '0' },
    rounds: { type: 'string', default: '2' },
    seed: { type: 'string' },
    crashes: { type: 'boolean', default: false },
  },
})

const whole = (name: 'seeds' | 'rounds' | 'from', min: number, max: number): number => {
  const number = Number(values[name])
  if (Number.isInteger(number) && number >= min && number <= max) return number
  console.error(`--${name} takes a whole number from ${String(min)} to ${String(max)}`)
  process.exit(2)
}

const rounds = whole('rounds', 1, 100)
const from = whole('from', 0, 1_000_000)
const count = whole('seeds', 1, 100_000)
const seeds =
  values.seed === undefined
    ? Array.from({ length: count }, (_, i) => `byzantine ${String(from + i)}`)
    : [values.seed]

const failed = (seed: string, log: readonly string[], broken: readonly string[]): never => {
  console.error(`\nseed '${seed}'`)
  for (const line of log) console.error(`  ${line}`)
  console.error('broken:')
  for (const line of broken.slice(0, 20)) console.error(`  ${line}`)
  console.error(`replay: npm run sim:byzantine -- --seed '${seed}' --rounds ${String(rounds)}`)
  process.exit(1)
}

/** Every write of everybody concerned, each kept, lost and torn. */
const crashAll = (): void => {
  for (const node of [LEADER, MEMBER, TWICE]) {
    for (const fate of ['kept', 'lost', 'torn'] as const) {
      for (let nth = 1; nth <= WRITES_MAX; nth++) {
        const { crashed, broken } = survive(node, nth, fate)
        if (broken.length > 0) {
          console.error(`node ${String(node)}, write ${String(nth)} ${fate}: ${broken.join('; ')}`)
          process.exit(1)
        }
        if (crashed && nth < WRITES_MAX) continue
        console.log(`node ${String(node)}: ${String(nth - 1)} writes may be ${fate}`)
        break
      }
    }
  }
}

/** More than there are before all is over. */
const WRITES_MAX = 200

if (values.crashes) {
  crashAll()
  process.exit(0)
}

const startedMs = performance.now()
let caught = 0
let finals = 0
const refused = new Set<string>()
for (const [i, seed] of seeds.entries()) {
  try {
    const run = await runByzantine({ seed, rounds })
    if (run.broken.length > 0) failed(seed, run.log, run.broken)
    caught += run.caught
    finals += run.finals
    for (const reason of run.refused) refused.add(reason)
  } catch (error) {
    failed(seed, [], [error instanceof Error ? (error.stack ?? error.message) : String(error)])
  }
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0)
  if (process.stdout.isTTY || (i + 1) % 25 === 0 || i + 1 === seeds.length) {
    console.log(`${String(i + 1)}/${String(seeds.length)} seeds hold, ${seconds} s`)
  }
}
console.log(`refused: ${[...refused].sort().join(', ')}`)
console.log(
  `every law held; ${String(caught)} liars were caught, ${String(finals)} texts were final`,
)
