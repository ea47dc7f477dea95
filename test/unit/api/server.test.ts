// The local interface over real sockets: who gets in, what is refused and how, what each route gives.
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { type IncomingMessage, request as httpRequest } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startApi, type ApiServer } from '../../../src/api/server.ts'
import { createToken } from '../../../src/api/guard.ts'
import type { Node } from '../../../src/node/node.ts'
import { groupId, type ScriptedEndpoint, startScripted } from '../node/scripted-endpoint.ts'

let node: Node
let endpoint: ScriptedEndpoint
let api: ApiServer
const token = createToken()

beforeEach(async () => {
  ;({ node, endpoint } = await startScripted())
  api = await startApi({
    node,
    listen: '127.0.0.1:0',
    token,
    metrics: () => Promise.resolve({ contentType: 'text/plain', text: 'coterie_x_total 1\n' }),
  })
})

afterEach(async () => {
  await api.close()
  await node.stop()
})

interface Asked {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
  readonly socketPath?: string
}

interface Reply {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

/** A request with exactly these headers; fetch would not let us lie about the host. */
function ask(path: string, asked: Asked = {}): Promise<Reply> {
  const { method = 'GET', headers = {}, body, socketPath } = asked
  const place = socketPath === undefined ? { host: '127.0.0.1', port: port() } : { socketPath }
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { ...place, path, method, headers: { authorization: `Bearer ${token}`, ...headers } },
      (response) => {
        const chunks: Uint8Array[] = []
        response.on('data', (chunk: Uint8Array) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
        })
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

const port = () => Number(api.address.split(':').at(-1))
const json = (reply: Reply) =>
  JSON.parse(reply.text) as { readonly error: { readonly code: string } }
const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  ask(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

describe('who gets in', () => {
  test('nobody without the token', async () => {
    for (const authorization of [
      '',
      'Bearer',
      'Bearer wrong',
      `Basic ${token}`,
      `Bearer ${token}x`,
    ]) {
      const reply = await ask('/v1/status', { headers: { authorization } })
      expect([authorization, reply.status]).toEqual([authorization, 401])
      expect(json(reply)).toMatchObject({ ok: false, error: { code: 'UNAUTHORISED' } })
    }
    expect((await ask('/v1/status')).status).toBe(200)
  })

  test('nobody under a host name that is not ours, which is how a web page gets in by DNS', async () => {
    for (const host of ['evil.example', `evil.example:${port()}`, '127.0.0.1', '127.0.0.1:1']) {
      expect((await ask('/v1/status', { headers: { host } })).status).toBe(421)
      expect((await ask('/livez', { headers: { host } })).status).toBe(421)
    }
    for (const host of [`localhost:${port()}`, `LOCALHOST:${port()}`, `[::1]:${port()}`]) {
      expect((await ask('/v1/status', { headers: { host } })).status).toBe(200)
    }
  })

  test('no web page from elsewhere, even with the token', async () => {
    for (const origin of ['https://evil.example', 'null', `https://127.0.0.1:${port()}`]) {
      expect((await ask('/v1/status', { headers: { origin } })).status).toBe(403)
    }
    const site = { 'sec-fetch-site': 'cross-site' }
    expect((await ask('/v1/status', { headers: site })).status).toBe(403)
    const own = { origin: `http://127.0.0.1:${port()}`, 'sec-fetch-site': 'same-origin' }
    expect((await ask('/v1/status', { headers: own })).status).toBe(200)
  })

  test('no form: what changes something must be JSON', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      const reply = await post('/v1/card', '{}', { 'content-type': type })
      expect([type, reply.status]).toEqual([type, 415])
    }
    const reply = await ask('/v1/card', { method: 'POST' })
    expect(reply.status).toBe(415)
    expect(endpoint.commands).toEqual([])
  })

  test('no answer invites another origin', async () => {
    const reply = await ask('/v1/status', { headers: { origin: `http://localhost:${port()}` } })
    expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control'))).toEqual(
      [],
    )
    const preflight = await ask('/v1/card', {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example' },
    })
    expect(preflight.status).toBe(403)
    expect(reply.headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
  })

  test('a supervisor may ask without a token whether we live and are ready', async () => {
    const headers = { authorization: '' }
    expect(json(await ask('/livez', { headers }))).toMatchObject({ ok: true })
    expect(json(await ask('/readyz', { headers }))).toMatchObject({ ready: true, reasons: [] })
    await node.stop()
    const reply = await ask('/readyz', { headers })
    expect(reply.status).toBe(503)
    expect(json(reply)).toMatchObject({ ready: false, reasons: ['stopping'] })
  })
})

describe('requests that cannot be right', () => {
  test.each([
    ['not JSON', '{', 400],
    ['no object', '7', 400],
    ['a field missing', {}, 400],
    ['a field of the wrong type', { text: 7 }, 400],
    ['a field too many', { text: 'x', txet: 'y' }, 400],
    ['an ack of nobody known', { text: 'x', ack: 'some' }, 400],
    ['a content type that is none', { text: 'x', contentType: 'nonsense' }, 400],
  ])('%s', async (_, body, status) => {
    const reply = await post('/v1/groups/garden/messages', body)
    expect(reply.status).toBe(status)
    expect(json(reply)).toMatchObject({ v: 1, ok: false, error: { code: 'USAGE' } })
    expect(endpoint.commands).toEqual([])
  })

  test('a body over the limit is cut off, said or not how long it is', async () => {
    const body = JSON.stringify({ text: 'x'.repeat(600_000) })
    const said = await post('/v1/groups/garden/messages', body)
    expect(said.status).toBe(413)
    const chunked = await post('/v1/groups/garden/messages', body, {
      'transfer-encoding': 'chunked',
    })
    expect(chunked.status).toBe(413)
    expect(json(chunked).error.code).toBe('TEXT_TOO_LARGE')
  })

  test('a text over 60 KiB is refused, one of exactly that passes however it is escaped', async () => {
    const long = await post('/v1/groups/garden/messages', { text: 'x'.repeat(61_441) })
    expect([long.status, json(long).error.code]).toEqual([413, 'TEXT_TOO_LARGE'])
    const escaped = `{"text":"${'\\u0001'.repeat(61_440)}"}`
    expect((await post('/v1/groups/garden/messages', escaped)).status).toBe(200)
  })

  test('an unknown route, group or method is told apart', async () => {
    expect(json(await ask('/v1/nothing')).error.code).toBe('USAGE')
    expect((await ask('/v1/nothing')).status).toBe(404)
    expect(json(await ask('/v1/groups/nothing')).error.code).toBe('GROUP_UNKNOWN')
    expect((await ask('/v1/status', { method: 'DELETE' })).status).toBe(404)
    expect((await ask('/v1/groups/%zz')).status).toBeGreaterThanOrEqual(400)
  })

  test('bytes that are no HTTP end that connection and nothing else', async () => {
    const { connect } = await import('node:net')
    const socket = connect(port(), '127.0.0.1')
    socket.on('error', () => undefined)
    socket.end('\u0000\u0001 nonsense\r\n\r\n')
    await new Promise((resolve) => socket.on('close', resolve).resume())
    expect((await ask('/livez')).status).toBe(200)
  })
})

describe('answers', () => {
  test('every object says its version and that all is well', async () => {
    for (const path of ['status', 'groups', 'groups/garden', 'groups/garden/members', 'peers']) {
      expect(json(await ask(`/v1/${path}`))).toMatchObject({ v: 1, ok: true })
    }
    expect(json(await ask(`/v1/groups/${groupId.slice(0, 8)}/attestation`))).toMatchObject({
      group: groupId,
      groupIds: ['aaaaaaaa', 'bbbbbbbb', 'cccccccc'],
    })
  })

  test('commands reach the node', async () => {
    await post('/v1/groups', { name: 'new', policy: 'strict' })
    await post('/v1/groups/garden/invites', { uses: 2, confirm: true })
    await post('/v1/groups/garden/requests/5b5b5b/accept', {})
    await post('/v1/groups/garden/members/name-b/remove', { account: true })
    await post('/v1/groups/garden/rotate', {})
    await post('/v1/groups/garden/leave', { reason: 'moved' })
    await post('/v1/groups/garden/sync', {})
    await post('/v1/join', { ticket: ' t ', waitMs: 5 })
    await post('/v1/peers', { address: '/ip4/1.2.3.4/tcp/5' })
    await post('/v1/peers/block', { peers: 'all' })
    expect(endpoint.commands).toMatchObject([
      { kind: 'create-group', name: 'new', policy: 'strict' },
      { kind: 'invite', group: groupId, uses: 2, confirm: true, expiresMs: 86_400_000 },
      { kind: 'accept-request', request: '5b'.repeat(32) },
      { kind: 'remove-member', group: groupId, scope: 'account', target: 'b'.repeat(64) },
      { kind: 'rotate', group: groupId },
      { kind: 'leave-group', group: groupId, reason: 'moved', last: false },
      { kind: 'sync', group: groupId },
      { kind: 'join', ticket: 't', waitMs: 5 },
      { kind: 'peer-add', address: '/ip4/1.2.3.4/tcp/5' },
      { kind: 'peer-block', peers: 'all' },
    ])
  })

  test('a message sent twice under one key is sent once', async () => {
    const headers = { 'idempotency-key': 'a-key' }
    const both = await Promise.all([
      post('/v1/groups/garden/messages', { text: 'once' }, headers),
      post('/v1/groups/garden/messages', { text: 'once' }, headers),
    ])
    expect(json(both[0])).toEqual(json(both[1]))
    expect(json(both[0])).toMatchObject({ ack: 'none', state: 'stored', draft: null, ackedBy: [] })
    expect(endpoint.commands).toHaveLength(1)
    const other = await post('/v1/groups/garden/messages', { text: 'other' }, headers)
    expect(other.status).toBe(422)
    await post('/v1/groups/garden/messages', { text: 'once' })
    expect(endpoint.commands).toHaveLength(2)
  })

  test('so is every other request: nobody is removed twice, and another request is refused', async () => {
    const headers = { 'idempotency-key': 'b-key' }
    const remove = '/v1/groups/garden/members/name-b/remove'
    const both = [await post(remove, {}, headers), await post(remove, {}, headers)]
    expect(json(both[0]!)).toMatchObject({ ok: true, members: ['b'.repeat(64)] })
    expect(json(both[1]!)).toEqual(json(both[0]!))
    expect(endpoint.commands).toHaveLength(1)
    expect((await post(remove, { account: true }, headers)).status).toBe(422)
    expect((await post('/v1/groups/garden/rotate', {}, headers)).status).toBe(422)
  })

  test('the standing of a member is told, of a stranger not', async () => {
    const why = (name: string) => ask(`/v1/groups/garden/members/${name}/why`)
    expect(json(await why('name-b'))).toMatchObject({ member: 'b'.repeat(64), state: 'active' })
    expect(json(await why('nobody')).error.code).toBe('MEMBER_UNKNOWN')
  })

  test('texts come one a line, and a line tells of a mistake in the query', async () => {
    await node.send('garden', 'one')
    await node.send('garden', 'two')
    const reply = await ask('/v1/groups/garden/messages')
    expect(reply.headers['content-type']).toBe('application/x-ndjson')
    const lines = reply.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object)
    expect(lines).toMatchObject([
      { v: 1, ok: true, text: 'one' },
      { v: 1, ok: true, text: 'two' },
    ])
    expect((await ask('/v1/groups/garden/messages?limit=1')).text.trim().split('\n')).toHaveLength(
      1,
    )
    expect((await ask('/v1/groups/garden/messages?since=nonsense')).status).toBe(400)
    expect((await ask(`/v1/groups/garden/messages?since=${'f'.repeat(64)}`)).status).toBe(404)
    expect((await ask('/v1/groups/garden/messages?limit=-1')).status).toBe(400)
    expect((await ask('/v1/groups/garden/messages?lmit=1')).status).toBe(400)
  })

  test('a long history arrives whole', async () => {
    for (let count = 0; count < 500; count++) await node.send('garden', 'x'.repeat(1_000))
    const reply = await ask('/v1/groups/garden/messages')
    expect(reply.text.trim().split('\n')).toHaveLength(500)
  })

  test('following sends what comes until the server closes', async () => {
    await node.send('garden', 'held')
    const following = ask('/v1/groups/garden/messages?follow=1')
    await new Promise((resolve) => setTimeout(resolve, 100))
    await node.send('garden', 'live')
    await new Promise((resolve) => setTimeout(resolve, 100))
    await api.close()
    const { text } = await following
    const texts = text
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { text: string }).text)
    expect(texts).toEqual(['held', 'live'])
  })

  test('the figures are those of the node', async () => {
    expect((await ask('/metrics')).text).toBe('coterie_x_total 1\n')
    expect((await ask('/metrics', { headers: { authorization: '' } })).status).toBe(401)
  })
})

describe('where it listens', () => {
  test('only on loopback', async () => {
    const start = startApi({ node, listen: '0.0.0.0:0', token })
    await expect(start).rejects.toMatchObject({ code: 'USAGE' })
  })

  test('a taken port is said to be taken', async () => {
    const start = startApi({ node, listen: `127.0.0.1:${port()}`, token })
    await expect(start).rejects.toMatchObject({ code: 'PORT_IN_USE' })
  })

  test('on a Unix socket that only the owner may use, also where a dead one lies', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'coterie-api-'))
    const path = join(directory, 'api.sock')
    const first = createServer().listen(path)
    await new Promise((resolve) => first.on('listening', resolve))
    const taken = startApi({ node, listen: `unix:${path}`, token })
    await expect(taken).rejects.toMatchObject({ code: 'PORT_IN_USE' })
    await new Promise((resolve) => first.close(resolve))
    const local = await startApi({ node, listen: `unix:${path}`, token })
    expect(local.address).toBe(`unix:${path}`)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect((await ask('/v1/status', { socketPath: path })).status).toBe(200)
    expect(
      (await ask('/livez', { socketPath: path, headers: { origin: 'http://x' } })).status,
    ).toBe(403)
    await local.close()
    await writeFile(path, 'no socket')
    await rm(directory, { recursive: true })
  })
})
