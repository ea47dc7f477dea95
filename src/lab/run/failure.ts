// What failed in an experiment, as something that can be looked for again in another: the first broken
// check of a protocol that is judged, else the first expectation that was not met.

import { protocolOf } from '../protocol/registry.ts'
import type { Expectation } from '../scenario/materialised.ts'
import type { Experiment } from './experiment.ts'

export interface Failure {
  /** As the protocol is called. */
  readonly protocol: string
  readonly check?: string
  readonly expectation?: Expectation
  /** For people. */
  readonly what: string
}

export function failureOf(one: Experiment): Failure | undefined {
  const { protocol, use, checks, expectations } = one
  const broken = checks.find(({ held }) => held === 'false')
  if (broken !== undefined && protocolOf(use.use).judged) {
    return { protocol, check: broken.id, what: `${broken.id} ${broken.title}` }
  }
  const unmet = expectations.find(({ verdict }) => verdict === 'fail')
  if (unmet === undefined) return undefined
  const { for: name, phase, that, why } = unmet
  const expectation = { for: name, phase, that, why }
  return { protocol, expectation, what: `${phase}: ${that}` }
}

/** Whether an experiment fails in the same way. */
export function failsAgain({ check, expectation }: Failure, one: Experiment): boolean {
  if (check !== undefined)
    return one.checks.some(({ id, held }) => id === check && held === 'false')
  return one.expectations.some(
    ({ that, phase, verdict }) =>
      that === expectation?.that && phase === expectation.phase && verdict === 'fail',
  )
}
