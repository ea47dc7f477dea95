// The network over libp2p keeps the promises of its port, on TCP and in memory.

import { prepareLibp2p } from '../../src/adapters/libp2p/libp2p.ts'
import { silentTelemetry } from '../../src/adapters/telemetry/silent.ts'
import { peerIdOf } from '../../src/core/identity/peer-id.ts'
import type { NetworkEvents } from '../../src/ports/network.ts'
import { type NetworkPair, networkContract } from './network.contract.ts'

let nextPlace = 1

async function makeTwo(
  events: { a: NetworkEvents; b: NetworkEvents },
  listen: () => string,
): Promise<NetworkPair> {
  const prepare = (seed: number) =>
    prepareLibp2p({
      transportSeed32: new Uint8Array(32).fill(seed),
      listen: [listen()],
      dht: false,
      mdns: false,
      memory: true,
      telemetry: silentTelemetry,
    })
  const [a, b] = await Promise.all([prepare(1), prepare(2)])
  return {
    a: a.start(events.a),
    b: b.start(events.b),
    stranger: peerIdOf(new Uint8Array(32).fill(9)),
    wait: () => new Promise((resolve) => setTimeout(resolve, 20)),
    close: async () => {
      await Promise.all([a.stop(), b.stop()])
    },
  }
}

networkContract('over TCP', (events) => makeTwo(events, () => '/ip4/127.0.0.1/tcp/0'))
networkContract('over memory', (events) => makeTwo(events, () => `/memory/contract-${nextPlace++}`))
