// One replica of the floor or of the chain, as a process: appends, serves, backfills, heals after a
// cut, and pushes what is new to everybody. The first eight bytes of a body are the time it was
// written, so that a reader knows how old it is.

import { createHash, randomFillSync, randomInt } from 'node:crypto'
import { type AddressInfo, type Server, connect, createServer } from 'node:net'

import { Level } from 'level'

import { directoryBytes } from './disk.ts'
import { LogLink, type LinkTraffic } from './log-link.ts'
import { type Author, Log, type LogVector, newAuthor } from './log.ts'
import { nowUs, residentBytes, serve } from './serve.ts'
import { sleep, until } from './waiting.ts'

export interface LogOpen {
  readonly directory: string
  /** Messages that one signature vouches for: 1 is the floor. */
  readonly run: number
  readonly bytes: number
  /** Answers with its own messages only: where all are linked to all, nothing comes twice. */
  readonly ownOnly?: boolean
}

/** The state of the link of a replica that has one. */
export interface LogAnswer extends LinkTraffic {
  /** Since when it is up. */
  readonly us: number
  /** Messages held. */
  readonly count: number
}

export interface Arrival {
  readonly us: number
  readonly sentUs: number
}

const WAIT_MS = 60_000
const END = Buffer.alloc(0)

class Replica {
  readonly links = new Set<LogLink>()
  arrivals: Arrival[] = []
  /** Answers that came to their end. */
  ends = 0
  /** When a digest equal to our own came, everything asked for being here. */
  equalUs = 0
  linkUs = 0
  /** When the last answer was durable. */
  endedUs = 0
  readonly #author: Author = newAuthor()
  readonly #open: LogOpen
  readonly #log: Log
  #server: Server | undefined
  #theirs = ''
  /** Has asked everybody: whoever comes later is asked too, as a dialler knows of a link before the listener. */
  #asking = false

  constructor(open: LogOpen, log: Log) {
    this.#open = open
    this.#log = log
  }

  get count(): number {
    return this.#log.count
  }

  async appendEach(count: number): Promise<number> {
    const all = this.bodies(count)
    return timed(count, async () => {
      for (const body of all) await this.#log.append(this.#author, body)
    })
  }

  async appendAll(count: number): Promise<number> {
    const all = this.bodies(count)
    return timed(count, async () => {
      this.#log.appendAll(this.#author, all)
      await this.#log.flush()
    })
  }

  async write({ authors, texts }: { authors: number; texts: number }): Promise<void> {
    for (let each = 0; each < authors; each++) {
      this.#log.appendAll(newAuthor(), this.bodies(texts))
      await this.#log.flush()
    }
  }

  async listen(): Promise<number> {
    const server = createServer((socket) => {
      this.linkUs = nowUs()
      this.#adopt(socket)
    })
    this.#server = server
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port
  }

  async dial(port: number): Promise<void> {
    const socket = connect({ port, host: '127.0.0.1' })
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('error', reject)
    })
    this.linkUs = nowUs()
    this.#adopt(socket)
  }

  hangUp(): void {
    for (const link of this.links) link.close()
    this.links.clear()
    this.#asking = false
  }

  forget(): void {
    this.arrivals = []
    this.#asking = false
  }

  /** Asks everybody for what is missing. Their digest stays: who asked first may have told it. */
  ask(): void {
    this.ends = 0
    this.endedUs = 0
    this.equalUs = 0
    this.#asking = true
    for (const link of this.links) this.#ask(link)
  }

  #ask(link: LogLink): void {
    link.send('V', Buffer.from(JSON.stringify(this.#log.vector())))
  }

  /** Writes one message and pushes it. */
  say(): void {
    const frames = this.#log.appendAll(this.#author, this.bodies(1))
    for (const frame of frames) for (const link of this.links) link.send('F', frame)
  }

  /** Writes many at once and pushes them all. */
  async burst(count: number): Promise<number> {
    const all = this.bodies(count)
    const startedUs = nowUs()
    for (const frame of this.#log.appendAll(this.#author, all)) {
      for (const link of this.links) link.send('F', frame)
    }
    await this.#log.flush()
    return startedUs
  }

  /** When so many had come and were durable. */
  async arrived(count: number): Promise<number> {
    await until(() => this.arrivals.length >= count, WAIT_MS)
    const lastUs = this.arrivals.at(-1)?.us ?? 0
    const startedUs = nowUs()
    await this.#log.flush()
    return lastUs + (nowUs() - startedUs)
  }

  async close(): Promise<number> {
    this.hangUp()
    this.#server?.close()
    await this.#log.close()
    return directoryBytes(this.#open.directory)
  }

  bodies(count: number): Buffer[] {
    return Array.from({ length: count }, () => {
      const body = randomFillSync(Buffer.alloc(this.#open.bytes))
      body.writeDoubleBE(nowUs())
      return body
    })
  }

  #adopt(socket: ConstructorParameters<typeof LogLink>[0]): void {
    const link = new LogLink(socket, (kind, content) => {
      if (kind === 'F') this.#admit(content)
      else if (kind === 'V') void this.#answer(link, content)
      else if (kind === 'E') void this.#ended(link)
      else this.#compare(content.toString('latin1'))
    })
    this.links.add(link)
    if (this.#asking) this.#ask(link)
    socket.once('close', () => this.links.delete(link))
  }

  #admit(frame: Buffer): void {
    const count = this.#log.admit(frame)
    const us = nowUs()
    for (let index = 0, offset = 70; index < count; index++) {
      this.arrivals.push({ us, sentUs: frame.readDoubleBE(offset + 2) })
      offset += 2 + frame.readUInt16BE(offset)
    }
  }

  async #answer(link: LogLink, vector: Buffer): Promise<void> {
    const asked = JSON.parse(vector.toString()) as LogVector
    const only = this.#open.ownOnly === true ? this.#author.id.toString('hex') : undefined
    for await (const frame of this.#log.lacking(asked, only)) {
      if (!link.send('F', frame)) await link.drained()
    }
    link.send('E', END)
  }

  /** The one sync at the end, then both can compare. */
  async #ended(link: LogLink): Promise<void> {
    await this.#log.flush()
    this.ends += 1
    this.endedUs = nowUs()
    link.send('D', Buffer.from(this.#digest(), 'latin1'))
    this.#compare(this.#theirs)
  }

  #compare(theirs: string): void {
    this.#theirs = theirs
    if (this.equalUs === 0 && this.ends > 0 && theirs === this.#digest()) this.equalUs = nowUs()
  }

  #digest(): string {
    const entries = Object.entries(this.#log.vector()).sort(([a], [b]) => (a < b ? -1 : 1))
    return createHash('sha256').update(JSON.stringify(entries)).digest('hex')
  }
}

/** Messages a second. */
async function timed(count: number, work: () => Promise<void>): Promise<number> {
  const startedUs = nowUs()
  await work()
  return (count * 1e6) / (nowUs() - startedUs)
}

let puts: Level<Buffer, Buffer> | undefined
let put = 0

/** How many synced puts of one message each a second. */
async function syncedPuts({ directory, count }: { directory: string; count: number }) {
  puts ??= new Level(directory, { keyEncoding: 'buffer', valueEncoding: 'buffer' })
  const database = puts
  await database.open()
  const value = randomFillSync(Buffer.alloc(300))
  return timed(count, async () => {
    for (let each = 0; each < count; each++) {
      const key = Buffer.alloc(8)
      key.writeUInt32BE(put++)
      await database.put(key, value, { sync: true })
    }
  })
}

let replica: Replica | undefined

function here(): Replica {
  if (replica === undefined) throw new Error('not open')
  return replica
}

async function close(): Promise<number> {
  const bytes = await replica?.close()
  await puts?.close()
  replica = undefined
  return bytes ?? 0
}

serve({
  syncedPuts,
  open: async (open: LogOpen) => {
    replica = new Replica(open, await Log.open(open.directory, open.run))
  },
  close,
  stop: close,
  resident: () => residentBytes(),
  appendEach: (count: number) => here().appendEach(count),
  appendAll: (count: number) => here().appendAll(count),
  write: (size: { authors: number; texts: number }) => here().write(size),
  listen: () => here().listen(),
  dial: (port: number) => here().dial(port),
  hangUp: () => here().hangUp(),
  ask: () => here().ask(),
  ended: async () => {
    await until(() => here().endedUs > 0, WAIT_MS)
    return here().endedUs
  },
  equal: async () => {
    await until(() => here().equalUs > 0, WAIT_MS)
    return here().equalUs
  },
  link: () => ({ us: here().linkUs, ...[...here().links][0]?.traffic(), count: here().count }),
  talk: async ({ count, everyMs }: { count: number; everyMs: number }) => {
    await sleep(randomInt(everyMs))
    for (let said = 0; said < count; said++) {
      here().say()
      await sleep(everyMs)
    }
  },
  burst: (count: number) => here().burst(count),
  arrived: (count: number) => here().arrived(count),
  latencies: () => here().arrivals.map(({ us, sentUs }) => us - sentUs),
  forget: () => here().forget(),
})
