// Preparing, starting, finding others, stopping.

import { spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { prepareLibp2p } from '../../../../src/adapters/libp2p/libp2p.ts'
import { silentTelemetry } from '../../../../src/adapters/telemetry/silent.ts'
import { createNativeCrypto } from '../../../../src/crypto/native.ts'
import { peerIdOf } from '../../../../src/core/identity/peer-id.ts'
import { link, loopback, memoryPlace, seed, startNode, stopAll, until } from './harness.ts'

afterEach(stopAll)

const quiet = { dht: false, mdns: false, telemetry: silentTelemetry } as const

describe('preparing a node', () => {
  it('takes its name from the seed, as the core does', async () => {
    const node = await startNode({ transportSeed32: seed(77) })
    const transportPublic = createNativeCrypto().edPublicKey(seed(77))
    expect(node.network.peerId).toBe(peerIdOf(transportPublic))
    expect(node.prepared.peerId).toBe(node.network.peerId)
  })

  it('says PORT_IN_USE when the port is taken, by a node or by anything else', async () => {
    const node = await startNode()
    const taken = node.addresses[0]!.replace(/\/p2p\/.*/, '')
    const asked = prepareLibp2p({ ...quiet, transportSeed32: seed(), listen: [loopback, taken] })
    await expect(asked).rejects.toMatchObject({ name: 'CoterieError', code: 'PORT_IN_USE' })
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const listen = [`/ip4/127.0.0.1/tcp/${port}`]
    const again = prepareLibp2p({ ...quiet, transportSeed32: seed(), listen })
    await expect(again).rejects.toMatchObject({ code: 'PORT_IN_USE' })
    server.close()
  })

  it('says USAGE when an address is not one of this machine, or none at all', async () => {
    for (const listen of [['/ip4/198.51.100.7/tcp/0'], ['nonsense'], ['/ip4/127.0.0.1/udp/1']]) {
      const asked = prepareLibp2p({ ...quiet, transportSeed32: seed(), listen })
      await expect(asked).rejects.toMatchObject({ name: 'CoterieError', code: 'USAGE' })
    }
  })

  it('lets nobody in before it is started', async () => {
    const place = memoryPlace()
    const prepared = await prepareLibp2p({
      ...quiet,
      transportSeed32: seed(),
      listen: [place],
      memory: true,
    })
    const a = await startNode({ listen: [place.replace('test', 'other')] })
    a.network.open(1, 'sync', prepared.peerId, [place])
    await until(() => a.failed.length === 1)
    await prepared.stop()
  })
})

describe('the own addresses', () => {
  it('are concrete ones, loopback last', async () => {
    const node = await startNode({ listen: ['/ip4/0.0.0.0/tcp/0'] })
    expect(node.addresses.some((address) => address.includes('0.0.0.0'))).toBe(false)
    expect(node.addresses.at(-1)).toMatch(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3/)
  })

  it('are those announced, where any are', async () => {
    const node = await startNode({ announce: ['/dns4/tea.example/tcp/4001'] })
    expect(node.addresses).toEqual([`/dns4/tea.example/tcp/4001/p2p/${node.network.peerId}`])
  })
})

describe('the address directory', () => {
  it('finds a peer that only a common acquaintance knows', async () => {
    const [a, b, c] = await Promise.all([
      startNode({ dht: true }),
      startNode({ dht: true }),
      startNode({ dht: true }),
    ])
    await link(b, a)
    await link(c, a)
    let ref = 1_000
    await until(() => {
      // The acquaintance has to take both into its table first.
      if (ref === 1_000 + c.failed.length) c.network.open(ref++, 'sync', b.network.peerId, [])
      return c.opened.some(({ peer }) => peer === b.network.peerId)
    }, 20_000)
  }, 40_000)

  it('replaces an address that is no longer true', async () => {
    const [a, b, c] = await Promise.all([
      startNode({ dht: true }),
      startNode({ dht: true }),
      startNode({ dht: true }),
    ])
    await link(b, a)
    await link(c, a)
    let ref = 1_000
    await until(() => {
      if (ref === 1_000 + c.failed.length) {
        c.network.open(ref++, 'sync', b.network.peerId, ['/ip4/127.0.0.1/tcp/1'])
      }
      return c.opened.some(({ peer }) => peer === b.network.peerId)
    }, 20_000)
  }, 40_000)

  it('is asked through contacts, which are kept without a channel', async () => {
    const a = await startNode({ dht: true })
    const b = await startNode({ dht: true, contacts: a.addresses.slice(0, 1) })
    await until(() => (b.counts.get('network_contacts:ok') ?? 0) === 1)
    expect(a.opened).toEqual([])
  })
})

describe('stopping', () => {
  it('lets what was sent leave', async () => {
    const [a, b] = await Promise.all([startNode(), startNode()])
    const [mine] = await link(a, b)
    for (let number = 0; number < 50; number++) a.network.send(mine, new Uint8Array(50_000))
    await a.prepared.stop()
    await until(() => b.closed.length === 1)
    expect(b.frames).toHaveLength(50)
  })

  it('is quiet afterwards, whatever is asked', async () => {
    const [a, b] = await Promise.all([startNode(), startNode()])
    const [mine] = await link(a, b)
    await a.prepared.stop()
    const told = a.opened.length + a.closed.length + a.failed.length
    a.network.send(mine, Uint8Array.of(1))
    a.network.open(5, 'sync', b.network.peerId, b.addresses)
    a.network.broadcast('tea', Uint8Array.of(1))
    a.network.subscribe('tea')
    a.network.reset(b.network.peerId)
    a.network.gate([b.network.peerId])
    await a.prepared.stop()
    expect(a.opened.length + a.closed.length + a.failed.length).toBe(told)
  })

  it('in the middle of dials leaves no loose ends', async () => {
    const nodes = await Promise.all(Array.from({ length: 4 }, () => startNode()))
    for (const node of nodes) {
      for (const other of nodes) node.network.open(1, 'sync', other.network.peerId, other.addresses)
    }
    await new Promise((resolve) => setTimeout(resolve, 8))
    await stopAll()
    const told = () => nodes.map(({ opened, failed, closed }) => [opened, failed, closed].flat())
    const before = told().flat().length
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(told().flat()).toHaveLength(before)
  })

  it('leaves nothing that keeps the process alive', () => {
    const program = join(import.meta.dirname, 'start-and-stop.ts')
    const run = spawnSync(process.execPath, ['--import', 'tsx', program], {
      encoding: 'utf8',
      timeout: 15_000,
    })
    expect(run.stderr).toBe('')
    expect(run.status).toBe(0)
    expect(Number(run.stdout)).toBeLessThan(3_000)
  })
})
