// A daemon: the node of a data directory, its local interface, and the note by which commands find
// it. The note is written last and taken away first, so that whoever finds it finds a daemon.

import type { Bytes } from '../base/bytes.ts'
import type { CoterieError } from '../base/error.ts'
import type { Config } from '../node/config.ts'
import { toCoterieError } from '../node/failure.ts'
import type { Node } from '../node/node.ts'
import type { Paths } from '../node/paths.ts'
import { removeRunFile, writeRunFile } from '../node/run-file.ts'
import { createToken } from './guard.ts'
import { startApi } from './server.ts'

export interface DaemonOptions {
  readonly paths: Paths
  readonly config: Config
  /** What opens the keyring, where it asks for it. */
  readonly passphrase?: Bytes | undefined
  /** The data directory was put back, or the risk that it was is accepted. Default: neither. */
  readonly restored?: boolean | undefined
  readonly alone?: boolean | undefined
  /** Ends the start-up early. Default: never. */
  readonly signal?: AbortSignal | undefined
  /** How the node comes to be. Default: a real one from the data directory. */
  readonly startNode?: (options: {
    paths: Paths
    config: Config
    passphrase?: Bytes | undefined
    restored?: boolean | undefined
    alone?: boolean | undefined
  }) => Promise<Node>
}

/** A daemon that is ready. */
export interface Daemon {
  readonly node: Node
  readonly peerId: string
  /** Multiaddrs under which other nodes reach this one. */
  readonly listen: readonly string[]
  /** Where the local interface is. */
  readonly api: string
  /** Why the node ended by itself, once it did. */
  readonly failure: CoterieError | undefined
  /** Waits for the signal or for the node's own end. */
  untilEnd(signal: AbortSignal): Promise<void>
  /** Ends everything well. Safe to call again. */
  stop(): Promise<void>
}

const LISTEN_MS_MAX = 5_000

/** Starts a daemon. @throws CoterieError when it cannot; nothing is left open then */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { paths, config, passphrase, restored, alone } = options
  const startNode = options.startNode ?? (await import('../node/start.ts')).startNode
  const node = await startNode({ paths, config, passphrase, restored, alone })
  const token = createToken()
  try {
    const api = await startApi({ node, listen: config.api, token, metrics: node.metrics })
    try {
      await untilListening(node, AbortSignal.any([node.ended, ...signalsOf(options)]))
      const note = { v: 1, pid: process.pid, api: api.address, token, started: Date.now() } as const
      await writeRunFile(paths.api, note)
    } catch (error) {
      await api.close()
      throw error
    }
    return daemonOf(node, api, () => removeRunFile(paths.api, token))
  } catch (error) {
    await node.stop()
    throw node.failure ?? toCoterieError(error)
  }
}

function daemonOf(
  node: Node,
  api: { readonly address: string; close(): Promise<void> },
  removeNote: () => Promise<void>,
): Daemon {
  let stopping: Promise<void> | undefined
  const { peerId, listen } = node.report()
  return {
    node,
    peerId,
    listen,
    api: api.address,
    get failure() {
      return node.failure
    },
    untilEnd: (signal) => untilAborted(AbortSignal.any([node.ended, signal])),
    stop() {
      stopping ??= (async () => {
        await removeNote().catch(() => undefined)
        await api.close()
        await node.stop()
      })()
      return stopping
    },
  }
}

/** The first addresses come a moment after the start; a node that only dials never has any. */
async function untilListening(node: Node, end: AbortSignal): Promise<void> {
  const started = performance.now()
  while (node.report().listen.length === 0 && !end.aborted) {
    if (performance.now() - started > LISTEN_MS_MAX) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function signalsOf({ signal }: DaemonOptions): readonly AbortSignal[] {
  return signal === undefined ? [] : [signal]
}
