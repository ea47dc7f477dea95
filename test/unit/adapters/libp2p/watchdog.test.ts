// Gossip whose streams die under a living connection comes back, by itself or by hanging up.

import { createHash } from 'node:crypto'
import type { Connection, Stream } from '@libp2p/interface'
import { afterEach, describe, expect, it } from 'vitest'
import { Admission } from '../../../../src/adapters/libp2p/admission.ts'
import { assemble, type Assembly, identityOf } from '../../../../src/adapters/libp2p/assembly.ts'
import { createGossipLinks } from '../../../../src/adapters/libp2p/gossip-links.ts'
import { Libp2pNetwork } from '../../../../src/adapters/libp2p/network.ts'
import { silentTelemetry } from '../../../../src/adapters/telemetry/silent.ts'
import {
  link,
  loopback,
  seed,
  startNode,
  stopAll,
  type TestNode,
  until,
  untilHeard,
} from './harness.ts'

const opened: (() => Promise<void>)[] = []

afterEach(async () => {
  await Promise.all([stopAll(), ...opened.splice(0).map((stop) => stop())])
})

/** A node whose inside is open to the test: it stands for one with a broken stack. */
async function openNode(): Promise<{
  assembly: Assembly
  network: Libp2pNetwork
  heard: string[]
}> {
  const { privateKey, peerId } = await identityOf(seed())
  const admission = new Admission(peerId, () => performance.now())
  const links = createGossipLinks()
  const topics = new Set<string>()
  const assembly = await assemble({
    ...{ privateKey, links, dht: false, mdns: false, memory: false, announce: [] },
    listen: [loopback],
    gater: admission.gater(),
    wanted: (topic) => topics.has(topic),
    debugTelemetry: undefined,
  })
  await assembly.node.start()
  const heard: string[] = []
  const network = new Libp2pNetwork(
    {
      ...{ peerId, assembly, admission, links, topics, dht: false, announce: [], contacts: [] },
      telemetry: silentTelemetry,
    },
    {
      channelOpen: () => undefined,
      openFailed: () => undefined,
      channelClosed: () => undefined,
      frame: () => undefined,
      listening: () => undefined,
      envelope(_from, _topic, envelope, answer) {
        heard.push(new TextDecoder().decode(envelope))
        answer('accept')
      },
    },
  )
  opened.push(async () => {
    await network.stop()
    await assembly.node.stop()
  })
  return { assembly, network, heard }
}

function gossipStreams({ node }: Assembly): Stream[] {
  const streams = node.getConnections().flatMap((connection: Connection) => connection.streams)
  return streams.filter(({ protocol }) => protocol.startsWith('/meshsub/'))
}

async function linked(): Promise<[TestNode, Awaited<ReturnType<typeof openNode>>]> {
  const [a, b] = await Promise.all([startNode(), openNode()])
  a.network.subscribe('tea')
  b.network.subscribe('tea')
  b.network.open(1, 'sync', a.network.peerId, a.addresses)
  await until(() => a.opened.length === 1 && gossipStreams(b.assembly).length === 2)
  return [a, b]
}

/** Waits until envelopes go both ways again; relinks as the core would. */
async function untilBothWays(a: TestNode, b: Awaited<ReturnType<typeof openNode>>): Promise<void> {
  const mark = `${performance.now()}`
  let tries = 0
  await until(() => {
    if (a.closed.length === a.opened.length && tries % 100 === 0) {
      b.network.open(2, 'sync', a.network.peerId, a.addresses)
    }
    a.network.broadcast('tea', new TextEncoder().encode(`${mark} a ${tries}`))
    b.network.broadcast('tea', new TextEncoder().encode(`${mark} b ${tries++}`))
    return (
      b.heard.some((text) => text.startsWith(`${mark} a`)) &&
      a.envelopes.some(({ text }) => text.startsWith(`${mark} b`))
    )
  }, 20_000)
}

describe('gossip between two linked nodes', () => {
  it.each(['outbound', 'inbound'] as const)(
    'comes back when an %s stream of it is aborted',
    async (direction) => {
      const [a, b] = await linked()
      await untilBothWays(a, b)
      for (const stream of gossipStreams(b.assembly)) {
        if (stream.direction === direction) stream.abort(new Error('broken for the test'))
      }
      await untilBothWays(a, b)
    },
    40_000,
  )

  it('comes back when gossipsub forgets the peer, with the connection left open', async () => {
    const [a, b] = await linked()
    await untilBothWays(a, b)
    const pubsub = b.assembly.node.services.pubsub as unknown as {
      removePeer(peer: Connection['remotePeer']): void
    }
    pubsub.removePeer(b.assembly.node.getConnections()[0]!.remotePeer)
    await untilBothWays(a, b)
  }, 40_000)

  it('carries envelopes alone: no name, no number, no signature of libp2p, known by their hash', async () => {
    const [a, b] = await linked()
    const seen: { text: string; message: object; id: string }[] = []
    b.assembly.node.services.pubsub.addEventListener('gossipsub:message', ({ detail }) => {
      const { msg, msgId } = detail
      seen.push({ text: new TextDecoder().decode(msg.data), message: msg, id: msgId })
    })
    await untilBothWays(a, b)
    await until(() => seen.length > 0)
    for (const { text, message, id } of seen) {
      expect(message).toMatchObject({ type: 'unsigned' })
      expect(Object.keys(message).sort()).toEqual(['data', 'topic', 'type'])
      expect(id).toBe(createHash('sha256').update(text).digest('base64').replace('=', ''))
    }
  })

  it('is left alone while it works', async () => {
    const [a, b] = await Promise.all([startNode(), startNode()])
    for (const node of [a, b]) node.network.subscribe('tea')
    await link(a, b)
    await untilHeard(a, [b], 'tea')
    await new Promise((resolve) => setTimeout(resolve, 6_000))
    const counts = [...a.counts.keys(), ...b.counts.keys()]
    expect(counts.filter((name) => name.startsWith('network_gossip_down'))).toEqual([])
    expect([a.closed, b.closed]).toEqual([[], []])
  })
})
