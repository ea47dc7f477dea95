// Whoever has no key of the group learns nothing on a sync channel, and on a join channel costs no
// more than a counted drop for each frame.
import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import { encode } from '../../src/codec/canonical.ts'
import { writeGroupFrame } from '../../src/core/anti-entropy/frames.ts'
import { counted, goesOn, hostileMesh } from '../support/hostile-mesh.ts'
import { hostileAt, openChannel, sendOn } from '../support/hostile.ts'
import { groupOf, later } from '../support/mesh.ts'

describe('a peer without keys', () => {
  test('is told nothing on a sync channel', () => {
    const mesh = hostileMesh('stranger', 4)
    const { world } = mesh
    openChannel(world, 3, 0, 'sync')
    later(mesh, 3_000)
    const hostile = hostileAt(world, 3)
    const vector = writeGroupFrame({ kind: 'vector', index: 0, explicit: false, entries: [] })
    sendOn(world, 3, hostile.channelTo(world.node(0).peerId), [vector])
    later(mesh, 3_000)
    expect(counted(mesh, 'frames_dropped/frame-group')).toBe(1)
    // Hello tags and keep-alives only: nothing as long as a record or a message.
    expect(hostile.heard.length).toBeGreaterThan(0)
    for (const { frame } of hostile.heard) expect(frame.length).toBeLessThan(200)
    goesOn(mesh)
  })

  test('that sends rubbish on a join channel is dropped, counted, and not answered', () => {
    const mesh = hostileMesh('rubbish', 4)
    const { world } = mesh
    const random = new SeededRandom('rubbish')
    const frames = [
      new Uint8Array(),
      encode([1, new Uint8Array(3_000)]),
      encode([2, new Uint8Array(32), Array(9).fill([new Uint8Array(32), new Uint8Array(64)])]),
      encode([5, new Uint8Array(32), new Uint8Array(8)]),
      ...Array.from({ length: 30 }, () => random.bytes(1 + random.below(300))),
    ]
    for (const frame of frames) {
      openChannel(world, 3, 0, 'join')
      later(mesh, 300)
      sendOn(world, 3, hostileAt(world, 3).channelTo(world.node(0).peerId, 'join'), [frame])
      later(mesh, 300)
    }
    expect(counted(mesh, 'frames_dropped/join-malformed')).toBe(frames.length)
    expect(groupOf(mesh, 0)?.members).toHaveLength(3)
    goesOn(mesh)
  })

  test('may ask to join ten times an hour and no more', () => {
    const mesh = hostileMesh('knock', 4)
    const { world } = mesh
    openChannel(world, 3, 0, 'join')
    later(mesh, 300)
    const channel = hostileAt(world, 3).channelTo(world.node(0).peerId, 'join')
    for (let i = 0; i < 15; i++) sendOn(world, 3, channel, [encode([1, Uint8Array.of(i)])])
    later(mesh, 500)
    expect(counted(mesh, 'joins_refused/rate')).toBe(5)
    goesOn(mesh)
  })
})
