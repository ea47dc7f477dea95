/**
 * What a replica only watches: attestations that are owed, splits and heals, signs of life, complaints,
 * statements that cannot be true. None of it changes what is valid, held or shown.
 */
import type { Attesting } from '../attestation/due.ts'
import { createAttesting } from '../attestation/due.ts'
import type { Complaints } from '../election/complaints.ts'
import type { Hex } from '../message/header.ts'
import type { Presences } from './presences.ts'
import { createPresences } from './presences.ts'
import type { Splits } from './splits.ts'
import { createSplits } from './splits.ts'
import type { Withholding } from './withholding.ts'

export interface Watched {
  /** Which attestations this member owes. */
  readonly attesting: Attesting
  /** Who was lost together, and how the last heal went. */
  readonly splits: Splits
  /** Signs of life of leaders. */
  readonly presences: Presences
  /** Leaders whose epochs did not open for somebody. */
  readonly complaints: Complaints
  /** Members of whom a statement is kept that cannot be true. */
  readonly contradictions: Set<Hex>
  /** What peers say to hold and have not given. */
  readonly withholding: Withholding
}

export const nothingWatched = (): Watched => ({
  attesting: createAttesting(),
  splits: createSplits(),
  presences: createPresences(),
  complaints: new Map(),
  contradictions: new Set(),
  withholding: new Map(),
})
