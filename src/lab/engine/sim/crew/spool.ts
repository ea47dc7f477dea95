// What a population told, kept until all others have told theirs: lines, packed in blocks, so that
// millions of facts take little room and cross from one thread to another without being copied.

import { deflateRawSync, inflateRawSync } from 'node:zlib'

import { text, utf8 } from '../../../../base/bytes.ts'
import type { Fact } from '../../../trace/event.ts'

/** A fact with its time and node. */
export interface Told {
  readonly t: number
  readonly n: number
  readonly fact: Fact
}

/** Characters gathered before they are packed. */
const BLOCK_LENGTH = 262_144
/** Lines are alike: the fastest level makes them a tenth. */
const LEVEL = 1

export class Spool {
  readonly #keep: (block: Uint8Array) => void
  #open = ''

  /** @param keep gets each block once it is packed */
  constructor(keep: (block: Uint8Array) => void) {
    this.#keep = keep
  }

  add(t: number, n: number, fact: Fact): void {
    this.#open += `${JSON.stringify([t, n, fact])}\n`
    if (this.#open.length >= BLOCK_LENGTH) this.seal()
  }

  /** Packs what is open. */
  seal(): void {
    if (this.#open === '') return
    this.#keep(deflateRawSync(utf8(this.#open), { level: LEVEL }))
    this.#open = ''
  }
}

/** What is in blocks, in order; one of them is unpacked at a time. */
export function* unspool(blocks: Iterable<Uint8Array>): Generator<Told> {
  for (const block of blocks) {
    for (const line of (text(inflateRawSync(block)) ?? '').split('\n')) {
      if (line === '') continue
      const [t, n, fact] = JSON.parse(line) as [number, number, Fact]
      yield { t, n, fact }
    }
  }
}
