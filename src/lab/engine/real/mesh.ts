// What an engine of real nodes brings: daemons with their local interfaces, links that it can set, and a
// look at those links that does not ask the nodes. The rest of a run is the same for all such engines.

import type { Daemon } from '../../demo/daemon.ts'
import type { LinkTable } from '../../world/links.ts'
import type { Echoes } from './probe.ts'

export interface Mesh {
  readonly nodes: number
  /** Aborted, with the reason, when the run must end early. */
  readonly signal: AbortSignal
  /** Whoever runs there now. */
  daemon(node: number): Daemon
  /** Every link, from now on. Resolves when it is so. */
  setLinks(links: LinkTable): Promise<void>
  /** An echo for each pair over the links, independent of the nodes. */
  look(links: LinkTable): Promise<Echoes>
  /** Starts a node again over what it left. */
  restart(node: number): Promise<void>
  /** Who is told of bytes that came from one node to another; not all engines can know. */
  passed: (from: number, to: number) => void
  /** Things that happened, for the manifest. */
  readonly steps: number
}
