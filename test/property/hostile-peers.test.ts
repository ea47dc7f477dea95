// A hostile peer with a member's keys: whatever it puts on its channels is dropped with
// a reason that is counted, nothing throws, whoever keeps at it is disconnected, and the honest go on.
import { describe, expect, test } from 'vitest'
import { encode } from '../../src/codec/canonical.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { BATCH_BYTES_MAX } from '../../src/base/limits.ts'
import { FrameKind, writeGroupFrame } from '../../src/core/anti-entropy/frames.ts'
import { STRIKE_FADES_MS } from '../../src/core/endpoint/strikes.ts'
import type { Message } from '../../src/core/message/message.ts'
import { signMessage } from '../../src/core/message/message.ts'
import { draftOf, nextPlain, secretOf } from '../support/author.ts'
import { crypto, messagesOf } from '../support/bench.ts'
import {
  batchFrame,
  batchOf,
  envelopeOf,
  hostileAt,
  pushMessages,
  sendFrames,
} from '../support/hostile.ts'
import { counted, goesOn, hostileMesh } from '../support/hostile-mesh.ts'
import { type Mesh, done, groupOf, readAll, say, later } from '../support/mesh.ts'

const tipOf = (mesh: Mesh, node: number): Message => {
  const self = groupOf(mesh, node)?.self
  const messages = [0, 1, 2].flatMap((one) => messagesOf(mesh, one))
  const signed = messages.filter((one) => one.member === self && one.signature.length === 64)
  return signed.sort((a, b) => b.header.counter - a.header.counter)[0] as Message
}

const bad = (name: string, frames: Uint8Array[]): [string, Uint8Array[]] => [name, frames]

describe('a frame that is none', () => {
  const digest = writeGroupFrame({
    kind: 'digest',
    index: 0,
    root: new Uint8Array(32),
    count: 1,
    answer: true,
  })
  const cases = [
    bad('frame-encoding', [new Uint8Array(), Uint8Array.of(0xff), Uint8Array.of(0x9f, 0x01, 0xff)]),
    bad('frame-encoding', [
      new Uint8Array(BATCH_BYTES_MAX + 1),
      digest.slice(0, -1),
      encode([]).subarray(0, 0),
    ]),
    bad('frame-unexpected', [encode([]), encode([99]), encode('digest')]),
    bad('frame-group', [
      encode([16, 7, new Uint8Array(32), 0, 0]),
      encode([18]),
      encode([20, 'x']),
    ]),
    bad('frame-malformed', [
      encode([16, 0, new Uint8Array(31), 0, 0]),
      encode([17, 0, 2, []]),
      encode([22, 0, new Uint8Array(4_000)]),
    ]),
    bad('frame-malformed', [
      encode([
        18,
        0,
        [
          [],
          [],
          [
            [
              0,
              2,
              [],
              0,
              0,
              new Uint8Array(),
              new Uint8Array(),
              new Uint8Array(),
              new Uint8Array(),
            ],
          ],
          [],
        ],
      ]),
      encode([18, 0, [[], [], [], [], []]]),
      encode([19, 0, new Uint8Array()]),
    ]),
    bad('hello-unexpected', [encode([0, 1, new Uint8Array(16)])]),
    bad('keep-alive-malformed', [encode([6]), encode([7, 'x']), encode([6, 1, 1])]),
    bad('reach-record', [
      encode([21, 0, [new Uint8Array(5)]]),
      encode([21, 0, [new Uint8Array(500)]]),
      encode([21, 0, [new Uint8Array(0)]]),
    ]),
  ]
  test.each(cases)('is dropped as %s, and three of them end the link', (reason, frames) => {
    const mesh = hostileMesh(`frames ${reason}`)
    const { world } = mesh
    const reset = reason.startsWith('hello') ? `links_reset/${reason}` : 'links_reset/misbehaved'
    sendFrames(world, 2, 0, frames.slice(0, 1))
    later(mesh, 200)
    expect(counted(mesh, `frames_dropped/${reason}`)).toBe(1)
    if (frames.length > 1) {
      expect(counted(mesh, reset)).toBe(0)
      sendFrames(world, 2, 0, frames.slice(1))
      later(mesh, 200)
    }
    expect(counted(mesh, reset)).toBe(1)
    goesOn(mesh)
  })

  test('in any number of random shapes never throws', () => {
    const mesh = hostileMesh('fuzz')
    const random = new SeededRandom('fuzz')
    for (let i = 0; i < 300; i++) {
      if (hostileAt(mesh.world, 2).channelTo(mesh.world.node(0).peerId) < 0) {
        later(mesh, 3_000)
        continue
      }
      const whole = random.below(2) === 0 ? digest : batchFrame(batchOf([tipOf(mesh, 2)]))
      const bent = whole.slice(0, random.below(whole.length + 1))
      const at = random.below(Math.max(1, bent.length))
      if (bent.length > 0) bent[at] = random.below(256)
      sendFrames(mesh.world, 2, 0, [random.below(4) === 0 ? random.bytes(random.below(64)) : bent])
      later(mesh, 30)
    }
    expect(mesh.world.node(0).running).toBe(true)
    later(mesh, 5_000)
    goesOn(mesh)
  })
})

describe('a batch that lies', () => {
  const forge = (mesh: Mesh): Message => {
    const device = secretOf('other', 0, 'device')
    return nextPlain(device, tipOf(mesh, 1), Uint8Array.of(1))
  }

  test('about a signature is dropped, and three of them end the link', () => {
    const mesh = hostileMesh('bad signature')
    const frame = batchFrame(batchOf([forge(mesh)]))
    sendFrames(mesh.world, 2, 0, [frame, frame])
    later(mesh, 200)
    expect(counted(mesh, 'frames_dropped/signature')).toBe(2)
    expect(counted(mesh, 'links_reset/misbehaved')).toBe(0)
    sendFrames(mesh.world, 2, 0, [frame])
    later(mesh, 200)
    expect(counted(mesh, 'links_reset/misbehaved')).toBe(1)
    goesOn(mesh)
  })

  test('now and then is forgotten a minute later, and ends no link', () => {
    const mesh = hostileMesh('now and then')
    const frame = batchFrame(batchOf([forge(mesh)]))
    for (let i = 0; i < 6; i++) {
      sendFrames(mesh.world, 2, 0, [frame])
      later(mesh, STRIKE_FADES_MS + 1_000)
    }
    expect(counted(mesh, 'frames_dropped/signature')).toBe(6)
    expect(counted(mesh, 'links_reset/misbehaved')).toBe(0)
    // One is forgotten a minute, not all: those that come faster end it.
    for (let i = 0; i < 3; i++) {
      sendFrames(mesh.world, 2, 0, [frame])
      later(mesh, STRIKE_FADES_MS / 2)
    }
    expect(counted(mesh, 'links_reset/misbehaved')).toBe(1)
    goesOn(mesh)
  })

  test('with messages that break a rule ends the link after three', () => {
    const mesh = hostileMesh('bad rules')
    const device = secretOf('bad rules', 2, 'device')
    const tip = tipOf(mesh, 2)
    for (let i = 0; i < 3; i++) {
      // Types 0-8 need fields that these lack; each is signed by its author.
      const draft = {
        ...draftOf(nextPlain(device, tip, new Uint8Array())),
        type: [0, 3, 8][i] ?? 0,
      }
      const wrong = signMessage(crypto, device, draft, Uint8Array.of(i))
      sendFrames(mesh.world, 2, 0, [batchFrame(batchOf([wrong]))])
      later(mesh, 200)
    }
    expect(counted(mesh, 'messages_dropped/body-malformed')).toBeGreaterThan(0)
    expect(counted(mesh, 'links_reset/misbehaved')).toBe(1)
    goesOn(mesh)
  })

  test('by naming what nobody holds is dropped, and not held against its sender', () => {
    const mesh = hostileMesh('gap')
    const device = secretOf('gap', 2, 'device')
    const ahead = nextPlain(
      device,
      nextPlain(device, tipOf(mesh, 2), new Uint8Array()),
      new Uint8Array(1),
    )
    const frame = batchFrame(batchOf([ahead]))
    for (let i = 0; i < 5; i++) sendFrames(mesh.world, 2, 0, [frame])
    later(mesh, 500)
    expect(counted(mesh, 'frames_dropped/batch-gap')).toBe(5)
    expect(counted(mesh, 'links_reset/misbehaved')).toBe(0)
    goesOn(mesh)
  })

  test('by an author whom nobody admitted is dropped, and not held against its sender', () => {
    const mesh = hostileMesh('author')
    const tip = tipOf(mesh, 2)
    const { header } = tip
    const alien = signMessage(
      crypto,
      secretOf('author', 2, 'device'),
      { ...draftOf(tip), member: new Uint8Array(32).fill(1), counter: 0, deps: [header.prev] },
      tip.body,
    )
    sendFrames(mesh.world, 2, 0, Array(4).fill(batchFrame(batchOf([alien]))) as Uint8Array[])
    later(mesh, 500)
    expect(counted(mesh, 'frames_dropped/author-unknown')).toBe(4)
    expect(counted(mesh, 'links_reset/misbehaved')).toBe(0)
    goesOn(mesh)
  })

  test('with a type from the future is held apart, counted, and never held against its sender', () => {
    const mesh = hostileMesh('future')
    const device = secretOf('future', 2, 'device')
    const plain = nextPlain(device, tipOf(mesh, 2), new Uint8Array())
    const draft = { ...draftOf(plain), type: 77 }
    const future = signMessage(crypto, device, draft, new Uint8Array())
    for (let i = 0; i < 5; i++) sendFrames(mesh.world, 2, 0, [batchFrame(batchOf([future]))])
    later(mesh, 500)
    expect(groupOf(mesh, 0)?.unknown).toBe(1)
    expect(done(mesh.world, 0, { kind: 'why-message', message: future.id })).toMatchObject({
      ...{ id: future.id, state: 'unknown', type: 'type-77', holders: [], order: null },
      claimedBy: [{ name: 'n2' }],
    })
    expect(counted(mesh, 'links_reset/misbehaved')).toBe(0)
    goesOn(mesh)
  })
})

describe('a peer that answers with nothing new', () => {
  test('does not keep others from being asked', () => {
    const mesh = hostileMesh('starve', 3)
    const { world } = mesh
    const stale = batchFrame(batchOf([tipOf(mesh, 2)]))
    const liar = writeGroupFrame({
      kind: 'digest',
      index: 0,
      root: new Uint8Array(32).fill(1),
      count: 9,
      answer: false,
    })
    world.split([[0, 2], [1]])
    later(mesh, 8_000)
    hostileAt(world, 2).unsaid = new Set([FrameKind.batch, FrameKind.end])
    for (let i = 0; i < 5; i++) say(mesh, 1, `text ${String(i)}`)
    // The hostile one keeps back what it knows and answers with what is held.
    for (let second = 0; second < 40; second++) {
      if (second === 3) world.heal()
      if (hostileAt(world, 2).channelTo(world.node(0).peerId) >= 0)
        sendFrames(world, 2, 0, [liar, stale])
      later(mesh, 1_000)
    }
    expect(readAll(mesh, 0).map(({ text }) => text)).toContain('text 4')
  })
})

describe('a push', () => {
  test('of a forged message is rejected, counted, and after three its sender is cut off', () => {
    const mesh = hostileMesh('push')
    const device = secretOf('other', 1, 'device')
    for (let i = 0; i < 3; i++) {
      pushMessages(mesh, 2, [nextPlain(device, tipOf(mesh, 1), Uint8Array.of(i))])
      later(mesh, 200)
    }
    expect(counted(mesh, 'messages_dropped/signature')).toBe(3)
    expect(counted(mesh, 'links_reset/misbehaved')).toBe(1)
    goesOn(mesh)
  })

  test('of a thousand messages that build on nothing fills no more than its bounds', () => {
    const mesh = hostileMesh('flood')
    const device = secretOf('flood', 2, 'device')
    let tip = nextPlain(device, tipOf(mesh, 2), new Uint8Array())
    for (let i = 0; i < 1_200; i++) {
      tip = nextPlain(device, tip, Uint8Array.of(i & 255))
      pushMessages(mesh, 2, [tip])
    }
    later(mesh, 2_000)
    expect(groupOf(mesh, 0)?.pending).toBeLessThanOrEqual(1_024)
    expect(counted(mesh, 'messages_dropped/pending-full')).toBeGreaterThan(0)
    goesOn(mesh)
  })

  test('that is replayed or damaged changes nothing', () => {
    const mesh = hostileMesh('replay')
    const { world } = mesh
    const known = messagesOf(mesh, 0).filter(({ signature }) => signature.length === 64)
    const messages = groupOf(mesh, 0)?.messages
    pushMessages(mesh, 2, known)
    const { topic } = hostileAt(world, 2)
    const whole = envelopeOf(mesh, 2, known.slice(0, 1))
    const bent = whole.with(whole.length - 1, (whole.at(-1) ?? 0) ^ 1)
    const envelopes = [bent, whole.slice(0, -1), new Uint8Array(), new Uint8Array(512)]
    hostileAt(world, 2).plan(envelopes.map((envelope) => ({ kind: 'broadcast', topic, envelope })))
    later(mesh, 5_000)
    expect(counted(mesh, 'pushes_dropped/envelope-unopenable')).toBe(1)
    expect(groupOf(mesh, 0)?.messages).toBe(messages)
    goesOn(mesh)
  })
})
