// The names that formulas may use: fixed ones, and three that end in a label. One list for the check of
// scenarios before a run and for the metrics after it.

/** What is told of a whole phase. */
export const metricNames = [
  'converged',
  'lost',
  'undecryptable',
  'withdrawn',
  'heads',
  'ops',
  'heal_link',
  'heal_view',
  'heal_key',
  'heal_data',
  'heal_read',
  'A_all',
  'U_all',
  'Hc_all',
] as const

export type MetricName = (typeof metricNames)[number]

/** Each with what it means: also the legend of the report. */
export const meanings: Readonly<Record<MetricName, string>> = Object.freeze({
  converged: 'whether all running members hold, order and key the same when the phase ends',
  lost: 'messages accepted in the phase that some entitled member never got by the end of the run',
  undecryptable: 'copies of them that were held and never opened by a member they were meant for',
  withdrawn: 'messages of the phase taken back because their author had been removed elsewhere',
  heads: 'distinct epochs in force among running members when the phase ends',
  ops: 'operations that were counted',
  heal_link: 'from the heal until something crossed between all parts that were cut',
  heal_view: 'from the heal until all running members agree who belongs',
  heal_key: 'from the heal until they are all on the same epochs',
  heal_data: 'from the heal until all hold whatever was accepted before it',
  heal_read: 'from the heal until all can read it',
  A_all: 'share of sends that were accepted within the deadline',
  U_all: 'share that were also shown to all members reachable throughout within the deadline',
  Hc_all: 'of what could have arrived over the links that there were, the share that was shown',
})

/** Prefixes of metrics of the nodes of a label. */
export const labelled = ['A', 'U', 'Hc'] as const

/** Whether formulas of a scenario with these labels may use the name. */
export function isMetric(name: string, labels: readonly string[]): boolean {
  if ((metricNames as readonly string[]).includes(name)) return true
  return labelled.some((prefix) => labels.some((label) => name === `${prefix}_${label}`))
}
