/**
 * How the last messages came here: by whose hand, when, from whom. Kept in memory only, as nothing of
 * the protocol asks for it: after a start it is not known any more, and `why` says so.
 */
import { ARRIVALS_REMEMBERED } from '../../base/limits.ts'
import { Lru } from '../../base/lru.ts'
import type { PeerId } from '../input.ts'
import type { Hex } from '../message/header.ts'
import type { Turn } from '../turn.ts'
import type { Source } from './source.ts'

export interface Came {
  readonly how: Source['how']
  /** Empty for one's own. */
  readonly from: PeerId
  /** Wall ms. */
  readonly atMs: number
}

export type Arrivals = Lru<Hex, Came>

export const createArrivals = (): Arrivals => new Lru(ARRIVALS_REMEMBERED)

export const noteCame = (turn: Turn, arrivals: Arrivals, id: Hex, source: Source): void =>
  arrivals.set(id, {
    how: source.how,
    from: source.from,
    atMs: Math.floor(turn.env.wallMs),
  })
