// Speaks to one daemon through its local interface, like every other program of the same user:
// address and token from the note that the daemon leaves, JSON over loopback HTTP.

import { type IncomingMessage, type RequestOptions, request as httpRequest } from 'node:http'
import type { Answered, Answers, ArchiveLine, ErrorAnswer, TextReport } from '../../api/contract.ts'
import { CoterieError } from '../../base/error.ts'

/** Where a daemon answers, and the secret that it wants to hear. */
export interface Access {
  /** `http://127.0.0.1:4711`, or `unix:/path` */
  readonly api: string
  readonly token: string
}

type Route = keyof Answers

export interface CallOptions {
  /** The group in the path. */
  readonly id?: string
  /** The member in the path. */
  readonly member?: string
  /** The message in the path. */
  readonly message?: string
  /** Body of a POST. Default: an empty object. */
  readonly body?: object
  /** How long to wait for the answer. Default: 20 s. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 20_000

/** One daemon's local interface. */
export class LocalApi {
  readonly #access: Access
  readonly #signal: AbortSignal

  constructor(access: Access, signal: AbortSignal) {
    this.#access = access
    this.#signal = signal
  }

  /** @throws CoterieError what the daemon said; any other error when it could not be reached */
  async call<R extends Route>(route: R, options: CallOptions = {}): Promise<Answered<Answers[R]>> {
    const [method = 'GET', path = '/'] = route.split(' ')
    const { id = '', member = '', message = '', body = {}, timeoutMs = TIMEOUT_MS } = options
    const text = await this.#exchange({
      method,
      path: path.replace(':id', id).replace(':member', member).replace(':message', message),
      body: method === 'POST' ? JSON.stringify(body) : undefined,
      timeoutMs,
    })
    return answerOf<Answers[R]>(text)
  }

  /** Every text of a group in total order, as `read` shows it. */
  read(group: string): Promise<readonly TextReport[]> {
    return this.#lines<TextReport>(`/v1/groups/${group}/messages`)
  }

  /** All that it holds of a group, in pieces of the file that `export` writes. */
  archive(group: string): Promise<readonly ArchiveLine[]> {
    return this.#lines<ArchiveLine>(`/v1/groups/${group}/archive`)
  }

  async #lines<T>(path: string): Promise<readonly T[]> {
    const asked = { method: 'GET', path, body: undefined, timeoutMs: TIMEOUT_MS }
    const lines = (await this.#exchange(asked)).split('\n').filter((line) => line !== '')
    return lines.map((line) => answerOf<T>(line))
  }

  #exchange(asked: {
    method: string
    path: string
    body: string | undefined
    timeoutMs: number
  }): Promise<string> {
    const { method, path, body, timeoutMs } = asked
    const headers: Record<string, string> = { authorization: `Bearer ${this.#access.token}` }
    if (body !== undefined) headers['content-type'] = 'application/json'
    const late = AbortSignal.timeout(timeoutMs)
    const signal = AbortSignal.any([this.#signal, late])
    return new Promise((resolve, reject) => {
      const failed = (error: Error): void => {
        if (this.#signal.aborted) reject(this.#signal.reason as Error)
        else if (late.aborted) reject(tooLate(method, path, timeoutMs))
        else reject(error)
      }
      const request = httpRequest(
        { ...targetOf(this.#access, path), method, headers, agent: false, signal },
        (response) => {
          textOf(response).then(resolve, failed)
        },
      )
      request.once('error', failed)
      request.end(body)
    })
  }
}

/** Where a request goes. */
export function targetOf({ api }: Access, path: string): RequestOptions {
  if (api.startsWith('unix:')) return { socketPath: api.slice('unix:'.length), path }
  const { hostname, port } = new URL(api)
  return { hostname, port, path }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of response as AsyncIterable<Uint8Array>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

function answerOf<T>(text: string): Answered<T> {
  const answer = JSON.parse(text) as Answered<T> | ErrorAnswer
  if (answer.ok) return answer
  const { code, message, hint } = answer.error
  throw new CoterieError(code, message, { hint })
}

function tooLate(method: string, path: string, timeoutMs: number): CoterieError {
  const message = `A daemon gave no answer to ${method} ${path} within ${timeoutMs} ms.`
  return new CoterieError('TIMEOUT', message)
}
