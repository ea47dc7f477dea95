// Talks to the daemon of the same user through its local interface. Plain node:http, because loading
// anything larger would take longer than the answer. Errors of the daemon come back as they were.

import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http'
import type { Answered, Answers, ErrorAnswer } from '../api/contract.ts'
import { CoterieError, type ErrorCode, errorTable } from '../base/error.ts'

export type RouteName = keyof Answers

export interface CallOptions {
  /** Values of `:id` and `:request` in the path. */
  readonly params?: Readonly<Record<string, string>>
  /** Body of a POST. Default: an empty object. */
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
  /** How long to wait for the answer. Default: 30 s. */
  readonly timeoutMs?: number | undefined
}

export interface Client {
  /** @throws CoterieError what the daemon said, DAEMON_UNREACHABLE, TIMEOUT */
  call<Route extends RouteName>(
    route: Route,
    options?: CallOptions,
  ): Promise<Answered<Answers[Route]>>
  /** Answers of one object a line. @throws as `call`, also in the middle */
  lines<Row>(path: string, query: Readonly<Record<string, string>>): AsyncIterable<Row>
}

export interface ClientOptions {
  /** `http://127.0.0.1:4711` or `unix:/path`. */
  readonly api: string
  readonly token: string
  readonly signal: AbortSignal
  /** Made when nobody answers. */
  readonly unreachable: (cause: unknown) => CoterieError
}

const ANSWER_BYTES_MAX = 64 * 1_024 * 1_024
const TIMEOUT_MS = 30_000

export function createClient(options: ClientOptions): Client {
  return {
    async call(route, call = {}) {
      const [method = 'GET', path = '/'] = route.split(' ')
      const body = method === 'POST' ? JSON.stringify(call.body ?? {}) : undefined
      const { timeoutMs = TIMEOUT_MS } = call
      const response = await open(options, {
        method,
        path: fill(path, call.params ?? {}),
        body,
        headers: call.headers ?? {},
        timeoutMs,
      })
      return answerOf(await textOf(response, options), options)
    },
    async *lines<Row>(path: string, query: Readonly<Record<string, string>>) {
      const search = new URLSearchParams(query).toString()
      const response = await open(options, {
        method: 'GET',
        path: search === '' ? path : `${path}?${search}`,
        body: undefined,
        headers: {},
        timeoutMs: undefined,
      })
      try {
        for await (const line of linesOf(response, options)) {
          if (line !== '') yield answerOf(line, options) as Row
        }
      } finally {
        response.destroy()
      }
    },
  }
}

interface Request {
  readonly method: string
  readonly path: string
  readonly body: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number | undefined
}

function open(options: ClientOptions, asked: Request): Promise<IncomingMessage> {
  const { api, token, signal } = options
  const headers: Record<string, string> = { ...asked.headers, authorization: `Bearer ${token}` }
  if (asked.body !== undefined) {
    headers['content-type'] = 'application/json'
    headers['content-length'] = String(Buffer.byteLength(asked.body))
  }
  return new Promise((resolve, reject) => {
    const target = api.startsWith('unix:')
      ? { socketPath: api.slice('unix:'.length), host: 'localhost' }
      : hostAndPort(api)
    const request: ClientRequest = httpRequest(
      { ...target, method: asked.method, path: asked.path, headers, agent: false, signal },
      resolve,
    )
    let timedOut = false
    let connected = false
    request.once('socket', (socket) => socket.once('connect', () => (connected = true)))
    if (asked.timeoutMs !== undefined) {
      const timer = setTimeout(() => {
        timedOut = true
        request.destroy(timeout(asked.timeoutMs ?? 0))
      }, asked.timeoutMs)
      request.once('close', () => clearTimeout(timer))
    }
    request.once('error', (error) => {
      if (timedOut || signal.aborted) reject(error)
      else reject(connected ? wentAway(error) : options.unreachable(error))
    })
    request.end(asked.body)
  })
}

function hostAndPort(api: string): { host: string; port: number } {
  const { hostname, port } = new URL(api)
  return { host: hostname.replaceAll(/[[\]]/g, ''), port: Number(port) }
}

function fill(path: string, params: Readonly<Record<string, string>>): string {
  return path.replaceAll(/:([a-z]+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''))
}

async function textOf(response: IncomingMessage, options: ClientOptions): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      length += chunk.length
      if (length > ANSWER_BYTES_MAX) throw new CoterieError('INTERNAL', 'The answer is too large.')
      chunks.push(chunk)
    }
  } catch (error) {
    throw cutOff(error, options)
  }
  return Buffer.concat(chunks).toString('utf8')
}

async function* linesOf(
  response: IncomingMessage,
  options: ClientOptions,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = parts.pop() ?? ''
      yield* parts
    }
  } catch (error) {
    throw cutOff(error, options)
  }
  yield rest
}

function answerOf<T>(text: string, options: ClientOptions): Answered<T> {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    throw options.unreachable(error)
  }
  const answer = parsed as Answered<T> | ErrorAnswer | null
  if (answer?.ok === true) return answer
  if (answer?.ok !== false) throw options.unreachable(new Error('not the answer of a node'))
  const { code, message, hint } = answer.error
  // The note of a daemon that was killed may point to what another daemon listens on now.
  if (code === 'UNAUTHORISED') throw options.unreachable(new Error(message))
  const known: ErrorCode = Object.hasOwn(errorTable, code) ? code : 'INTERNAL'
  throw new CoterieError(known, message, hint === '' ? {} : { hint })
}

function cutOff(error: unknown, { signal }: ClientOptions): unknown {
  return signal.aborted || error instanceof CoterieError ? error : wentAway(error)
}

function wentAway(cause: unknown): CoterieError {
  return new CoterieError('DAEMON_UNREACHABLE', 'The daemon went away before it had answered.', {
    hint: 'Start it again and look first: what was asked may have been done.',
    cause,
  })
}

function timeout(ms: number): CoterieError {
  return new CoterieError('TIMEOUT', `No answer came within ${ms} ms.`, {
    hint: 'Look with `coterie status`; what was asked may still happen.',
  })
}
