// Makes a real node: data directory, database, libp2p, endpoint. A port that is taken is known before
// the database is touched; whatever fails, everything opened before is closed again.

import { openLevelStore } from '../adapters/level/store.ts'
import { prepareLibp2p } from '../adapters/libp2p/libp2p.ts'
import { createSystemClock } from '../adapters/system/clock.ts'
import { createSystemCrypto } from '../adapters/system/crypto.ts'
import { systemRandom } from '../adapters/system/random.ts'
import { type NodeTelemetry, createTelemetry } from '../adapters/telemetry/telemetry.ts'
import type { Bytes } from '../base/bytes.ts'
import { Endpoint } from '../core/endpoint.ts'
import type { Entry } from '../core/input.ts'
import { Space, key, within } from '../core/storage.ts'
import type { Clock } from '../ports/clock.ts'
import type { Store } from '../ports/store.ts'
import type { Config } from './config.ts'
import { type DataDir, openDataDir, openKeyring } from './data-dir.ts'
import { makePrivateDirectory } from './durable-file.ts'
import { toCoterieError } from './failure.ts'
import { type WrappingKeyring, wrappingKeyOf } from './keyring.ts'
import { type Node, assembleNode } from './node.ts'
import type { Paths } from './paths.ts'
import { recordPlace, wasMoved } from './place.ts'
import { countWrites } from './written.ts'

export interface StartOptions {
  readonly paths: Paths
  readonly config: Config
  /** What opens the keyring, where it asks for it. */
  readonly passphrase?: Bytes | undefined
  /** The data directory was put back from a backup: nothing is said before a member has answered. */
  readonly restored?: boolean | undefined
  /** It is said all the same: if the directory is an old copy, this member looks like a liar. */
  readonly alone?: boolean | undefined
  /** Where figures and log lines go. Default: figures of its own, lines on standard error. */
  readonly telemetry?: NodeTelemetry
  /** How the network comes to be. Default: libp2p, as it is. */
  readonly prepareNetwork?: typeof prepareLibp2p
  /** What tells the time. Default: the clocks of this machine. */
  readonly clock?: Clock
}

/**
 * Starts the node of a data directory.
 *
 * @throws CoterieError NOT_INITIALISED, DATA_DIR_LOCKED, FORMAT_TOO_NEW, PORT_IN_USE, PERMISSION, ...
 */
export async function startNode(options: StartOptions): Promise<Node> {
  const closers = new Closers()
  try {
    const directory = await openDataDir(options.paths, options.passphrase)
    closers.add(() => directory.close())
    const node = await assemble(options, directory, closers)
    // After this command what the start wrote is durable: only then is this place the known one.
    await node.unblock([])
    await recordPlace(options.paths)
    for (const address of options.config.peers) await node.addPeer(address)
    return node
  } catch (error) {
    await closers.close().catch(() => undefined)
    throw toCoterieError(error)
  }
}

async function assemble(
  options: StartOptions,
  { keys, deviceList }: DataDir,
  closers: Closers,
): Promise<Node> {
  const { paths, config, passphrase } = options
  // First of all: whoever does not know the passphrase learns so before anything else happens.
  const keyring = await openKeyring(paths, keys, systemRandom, passphrase)
  const { telemetry = createTelemetry({ level: config.log }) } = options
  const crypto = createSystemCrypto()
  const { prepareNetwork = prepareLibp2p, clock = createSystemClock() } = options
  const network = await prepareNetwork({
    transportSeed32: keys.transport,
    listen: config.listen,
    contacts: config.peers,
    dht: config.dht,
    mdns: config.mdns,
    telemetry,
  })
  closers.add(() => network.stop())
  await makePrivateDirectory(paths.store)
  const { store, wasPutBack } = await countWrites(
    paths,
    await openLevelStore({ location: paths.store }),
  )
  closers.add(() => closeStore(store))
  await dropUnused(keyring, store)
  const identity = {
    name: config.name,
    accountSeed: keys.account,
    deviceSeed: keys.device,
    transportSeed: keys.transport,
    deviceList,
  }
  return assembleNode({
    machine: new Endpoint(identity, crypto, {
      archive: config.archive,
      recover: await recoverOf(options, wasPutBack),
    }),
    store,
    keyring,
    network: (events) => network.start(events),
    clock,
    crypto,
    random: systemRandom,
    telemetry,
    metrics: () => telemetry.metrics.scrape(),
    close: () => closers.close(),
  })
}

/** Whether the store may be an older one than what others hold of it. */
async function recoverOf(
  options: StartOptions,
  wasPutBack: boolean,
): Promise<'hold' | 'accept' | undefined> {
  const { paths, restored = false, alone = false } = options
  if (alone) return 'accept'
  return restored || wasPutBack || (await wasMoved(paths)) ? 'hold' : undefined
}

/** Destroys wrapping keys that a crash left behind after what they sealed had been deleted. */
async function dropUnused(keyring: WrappingKeyring, store: Store): Promise<void> {
  const spaces = [Space.secret, Space.draft]
  const rows = await new Promise<Entry[]>((resolve, reject) => {
    const ranges = spaces.map((space) => within(key(space)))
    store.read(ranges, (error, results) => {
      if (error === undefined) resolve(results.flat())
      else reject(error)
    })
  })
  // The first byte of a stored value says that it is sealed.
  const used = rows.map(({ value }) => wrappingKeyOf(value.subarray(1)))
  keyring.retain(spaces, new Set(used.filter((id) => id !== undefined)))
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
