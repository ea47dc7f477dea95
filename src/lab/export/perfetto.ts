// A run as trace events, for Perfetto or Chrome's tracing page: a process for each side of the first
// split, a thread for each node, spans for the epoch that is used and for being followed as the manager,
// spans for faults, marks for operations and arrows from a text to where it was read.

import type { Materialised } from '../scenario/materialised.ts'
import type { TraceEvent, TraceReader } from '../trace/event.ts'

/** Arrows beyond that are left out, and the file says so: no viewer shows more. */
const ARROWS_MAX = 20_000
/** How long the mark of a text is, so that arrows have something to hold on to. */
const MARK_US = 1_000

export interface PerfettoEvent {
  readonly name: string
  readonly ph: 'M' | 'X' | 'i' | 's' | 'f'
  readonly pid: number
  readonly tid: number
  readonly ts?: number
  readonly dur?: number
  readonly id?: number
  readonly cat?: string
  readonly s?: 't'
  readonly bp?: 'e'
  readonly args?: Readonly<Record<string, string | number>>
}

interface Open {
  readonly name: string
  readonly sinceUs: number
}

export class Perfetto implements TraceReader {
  readonly #scenario: Materialised
  readonly #events: PerfettoEvent[] = []
  readonly #epochs = new Map<number, Open>()
  readonly #managers = new Map<number, Open>()
  readonly #faults = new Map<string, Open>()
  readonly #said = new Map<string, { readonly node: number; readonly atUs: number }>()
  readonly #sideOf: readonly number[]
  #arrows = 0
  #lastUs = 0

  constructor(scenario: Materialised) {
    this.#scenario = scenario
    this.#sideOf = sidesOf(scenario)
  }

  see(event: TraceEvent): void {
    const { t, n } = event
    this.#lastUs = t
    switch (event.k) {
      case 'epoch':
        return this.#change(this.#epochs, n, `epoch ${event.sending ?? event.heads.join(' ')}`, t)
      case 'role':
        return this.#change(this.#managers, n, event.manager === n ? 'manager' : '', t)
      case 'fault':
        return this.#fault(event)
      case 'life':
        return this.#mark(event.up ? 'up' : 'down', t, n)
      case 'op':
        return this.#mark(`${event.f} ${event.id} ${event.phase}`, t, n, event.reason)
      case 'msg':
        if (!event.text) return
        this.#said.set(event.m, { node: n, atUs: t })
        return this.#span(`text ${event.m}`, t, MARK_US, n)
      case 'show':
        return this.#arrow(event.m, t, n)
      default:
    }
  }

  /** After the last event: the whole file. */
  text(): string {
    for (const node of this.#epochs.keys()) this.#change(this.#epochs, node, '', this.#lastUs)
    for (const node of this.#managers.keys()) this.#change(this.#managers, node, '', this.#lastUs)
    const left = Math.max(0, this.#arrows - ARROWS_MAX)
    const traceEvents = [...this.#names(), ...this.#events]
    const otherData = { scenario: this.#scenario.name, arrowsLeftOut: left }
    return `${JSON.stringify({ displayTimeUnit: 'ms', otherData, traceEvents })}\n`
  }

  #names(): PerfettoEvent[] {
    const sides = [...new Set(this.#sideOf)].sort((a, b) => a - b)
    const { nodes, phases } = this.#scenario
    const name = (side: number) => (side === 0 ? 'nodes' : `side ${side}`)
    const about = (what: string, pid: number, tid: number, text: string): PerfettoEvent => ({
      ...{ name: what, ph: 'M', pid, tid },
      args: { name: text },
    })
    return [
      about('process_name', RUN_PID, 0, 'faults'),
      ...phases.map((id, place) => about('thread_name', RUN_PID, place, id)),
      ...sides.map((side) => about('process_name', FIRST_PID + side, 0, name(side))),
      ...Array.from({ length: nodes }, (_, node) =>
        about('thread_name', this.#pid(node), node, `node ${node}`),
      ),
    ]
  }

  #change(open: Map<number, Open>, node: number, name: string, atUs: number): void {
    const before = open.get(node)
    if (before?.name === name) return
    if (before !== undefined && before.name !== '') {
      this.#span(before.name, before.sinceUs, atUs - before.sinceUs, node)
    }
    open.set(node, { name, sinceUs: atUs })
  }

  #fault({ id, part, state, what = '', t }: Extract<TraceEvent, { k: 'fault' }>): void {
    const name = `${id}/${part}`
    if (state === 'verified' || state === 'unverified') {
      this.#faults.set(name, { name: `${what}, ${state}`, sinceUs: t })
    }
    const open = this.#faults.get(name)
    if (state !== 'off' || open === undefined) return
    this.#faults.delete(name)
    const tid = Math.max(0, this.#scenario.phases.indexOf(id))
    const dur = t - open.sinceUs
    this.#events.push({ name: open.name, ph: 'X', pid: RUN_PID, tid, ts: open.sinceUs, dur })
  }

  #arrow(m: string, atUs: number, node: number): void {
    const said = this.#said.get(m)
    if (said === undefined || said.node === node || this.#arrows++ >= ARROWS_MAX) return
    const about = { name: 'text', cat: 'text', id: this.#arrows } as const
    this.#span(`read ${m}`, atUs, MARK_US, node)
    const from = { pid: this.#pid(said.node), tid: said.node, ts: said.atUs }
    const to = { pid: this.#pid(node), tid: node, ts: atUs }
    this.#events.push({ ...about, ph: 's', ...from }, { ...about, ph: 'f', bp: 'e', ...to })
  }

  #span(name: string, ts: number, dur: number, node: number): void {
    this.#events.push({ name, ph: 'X', pid: this.#pid(node), tid: node, ts, dur })
  }

  #mark(name: string, ts: number, node: number, reason?: string): void {
    const args = reason === undefined ? {} : { args: { reason } }
    this.#events.push({ name, ph: 'i', s: 't', pid: this.#pid(node), tid: node, ts, ...args })
  }

  #pid(node: number): number {
    return FIRST_PID + (this.#sideOf[node] ?? 0)
  }
}

const RUN_PID = 1
const FIRST_PID = 2

/** The side of each node in the first split, from 1; 0: in none. */
function sidesOf({ nodes, events }: Materialised): number[] {
  const first = events.find((event) => event.kind === 'fault' && event.fault?.do === 'split')
  const fault = first?.kind === 'fault' ? first.fault : undefined
  const sides = fault?.do === 'split' ? fault.sides : []
  return Array.from(
    { length: nodes },
    (_, node) => 1 + sides.findIndex((side) => side.includes(node)),
  )
}
