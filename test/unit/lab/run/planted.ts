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

// --- Cores that stall ----------------------------------------------------------------------------

/** How long they go on well, from the beginning of the run: until after the chaos. */
const WELL_MS = 45_000

/** From then on nothing that comes to one of them is taken in, while all links stand. */
export const hearsNothing = (deaf: number): Protocol =>
  bent((run) => {
    const make = run.machine.bind(run)
    const begin = run.begin.bind(run)
    let begun = false
    let fromMs = Number.POSITIVE_INFINITY
    run.begin = (tell) => {
      begun = true
      begin(tell)
    }
    run.machine = (context) => {
      const machine = make(context)
      if (context.index !== deaf) return machine
      const step = machine.step.bind(machine)
      machine.step = (input, env) => {
        if (begun) fromMs = Math.min(fromMs, env.nowMs)
        const ignored = input.kind === 'frame' || input.kind === 'envelope'
        return ignored && env.nowMs > fromMs + WELL_MS ? [] : step(input, env)
      }
      return machine
    }
  })

/** Texts that come to one of them stay shut. */
export const opensNothing = (shut: number): Protocol =>
  bent((run) => {
    const make = run.machine.bind(run)
    run.machine = (context) => {
      const machine = make(context)
      if (context.index !== shut || !(machine instanceof Endpoint)) return machine
      machine.openText = () => undefined
      return machine
    }
  })

/** A command that is taken and never done: without an answer, or with one that is not true. */
export const putsOff = (kind: 'rotate' | 'remove-member', answers: boolean): Protocol =>
  bent((run) => {
    run.driver = (_, options) => {
      const driver = createDriver(options)
      return {
        start: (done) => driver.start(done),
        together: (give) => driver.together(give),
        written: (done) => driver.written(done),
        onEvent: (listener) => driver.onEvent(listener),
        stop: (done) => driver.stop(done),
        command(command, done) {
          if (command.kind !== kind) driver.command(command, done)
          else if (answers) done({ ok: true, value: {} as never })
        },
      }
    }
  })
