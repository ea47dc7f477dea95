// Repeatable pseudo-random numbers for simulations, jitter and tests. Never for keys.
// The same seed gives the same numbers on every machine; a forked stream depends only on the seed
// and its label, so drawing from one stream never shifts another.
// The generator is sfc32 (Chris Doty-Humphrey, PractRand); the seeding hash is our own.

import { utf8 } from './bytes.ts'

/** A repeatable stream of random numbers with independent, named sub-streams. */
export class SeededRandom {
  readonly #seed: string
  readonly #state: Uint32Array

  /** @param seed any text or number; equal seeds give equal streams */
  constructor(seed: string | number) {
    this.#seed = String(seed)
    this.#state = stateFrom(this.#seed)
    for (let round = 0; round < 12; round++) this.u32()
  }

  /** An integer in 0 .. 2^32-1. */
  u32(): number {
    const state = this.#state
    const [a = 0, b = 0, c = 0, counter = 0] = state
    const drawn = (a + b + counter) >>> 0
    state[0] = b ^ (b >>> 9)
    state[1] = c + (c << 3)
    state[2] = ((c << 21) | (c >>> 11)) + drawn
    state[3] = counter + 1
    return drawn
  }

  /** An integer in 0 .. bound-1, each equally likely; `bound` is in 1 .. 2^32. */
  below(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > 0x1_0000_0000) {
      throw new RangeError(`not a bound in 1 .. 2^32: ${bound}`)
    }
    // Draws from the ragged end of the range are thrown away, or small values would be likelier.
    const fair = 0x1_0000_0000 - (0x1_0000_0000 % bound)
    for (;;) {
      const drawn = this.u32()
      if (drawn < fair) return drawn % bound
    }
  }

  /** A number in [0, 1) with 53 random bits. */
  float(): number {
    return ((this.u32() >>> 5) * 0x400_0000 + (this.u32() >>> 6)) / 0x20_0000_0000_0000
  }

  /** That many random bytes. */
  bytes(length: number): Uint8Array {
    const drawn = new Uint8Array(length)
    for (let index = 0; index < length; index += 4) {
      const word = this.u32()
      for (let lane = 0; lane < 4 && index + lane < length; lane++) {
        drawn[index + lane] = word >>> (8 * lane)
      }
    }
    return drawn
  }

  /** A shuffled copy (Fisher and Yates); the given array stays as it is. */
  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items]
    for (let place = shuffled.length - 1; place > 0; place--) {
      const other = this.below(place + 1)
      const held = shuffled[place] as T
      shuffled[place] = shuffled[other] as T
      shuffled[other] = held
    }
    return shuffled
  }

  /** A stream of its own for a label, the same however much was drawn here before. */
  fork(label: string): SeededRandom {
    return new SeededRandom(`${this.#seed.length}:${this.#seed}/${label}`)
  }
}

/** Four words from a seed: one multiply-and-mix lane each over the bytes, then crossed. */
function stateFrom(seed: string): Uint32Array {
  const bytes = utf8(seed)
  const lanes = Uint32Array.of(0x9e3779b9, 0x243f6a88, 0xb7e15162, 0x6a09e667)
  for (let lane = 0; lane < 4; lane++) {
    let mixed = (lanes[lane] ?? 0) ^ bytes.length
    for (const byte of bytes) {
      mixed = Math.imul(mixed ^ byte, 0x85ebca6b)
      mixed = (mixed << 13) | (mixed >>> 19)
    }
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0xc2b2ae35)
    lanes[lane] = mixed ^ (mixed >>> 15)
  }
  lanes[3] = 1
  return lanes
}
