// Where rows wait that left memory while an archive is verified: in memory while they are few, then in a
// database in a directory of its own that is gone afterwards. It holds no secret: headers without bodies.

import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openLevelStore } from '../adapters/level/store.ts'
import { Rows } from '../adapters/memory/rows.ts'
import type { Range } from '../core/effect.ts'
import type { Entry } from '../core/input.ts'
import type { Store, Write } from '../ports/store.ts'

/** Rows that wait in memory, at most. */
const WAITING_ROWS_MAX = 8_192

export class Scratch {
  readonly #parent: string
  #waiting = new Rows()
  #location: string | undefined
  #store: Store | undefined

  /** @param parent a directory for temporary files */
  constructor(parent: string) {
    this.#parent = parent
  }

  /** Whether anything was written to the disk. */
  get spilled(): boolean {
    return this.#store !== undefined
  }

  async put(rows: readonly Write[]): Promise<void> {
    this.#waiting.apply(rows)
    if (this.#waiting.size >= WAITING_ROWS_MAX) await this.#spill()
  }

  /** One list per range. */
  async read(ranges: readonly Range[]): Promise<Entry[][]> {
    if (this.#store === undefined) return ranges.map((range) => this.#waiting.read(range))
    if (this.#waiting.size > 0) await this.#spill()
    const store = this.#store
    return new Promise((resolve, reject) => {
      store.read(ranges, (error, results) => {
        if (error === undefined) resolve(results)
        else reject(error)
      })
    })
  }

  /** Removes everything. */
  async close(): Promise<void> {
    const [store, location] = [this.#store, this.#location]
    this.#store = undefined
    if (store !== undefined) await new Promise<void>((resolve) => store.close(() => resolve()))
    if (location !== undefined) await rm(location, { recursive: true, force: true })
  }

  async #spill(): Promise<void> {
    this.#location ??= await mkdtemp(join(this.#parent, 'coterie-verify-'))
    this.#store ??= await openLevelStore({ location: join(this.#location, 'rows') })
    const store = this.#store
    const rows: Write[] = this.#waiting.all().map(({ key, value }) => ({ key, value }))
    this.#waiting = new Rows()
    await new Promise<void>((resolve, reject) => {
      store.write(rows, (error) => (error === undefined ? resolve() : reject(error)))
    })
  }
}
