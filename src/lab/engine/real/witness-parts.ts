// What the witness of a run is given: the mesh that it listens to, the clock of the run, and who is told of what
// it heard, at once or of a moment that is over.

import type { Fact } from '../../trace/event.ts'
import type { Mesh } from './mesh.ts'

export interface WitnessParts {
  readonly mesh: Mesh
  readonly tell: (node: number, fact: Fact) => void
  /** Of a moment that is over. */
  readonly tellBack: (thenUs: number, node: number, fact: Fact) => void
  /** Since the run began. */
  readonly nowUs: () => number
  /** A node heard from another, by its own word, at some time in the last so many milliseconds. */
  readonly heardFrom: (node: number, from: number, withinMs?: number) => void
  /** A feed ended by itself. */
  readonly onDeaf: (node: number, why: string) => void
}
