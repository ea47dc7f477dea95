// Random histories of the final order, each held against its definition (test/support/final-model.ts), with
// lying, removed, leaving and absent people. Bounded; stops at the first run that breaks a law.
//
//   npm run sim:final -- --runs 1000
//   npm run sim:final -- --seed 'final 7' --place 7
import { parseArgs } from 'node:util'
import { finalRun, optionsOf } from '../test/support/final-laws.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    seed: { type: 'string' },
    place: { type: 'string', default: '0' },
  },
})

const runs =
  values.seed === undefined
    ? Array.from({ length: Number(values.runs) }, (_, i) => ({
        seed: `final ${String(i)}`,
        place: i,
      }))
    : [{ seed: values.seed, place: Number(values.place) }]

let finals = 0
let most = 0
runs.forEach(({ seed, place }, i) => {
  const run = finalRun(optionsOf(seed, place))
  finals += run.finals
  most = Math.max(most, run.rounds)
  if (run.broken.length > 0) {
    console.error(`\nseed '${seed}'`)
    for (const line of run.broken.slice(0, 20)) console.error(`  ${line}`)
    console.error(`replay: npm run sim:final -- --seed '${seed}' --place ${String(place)}`)
    process.exit(1)
  }
  if ((i + 1) % 100 === 0) console.log(`${String(i + 1)}/${String(runs.length)} runs hold`)
})
console.log(
  `${String(finals)} texts became final and none moved; at most ${String(most)} rounds of attestations`,
)
