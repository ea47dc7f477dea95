// What the picture of a run shows, gathered from its trace in one pass: per node which epoch it used and
// whom it followed when, when it ran, what it said with which outcome, and what came to it late.

import type { Materialised } from '../scenario/materialised.ts'
import type { TraceEvent, TraceReader } from '../trace/event.ts'

/** What takes longer is drawn as a late delivery. */
const LATE_US = 2_000_000

export interface Span<T> {
  readonly fromUs: number
  readonly toUs: number
  readonly value: T
}

export interface Said {
  readonly atUs: number
  readonly node: number
  readonly kind: string
  outcome: 'ok' | 'fail' | 'info'
}

export interface Late {
  readonly from: number
  readonly to: number
  readonly saidUs: number
  readonly readUs: number
}

export interface Band {
  readonly id: string
  readonly what: string
  readonly fromUs: number
  toUs: number
  verified: boolean
}

export class Scene implements TraceReader {
  readonly bands: Band[] = []
  readonly said: Said[] = []
  readonly late: Late[] = []
  endUs = 0
  quietUs: number | undefined
  readonly #epochs: History<string>
  readonly #managers: History<number | null>
  readonly #running: History<boolean>
  readonly #messages = new Map<string, { readonly node: number; readonly atUs: number }>()
  /** Parts of each fault that last. */
  readonly #parts = new Map<string, Set<number>>()
  readonly #open = new Map<number, Said>()

  constructor(scenario: Materialised) {
    this.#epochs = new History(scenario.nodes)
    this.#managers = new History(scenario.nodes)
    this.#running = new History(scenario.nodes)
  }

  epochs(node: number): readonly Span<string>[] {
    return this.#epochs.spans(node, this.endUs)
  }

  managers(node: number): readonly Span<number | null>[] {
    return this.#managers.spans(node, this.endUs)
  }

  running(node: number): readonly Span<boolean>[] {
    return this.#running.spans(node, this.endUs)
  }

  see(event: TraceEvent): void {
    const { t, n } = event
    this.endUs = t
    switch (event.k) {
      case 'epoch':
        return this.#epochs.set(n, t, event.sending ?? event.heads.join(' '))
      case 'role':
        return this.#managers.set(n, t, event.manager)
      case 'life':
        return this.#running.set(n, t, event.up)
      case 'quiesce':
        this.quietUs = t
        return
      case 'op':
        return this.#operation(event)
      case 'msg':
        if (event.text) this.#messages.set(event.m, { node: n, atUs: t })
        return
      case 'dec':
        return this.#read(event)
      case 'fault':
        return this.#fault(event)
      default:
    }
  }

  #operation(event: Extract<TraceEvent, { k: 'op' }>): void {
    if (event.f === 'read') return
    if (event.phase === 'invoke') {
      const said: Said = { atUs: event.t, node: event.n, kind: event.f, outcome: 'info' }
      this.#open.set(event.id, said)
      this.said.push(said)
    } else {
      const said = this.#open.get(event.id)
      if (said !== undefined) said.outcome = event.phase
      // Of a protocol without keys there is nothing to copy.
      const mishap = event.f === 'compromise' || event.f === 'recover-device'
      if (said !== undefined && mishap && event.phase === 'fail') {
        this.said.splice(this.said.indexOf(said), 1)
      }
    }
  }

  #read({ m, n, t }: Extract<TraceEvent, { k: 'dec' }>): void {
    const message = this.#messages.get(m)
    if (message === undefined || t - message.atUs < LATE_US) return
    this.late.push({ from: message.node, to: n, saidUs: message.atUs, readUs: t })
  }

  /** A fault lasts until the last of its parts ends. */
  #fault({ id, part, state, what, t }: Extract<TraceEvent, { k: 'fault' }>): void {
    const open = this.bands.findLast((band) => band.id === id && band.toUs === NEVER)
    const parts = this.#parts.get(id) ?? new Set<number>()
    this.#parts.set(id, parts)
    if (state === 'requested') parts.add(part)
    if (state === 'off') parts.delete(part)
    if (state === 'requested') {
      if (open === undefined) {
        this.bands.push({ id, what: what ?? '', fromUs: t, toUs: NEVER, verified: false })
      }
    } else if (open === undefined) return
    else if (state === 'off') open.toUs = parts.size === 0 ? t : open.toUs
    else open.verified = state === 'verified'
  }
}

const NEVER = Number.POSITIVE_INFINITY

/** A value of each node as it changed. */
class History<T> {
  readonly #changes: { readonly atUs: number; readonly value: T }[][]

  constructor(nodes: number) {
    this.#changes = Array.from({ length: nodes }, () => [])
  }

  set(node: number, atUs: number, value: T): void {
    const mine = this.#changes[node]
    if (mine === undefined || mine.at(-1)?.value === value) return
    if (mine.at(-1)?.atUs === atUs) mine.pop()
    mine.push({ atUs, value })
  }

  spans(node: number, endUs: number): Span<T>[] {
    const mine = this.#changes[node] ?? []
    return mine.map(({ atUs, value }, index) => ({
      fromUs: atUs,
      toUs: mine[index + 1]?.atUs ?? endUs,
      value,
    }))
  }
}
