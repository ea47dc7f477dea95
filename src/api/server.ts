// The local interface on a loopback port or a Unix socket. Every request and every upgrade passes the
// guard before a byte of its body is read. Closing ends open answers and connections within a second.

import { chmod, rm } from 'node:fs/promises'
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import { WebSocketServer } from 'ws'
import { CoterieError } from '../base/error.ts'
import { toCoterieError } from '../node/failure.ts'
import { createApp } from './app.ts'
import { EventRing, dismiss, serveEvents } from './events.ts'
import { errorAnswer, RequestError } from './failure.ts'
import { type GuardOptions, checkRequest } from './guard.ts'
import type { ApiNode } from './routes.ts'
import { check, queries } from './schema.ts'

export interface ApiOptions {
  readonly node: ApiNode
  /** Loopback `HOST:PORT` (port 0: a free one) or `unix:/path`. */
  readonly listen: string
  readonly token: string
  /** Figures for Prometheus. Default: no such route. */
  readonly metrics?: (() => Promise<{ contentType: string; text: string }>) | undefined
}

export interface ApiServer {
  /** `http://127.0.0.1:4711` or `unix:/path`. */
  readonly address: string
  close(): Promise<void>
}

const CONNECTIONS_MAX = 256
const REQUEST_MS_MAX = 30_000
const HEADERS_MS_MAX = 10_000
const CLOSE_MS_MAX = 1_000
const FRAME_BYTES_MAX = 4 * 1_024

/** Starts listening. @throws CoterieError PORT_IN_USE, PERMISSION, USAGE */
export async function startApi(options: ApiOptions): Promise<ApiServer> {
  const closing = new AbortController()
  const guard: { token: string; hosts: readonly string[] | undefined } = {
    token: options.token,
    hosts: [],
  }
  const app = createApp({ ...options, closing: closing.signal })
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false })
  const server = createServer((request, response) => {
    if (admit(request, guard, (status, body) => refuse(response, status, body))) {
      void answer(request, response)
    }
  })
  server.maxConnections = CONNECTIONS_MAX
  server.requestTimeout = REQUEST_MS_MAX
  server.headersTimeout = HEADERS_MS_MAX

  const ring = new EventRing()
  const stopEvents = options.node.events((event) => ring.push(event))
  const sockets = new WebSocketServer({ noServer: true, maxPayload: FRAME_BYTES_MAX })
  server.on('upgrade', (request, socket, head) => {
    upgrade(request, socket, head, { guard, sockets, ring })
  })

  const address = await listen(server, options.listen)
  guard.hosts = hostsOf(address)
  return {
    address,
    async close() {
      closing.abort()
      stopEvents()
      for (const socket of sockets.clients) dismiss(socket)
      await new Promise<void>((resolve) => {
        const force = setTimeout(() => server.closeAllConnections(), CLOSE_MS_MAX)
        server.close(() => {
          clearTimeout(force)
          resolve()
        })
        server.closeIdleConnections()
      })
      for (const socket of sockets.clients) socket.terminate()
    },
  }
}

type Refuse = (status: number, body: object) => void

function admit(request: IncomingMessage, guard: GuardOptions, refused: Refuse): boolean {
  try {
    const { host, origin, authorization } = request.headers
    checkRequest(
      {
        method: request.method ?? '',
        path: urlOf(request).pathname,
        host,
        origin,
        fetchSite: textHeader(request, 'sec-fetch-site'),
        authorization,
        contentType: request.headers['content-type'],
      },
      guard,
    )
    return true
  } catch (error) {
    const { status, body } = errorAnswer(error)
    refused(status, body)
    return false
  }
}

function refuse(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' })
  response.end(JSON.stringify(body))
}

function upgrade(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  parts: { guard: GuardOptions; sockets: WebSocketServer; ring: EventRing },
): void {
  socket.on('error', () => socket.destroy())
  const refused: Refuse = (status, body) => {
    const text = JSON.stringify(body)
    const lines = [
      `HTTP/1.1 ${status} Refused`,
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(text)}`,
      'connection: close',
    ]
    socket.end(`${lines.join('\r\n')}\r\n\r\n${text}`)
  }
  if (!admit(request, parts.guard, refused)) return
  try {
    const url = urlOf(request)
    if (url.pathname !== '/v1/events') {
      throw new RequestError(404, 'USAGE', 'Only /v1/events is a WebSocket.')
    }
    const { after } = check(queries['GET /v1/events'], Object.fromEntries(url.searchParams))
    parts.sockets.handleUpgrade(request, socket, head, (open) => {
      serveEvents(open, parts.ring, after)
    })
  } catch (error) {
    const { status, body } = errorAnswer(error)
    refused(status, body)
  }
}

/** @throws RequestError USAGE */
function urlOf(request: IncomingMessage): URL {
  try {
    return new URL(request.url ?? '/', 'http://localhost')
  } catch {
    throw new RequestError(400, 'USAGE', 'The path cannot be understood.')
  }
}

function textHeader(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

function hostsOf(address: string): readonly string[] | undefined {
  if (address.startsWith('unix:')) return undefined
  const port = address.slice(address.lastIndexOf(':') + 1)
  return ['127.0.0.1', 'localhost', '[::1]'].map((host) => `${host}:${port}`)
}

async function listen(server: Server, where: string): Promise<string> {
  try {
    if (where.startsWith('unix:')) return await listenOnPath(server, where.slice('unix:'.length))
    const [, host = '', port = ''] = /^(.*):([0-9]+)$/.exec(where) ?? []
    if (!/^(127\.0\.0\.1|localhost|\[::1\])$/.test(host)) {
      throw new CoterieError('USAGE', 'The local interface listens on loopback only.')
    }
    const bare = host.replaceAll(/[[\]]/g, '')
    await bind(server, () => server.listen(Number(port), bare))
    const { port: bound } = server.address() as AddressInfo
    return `http://${host}:${bound}`
  } catch (error) {
    throw toCoterieError(error)
  }
}

/** A socket file that nobody listens on any more is what a killed daemon left. */
async function listenOnPath(server: Server, path: string): Promise<string> {
  const open = () => server.listen(path)
  try {
    await bind(server, open)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || (await answers(path))) throw error
    await rm(path, { force: true })
    await bind(server, open)
  }
  await chmod(path, 0o600)
  return `unix:${path}`
}

function bind(server: Server, open: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.once('listening', () => {
      server.off('error', reject)
      resolve()
    })
    open()
  })
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const end = (result: boolean) => {
      socket.destroy()
      resolve(result)
    }
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
  })
}
