// How the tests run: one process per file group, only test files under test/, generous but finite limits.
// Two workers suit a two-core machine; a test that needs more than twenty seconds says so itself. Tests of
// real nodes come after all that only computes, and those with a whole fleet, which would measure whatever
// runs beside them, last and one file at a time.
import { defineConfig } from 'vitest/config'

/** Real nodes, or what they stand on. */
const real = [
  'test/e2e/**/*.test.ts',
  'test/contract/{libp2p,netns}.test.ts',
  'test/unit/{adapters/libp2p,lab/engine}/**/*.test.ts',
]
/** Many at once, judged by what they do in time. */
const fleets = ['test/contract/{engine,inproc}.test.ts', 'test/e2e/silent-cut.test.ts']

const common = { environment: 'node', testTimeout: 20_000, hookTimeout: 20_000 } as const

const project = (name: string, groupOrder: number, maxWorkers: number) => ({
  ...{ name, maxWorkers, sequence: { groupOrder } },
  ...common,
})

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    coverage: { provider: 'v8', include: ['src/**/*.ts'], reportsDirectory: 'coverage' },
    projects: [
      {
        test: {
          ...project('pure', 0, 2),
          include: ['test/**/*.test.ts'],
          exclude: [...real, ...fleets],
        },
      },
      { test: { ...project('real', 1, 2), include: real, exclude: fleets } },
      { test: { ...project('fleets', 2, 1), include: fleets } },
    ],
  },
})
