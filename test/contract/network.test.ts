// The network in memory keeps the promises of its port.

import { MemoryHub } from '../../src/adapters/memory/network.ts'
import { networkContract } from './network.contract.ts'

networkContract('in memory', async (events) => {
  const hub = new MemoryHub()
  return {
    a: hub.join('peer-a', events.a),
    b: hub.join('peer-b', events.b),
    stranger: 'peer-c',
    wait: () => new Promise((resolve) => setImmediate(resolve)),
    close: async () => {},
  }
})
