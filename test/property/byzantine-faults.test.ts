// The laws of `byzantine` can be broken: what keeps liars from doing harm is taken out of the core, one
// thing at a time, and a life is lost in which all is well with it.
import { afterEach, expect, test, vi } from 'vitest'
import type * as accuse from '../../src/core/replica/accuse.ts'
import type * as evidence from '../../src/core/evidence/evidence.ts'
import type * as pending from '../../src/core/transcript/pending.ts'
import type * as quarantine from '../../src/core/validity/quarantine.ts'
import { runByzantine } from '../support/byzantine.ts'

/** What is missing. */
const fault = vi.hoisted(() => ({ is: '' }))

vi.mock('../../src/core/validity/quarantine.ts', async (original) => {
  const real = await original<typeof quarantine>()
  const isHeard: typeof real.isHeard = (...asked) =>
    fault.is === 'cover first' || real.isHeard(...asked)
  return { ...real, isHeard }
})

vi.mock('../../src/core/evidence/evidence.ts', async (original) => {
  const real = await original<typeof evidence>()
  const chargeHolds: typeof real.chargeHolds = (...asked) =>
    fault.is === 'a look at the signatures of evidence' || real.chargeHolds(...asked)
  return { ...real, chargeHolds }
})

vi.mock('../../src/core/replica/accuse.ts', async (original) => {
  const real = await original<typeof accuse>()
  const mute = (): boolean => fault.is === 'accusing'
  return {
    ...real,
    mayAccuse: (...asked) => !mute() && real.mayAccuse(...asked),
    accuseHeld: (...asked) => {
      if (!mute()) real.accuseHeld(...asked)
    },
  } satisfies typeof real
})

vi.mock('../../src/core/transcript/pending.ts', async (original) => {
  const real = await original<typeof pending>()
  const hold: typeof real.hold = (waiting, ...more) => {
    // Each message is another peer's: no peer ever has too many.
    const [arrival, ...rest] = more
    const from = fault.is === 'bounds' ? arrival.message.id : arrival.from
    return real.hold(waiting, { ...arrival, from }, ...rest)
  }
  return { ...real, hold }
})

afterEach(() => {
  fault.is = ''
})

test.each([
  ['cover first', 'byzantine 19', 'do not converge'],
  ['a look at the signatures of evidence', 'byzantine 0', 'I36'],
  ['accusing', 'byzantine 1', 'I37'],
])(
  'without %s, in seed %s: %s',
  async (missing, seed, law) => {
    // Sides that never become one ask each other for ever: a few seconds of it are enough.
    const life = { seed, patienceMs: 5_000 }
    expect((await runByzantine(life)).broken).toEqual([])
    fault.is = missing
    const { broken } = await runByzantine(life)
    expect(broken.join('\n')).toContain(law)
  },
  60_000,
)
