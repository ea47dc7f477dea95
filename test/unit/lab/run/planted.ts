// A core with a fault planted in it, for tests of sweep, shrink and replay: the real endpoint, whose
// machine at one node is bent from outside. Nothing of this ships.

import { Endpoint } from '../../../../src/core/endpoint.ts'
import type { Machine } from '../../../../src/core/machine.ts'
import type { Protocol } from '../../../../src/lab/protocol/port.ts'
import { coterie } from '../../../../src/lab/protocol/coterie/coterie.ts'

type Bend = (machine: Endpoint) => void

/** The product, bent at one node. */
function bent(node: number, bend: Bend): Protocol {
  return {
    ...coterie,
    prepare(setup) {
      const run = coterie.prepare(setup)
      const make = run.machine.bind(run)
      run.machine = (context) => {
        const machine: Machine = make(context)
        if (context.index === node && machine instanceof Endpoint) bend(machine)
        return machine
      }
      return run
    },
  }
}

/** Texts of one moment stand in the opposite order here. */
export const breaksTies = bent(1, (machine) => {
  const open = machine.openText.bind(machine)
  const turned = (hex: string) =>
    hex.replace(/[0-9a-f]/g, (digit) => (15 - Number.parseInt(digit, 16)).toString(16))
  machine.openText = (...given) => {
    const text = open(...given)
    return text && { ...text, author: turned(text.author) }
  }
})
