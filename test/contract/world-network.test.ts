// The simulated network keeps the promises of its port, in virtual time.

import type { NetworkEvents } from '../../src/ports/network.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { createNativeCrypto } from '../../src/crypto/native.ts'
import { Fabric, type Site } from '../../src/lab/world/fabric.ts'
import { LinkTable } from '../../src/lab/world/links.ts'
import { SimNetwork } from '../../src/lab/world/network.ts'
import { Timeline } from '../../src/lab/world/timeline.ts'
import { Trace } from '../../src/lab/world/trace.ts'
import { Weather } from '../../src/lab/world/weather.ts'
import { networkContract } from './network.contract.ts'

networkContract('of the simulated world', async (events) => {
  const crypto = createNativeCrypto()
  const timeline = new Timeline(new Trace(crypto))
  const site = (peerId: string): Site => ({ peerId, network: undefined, powered: true })
  const sites = [site('sim-a'), site('sim-b')]
  const weather = new Weather(new SeededRandom('contract'))
  const fabric = new Fabric({ timeline, weather, crypto, sites, options: {} })
  fabric.set(new LinkTable(2, { base: { delayMs: 10, jitterMs: 5 } }))
  const join = (node: number, heard: NetworkEvents): SimNetwork => {
    let channels = 0
    const nextChannel = () => ++channels
    const network = new SimNetwork({
      fabric,
      node,
      events: heard,
      life: { alive: true },
      nextChannel,
    })
    Object.assign(sites[node] as Site, { network })
    return network
  }
  return {
    a: join(0, events.a),
    b: join(1, events.b),
    stranger: 'sim-c',
    async wait() {
      const untilUs = timeline.nowUs + 100_000
      while (timeline.step(untilUs));
      timeline.rest(untilUs)
    },
    close: async () => {},
  }
})
