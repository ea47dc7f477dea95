// The link shaper over real sockets, seen by the probe: what the matrix says is what happens to bytes.

import { type AddressInfo, connect, createServer } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { greeting } from '../../../../src/lab/engine/real/greeting.ts'
import { nextTryMs } from '../../../../src/lab/engine/real/lane.ts'
import { Shaper } from '../../../../src/lab/engine/real/shaper.ts'
import { Probe, disagreements, slowestMs } from '../../../../src/lab/engine/real/probe.ts'
import { type LinkMatrix, LinkTable } from '../../../../src/lab/world/links.ts'

const nodes = 3
let shaper: Shaper
let probe: Probe
let port = 0
const places: number[] = []

beforeEach(async () => {
  shaper = new Shaper({ nodes, random: () => 0.5, passed: () => undefined })
  port = await shaper.listen()
  places.length = 0
  probe = new Probe({
    nodes,
    dial,
    placed: (place, node) => {
      places[node] = place
      shaper.place(place, node, true)
    },
  })
  await probe.open()
})

afterEach(async () => {
  await probe.close()
  await shaper.close()
})

function dial(from: number, to: number) {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.write(greeting(from, to))
  return socket
}

function table(matrix: LinkMatrix): LinkTable {
  return new LinkTable(nodes, { base: { delayMs: 5 }, ...matrix })
}

async function wrongPairs(meant: LinkTable): Promise<readonly string[]> {
  return disagreements(await probe.look(slowestMs(meant, nodes)), meant, nodes)
}

const split = (cut: 'blackhole' | 'reset' | 'hold' | 'no-new', direction?: 'forward') =>
  table({
    split: { sides: [[0, 1], [2]], cut, ...(direction === undefined ? {} : { direction }) },
  })

test.each([
  ['links that are up', table({})],
  ['a blackhole', split('blackhole')],
  ['resets', split('reset')],
  ['held bytes', split('hold')],
  ['no new dials', split('no-new')],
  ['no new dials one way', split('no-new', 'forward')],
  ['a delay', table({ rules: [{ from: 0, to: 2, link: { delayMs: 150 } }] })],
])('the probe finds %s', async (_, links) => {
  shaper.set(links)
  expect(await wrongPairs(links)).toEqual([])
})

test('the probe is not told: it finds what is not there', async () => {
  shaper.set(table({}))
  expect(await wrongPairs(split('blackhole'))).toEqual(['0>2', '1>2', '2>0', '2>1'])
  expect(await wrongPairs(table({ base: { delayMs: 100 } }))).toHaveLength(6)
  shaper.set(split('reset'))
  expect(await wrongPairs(table({}))).toEqual(['0>2', '1>2', '2>0', '2>1'])
})

test('lognormal jitter has its median, and the probe the patience for its tail', async () => {
  const jitter = (jitterSigma: number) =>
    table({ base: { delayMs: 5, jitterMs: 100, jitterSigma } })
  const echo = async (links: LinkTable) => {
    shaper.set(links)
    return probe.echo(0, 2, slowestMs(links, nodes))
  }
  // Every draw is in the middle: all of the median, there and back; of an even jitter it would be half.
  expect(await echo(jitter(0.5))).toBeGreaterThan(195)
  expect(slowestMs(jitter(0.5), nodes)).toBeGreaterThan(5 * slowestMs(jitter(0), nodes))
})

test('bytes into a blackhole come out after the heal, late and whole', async () => {
  shaper.set(table({}))
  const socket = dial(0, places[2] ?? 0)
  const heard: string[] = []
  socket.setEncoding('utf8').on('data', (text: string) => heard.push(text))
  const has = async (text: string) => {
    await expect.poll(() => heard.join(''), { timeout: 5_000 }).toBe(text)
  }
  socket.write('one ')
  await has('one ')
  shaper.set(split('blackhole'))
  socket.write('two ')
  await new Promise((resolve) => setTimeout(resolve, 300))
  socket.write('three')
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(heard.join('')).toBe('one ')
  shaper.set(table({}))
  await has('one two three')
  socket.destroy()
})

test('a reset ends what is open at once', async () => {
  shaper.set(table({}))
  const socket = dial(0, places[2] ?? 0)
  const ended = new Promise<string>((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
  })
  socket.write('one')
  await new Promise((resolve) => socket.once('data', resolve))
  shaper.set(split('reset'))
  expect(await ended).toBe('ECONNRESET')
})

test('what is open survives a ban on new dials', async () => {
  shaper.set(table({}))
  const socket = dial(0, places[2] ?? 0)
  socket.write('one')
  await new Promise((resolve) => socket.once('data', resolve))
  shaper.set(split('no-new'))
  socket.write('two')
  await new Promise((resolve) => socket.once('data', resolve))
  socket.destroy()
})

test('retries wait twice as long each time', () => {
  const at = (nowMs: number) => nextTryMs(1_000, 200, nowMs)
  expect([1_000, 1_201, 1_601, 2_401].map(at)).toEqual([1_200, 1_600, 2_400, 4_000])
})

test('a dropped node is gone at once: what it sent arrives, then the end, and nothing new until it is placed again', async () => {
  const said: string[] = []
  const ends: string[] = []
  // Two nodes that listen, each with one connection from the other: 0 is to go.
  const servers = await Promise.all(
    [0, 1].map(async (node) => {
      const server = createServer((socket) => {
        socket.on('data', (bytes) => void said.push(`${node} heard ${bytes.toString()}`))
        socket.once('close', () => ends.push(`${node}`)).on('error', () => undefined)
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const place = (server.address() as AddressInfo).port
      shaper.place(place, node)
      return { server, place }
    }),
  )
  const [zero = 0, one = 0] = servers.map(({ place }) => place)
  const links = table({ base: { delayMs: 100 } })
  shaper.set(links)
  const open = (from: number, to: number) => {
    const socket = dial(from, to).on('error', () => undefined)
    const closed = new Promise<void>((resolve) => socket.resume().once('close', () => resolve()))
    return { socket, closed }
  }
  try {
    const [byIt, toIt] = [open(0, one), open(1, zero)]
    byIt.socket.write('a')
    toIt.socket.write('b')
    await expect.poll(() => said.toSorted(), { timeout: 5_000 }).toEqual(['0 heard b', '1 heard a'])
    byIt.socket.write('c')
    toIt.socket.write('d')
    await new Promise((resolve) => setTimeout(resolve, 20))
    shaper.drop(0)
    await Promise.all([byIt.closed, toIt.closed])
    await expect.poll(() => ends.toSorted(), { timeout: 5_000 }).toEqual(['0', '1'])
    expect(said.slice(2)).toEqual(['1 heard c'])
    for (const [from, to] of [
      [0, one],
      [1, zero],
    ] as const) {
      const late = open(from, to)
      late.socket.write('e')
      await late.closed
    }
    expect(said.slice(3)).toEqual([])
    expect(await wrongPairs(links)).toEqual([])
    shaper.place(zero, 0)
    const again = open(1, zero)
    again.socket.write('f')
    await expect.poll(() => said.slice(3), { timeout: 5_000 }).toEqual(['0 heard f'])
    again.socket.destroy()
  } finally {
    await Promise.all(servers.map(({ server }) => new Promise((done) => server.close(done))))
  }
})
