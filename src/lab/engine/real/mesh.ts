// What an engine of real nodes brings: nodes with their local interfaces, links that it can set, and a
// look at those links that does not ask the nodes. The rest of a run is the same for all such engines.

import type { Access, LocalApi } from '../../demo/local-api.ts'
import type { LinkTable } from '../../world/links.ts'
import type { Faces } from './faces.ts'
import type { Hands } from './hands.ts'
import type { Pacing } from './pacing.ts'

/** A node that runs. */
export interface Member {
  readonly peerId: string
  readonly api: LocalApi
  readonly access: Access
}

export interface Mesh {
  readonly nodes: number
  /** Aborted, with the reason, when the run must end early. */
  readonly signal: AbortSignal
  /** Whoever runs there now. */
  member(node: number): Member
  /** Every link, from now on. Resolves when it is so. */
  setLinks(links: LinkTable): Promise<void>
  /** Echoes over all links, independent of the nodes: pairs that are not as these links say. */
  look(links: LinkTable): Promise<readonly string[]>
  /** Ends a node: in order, or between two of its instructions. Resolves when it is gone. */
  end(node: number, how: 'stop' | 'kill'): Promise<void>
  /** Whether a node is not there, by the word of whoever ran it. */
  isGone(node: number): boolean
  /** Starts a node again over what it left. */
  restart(node: number): Promise<void>
  /** How its nodes can be made to get on; absent: as they can. */
  readonly pacing?: Pacing
  /** How its nodes can be given a second face; absent: they have one. */
  readonly faces?: Faces
  /** How its nodes can be told to lie otherwise; absent: they do not. */
  readonly hands?: Hands
  /** Who is told of bytes that came from one node to another; not all engines can know. */
  passed: (from: number, to: number) => void
  /** Things that happened, for the manifest. */
  readonly steps: number
}
