// W8, the simulator: one group of the real core that splits in halves and heals, in virtual time, each
// size in a process of its own. Happenings a second of processor time; processor time and memory a
// node. Its floor is the same loop with happenings that do nothing.

import { type Bench, type Row, median } from './bench.ts'
import type { SimFigures } from './sim-role.ts'

const GOAL_PER_SECOND = 50_000
/** The largest world takes minutes on a busy machine. */
const WITHIN_MS = 1_200_000
const BARE_EVENTS = 1_000_000

export async function measureW8(bench: Bench): Promise<Row[]> {
  const sizes = bench.sizes.rounds > 1 ? [16, 64, 128] : [16]
  const rows: Row[] = []
  for (const nodes of sizes) rows.push(...(await rowsOf(bench, nodes)))
  return rows
}

async function rowsOf(bench: Bench, nodes: number): Promise<Row[]> {
  const bare = { nodes, events: BARE_EVENTS }
  const { floor, figures } = await bench.with('sim-role', async (spawn) => {
    const [loop, world] = [spawn(), spawn()]
    // Before and after, as the machine is not equally busy.
    const before = await loop.call<number>('bare', bare)
    const run = () => world.call<SimFigures>('run', nodes, WITHIN_MS)
    const told = await bench.profiled(`w8-${String(nodes)}`, world, run)
    const after = await loop.call<number>('bare', bare)
    return { floor: median([before, after]), figures: told }
  })
  const name = (what: string): string => `${String(nodes)} nodes: ${what}`
  return [
    {
      workload: 'W8',
      name: name('happenings'),
      unit: '1/s of processor',
      floor,
      coterie: figures.steps / figures.cpuSeconds,
      goal: { bound: GOAL_PER_SECOND, side: 'least', because: 'simulator' },
    },
    {
      workload: 'W8',
      name: name('processor'),
      unit: 'ms a node',
      coterie: (figures.cpuSeconds * 1_000) / nodes,
    },
    {
      workload: 'W8',
      name: name('memory'),
      unit: 'MiB a node',
      coterie: figures.grownBytes / nodes / 2 ** 20,
    },
  ]
}
