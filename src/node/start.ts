// Makes a real node: data directory, database, libp2p, endpoint. A port that is taken is known before
// the database is touched; whatever fails, everything opened before is closed again.

import { openLevelStore } from '../adapters/level/store.ts'
import { prepareLibp2p } from '../adapters/libp2p/libp2p.ts'
import { createSystemClock } from '../adapters/system/clock.ts'
import { createSystemCrypto } from '../adapters/system/crypto.ts'
import { systemRandom } from '../adapters/system/random.ts'
import { createTelemetry } from '../adapters/telemetry/telemetry.ts'
import { Endpoint } from '../core/endpoint.ts'
import type { Store } from '../ports/store.ts'
import type { Config } from './config.ts'
import { type DataDir, openDataDir } from './data-dir.ts'
import { makePrivateDirectory } from './durable-file.ts'
import { toCoterieError } from './failure.ts'
import { createKeyring } from './keyring.ts'
import { type Node, assembleNode } from './node.ts'
import type { Paths } from './paths.ts'

export interface StartOptions {
  readonly paths: Paths
  readonly config: Config
}

/**
 * Starts the node of a data directory.
 *
 * @throws CoterieError NOT_INITIALISED, DATA_DIR_LOCKED, FORMAT_TOO_NEW, PORT_IN_USE, PERMISSION, ...
 */
export async function startNode(options: StartOptions): Promise<Node> {
  const closers = new Closers()
  try {
    const directory = await openDataDir(options.paths)
    closers.add(() => directory.close())
    const node = await assemble(options, directory, closers)
    for (const address of options.config.peers) await node.addPeer(address)
    return node
  } catch (error) {
    await closers.close().catch(() => undefined)
    throw toCoterieError(error)
  }
}

async function assemble(
  { paths, config }: StartOptions,
  { keys }: DataDir,
  closers: Closers,
): Promise<Node> {
  const telemetry = createTelemetry({ level: config.log })
  const crypto = createSystemCrypto()
  const network = await prepareLibp2p({
    transportSeed32: keys.transport,
    listen: config.listen,
    contacts: config.peers,
    dht: config.dht,
    mdns: config.mdns,
    telemetry,
  })
  closers.add(() => network.stop())
  await makePrivateDirectory(paths.store)
  const store = await openLevelStore({ location: paths.store })
  closers.add(() => closeStore(store))
  const identity = {
    name: config.name,
    accountSeed: keys.account,
    deviceSeed: keys.device,
    transportSeed: keys.transport,
  }
  return assembleNode({
    machine: new Endpoint(identity, crypto),
    store,
    keyring: createKeyring({ key: keys.keyring, crypto, random: systemRandom }),
    network: (events) => network.start(events),
    clock: createSystemClock(),
    crypto,
    random: systemRandom,
    telemetry,
    metrics: () => telemetry.metrics.scrape(),
    close: () => closers.close(),
  })
}

/** What was opened, closed once and in reverse; one that fails does not keep the others open. */
class Closers {
  #open: (() => Promise<void>)[] = []

  add(close: () => Promise<void>): void {
    this.#open.push(close)
  }

  async close(): Promise<void> {
    const failures: unknown[] = []
    for (const close of this.#open.splice(0).reverse()) {
      await close().catch((error: unknown) => failures.push(error))
    }
    if (failures.length > 0) throw toCoterieError(failures[0])
  }
}

function closeStore(store: Store): Promise<void> {
  return new Promise((resolve, reject) => {
    store.close((error) => (error === undefined ? resolve() : reject(error)))
  })
}
