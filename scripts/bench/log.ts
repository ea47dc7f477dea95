// The floor and the reachable limit: one signed, hash-chained log per author in LevelDB, and nothing
// else. No encryption, no membership, no causal order. `run` 1 signs and checks every message (the
// floor); `run` 256 lets one signature vouch for up to 256 messages of one author (the chain).
//   frame  [author 32, u32 first counter, prev 32, u16 count, (u16 bytes, body)*, sig 64]
//   stored [prev 32, u16 bytes, body, sig 64 or nothing] under [author 8, u32 counter]

import {
  type KeyObject,
  createPublicKey,
  generateKeyPairSync,
  hash,
  sign,
  verify,
} from 'node:crypto'

import { Level } from 'level'

const SIGNATURE_BYTES = 64
const BATCH_MESSAGES = 256
const VECTOR_KEY = Buffer.alloc(1, 0xff)
const options = { keyEncoding: 'buffer', valueEncoding: 'buffer' }

export interface Author {
  readonly id: Buffer
  readonly key: KeyObject
}

/** How many messages are held of each author, and the id of the last; authors in hex. */
export type LogVector = Readonly<Record<string, { readonly next: number; readonly id: string }>>

interface Tip {
  next: number
  id: Buffer
}

interface Put {
  readonly type: 'put'
  readonly key: Buffer
  readonly value: Buffer
}

export function newAuthor(): Author {
  const { privateKey: key } = generateKeyPairSync('ed25519')
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' })
  return { key, id: Buffer.from(x, 'base64url') }
}

export class Log {
  readonly #database: Level<Buffer, Buffer>
  readonly #run: number
  readonly #tips = new Map<string, Tip>()
  readonly #keys = new Map<string, KeyObject>()
  #waiting: Put[] = []
  #written: Promise<void> = Promise.resolve()

  private constructor(database: Level<Buffer, Buffer>, run: number) {
    this.#database = database
    this.#run = run
  }

  static async open(directory: string, run: number): Promise<Log> {
    const log = new Log(new Level<Buffer, Buffer>(directory, options), run)
    await log.#database.open()
    const saved = await log.#database.get(VECTOR_KEY)
    const vector = JSON.parse(saved?.toString() ?? '{}') as LogVector
    for (const [author, { next, id }] of Object.entries(vector)) {
      log.#tips.set(author, { next, id: Buffer.from(id, 'hex') })
    }
    return log
  }

  vector(): LogVector {
    const entries = [...this.#tips].map(([author, { next, id }]) => {
      return [author, { next, id: id.toString('hex') }] as const
    })
    return Object.fromEntries(entries)
  }

  get count(): number {
    return [...this.#tips.values()].reduce((sum, tip) => sum + tip.next, 0)
  }

  /** One message, signed and written without a sync before this resolves. */
  async append(author: Author, body: Buffer): Promise<void> {
    for (const { key, value } of this.#sign(author, [body])) await this.#database.put(key, value)
  }

  /** Many messages, signed in runs; durable after `flush`. Returns a frame for each run. */
  appendAll(author: Author, bodies: readonly Buffer[]): Buffer[] {
    const frames: Buffer[] = []
    for (let at = 0; at < bodies.length; at += this.#run) {
      const first = this.#tip(author.id).next
      const puts = this.#sign(author, bodies.slice(at, at + this.#run))
      const values = puts.map(({ value }) => value)
      frames.push(frameOf(author.id, first, values))
      this.#keep(puts)
    }
    return frames
  }

  /** Checks a frame and takes its messages in; durable after `flush`. */
  admit(frame: Buffer): number {
    const id = frame.subarray(0, 32)
    const first = frame.readUInt32BE(32)
    const count = frame.readUInt16BE(68)
    const signature = frame.subarray(frame.length - SIGNATURE_BYTES)
    const tip = this.#tip(id)
    let prev = frame.subarray(36, 68)
    if (tip.next !== first || !tip.id.equals(prev)) throw new Error('not the next message')
    const puts: Put[] = []
    for (let index = 0, offset = 70; index < count; index++) {
      const end = offset + 2 + frame.readUInt16BE(offset)
      const content = frame.subarray(offset, end)
      const parts = index === count - 1 ? [prev, content, signature] : [prev, content]
      puts.push({ type: 'put', key: keyOf(id, first + index), value: Buffer.concat(parts) })
      prev = idOf(id, first + index, prev, content)
      offset = end
    }
    if (!verify(null, prev, this.#keyOf(id), signature)) throw new Error('a bad signature')
    tip.next = first + count
    tip.id = prev
    this.#keep(puts)
    return count
  }

  /** Everything that a vector lacks, in frames; `only`: of one author. */
  async *lacking(vector: LogVector, only?: string): AsyncGenerator<Buffer> {
    for (const [author, tip] of this.#tips) {
      if (only !== undefined && author !== only) continue
      const from = vector[author]?.next ?? 0
      const id = Buffer.from(author, 'hex')
      const rows = this.#database.iterator({ gte: keyOf(id, from), lt: keyOf(id, tip.next) })
      let run: Buffer[] = []
      let first = from
      for (let some = await rows.nextv(1_000); some.length > 0; some = await rows.nextv(1_000)) {
        for (const [, value] of some) {
          run.push(value)
          if (!isSigned(value)) continue
          yield frameOf(id, first, run)
          first += run.length
          run = []
        }
      }
      await rows.close()
    }
  }

  /** Makes everything durable: the one sync at the end. */
  async flush(): Promise<void> {
    const value = Buffer.from(JSON.stringify(this.vector()))
    this.#waiting.push({ type: 'put', key: VECTOR_KEY, value })
    this.#send(true)
    await this.#written
  }

  async close(): Promise<void> {
    await this.flush()
    await this.#database.close()
  }

  #sign({ id, key }: Author, bodies: readonly Buffer[]): Put[] {
    const tip = this.#tip(id)
    return bodies.map((body, index): Put => {
      const content = Buffer.concat([uint16(body.length), body])
      const next = idOf(id, tip.next, tip.id, content)
      const signature = index === bodies.length - 1 ? [sign(null, next, key)] : []
      const value = Buffer.concat([tip.id, content, ...signature])
      const put = { type: 'put', key: keyOf(id, tip.next), value } as const
      tip.id = next
      tip.next += 1
      return put
    })
  }

  #keep(puts: readonly Put[]): void {
    this.#waiting.push(...puts)
    if (this.#waiting.length >= BATCH_MESSAGES) this.#send(false)
  }

  #send(sync: boolean): void {
    const puts = this.#waiting
    this.#waiting = []
    this.#written = this.#written.then(() => this.#database.batch(puts, { sync }))
  }

  #tip(id: Buffer): Tip {
    const author = id.toString('hex')
    const known = this.#tips.get(author)
    if (known !== undefined) return known
    const tip = { next: 0, id: Buffer.alloc(32) }
    this.#tips.set(author, tip)
    return tip
  }

  #keyOf(id: Buffer): KeyObject {
    const author = id.toString('hex')
    const known = this.#keys.get(author)
    if (known !== undefined) return known
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: id.toString('base64url') }
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    this.#keys.set(author, key)
    return key
  }
}

function frameOf(author: Buffer, first: number, values: readonly Buffer[]): Buffer {
  const prev = values[0]?.subarray(0, 32) ?? Buffer.alloc(32)
  const contents = values.map((value) => value.subarray(32, 34 + value.readUInt16BE(32)))
  const signature = values.at(-1)?.subarray(-SIGNATURE_BYTES) ?? Buffer.alloc(0)
  return Buffer.concat([author, uint32(first), prev, uint16(values.length), ...contents, signature])
}

function isSigned(value: Buffer): boolean {
  return value.length > 34 + value.readUInt16BE(32)
}

function idOf(author: Buffer, counter: number, prev: Buffer, content: Buffer): Buffer {
  return hash('sha256', Buffer.concat([author, uint32(counter), prev, content]), 'buffer')
}

function keyOf(author: Buffer, counter: number): Buffer {
  return Buffer.concat([author.subarray(0, 8), uint32(counter)])
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
