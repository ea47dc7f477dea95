// Counters and gauges for Prometheus, made when first used under names that the rules of
// https://prometheus.io/docs/practices/naming/ ask for. Series cannot grow without bound: beyond a
// fixed number of labels of one counter, further labels are counted together as `other`.

import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client'

/** Labels that one counter tells apart. */
const LABELS_MAX = 128

const PREFIX = 'coterie_'

export interface Metrics {
  count(name: string, label: string | undefined, by: number): void
  gauge(name: string, value: number): void
  /** Everything in the text format of Prometheus, with its content type. */
  scrape(): Promise<{ readonly contentType: string; readonly text: string }>
}

export interface MetricsOptions {
  /** Whether figures of the process itself are included. Default: true. */
  readonly process?: boolean
}

interface Counted {
  readonly counter: Counter
  readonly labels: Set<string>
}

/** Makes an empty set of metrics with a registry of its own. */
export function createMetrics(options: MetricsOptions = {}): Metrics {
  const registry = new Registry()
  const counters = new Map<string, Counted>()
  const gauges = new Map<string, Gauge>()
  if (options.process !== false) collectDefaultMetrics({ register: registry })

  function counted(name: string): Counted {
    const known = counters.get(name)
    if (known !== undefined) return known
    const spelled = `${PREFIX}${snake(name)}_total`
    const help = `Count of ${words(name)} since start.`
    const labelNames = ['label']
    const counter = new Counter({ name: spelled, help, labelNames, registers: [registry] })
    const made = { counter, labels: new Set<string>() }
    counters.set(name, made)
    return made
  }

  function gaugeOf(name: string): Gauge {
    const known = gauges.get(name)
    if (known !== undefined) return known
    const help = `Current ${words(name)}.`
    const made = new Gauge({ name: PREFIX + snake(name), help, registers: [registry] })
    gauges.set(name, made)
    return made
  }

  return {
    count(name, label, by) {
      const { counter, labels } = counted(name)
      if (label === undefined) return counter.inc(by)
      if (!labels.has(label) && labels.size < LABELS_MAX) labels.add(label)
      counter.inc({ label: labels.has(label) ? label : 'other' }, by)
    },
    gauge: (name, value) => gaugeOf(name).set(value),
    scrape: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  }
}

function snake(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_]/g, '_')
}

function words(name: string): string {
  return name.replaceAll(/[-_]/g, ' ')
}
