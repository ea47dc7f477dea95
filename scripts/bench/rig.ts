// A real node for measuring, put together as `src/node/start.ts` does it, with a meter around its
// network and, where wanted, another network in its place. Every node lies in a directory of its
// own and starts again from it.

import { openLevelStore } from '../../src/adapters/level/store.ts'
import { prepareLibp2p } from '../../src/adapters/libp2p/libp2p.ts'
import { createSystemClock } from '../../src/adapters/system/clock.ts'
import { createSystemCrypto } from '../../src/adapters/system/crypto.ts'
import { systemRandom } from '../../src/adapters/system/random.ts'
import { silentTelemetry } from '../../src/adapters/telemetry/silent.ts'
import { createMemoryStore } from '../../src/adapters/memory/store.ts'
import { Endpoint } from '../../src/core/endpoint.ts'
import { peerIdOf } from '../../src/core/identity/peer-id.ts'
import { initialise, isInitialised, openKeyring, readKeys } from '../../src/node/data-dir.ts'
import { makePrivateDirectory } from '../../src/node/durable-file.ts'
import type { Keys } from '../../src/node/key-files.ts'
import { WrappingKeyring } from '../../src/node/keyring.ts'
import { type Node, assembleNode } from '../../src/node/node.ts'
import { resolvePaths } from '../../src/node/paths.ts'
import { countWrites } from '../../src/node/written.ts'
import type { Store } from '../../src/ports/store.ts'
import { Meter } from './meter.ts'
import type { Link, Room } from './room.ts'
import type { Tracer } from './tracer.ts'

export interface Rig {
  readonly node: Node
  readonly meter: Meter
  readonly peerId: string
}

export interface RigOptions {
  /** The directory of the node, made when missing; undefined: a node that keeps nothing. */
  readonly home: string | undefined
  readonly name: string
  /** Where nodes of one process meet. Default: libp2p over TCP on loopback. */
  readonly room?: Room
  /** Follows texts through the node. Default: nobody. */
  readonly tracer?: Tracer | undefined
}

/** Starts the node of a directory. */
export async function startRig(options: RigOptions): Promise<Rig> {
  const { home, name, room, tracer } = options
  const crypto = createSystemCrypto()
  const keys = await keysOf(home)
  const peerId = peerIdOf(crypto.edPublicKey(keys.transport))
  const store = await storeOf(home)
  const link = room === undefined ? await tcpLink(keys) : room.link(peerId)
  const meter = new Meter()
  const identity = {
    name,
    accountSeed: keys.account,
    deviceSeed: keys.device,
    transportSeed: keys.transport,
  }
  const machine = new Endpoint(identity, crypto)
  tracer?.watch(machine)
  const make = meter.around(link.make)
  const node = await assembleNode({
    machine,
    store: tracer?.store(store) ?? store,
    keyring: await keyringOf(home, keys),
    network: tracer?.around(make) ?? make,
    clock: createSystemClock(),
    crypto,
    random: systemRandom,
    telemetry: silentTelemetry,
    close: async () => {
      await link.stop()
      await closed(store)
    },
  })
  return { node, meter, peerId }
}

async function keysOf(home: string | undefined): Promise<Keys> {
  if (home === undefined) {
    const key = () => systemRandom(32)
    return { account: key(), device: key(), transport: key(), keyring: key() }
  }
  const paths = resolvePaths({ home, env: {}, userHome: home })
  if (await isInitialised(paths)) return readKeys(paths)
  await makePrivateDirectory(paths.data)
  return initialise(paths, systemRandom)
}

async function keyringOf(home: string | undefined, keys: Keys): Promise<WrappingKeyring> {
  if (home === undefined) {
    return new WrappingKeyring({ crypto: createSystemCrypto(), random: systemRandom })
  }
  return openKeyring(resolvePaths({ home, env: {}, userHome: home }), keys, systemRandom)
}

async function storeOf(home: string | undefined): Promise<Store> {
  if (home === undefined) return createMemoryStore({ later: setImmediate })
  const paths = resolvePaths({ home, env: {}, userHome: home })
  await makePrivateDirectory(paths.store)
  const { store } = await countWrites(paths, await openLevelStore({ location: paths.store }))
  return store
}

async function tcpLink(keys: Keys): Promise<Link> {
  const network = await prepareLibp2p({
    transportSeed32: keys.transport,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    dht: true,
    mdns: false,
    telemetry: silentTelemetry,
  })
  return { make: (events) => network.start(events), stop: () => network.stop() }
}

function closed(store: Store): Promise<void> {
  return new Promise((resolve, reject) => {
    store.close((error) => (error === undefined ? resolve() : reject(error)))
  })
}
