// The link shaper: a listener on loopback through which every connection between two nodes goes. It
// knows who dials whom from the greeting, and treats the bytes of each direction as the link matrix says.
// The matrix is set as a whole; connections that it resets end in the same turn.

import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net'
import { LinkTable } from '../../world/links.ts'
import { type Greeting, readGreeting } from './greeting.ts'
import { Lane, nextTryMs } from './lane.ts'

/** The least that a dial waits before it is tried again, as in Linux. */
const REDIAL_MS = 1_000

/** A connection between a dialling node and one that listens. */
interface Wire {
  readonly from: number
  readonly to: number
  /** When the dial met a cut; undefined: it is through. */
  stalledMs: number | undefined
  /** When it is tried again, decided once when the link is back. */
  retryMs: number | undefined
  readonly open: () => void
  readonly reset: () => void
  /** One of the two is gone without a word. */
  readonly leave: (node: number) => void
  readonly changed: () => void
}

export interface ShaperOptions {
  readonly nodes: number
  readonly random: () => number
  /** Bytes left the shaper on their way from one node to another. */
  readonly passed: (from: number, to: number) => void
  /** Where the listeners of a node are. Default: loopback. */
  readonly hostOf?: (node: number) => string
}

export class Shaper {
  readonly #options: ShaperOptions
  readonly #server: Server
  readonly #places = new Map<number, { readonly node: number; readonly probe: boolean }>()
  readonly #wires = new Set<Wire>()
  readonly #sockets = new Set<Socket>()
  readonly #dropped = new Set<number>()
  #timer: NodeJS.Timeout | undefined
  #links: LinkTable

  constructor(options: ShaperOptions) {
    this.#options = options
    this.#links = new LinkTable(options.nodes, { base: { delayMs: 0 } })
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#accept(socket)
    })
  }

  get links(): LinkTable {
    return this.#links
  }

  /** @param port default: a free one @returns its port */
  listen(port = 0): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, '127.0.0.1', () => {
        resolve((this.#server.address() as AddressInfo).port)
      })
    })
  }

  /** From now on this port belongs to a node. @param probe nothing that passes there is news */
  place(port: number, node: number, probe = false): void {
    this.#places.set(port, { node, probe })
    if (!probe) this.#dropped.delete(node)
  }

  /**
   * A node is gone in this instant: what it sent before arrives, then its connections end; it gets no new
   * one, and neither does whoever dials it, until it is placed again. The probe goes on.
   */
  drop(node: number): void {
    this.#dropped.add(node)
    for (const wire of [...this.#wires]) wire.leave(node)
  }

  /** Every link, from now on. */
  set(links: LinkTable): void {
    this.#links = links
    for (const wire of [...this.#wires]) {
      if (this.#cuts(wire) === 'reset') wire.reset()
      else wire.changed()
    }
    this.#dial()
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #accept(socket: Socket): void {
    this.#keep(socket)
    let bytes = Buffer.alloc(0)
    const hear = (more: Buffer): void => {
      bytes = Buffer.concat([bytes, more])
      try {
        const read = readGreeting(bytes)
        if (read === undefined) return
        socket.off('data', hear)
        this.#greeted(socket, read, read.rest)
      } catch {
        socket.destroy()
      }
    }
    socket.on('data', hear)
  }

  #greeted(near: Socket, { node: from, port }: Greeting, rest: Buffer): void {
    const place = this.#places.get(port)
    if (place === undefined || from >= this.#options.nodes) return void near.resetAndDestroy()
    const { node: to, probe } = place
    if (!probe && this.#dropped.has(from)) return void near.resetAndDestroy()
    // Read while it waits: else nobody would notice that the dialler gave up.
    let early = rest
    const gather = (more: Buffer) => void (early = Buffer.concat([early, more]))
    const giveUp = () => void near.resetAndDestroy()
    near.on('data', gather).once('end', giveUp)
    let lanes: Lane[] = []
    let far: Socket | undefined
    const end = (): void => {
      this.#wires.delete(wire)
      for (const lane of lanes) lane.close()
    }
    const now = performance.now()
    const wire: Wire = {
      from,
      to,
      stalledMs: now,
      // The dial itself goes there and back before its first byte does.
      retryMs: now + this.#links.link(from, to).delayMs + this.#links.link(to, from).delayMs,
      open: () => {
        if (!probe && this.#dropped.has(to)) return void near.resetAndDestroy()
        const host = this.#options.hostOf?.(to) ?? '127.0.0.1'
        far = this.#keep(connect({ port, host, allowHalfOpen: true, noDelay: true }))
        lanes = this.#lanes({ near, far, from, to, probe })
        near.off('data', gather).off('end', giveUp)
        lanes[0]?.put(early)
        let left = 2
        const closed = () => --left === 0 && end()
        near.once('close', closed)
        far.once('close', closed)
      },
      reset: () => {
        near.resetAndDestroy()
        far?.resetAndDestroy()
        end()
      },
      leave: (node) => {
        if (probe || (node !== from && node !== to)) return
        lanes[node === from ? 0 : 1]?.lost()
        if (node === from) near.destroy()
        else far?.destroy()
      },
      changed: () => lanes.forEach((lane) => lane.changed()),
    }
    near.once('close', () => {
      if (far === undefined) end()
    })
    const cut = this.#links.link(from, to).cut
    if (cut === 'no-new' || this.#cuts(wire) === 'reset') return wire.reset()
    this.#wires.add(wire)
    this.#dial()
  }

  #lanes(parts: { near: Socket; far: Socket; from: number; to: number; probe: boolean }): Lane[] {
    const { near, far, from, to, probe } = parts
    const { random, passed } = this.#options
    const [there, back] = [() => this.#links.link(from, to), () => this.#links.link(to, from)]
    const tell = (a: number, b: number) => () => {
      if (!probe) passed(a, b)
    }
    return [
      new Lane({ from: near, to: far, link: there, back, random, passed: tell(from, to) }),
      new Lane({ from: far, to: near, link: back, back: there, random, passed: tell(to, from) }),
    ]
  }

  /** Opens what waits and may go on now; looks again when the next is due. */
  #dial(): void {
    clearTimeout(this.#timer)
    const now = performance.now()
    let nextMs = Number.POSITIVE_INFINITY
    for (const wire of this.#wires) {
      if (wire.stalledMs === undefined) continue
      if (this.#cuts(wire) !== 'open') {
        wire.retryMs = undefined
        continue
      }
      wire.retryMs ??= nextTryMs(wire.stalledMs, REDIAL_MS, now)
      const dueMs = wire.retryMs
      if (dueMs > now) nextMs = Math.min(nextMs, dueMs)
      else {
        wire.stalledMs = undefined
        wire.open()
      }
    }
    if (nextMs < Number.POSITIVE_INFINITY) {
      this.#timer = setTimeout(() => this.#dial(), nextMs - now)
    }
  }

  /** A dial takes both ways: its answer has to come back. */
  #cuts({ from, to }: { readonly from: number; readonly to: number }): 'open' | 'silent' | 'reset' {
    const cuts = [this.#links.link(from, to).cut, this.#links.link(to, from).cut]
    if (cuts.includes('reset')) return 'reset'
    return cuts.some((cut) => cut === 'blackhole' || cut === 'hold') ? 'silent' : 'open'
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    // An error is followed by the close; the lanes make of it what it means for the other end.
    socket.on('error', () => undefined)
    return socket
  }
}
