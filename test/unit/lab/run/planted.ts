// A core with a fault planted in it, for tests of sweep, shrink and replay: the real endpoint, whose
// machine or ports at one node are bent from outside. Nothing of this ships.

import { createDriver } from '../../../../src/node/driver.ts'
import { Endpoint } from '../../../../src/core/endpoint.ts'
import { coterie } from '../../../../src/lab/protocol/coterie/coterie.ts'
import type { Protocol, ProtocolRun } from '../../../../src/lab/protocol/port.ts'
import type { Clock } from '../../../../src/ports/clock.ts'
import type { Store } from '../../../../src/ports/store.ts'

const BENT = 1

/** The product, bent before it is prepared for a run. */
const bent = (bend: (run: ProtocolRun) => void): Protocol => ({
  ...coterie,
  prepare(setup) {
    const run = coterie.prepare(setup)
    bend(run)
    return run
  },
})

/** Texts of one moment stand in the opposite order here. */
export const breaksTies = bent((run) => {
  const make = run.machine.bind(run)
  run.machine = (context) => {
    const machine = make(context)
    if (context.index !== BENT || !(machine instanceof Endpoint)) return machine
    const open = machine.openText.bind(machine)
    const turned = (hex: string) =>
      hex.replace(/[0-9a-f]/g, (digit) => (15 - Number.parseInt(digit, 16)).toString(16))
    machine.openText = (...given) => {
      const text = open(...given)
      return text && { ...text, author: turned(text.author) }
    }
    return machine
  }
})

/** What leaves does not wait until the rows that it tells of are safe: they are, a moment later. */
export const sendsBeforeItKeeps = bent((run) => {
  run.driver = ({ index }, options) =>
    createDriver(
      index === BENT ? { ...options, store: lazy(options.store, options.clock) } : options,
    )
})

const LATER_MS = 100

function lazy(store: Store, clock: Clock): Store {
  let owing = false
  const sync = () => {
    owing = false
    store.write([], () => {}, { sync: true })
  }
  return {
    ...store,
    write(batch, done, options) {
      store.write(batch, done, { sync: false })
      if (options?.sync === false || owing) return
      owing = true
      clock.alarm(clock.nowMs() + LATER_MS, sync)
    },
  }
}

/** Signatures are taken for good, whatever they are. */
export const checksNoSignature = bent((run) => {
  run.driver = ({ index }, options) => {
    const crypto = { ...options.crypto, verify: () => true }
    return createDriver(index === BENT ? { ...options, crypto } : options)
  }
})
