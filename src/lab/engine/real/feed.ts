// What one daemon tells through its local interface, as it tells it: events over the WebSocket, and the
// texts of its group line by line, each as soon as it can be read. Both last until they are closed; an
// end that nobody asked for is told, because a run with a deaf ear must not be judged.

import { type ClientRequest, request } from 'node:http'
import { WebSocket } from 'ws'
import type { Event, EventFrame, TextReport } from '../../../api/contract.ts'
import { type Access, targetOf } from '../../demo/local-api.ts'

export interface FeedOptions {
  readonly access: Access
  readonly onEvent: (event: Event) => void
  readonly onText: (text: TextReport) => void
  /** It hears nothing more and was not closed. */
  readonly onEnd: (why: string) => void
}

export class Feed {
  readonly #options: FeedOptions
  readonly #socket: WebSocket
  #request: ClientRequest | undefined
  #closed = false

  constructor(options: FeedOptions) {
    this.#options = options
    const { api, token } = options.access
    const headers = { authorization: `Bearer ${token}` }
    const events = api.startsWith('unix:') ? `ws+${api}:/v1/events` : `${api}/v1/events`
    this.#socket = new WebSocket(events.replace(/^http:/, 'ws:'), { headers })
    this.#socket.on('message', (bytes: Buffer) => {
      const frame = JSON.parse(bytes.toString()) as EventFrame
      if (frame.kind === 'event') options.onEvent(frame.event)
      else if (frame.kind === 'gap') this.#end('events were missed')
    })
    this.#socket.on('error', (error) => this.#end(error.message))
    this.#socket.on('close', () => this.#end('the events ended'))
  }

  /** Resolves when events are heard. */
  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#socket.readyState === WebSocket.OPEN) return resolve()
      this.#socket.once('open', resolve)
      this.#socket.once('error', reject)
    })
  }

  /** Follows the texts of a group, those that are there first. */
  follow(group: string): void {
    const { access } = this.#options
    const headers = { authorization: `Bearer ${access.token}` }
    const target = targetOf(access, `/v1/groups/${group}/messages?follow=1`)
    this.#request = request({ ...target, headers, agent: false }, (response) => {
      let left = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        const lines = (left + text).split('\n')
        left = lines.pop() ?? ''
        for (const line of lines) this.#line(line)
      })
      response.on('end', () => this.#end('the texts ended'))
      response.on('error', (error) => this.#end(error.message))
    })
    this.#request.on('error', (error) => this.#end(error.message))
    this.#request.end()
  }

  close(): void {
    this.#closed = true
    this.#request?.destroy()
    this.#socket.terminate()
  }

  #line(line: string): void {
    if (line === '') return
    const answer = JSON.parse(line) as (TextReport & { ok: true }) | { ok: false }
    if (!answer.ok) return this.#end(`the texts ended: ${line}`)
    // What waits to be sent has no id and is nothing that others could hold.
    if ((answer.id as string | null) !== null) this.#options.onText(answer)
  }

  #end(why: string): void {
    if (this.#closed) return
    this.#closed = true
    this.#options.onEnd(why)
  }
}
