import { sim } from '../src/lab/engine/sim/sim.ts'
import { experiment } from '../src/lab/run/experiment.ts'
import { loadScenario } from '../src/lab/run/library.ts'
import { materialise } from '../src/lab/scenario/materialise.ts'
import { asReal } from '../src/lab/scenario/real.ts'
const [file = '', n = '20'] = process.argv.slice(2)
const { scenario } = loadScenario(file)
const out: any = {}
for (let i = 0; i < Number(n); i++) {
  const { materialised } = materialise(scenario, `s${i}`)
  const real = asReal(scenario, materialised, 'sim')
  const use = real.materialised.protocols[0]!
  const r = await experiment({ scenario: real.materialised, use, engine: sim, level: 'digest', signal: new AbortController().signal, progress: () => {} })
  for (const [phase, m] of Object.entries(r.metrics)) if (phase.startsWith('after')) for (const k of ['heal_link', 'heal_key', 'heal_data', 'heal_read']) (out[`${phase} ${k}`] ??= []).push(Math.round((m as any)[k]))
}
for (const [k, v] of Object.entries(out) as any) { v.sort((a: number, b: number) => a - b); console.log(k, 'median', v[Math.floor(v.length / 2)], v.join(' ')) }
