// One connection per pair, whoever dials; gates, resets and dials that fail.

import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { peerIdOf } from '../../../../src/core/identity/peer-id.ts'
import { link, pause, startNode, stopAll, type TestNode, until, untilHeard } from './harness.ts'

afterEach(stopAll)

const stranger = peerIdOf(new Uint8Array(32).fill(200))

/** Channels that a node was told of and that are still open. */
function openChannels(node: TestNode): number[] {
  return node.opened.map(({ channel }) => channel).filter((each) => !node.closed.includes(each))
}

/** A frame each way over some channel that both sides hold open. */
async function expectLiveChannel(a: TestNode, b: TestNode): Promise<void> {
  const mark = Uint8Array.of(1, 2, 3, Math.floor(performance.now()) % 256)
  const heard = (node: TestNode) => node.frames.some(({ frame }) => frame.join() === mark.join())
  await until(() => {
    for (const node of [a, b]) {
      for (const channel of openChannels(node)) node.network.send(channel, mark)
    }
    return heard(a) && heard(b)
  })
}

async function two(): Promise<[TestNode, TestNode]> {
  return Promise.all([startNode(), startNode()])
}

describe('two nodes that dial each other at the same moment', () => {
  it.each([0, 0, 1, 3, 8, 15, 30])('agree on one connection (%i ms apart)', async (apartMs) => {
    const [a, b] = await two()
    for (const node of [a, b]) node.network.subscribe('tea')
    const startMs = performance.now()
    a.network.open(1, 'sync', b.network.peerId, b.addresses)
    if (apartMs > 0) await pause(apartMs)
    b.network.open(1, 'sync', a.network.peerId, a.addresses)
    await until(() => [a, b].every((each) => each.opened.some(({ ref }) => ref === 1)))
    await expectLiveChannel(a, b)
    await untilHeard(a, [b], 'tea')
    await untilHeard(b, [a], 'tea')
    expect(performance.now() - startMs).toBeLessThan(5_000)
    expect([...a.failed, ...b.failed]).toEqual([])
    // Nothing was broken and mended behind the scenes.
    const told = [...a.counts.keys(), ...b.counts.keys()]
    expect(told.filter((each) => each.startsWith('network_gossip_down'))).toEqual([])
  })

  it('agree as well when a whole group does it', async () => {
    const nodes = await Promise.all(Array.from({ length: 5 }, () => startNode()))
    for (const node of nodes) node.network.subscribe('tea')
    for (const node of nodes) {
      for (const other of nodes) {
        if (node !== other) node.network.open(1, 'sync', other.network.peerId, other.addresses)
      }
    }
    await until(() =>
      nodes.every(({ opened }) => opened.filter(({ ref }) => ref === 1).length === 4),
    )
    for (const node of nodes) {
      await untilHeard(
        node,
        nodes.filter((other) => other !== node),
        'tea',
      )
    }
    expect(nodes.flatMap(({ failed }) => failed)).toEqual([])
  })
})

describe('a dial', () => {
  it('uses the connection that there is', async () => {
    const [a, b] = await two()
    await link(a, b)
    b.network.open(7, 'join', a.network.peerId, [])
    await until(() => b.opened.some(({ ref }) => ref === 7))
    expect(b.opened.at(-1)).toMatchObject({ protocol: 'join', initiator: true })
  })

  it('to a bare address learns who is there', async () => {
    const [a, b] = await two()
    a.network.open(1, 'sync', undefined, [b.addresses[0]!.replace(/\/p2p\/.*/, '')])
    await until(() => a.opened.length === 1)
    expect(a.opened[0]?.peer).toBe(b.network.peerId)
  })

  it('fails cleanly when somebody else is there, over TCP and in memory', async () => {
    const a = await startNode()
    const b = await startNode({ listen: ['/ip4/127.0.0.1/tcp/0', `/memory/wrong-${process.pid}`] })
    const bare = b.addresses.map((address) => address.replace(/\/p2p\/.*/, ''))
    expect(bare).toHaveLength(2)
    bare.forEach((address, index) => a.network.open(index, 'sync', stranger, [address]))
    a.network.open(8, 'sync', stranger, b.addresses)
    a.network.open(9, 'sync', a.network.peerId, a.addresses)
    await until(() => a.failed.length === 4)
    expect(a.failed.map(({ reason }) => reason)).toEqual(Array(4).fill('wrong-peer'))
    expect(openChannels(b)).toEqual([])
  })

  it('says whether it was refused, timed out or had no address', async () => {
    const a = await startNode()
    const silent = await listening()
    const { port } = silent.address() as { port: number }
    const closed = await listening()
    const { port: closedPort } = closed.address() as { port: number }
    await new Promise((resolve) => closed.close(resolve))
    // Dials of one peer that are under way together share their fate, so each asks for another.
    const nobody = (number: number) => peerIdOf(new Uint8Array(32).fill(200 + number))
    a.network.open(1, 'sync', nobody(1), [`/ip4/127.0.0.1/tcp/${closedPort}`])
    a.network.open(2, 'sync', nobody(2), [`/ip4/127.0.0.1/tcp/${port}`])
    a.network.open(3, 'sync', nobody(3), ['/ip4/1.2.3.4/udp/5/quic-v1', 'nonsense'])
    a.network.open(4, 'sync', nobody(4), [])
    a.network.gate([nobody(5)])
    a.network.open(5, 'sync', nobody(5), [`/ip4/127.0.0.1/tcp/${closedPort}`])
    await until(() => a.failed.length === 5)
    const reasons = a.failed.toSorted((x, y) => x.ref - y.ref).map(({ reason }) => reason)
    expect(reasons).toEqual(['refused', 'timeout', 'no-address', 'no-address', 'denied'])
    silent.close()
  })
})

describe('a gate', () => {
  it('cuts every connection, keeps both sides out, and heals when it is lifted', async () => {
    const [a, b] = await two()
    for (const node of [a, b]) node.network.subscribe('tea')
    await link(a, b)
    await untilHeard(a, [b], 'tea')
    a.network.gate([b.network.peerId])
    await until(() => openChannels(a).length === 0 && openChannels(b).length === 0)
    const heardBefore = b.envelopes.length
    a.network.open(91, 'sync', b.network.peerId, b.addresses)
    b.network.open(92, 'sync', a.network.peerId, a.addresses)
    a.network.broadcast('tea', Uint8Array.of(1))
    await until(() => a.failed.length === 1)
    await until(() => b.failed.length === 1 || b.closed.length === 2)
    expect(a.failed[0]?.reason).toBe('denied')
    expect(openChannels(a)).toEqual([])
    expect(b.envelopes).toHaveLength(heardBefore)
    a.network.gate([])
    await link(b, a)
    await untilHeard(a, [b], 'tea')
    await untilHeard(b, [a], 'tea')
  })
})

describe('a reset', () => {
  it('closes the channels of both sides and leaves the way open', async () => {
    const [a, b] = await two()
    const [mine, theirs] = await link(a, b)
    a.network.reset(b.network.peerId)
    expect(a.closed).toEqual([])
    await until(() => a.closed.length === 1 && b.closed.length === 1)
    expect([a.closed, b.closed]).toEqual([[mine], [theirs]])
    await link(b, a)
    await expectLiveChannel(a, b)
  })

  it('is a TCP reset, not an orderly end, which would deliver old bytes after a heal', async () => {
    const [a, b] = await two()
    const relay = await stallingRelay(b.addresses[0]!)
    a.network.open(1, 'sync', b.network.peerId, [relay.address])
    await until(() => openChannels(a).length === 1 && openChannels(b).length === 1)
    await pause(200)
    a.network.reset(b.network.peerId)
    await until(() => relay.endings.length > 0)
    expect(relay.endings).toEqual(['ECONNRESET'])
    relay.stop()
  })
})

describe('an older connection', () => {
  it('gives way when its peer dials anew, having lost it', async () => {
    const [a, b] = await two()
    const relay = await stallingRelay(b.addresses[0]!)
    a.network.open(1, 'sync', b.network.peerId, [relay.address])
    await until(() => openChannels(a).length === 1 && openChannels(b).length === 1)
    relay.stall()
    // Only a notices; b still believes in the dead one.
    a.network.reset(b.network.peerId)
    await until(() => openChannels(a).length === 0)
    for (const node of [a, b]) node.network.subscribe('tea')
    a.network.open(2, 'sync', b.network.peerId, b.addresses)
    await until(() => openChannels(a).length === 1)
    await until(() => b.closed.length === 1 && openChannels(b).length === 1)
    await untilHeard(a, [b], 'tea')
    await untilHeard(b, [a], 'tea')
    relay.stop()
  })
})

async function listening(): Promise<Server> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

/** Forwards TCP to a node until told to stall; then it reads and writes nothing, and closes nothing. */
async function stallingRelay(target: string) {
  const targetPort = Number(/tcp\/(\d+)/.exec(target)?.[1])
  const endings: (string | undefined)[] = []
  const sockets: Socket[] = []
  const server = createServer((near) => {
    const far = connect(targetPort, '127.0.0.1')
    sockets.push(near, far)
    near.on('data', (bytes) => far.write(bytes))
    far.on('data', (bytes) => near.write(bytes))
    near.on('end', () => endings.push('end'))
    near.on('error', ({ code }: NodeJS.ErrnoException) => endings.push(code))
    far.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    address: `/ip4/127.0.0.1/tcp/${port}`,
    /** How the side that dialled went away. */
    endings,
    stall: () => sockets.forEach((socket) => socket.pause()),
    stop: () => {
      sockets.forEach((socket) => socket.destroy())
      server.close()
    },
  }
}
