// One TCP socket between two replicas of the floor or of the chain.
//   [u32 bytes, u8 kind, content]   V asks by vector, F is one run, E ends an answer, D a digest

import type { Socket } from 'node:net'

export type LinkKind = 'V' | 'F' | 'E' | 'D'

const HEAD_BYTES = 5

export interface LinkTraffic {
  readonly bytesIn: number
  readonly bytesOut: number
  readonly turns: number
}

export class LogLink {
  readonly #socket: Socket
  readonly #heard: (kind: LinkKind, content: Buffer) => void
  #needed = HEAD_BYTES
  #parts: Buffer[] = []
  #held = 0
  #traffic = { bytesIn: 0, bytesOut: 0, turns: 0 }
  #last: 'in' | 'out' | undefined

  constructor(socket: Socket, heard: (kind: LinkKind, content: Buffer) => void) {
    this.#socket = socket
    this.#heard = heard
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#take(chunk))
    socket.on('error', () => socket.destroy())
  }

  traffic(): LinkTraffic {
    return { ...this.#traffic }
  }

  /** False when the socket wants no more for now. */
  send(kind: LinkKind, content: Buffer): boolean {
    const head = Buffer.alloc(HEAD_BYTES)
    head.writeUInt32BE(content.length)
    head.write(kind, 4, 'latin1')
    this.#note('out', HEAD_BYTES + content.length)
    this.#socket.cork()
    this.#socket.write(head)
    const room = this.#socket.write(content)
    process.nextTick(() => this.#socket.uncork())
    return room
  }

  async drained(): Promise<void> {
    if (!this.#socket.writableNeedDrain) return
    await new Promise((resolve) => this.#socket.once('drain', resolve))
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    this.#parts.push(chunk)
    this.#held += chunk.length
    if (this.#held < this.#needed) return
    let bytes = this.#parts.length === 1 ? chunk : Buffer.concat(this.#parts)
    for (;;) {
      this.#needed = bytes.length < HEAD_BYTES ? HEAD_BYTES : HEAD_BYTES + bytes.readUInt32BE(0)
      if (bytes.length < this.#needed) break
      this.#note('in', this.#needed)
      const kind = String.fromCharCode(bytes[4] ?? 0) as LinkKind
      const content = bytes.subarray(HEAD_BYTES, this.#needed)
      bytes = bytes.subarray(this.#needed)
      this.#heard(kind, content)
    }
    this.#parts = bytes.length === 0 ? [] : [bytes]
    this.#held = bytes.length
  }

  #note(way: 'in' | 'out', bytes: number): void {
    const traffic = this.#traffic
    if (way === 'in') traffic.bytesIn += bytes
    else traffic.bytesOut += bytes
    if (this.#last !== undefined && this.#last !== way) traffic.turns += 1
    this.#last = way
  }
}
