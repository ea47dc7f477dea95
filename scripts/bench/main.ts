// The bench: measures coterie and, in the same minutes on the same machine, what it is judged by.
//   npm run bench -- [w1 w2 w3 w4 w5 w7 w8] [--quick] [--json] [--rounds N] [--profiles DIR]
// W6 is measured with W2. Exit code 1 where a goal is missed, 2 where something broke.

import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { Bench, type Row, fullSizes, isMet, quickSizes } from './bench.ts'
import { compiled } from './compiled.ts'
import { type History, makeHistory } from './history.ts'
import { measureEpochs } from './epoch.ts'
import { measureStages } from './stages.ts'
import { tableOf } from './table.ts'
import { measureW1 } from './w1.ts'
import { measureW2 } from './w2.ts'
import { measureW3 } from './w3.ts'
import { measureW4 } from './w4.ts'
import { measureW5 } from './w5.ts'
import { measureW8 } from './w8.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    profiles: { type: 'string' },
  },
})

const startedMs = performance.now()
const sizes = {
  ...(values.quick ? quickSizes : fullSizes),
  ...(values.rounds === undefined ? {} : { rounds: Number(values.rounds) }),
}
const asked = positionals.length === 0 ? ['w1', 'w2', 'w3', 'w4', 'w5', 'w7', 'w8'] : positionals
const directory = await mkdtemp(join(tmpdir(), 'coterie-bench-'))
process.on('SIGINT', () => process.exit(130))
try {
  const rows = await measure(new Bench(sizes, directory, compiled(), values.profiles))
  if (values.json) console.log(JSON.stringify(reportOf(rows), null, 2))
  else print(rows)
  if (rows.some((row) => isMet(row) === false)) process.exitCode = 1
} catch (error) {
  console.error(error)
  process.exitCode = 2
} finally {
  await rm(directory, { recursive: true, force: true })
}

async function measure(bench: Bench): Promise<Row[]> {
  let history: Promise<History> | undefined
  const shared = (): Promise<History> => {
    say('building the history')
    return (history ??= makeHistory(bench))
  }
  const workloads: Record<string, () => Promise<Row[]>> = {
    w1: () => measureW1(bench),
    w2: async () => measureW2(bench, await shared()),
    w3: async () => measureW3(bench, await shared()),
    w4: () => measureW4(bench),
    w5: () => measureW5(bench),
    w7: () => Promise.resolve(measureEpochs(bench)),
    w8: () => measureW8(bench),
    stages: async () => {
      await measureStages(bench)
      return []
    },
  }
  const rows: Row[] = []
  for (const name of asked) {
    const workload = workloads[name]
    if (workload === undefined) throw new Error(`There is no workload ${name}.`)
    say(name)
    rows.push(...(await workload()))
  }
  return rows
}

function say(what: string): void {
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0)
  console.error(`${seconds.padStart(4)} s  ${what}`)
}

function reportOf(rows: readonly Row[]): unknown {
  return {
    sizes,
    node: process.version,
    cores: availableParallelism(),
    load: loadavg()[0],
    seconds: (performance.now() - startedMs) / 1_000,
    rows: rows.map((row) => ({ ...row, met: isMet(row) })),
  }
}

function print(rows: readonly Row[]): void {
  const goals = rows.map(isMet).filter((met) => met !== undefined)
  console.log(`\n${tableOf(rows)}\n`)
  console.log(
    `${goals.filter((met) => met).length} of ${goals.length} goals met; medians of ${sizes.rounds};` +
      ` ${availableParallelism()} cores, load ${(loadavg()[0] ?? 0).toFixed(1)}`,
  )
}
