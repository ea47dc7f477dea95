// Whether two engines tell the same of one scenario: counts of what went wrong exactly, times of healing
// within a factor of two. What differs is told with both figures, so that a reader can judge the model.

import type { MetricsByPhase } from '../measure/measure.ts'

export interface Disagreement {
  readonly phase: string
  readonly metric: string
  readonly model: number
  readonly real: number
}

const exact = ['lost', 'undecryptable', 'converged']
const factor = ['heal_link', 'heal_view', 'heal_key', 'heal_data', 'heal_read']
const FACTOR_MAX = 2
/** Below it neither clock nor scheduler of a real machine says anything. */
const NOISE_MS = 250

/** What two engines said of one protocol. */
export interface Agreement {
  /** Figures that both have. */
  readonly compared: number
  readonly disagreements: readonly Disagreement[]
}

/** Whether a phase ends with the run, at rest: in the middle of talk it is by chance who holds what already. */
const endsAtRest = (phase: string): boolean => phase === 'all' || phase.startsWith('after-')

const namesOf = (phase: string): string[] =>
  [...exact, ...factor].filter((metric) => metric !== 'converged' || endsAtRest(phase))

export function agreementOf(model: MetricsByPhase, real: MetricsByPhase): Agreement {
  const compared = Object.entries(model).flatMap(([phase, metrics]) =>
    namesOf(phase).filter((metric) => metric in metrics && metric in (real[phase] ?? {})),
  )
  return { compared: compared.length, disagreements: disagreements(model, real) }
}

/** @param model mostly the simulator @param real nodes in real time */
export function disagreements(model: MetricsByPhase, real: MetricsByPhase): Disagreement[] {
  return Object.entries(model).flatMap(([phase, metrics]) =>
    namesOf(phase).flatMap((metric): Disagreement[] => {
      const [one, other] = [metrics[metric], real[phase]?.[metric]]
      if (one === undefined || other === undefined) return []
      const same = exact.includes(metric) ? Object.is(one, other) : isNear(one, other)
      return same ? [] : [{ phase, metric, model: one, real: other }]
    }),
  )
}

export const isOfCounts = ({ metric }: Disagreement): boolean => exact.includes(metric)

function isNear(one: number, other: number): boolean {
  const [less, more] = [Math.min(one, other), Math.max(one, other)]
  return more <= FACTOR_MAX * less || more - less <= NOISE_MS
}
