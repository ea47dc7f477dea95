/**
 * What the Metas held here come to: folded anew when somebody asks after one came. They are few, and
 * texts are many: reading a text costs three look-ups.
 */
import type { Maxima, MetaState } from '../meta/fold.ts'
import { foldMeta, stateOf } from '../meta/fold.ts'
import type { Replica } from './state.ts'

/** The writes that count, by key. */
export const metaMaxima = (replica: Replica): Maxima => {
  const { meta } = replica
  meta.maxima ??= foldMeta(meta.held)
  return meta.maxima
}

export const metaState = (replica: Replica): MetaState => {
  const { meta } = replica
  meta.state ??= stateOf(metaMaxima(replica))
  return meta.state
}

/** What the group is called now. */
export const groupName = (replica: Replica): string =>
  metaState(replica).name ?? replica.constitution.name
