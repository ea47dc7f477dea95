// What other tools read of a run: Perfetto's trace events, ShiViz's log and a history of operations, made
// by a short run with a split and checked by the rules of those tools.

import { expect, test } from 'vitest'

import { sim } from '../../../../src/lab/engine/sim/sim.ts'
import { History, type HistoryEntry } from '../../../../src/lab/export/history.ts'
import { Perfetto, type PerfettoEvent } from '../../../../src/lab/export/perfetto.ts'
import { Shiviz } from '../../../../src/lab/export/shiviz.ts'
import { experiment } from '../../../../src/lab/run/experiment.ts'
import { materialise } from '../../../../src/lab/scenario/materialise.ts'
import { ScenarioSource } from '../../../../src/lab/scenario/source.ts'
import type { Fact } from '../../../../src/lab/trace/event.ts'
import { text } from '../run/short-split.ts'

const { materialised: scenario } = materialise(new ScenarioSource('exports', text).parse())
const use = scenario.protocols.find(({ as }) => as === 'coterie')
if (use === undefined) throw new Error('no protocol')
const made = { perfetto: new Perfetto(scenario), shiviz: new Shiviz(), history: new History(4) }
const readers = [made.perfetto, made.shiviz, made.history]
const { signal } = new AbortController()
const run = await experiment({
  ...{ scenario, use, engine: sim, level: 'digest', signal, readers },
  progress: () => {},
})

test('Perfetto: every event has its place, spans do not run backwards, every arrow has two ends', () => {
  const { traceEvents, displayTimeUnit } = JSON.parse(made.perfetto.text()) as {
    traceEvents: PerfettoEvent[]
    displayTimeUnit: string
  }
  expect(displayTimeUnit).toBe('ms')
  const names = new Map(
    traceEvents
      .filter(({ ph, name }) => ph === 'M' && name === 'thread_name')
      .map(({ pid, tid, args }) => [`${pid} ${tid}`, args?.['name']]),
  )
  const sides = traceEvents.filter(({ ph, name }) => ph === 'M' && name === 'process_name')
  expect(sides.map(({ args }) => args?.['name'])).toEqual(['faults', 'side 1', 'side 2'])
  for (const { ph, pid, tid, ts, dur } of traceEvents.filter((one) => one.ph !== 'M')) {
    expect(names.has(`${pid} ${tid}`)).toBe(true)
    expect(ts).toBeGreaterThanOrEqual(0)
    if (ph === 'X') expect(dur).toBeGreaterThanOrEqual(0)
  }
  const from = traceEvents.filter(({ ph }) => ph === 's')
  const to = new Map(traceEvents.filter(({ ph }) => ph === 'f').map((one) => [one.id, one]))
  expect(from.length).toBeGreaterThan(20)
  expect(to.size).toBe(from.length)
  for (const { id, ts = 0 } of from) expect(to.get(id)?.ts).toBeGreaterThanOrEqual(ts)
  // An arrow holds on to a span that is there at its moment.
  for (const { pid, tid, ts = 0 } of [...from, ...to.values()]) {
    const under = traceEvents.some(
      (one) => one.ph === 'X' && one.pid === pid && one.tid === tid && one.ts === ts,
    )
    expect(under).toBe(true)
  }
  expect(traceEvents.some(({ name, ph }) => ph === 'X' && name === 'split, verified')).toBe(true)
  expect(traceEvents.some(({ name, ph }) => ph === 'X' && name.startsWith('epoch '))).toBe(true)
})

interface Logged {
  readonly host: string
  readonly clock: Readonly<Record<string, number>>
  readonly event: string
}

function parsed(log: string): Logged[] {
  const [pattern = '', delimiter, ...rest] = log.split('\n')
  expect(delimiter).toBe('')
  const body = rest.join('\n')
  const matches = [...body.matchAll(new RegExp(pattern, 'g'))]
  // Nothing is left over between events.
  expect(matches.map(([whole]) => `${whole}\n`).join('')).toBe(body)
  return matches.map(({ groups = {} }) => ({
    host: groups['host'] ?? '',
    event: groups['event'] ?? '',
    clock: JSON.parse(groups['clock'] ?? '') as Record<string, number>,
  }))
}

test('ShiViz: its own expression reads every event, and the clocks are those of a run', () => {
  const events = parsed(made.shiviz.text())
  expect(events.length).toBeGreaterThan(100)
  const last = new Map<string, Logged['clock']>()
  for (const { host, clock } of events) {
    const before = last.get(host) ?? {}
    expect(clock[host]).toBe((before[host] ?? 0) + 1)
    for (const [other, count] of Object.entries(clock)) {
      expect(count).toBeGreaterThanOrEqual(before[other] ?? 0)
      // Nobody knows more of another than has happened there.
      if (other !== host) expect(count).toBeLessThanOrEqual(last.get(other)?.[other] ?? 0)
    }
    last.set(host, clock)
  }
  const says = new Map(
    events.flatMap(({ event, host, clock }) => {
      const [, m] = /^says (\S+)/.exec(event) ?? []
      return m === undefined ? [] : [[m, { host, at: clock[host] ?? 0 }] as const]
    }),
  )
  const taken = events.flatMap(({ event, clock }) => {
    const [, m = ''] = /^takes in (\S+)/.exec(event) ?? []
    const said = says.get(m)
    return said === undefined ? [] : [(clock[said.host] ?? 0) >= said.at]
  })
  expect(taken.length).toBeGreaterThan(50)
  expect(taken.every(Boolean)).toBe(true)
})

function historyOf(text: string): HistoryEntry[] {
  return JSON.parse(text) as HistoryEntry[]
}

test('the history: whoever is asked answers before it is asked again', () => {
  const entries = historyOf(made.history.text())
  expect(entries.map(({ index }) => index)).toEqual(entries.map((_, index) => index))
  expect(entries.filter(({ type }) => type === 'invoke')).toHaveLength(
    scenario.events.filter(({ kind }) => kind === 'operation').length,
  )
  expect(run.verdict).toBe('pass')
  wellFormed(entries)
})

function wellFormed(entries: readonly HistoryEntry[]): void {
  const state = new Map<number, 'busy' | 'gone'>()
  for (const { process, type } of entries) {
    if (type === 'invoke') expect(state.get(process)).toBeUndefined()
    else expect(state.get(process)).toBe('busy')
    if (type === 'invoke') state.set(process, 'busy')
    else if (type === 'info') state.set(process, 'gone')
    else state.delete(process)
  }
}

test('of what nobody knows the outcome, its process is never heard of again', () => {
  const history = new History(2)
  const op = (id: number, phase: 'invoke' | 'ok' | 'info', f: 'send' | 'kick' = 'send'): Fact => ({
    ...{ k: 'op', id, f, phase, g: 0 },
  })
  const facts = [op(0, 'invoke'), op(1, 'invoke', 'kick'), op(0, 'info'), op(1, 'ok', 'kick')]
  const all = [...facts, op(2, 'invoke'), op(2, 'ok')]
  all.forEach((fact, i) => history.see({ i, t: i, n: 1, ...fact }))
  const entries = historyOf(history.text())
  wellFormed(entries)
  expect(entries.map(({ process }) => process)).toEqual([1, 3, 1, 3, 3, 3])
})
