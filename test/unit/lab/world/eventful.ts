// A run in which nearly everything happens that can: what determinism is tested with.

import { talkers } from './toys.ts'

export function eventful(seed: string): { hash: string; lines: string[] } {
  const lines: string[] = []
  const world = talkers(6, {
    seed,
    talker: { deadMs: 2_000 },
    links: { base: { delayMs: 15, jitterMs: 25, loss: 0.05, duplicate: 0.05, reorder: 0.1 } },
    clock: (index) => ({ skewMs: index * 1_000, driftPpm: index * 50 }),
    onTrace: (line) => lines.push(line),
  })
  const { faults, workload } = world.random
  world.run(2_000)
  world.split([
    [0, 1, 2],
    [3, 4, 5],
  ])
  world.run(2_500 + faults.below(500))
  world.crashAtWrite(faults.below(3), 1 + faults.below(5), { writes: 'torn' })
  world.command(4, { kind: 'mint-card' })
  world.run(5_000)
  for (let i = 0; i < 6; i++) if (!world.node(i).running) world.restart(i)
  world.split([[0], [1, 2, 3, 4, 5]], 'hold', 'forward')
  world.at(5_200 + workload.below(100), () => world.command(5, { kind: 'mint-card' }))
  world.run(6_000)
  world.split(
    [
      [0, 1, 2, 3],
      [3, 4, 5],
    ],
    'reset',
  )
  world.run(7_500)
  world.crash(2, { silent: true })
  world.heal()
  world.run(9_000)
  world.restart(2)
  world.run(12_000)
  return { hash: world.traceHash(), lines }
}
