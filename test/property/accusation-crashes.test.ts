// Whoever crashes around an accusation, the accused owner of a restored backup included, inside any write
// and whatever becomes of it: nobody honest is accused (I36), evidence that anybody held is held by all in
// the end, and the honest become one. `npm run sim:byzantine -- --crashes` walks all writes, in every way.
import { describe, expect, test, vi } from 'vitest'
import type { CrashWrites } from '../../src/lab/world/disk.ts'
import type * as accuse from '../../src/core/replica/accuse.ts'
import { LEADER, MEMBER, TWICE, survive } from '../support/accused.ts'

/** The fault: nobody accuses anybody. */
const fault = vi.hoisted(() => ({ on: false }))

vi.mock('../../src/core/replica/accuse.ts', async (original) => {
  const real = await original<typeof accuse>()
  return {
    ...real,
    mayAccuse: (...asked) => !fault.on && real.mayAccuse(...asked),
    accuseHeld: (...asked) => {
      if (!fault.on) real.accuseHeld(...asked)
    },
  } satisfies typeof real
})

const fates: readonly CrashWrites[] = ['kept', 'lost', 'torn']

/** There are some eighty writes until all is over. */
const writes = Array.from({ length: 8 }, (_, i) => 1 + 8 * i)

describe.each([
  ['accuses', LEADER],
  ['hears of it', MEMBER],
  ['is accused', TWICE],
])('who %s may crash', (_, node) => {
  test.each(writes)(
    'inside write %i',
    (nth) => {
      const fate = fates[(nth + node) % fates.length] ?? 'torn'
      const { crashed, broken } = survive(node, nth, fate)
      expect(broken, `${String(node)} ${fate}`).toEqual([])
      if (node !== TWICE) expect(crashed).toBe(true)
    },
    60_000,
  )
})

test('were nobody accused, that would be seen', () => {
  fault.on = true
  const { broken } = survive(MEMBER, 1, 'kept')
  fault.on = false
  expect(broken).toContain('node 0: accuses others, or nobody (I36, I37)')
})
