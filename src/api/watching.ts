// The client's end of `GET /v1/events`: frames of one connection, in order, until either side ends it.
// Whoever wants to go on after that connects again with the number of the last event seen.

import { WebSocket } from 'ws'
import { CoterieError } from '../base/error.ts'
import type { EventFrame } from './contract.ts'

export interface WatchOptions {
  /** `http://127.0.0.1:4711` or `unix:/path`. */
  readonly api: string
  readonly token: string
  /** Number of the last event seen. Default: only what comes. */
  readonly after?: number | undefined
  readonly signal: AbortSignal
}

/** How a connection ended. */
export interface WatchEnd {
  /** Whether it had been open at all. */
  readonly opened: boolean
  /** What the other side said, if anything. */
  readonly reason: string
}

/**
 * Frames of one connection; its return value says how it ended.
 *
 * @throws CoterieError UNAUTHORISED where the token is wrong; the reason of the signal once aborted
 */
export async function* watchEvents(
  options: WatchOptions,
): AsyncGenerator<EventFrame, WatchEnd, undefined> {
  const { signal } = options
  signal.throwIfAborted()
  const socket = new WebSocket(addressOf(options), {
    headers: { authorization: `Bearer ${options.token}` },
  })
  const inbox = new Inbox(socket)
  const abort = () => socket.terminate()
  signal.addEventListener('abort', abort)
  try {
    for (;;) {
      for (let frame = inbox.next(); frame !== undefined; frame = inbox.next()) yield frame
      if (inbox.end !== undefined) break
      await inbox.news()
    }
    signal.throwIfAborted()
    if (inbox.refused) throw new CoterieError('UNAUTHORISED')
    return inbox.end
  } finally {
    signal.removeEventListener('abort', abort)
    socket.terminate()
  }
}

function addressOf({ api, after }: WatchOptions): string {
  const path = `/v1/events${after === undefined ? '' : `?after=${after}`}`
  if (api.startsWith('unix:')) return `ws+unix:${api.slice('unix:'.length)}:${path}`
  return `${api.replace(/^http/, 'ws')}${path}`
}

/** What came and was not taken yet; a reader that lags makes the socket wait. */
class Inbox {
  end: WatchEnd | undefined
  refused = false
  readonly #socket: WebSocket
  readonly #frames: EventFrame[] = []
  #opened = false
  #wake: (() => void) | undefined

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('open', () => (this.#opened = true))
    socket.on('message', (data: Buffer) => {
      this.#frames.push(JSON.parse(data.toString('utf8')) as EventFrame)
      if (this.#frames.length >= WAITING_FRAMES_MAX) socket.pause()
      this.#ring()
    })
    socket.on('unexpected-response', (_, response) => {
      this.refused = response.statusCode === 401
      this.#close(`the answer was ${response.statusCode}`)
      response.destroy()
    })
    socket.on('error', (error) => this.#close(error.message))
    socket.on('close', (_, reason) => this.#close(reason.toString('utf8')))
  }

  next(): EventFrame | undefined {
    const frame = this.#frames.shift()
    if (this.#frames.length === 0 && this.#socket.isPaused) this.#socket.resume()
    return frame
  }

  /** Resolves when there is a frame, or the end. */
  async news(): Promise<void> {
    if (this.#frames.length > 0 || this.end !== undefined) return
    await new Promise<void>((resolve) => (this.#wake = resolve))
  }

  #close(reason: string): void {
    this.end ??= { opened: this.#opened, reason }
    this.#ring()
  }

  #ring(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}

const WAITING_FRAMES_MAX = 256
