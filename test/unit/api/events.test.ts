// Events over a WebSocket: numbered, resumed, gaps told, slow readers dropped with a reason.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { EventFrame } from '../../../src/api/contract.ts'
import { EventRing, serveEvents } from '../../../src/api/events.ts'
import { createToken } from '../../../src/api/guard.ts'
import { type ApiServer, startApi } from '../../../src/api/server.ts'
import type { Node } from '../../../src/node/node.ts'
import { startScripted } from '../node/scripted-endpoint.ts'

const event = (name: string) => ({ kind: 'group', group: 'g', name }) as const
const ringOf = (names: string, eventsMax = 100) => {
  const ring = new EventRing({ eventsMax, wallMs: () => 7 })
  for (const name of names) ring.push(event(name))
  return ring
}
const kinds = (frames: readonly EventFrame[]) => frames.map((frame) => frame.kind)

describe('the ring', () => {
  test('gives what came after a number', () => {
    const ring = ringOf('abc')
    expect(ring.next).toBe(7_003)
    expect(ring.since(7_000)).toMatchObject([
      { kind: 'event', seq: 7_001, at: 7, event: event('b') },
      { kind: 'event', seq: 7_002 },
    ])
    expect(ring.since(7_002)).toEqual([])
  })

  test('says which numbers are gone', () => {
    const ring = ringOf('abcdef', 2)
    expect(ring.since(7_001)).toMatchObject([
      { kind: 'gap', from: 7_002, to: 7_003 },
      { seq: 7_004 },
      { seq: 7_005 },
    ])
    expect(kinds(ring.since(7_003))).toEqual(['event', 'event'])
  })

  test('a number from before a restart meets a gap, one from the future too', () => {
    const ring = ringOf('a')
    expect(kinds(ring.since(12))).toEqual(['gap', 'event'])
    expect(ring.since(99_999)).toEqual([{ v: 1, kind: 'gap', from: 7_001, to: 99_999 }])
    expect(kinds(new EventRing({ wallMs: () => 7 }).since(6_999))).toEqual([])
  })
})

test('a reader with over a mebibyte waiting is dropped with the reason', () => {
  const ring = ringOf('')
  const sent: string[] = []
  const closed: unknown[] = []
  const socket = {
    OPEN: 1,
    readyState: 1,
    bufferedAmount: 0,
    on: () => socket,
    send: (text: string) => sent.push(text),
    close: (code: number, reason: string) => closed.push([code, reason]),
  }
  serveEvents(socket as unknown as WebSocket, ring, undefined)
  ring.push(event('fast enough'))
  socket.bufferedAmount = 2 ** 20 + 1
  ring.push(event('too slow'))
  ring.push(event('not sent'))
  expect(sent).toHaveLength(2)
  expect(closed).toEqual([[1_008, expect.stringContaining('too slow')]])
})

describe('over a socket', () => {
  let node: Node
  let api: ApiServer
  const token = createToken()

  beforeEach(async () => {
    ;({ node } = await startScripted())
    api = await startApi({ node, listen: '127.0.0.1:0', token })
  })

  afterEach(async () => {
    await api.close()
    await node.stop()
  })

  function open(query = '', headers: Record<string, string> = {}) {
    const authorization = `Bearer ${token}`
    const socket = new WebSocket(`${api.address.replace('http', 'ws')}/v1/events${query}`, {
      headers: { authorization, ...headers },
    })
    const frames: EventFrame[] = []
    socket.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString()) as EventFrame))
    return { socket, frames }
  }

  const refusal = (query: string, headers: Record<string, string>) =>
    new Promise<number>((resolve, reject) => {
      const { socket } = open(query, headers)
      socket.on('open', () => reject(new Error('was let in')))
      socket.on('error', () => undefined)
      socket.on('unexpected-response', (_, response) => {
        resolve(response.statusCode ?? 0)
        response.resume()
      })
    })

  test('events arrive, and a client that comes back misses none', async () => {
    const first = open()
    await expect.poll(() => kinds(first.frames)).toEqual(['hello'])
    await node.send('garden', 'one')
    await expect.poll(() => kinds(first.frames)).toEqual(['hello', 'event'])
    first.socket.close()
    await node.send('garden', 'two')
    const last = first.frames.at(-1)
    const after = last?.kind === 'event' ? last.seq : 0
    const second = open(`?after=${after}`)
    await expect.poll(() => kinds(second.frames)).toEqual(['hello', 'event'])
    expect(second.frames[1]).toMatchObject({ seq: after + 1, event: { kind: 'message' } })
    second.socket.close()
  })

  test('the same guard stands before it', async () => {
    expect(await refusal('', { authorization: 'Bearer no' })).toBe(401)
    expect(await refusal('', { origin: 'https://evil.example' })).toBe(403)
    expect(await refusal('', { host: 'evil.example' })).toBe(421)
    expect(await refusal('?after=x', {})).toBe(400)
  })

  test('closing the interface tells the client why', async () => {
    const { socket, frames } = open()
    await expect.poll(() => kinds(frames)).toEqual(['hello'])
    const closed = new Promise((resolve) => socket.on('close', (code) => resolve(code)))
    await api.close()
    expect(await closed).toBe(1_001)
  })
})
