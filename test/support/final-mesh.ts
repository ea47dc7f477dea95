// What `read --final` prints at a node of a mesh, by the node's own reader over the node's own disk.
import { createMemoryKeyring } from '../../src/adapters/memory/keyring.ts'
import type { Event } from '../../src/core/event.ts'
import type { FinalText } from '../../src/core/report.ts'
import { followFinal, readFinal } from '../../src/node/final-reading.ts'
import type { FinalParts } from '../../src/node/final-reading.ts'
import type { ReadOptions } from '../../src/node/reading.ts'
import { TextStore } from '../../src/node/rows.ts'
import type { Store } from '../../src/ports/store.ts'
import { type Mesh, done, endpointOf, groupOf } from './mesh.ts'

export function finalParts(mesh: Mesh, node: number): FinalParts {
  const { world, group } = mesh
  const machine = endpointOf(world, node)
  const store: Pick<Store, 'read'> = {
    read: (ranges, give) => {
      const { rows } = world.node(node)
      give(
        undefined,
        ranges.map((range) => [...rows.read(range)]),
      )
    },
  }
  const texts = new TextStore({ machine, store: store as Store, keyring: createMemoryKeyring() })
  return {
    machine,
    texts,
    get group() {
      const report = groupOf(mesh, node)
      if (report === undefined) throw new Error('the node is in no such group')
      return report
    },
    plan: () => Promise.resolve(done(world, node, { kind: 'final-order', group })),
  }
}

/** What `read --final` prints. */
export async function finalAll(
  mesh: Mesh,
  node: number,
  options: ReadOptions = {},
): Promise<FinalText[]> {
  const found: FinalText[] = []
  for await (const text of readFinal(finalParts(mesh, node), options)) found.push(text)
  return found
}

/** `read --final --follow`, to be told of events by hand. */
export function following(
  mesh: Mesh,
  node: number,
  options: ReadOptions,
): { readonly texts: AsyncIterable<FinalText>; readonly tell: (event: Event) => void } {
  let told: (event: Event) => void = () => undefined
  const texts = followFinal(finalParts(mesh, node), options, (listener) => {
    told = listener
    return () => undefined
  })
  return { texts, tell: (event) => told(event) }
}
