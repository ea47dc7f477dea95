// How the tests run: one process per file group, only test files under test/, generous but finite limits.
// Two workers suit a two-core machine; a test that needs more than twenty seconds says so itself. Tests that
// start daemons or namespaces come last and one file at a time: beside others, they would measure those.
import { defineConfig } from 'vitest/config'

/** Whoever starts real nodes. */
const real = [
  'test/e2e/**/*.test.ts',
  'test/contract/{engine,inproc,libp2p,netns}.test.ts',
  'test/unit/adapters/libp2p/**/*.test.ts',
  'test/unit/lab/engine/**/*.test.ts',
]

const common = { environment: 'node', testTimeout: 20_000, hookTimeout: 20_000 } as const

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    coverage: { provider: 'v8', include: ['src/**/*.ts'], reportsDirectory: 'coverage' },
    projects: [
      {
        test: {
          ...common,
          name: 'pure',
          include: ['test/**/*.test.ts'],
          exclude: real,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...common,
          name: 'real',
          include: real,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
