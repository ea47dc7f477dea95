// Random histories of a crew without time or network, each held against the reference model of membership
// and of what counts (test/support/reference.ts). Bounded; stops at the first disagreement.
//
//   npm run sim:membership -- --seeds 1000
//   npm run sim:membership -- --seed 'model 7' --forks
import { parseArgs } from 'node:util'
import { disagreements, resurrected } from '../test/support/model.ts'
import { scribble } from '../test/support/scribbles.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '500' },
    steps: { type: 'string', default: '30' },
    seed: { type: 'string' },
    forks: { type: 'boolean' },
  },
})

const steps = Number(values.steps)
const seeds =
  values.seed === undefined
    ? Array.from({ length: Number(values.seeds) }, (_, i) => `model ${String(i)}`)
    : [values.seed]

let messages = 0
seeds.forEach((seed, i) => {
  // Every fourth with members who use their numbers twice.
  const forks = values.forks ?? i % 4 === 3
  const history = scribble({ seed, steps, forks })
  const broken = [...disagreements(history), ...resurrected(history)]
  messages += history.messages.length
  if (broken.length > 0) {
    console.error(`\nseed '${seed}'\n  ${history.log.join('\n  ')}\nbroken:`)
    for (const line of broken.slice(0, 20)) console.error(`  ${line}`)
    const replay = `--seed '${seed}' --steps ${String(steps)}${forks ? ' --forks' : ''}`
    console.error(`replay: npm run sim:membership -- ${replay}`)
    process.exit(1)
  }
  if ((i + 1) % 50 === 0) console.log(`${String(i + 1)}/${String(seeds.length)} seeds agree`)
})
console.log(`the core and the model agree on ${String(messages)} messages`)
