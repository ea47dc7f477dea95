// The processes of a run whose faults reach into them: paused, slow, lying. Only a run that has such
// faults wraps its drivers, and only in what its faults need; all others run as they are.

import { createDriver } from '../../../node/driver.ts'
import type { DriverOptions } from '../../../node/driver-types.ts'
import type { ProtocolRun } from '../../protocol/port.ts'
import type { Event } from '../../../core/event.ts'
import type { FaultKind, ScenarioEvent } from '../../scenario/materialised.ts'
import { Liar } from '../../world/liar.ts'
import type { MakeDriver, NodeContext } from '../../world/node.ts'
import { Strain } from '../../world/strain.ts'

export class Minds {
  readonly #protocol: ProtocolRun
  readonly #heard: (node: number, event: Event) => void
  readonly #kinds: ReadonlySet<FaultKind>
  readonly #liars = new Map<number, Liar>()
  readonly #strains = new Map<number, Strain>()

  constructor(
    protocol: ProtocolRun,
    events: readonly ScenarioEvent[],
    heard: (node: number, event: Event) => void,
  ) {
    this.#protocol = protocol
    this.#heard = heard
    this.#kinds = new Set(
      events.flatMap((event) => (event.kind === 'fault' && event.fault ? [event.fault.do] : [])),
    )
  }

  /** What runs the machines; undefined: the driver of real nodes, as it is. */
  get driver(): MakeDriver | undefined {
    const make = this.#protocol.driver?.bind(this.#protocol)
    const lies = this.#kinds.has('byzantine')
    const strains = this.#kinds.has('pause') || this.#kinds.has('slow')
    if (!lies && !strains) return make
    const plain: MakeDriver = make ?? ((_, options) => createDriver(options))
    return (context, options) => {
      const strain = new Strain(options)
      if (strains) this.#strains.set(context.index, strain)
      const ports = strains ? strain.options() : options
      const driver = lies ? this.#lying(context, ports, plain) : plain(context, ports)
      return strains ? strain.driver(driver) : driver
    }
  }

  liar(node: number): Liar | undefined {
    return this.#liars.get(node)
  }

  strain(node: number): Strain | undefined {
    return this.#strains.get(node)
  }

  #lying(context: NodeContext, options: DriverOptions, plain: MakeDriver) {
    const protocol = this.#protocol
    const liar = new Liar({
      options,
      machine: () => protocol.machine(context),
      make: (own) => plain(context, own),
      carries: (frame) => protocol.carries?.(frame) ?? true,
      differently: (command) => protocol.differently?.(command) ?? command,
      heard: (event) => this.#heard(context.index, event),
    })
    this.#liars.set(context.index, liar)
    return liar.driver
  }
}
