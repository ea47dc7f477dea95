// In a large group nobody is linked with all. A split can leave somebody whose links all led to the other
// side: it finds others on its own side before long, and hears what is said there.
import { expect, test } from 'vitest'
import { endpointOf, everyone, found, later, meshWorld, readAll, say } from '../support/mesh.ts'
import type { Mesh } from '../support/mesh.ts'

/** Silence is noticed within five seconds; then others are chosen and dialled. */
const FOUND_WITHIN_MS = 8_000
const MEMBERS = 32

/** Nodes that a node has a link with. */
const linkedWith = (mesh: Mesh, node: number): number[] => {
  const peers = new Set(
    endpointOf(mesh.world, node)
      .report()
      .peers.filter(({ state }) => state === 'connected')
      .map(({ peerId }) => peerId),
  )
  return everyone(mesh).filter((other) => peers.has(mesh.world.node(other).peerId))
}

test.each(['blackhole', 'reset'] as const)(
  'whose links all lead across hears its own side again soon: %s',
  (cut) => {
    const mesh = found(
      meshWorld({ seed: `large ${cut}`, nodes: MEMBERS, keepEvents: false }),
      2,
      MEMBERS,
    )
    later(mesh, 10_000)
    const lonely = MEMBERS - 1
    const linked = new Set(linkedWith(mesh, lonely))
    const strangers = everyone(mesh).filter((node) => node !== lonely && !linked.has(node))
    expect(linked.size).toBeGreaterThan(3)
    expect(strangers.length).toBeGreaterThan(3)
    mesh.world.split([[...linked], [lonely, ...strangers]], cut)
    later(mesh, FOUND_WITHIN_MS)
    const [speaker = 0] = strangers
    say(mesh, speaker, 'who is here?')
    say(mesh, lonely, 'I am')
    later(mesh, 1_000)
    for (const node of [lonely, ...strangers]) {
      const texts = readAll(mesh, node).map(({ text }) => text)
      expect([node, texts]).toEqual([node, expect.arrayContaining(['who is here?', 'I am'])])
    }
  },
  60_000,
)
