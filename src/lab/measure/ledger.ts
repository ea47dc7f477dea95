// What metrics and checkers all need of a trace, kept once: messages with who held and read them when,
// operations with their outcomes, when links and views changed, and the phases. It reads each event
// before the others do and remembers only what is asked for.

import type { CorePlan, Materialised, OperationKind } from '../scenario/materialised.ts'
import type { TraceEvent, TraceReader } from '../trace/event.ts'
import type { Lie } from '../world/lies.ts'
import { Components } from './components.ts'
import type { Phase } from './measure.ts'
import { Renewals } from './renewals.ts'

export interface MessageEntry {
  readonly m: string
  /** Index of its event. */
  readonly i: number
  readonly group: number
  readonly author: number
  readonly seq: number
  readonly text: boolean
  readonly atUs: number
  readonly parents: readonly string[]
  readonly bytes: number
  /** For whom it is, its author among them. */
  readonly audience: readonly number[]
  readonly heldUs: Map<number, number>
  readonly readUs: Map<number, number>
  /** Who displays it no more. */
  readonly hidden: Set<number>
}

export interface OperationEntry {
  readonly i: number
  readonly id: number
  readonly kind: OperationKind
  readonly node: number
  readonly group: number
  readonly askedUs: number
  doneUs: number | undefined
  outcome: 'ok' | 'fail' | 'info' | undefined
  reason: string
  m: string | undefined
}

/** A value that a node had from then on. */
export interface Change<T> {
  readonly atUs: number
  readonly i: number
  readonly node: number
  readonly group: number
  readonly value: T
}

export interface DigestEntry {
  readonly atUs: number
  readonly i: number
  readonly node: number
  readonly group: number
  readonly held: string
  readonly members: string
  readonly epochs: string
  readonly order: string
}

export interface FaultEntry {
  readonly id: string
  fromUs: number
  toUs: number
  unverified: number
}

export interface Lies {
  readonly i: number
  readonly lies: ReadonlySet<Lie>
}

/** Faults under which a process runs and cannot be counted on. */
const STRAINS: ReadonlySet<string> = new Set(['pause', 'slow', 'disk'])

export class Ledger implements TraceReader {
  readonly messages = new Map<string, MessageEntry>()
  readonly operations: OperationEntry[] = []
  readonly views: Change<string>[] = []
  readonly epochs: Change<readonly string[]>[] = []
  readonly crossings: { readonly atUs: number; readonly from: number; readonly to: number }[] = []
  readonly faults = new Map<string, FaultEntry>()
  /** Who could reach whom. */
  readonly components: Components
  /** Who certainly reached whom: nobody who stood still, and over no link that may have been shut. */
  readonly surely: Components
  /** Whom alone anything is promised from its moment on: the others are never healed. */
  readonly core: CorePlan | undefined
  readonly down = new Set<number>()
  /** Who was made to lie, and by which event: nothing is promised to them, nor of what they say. */
  readonly liars = new Map<number, Lies>()
  endUs = 0
  ended: 'quiet' | 'bound' | 'interrupted' | undefined
  readonly #scenario: Materialised
  readonly #audiences = new Map<string, readonly number[]>()
  readonly #renewals = new Renewals()
  /** By node that came in anew: the first message under its new name. */
  readonly #anew = new Map<number, MessageEntry>()
  readonly #open = new Map<number, OperationEntry>()
  /** Nodes of each part of a fault that strains them. */
  readonly #strains = new Map<string, readonly number[]>()
  /** The last digests before each boundary. */
  readonly #rounds: { readonly atUs: number; readonly digests: DigestEntry[] }[] = []

  constructor(scenario: Materialised) {
    this.#scenario = scenario
    this.components = new Components(scenario.nodes)
    this.surely = new Components(scenario.nodes, { sure: true })
    this.core = scenario.core
  }

  see(event: TraceEvent): void {
    const { t, n, i } = event
    this.endUs = t
    switch (event.k) {
      case 'aud':
        this.#audiences.set(event.id, event.members)
        return
      case 'op':
        return this.#operation(event)
      case 'msg':
        return this.#message(event)
      case 'rx':
        this.messages.get(event.m)?.heldUs.set(n, t)
        return
      case 'show': {
        const entry = this.messages.get(event.m)
        entry?.hidden.delete(n)
        if (entry?.readUs.has(n) === false) entry.readUs.set(n, t)
        return
      }
      case 'hide':
        this.messages.get(event.m)?.hidden.add(n)
        return
      case 'view':
        this.views.push({ atUs: t, i, node: n, group: event.g, value: event.members.join(' ') })
        return
      case 'epoch':
        this.epochs.push({ atUs: t, i, node: n, group: event.g, value: event.heads })
        return
      case 'fault':
        return this.#fault(event)
      case 'links':
        this.surely.links(t, event.matrix)
        return this.components.links(t, event.matrix)
      case 'life':
        if (event.up) this.down.delete(n)
        else this.down.add(n)
        this.#fit(t, n)
        return this.components.life(t, n, event.up)
      case 'cross':
        this.crossings.push({ atUs: t, from: event.from, to: n })
        return
      case 'digest':
        return this.#digest(event)
      case 'end':
        this.ended = event.why
        return
      default:
    }
  }

  /**
   * Whether a message is for a node as it is now. For one who came in anew its author had to know that:
   * whoever it was before, and is no more, nothing is due to.
   */
  isFor({ audience, author, atUs }: MessageEntry, node: number): boolean {
    if (!audience.includes(node)) return false
    const first = this.#anew.get(node)
    return first === undefined || author === node || (first.heldUs.get(author) ?? atUs) < atUs
  }

  /** Whether it was said under a name that its author has no more: what a removal took, coming back gives not. */
  isOfFormer({ author, atUs }: MessageEntry): boolean {
    return atUs < (this.#anew.get(author)?.atUs ?? 0)
  }

  /** Whether a node takes another, or itself, for a member at a moment. */
  sees(node: number, other: number, atUs: number): boolean {
    const view = this.views.findLast((one) => one.node === node && one.atUs <= atUs)
    return view?.value.split(' ').includes(String(other)) === true
  }

  /** The phases of the run, in the order in which they begin. */
  phases(): Phase[] {
    const warmUs = this.#scenario.run.warmupMs * 1_000
    const faults = this.#scenario.phases.flatMap((id) => this.#span(id) ?? [])
    const firstUs = Math.min(this.endUs, ...faults.map(({ fromUs }) => fromUs))
    const none = { fault: undefined, after: false }
    return [
      { name: 'all', ...none, fromUs: warmUs, toUs: this.endUs + 1 },
      { name: 'before', ...none, fromUs: Math.min(warmUs, firstUs), toUs: firstUs },
      ...faults.flatMap(({ id, fromUs, toUs }): Phase[] => [
        { name: id, fault: id, after: false, fromUs, toUs },
        ...(this.core === undefined
          ? [{ name: `after-${id}`, fault: id, after: true, fromUs: toUs, toUs: this.endUs + 1 }]
          : []),
      ]),
    ]
  }

  /** Where faults are never healed, the chaos ends with the choice of a core, and that with the run. */
  #span(id: string): Pick<FaultEntry, 'id' | 'fromUs' | 'toUs'> | undefined {
    const entry = this.faults.get(id)
    if (this.core === undefined) return entry
    const coreUs = this.core.fromMs * 1_000
    // Where all outside was down already, nothing has to begin for it.
    const fromUs = entry?.fromUs ?? coreUs
    return { id, fromUs, toUs: fromUs < coreUs ? coreUs : this.endUs + 1 }
  }

  /**
   * What everybody who is honest held when it was last looked at or before a moment; of a time in which
   * only a core is healed: everybody in it who belongs in its own eyes, as far as they reach each other
   * without the others.
   */
  digestsAt(atUs: number): readonly DigestEntry[] {
    const digests = this.#rounds.findLast((round) => round.atUs <= atUs)?.digests ?? []
    const honest = digests.filter(({ node }) => !this.liars.has(node))
    const { core } = this
    if (core === undefined || atUs <= core.fromMs * 1_000) return honest
    const present = honest.map(({ node }) => node).filter((node) => core.nodes.includes(node))
    const piece = this.surely.largestPiece(new Set(present))
    return honest.filter(({ node }) => piece.has(node))
  }

  /**
   * Who belongs in the end, by group: those who run and think so themselves, and of whom the most of
   * them think so.
   */
  finalMembers(): readonly ReadonlySet<number>[] {
    const last = this.digestsAt(this.endUs)
    return this.#scenario.groups.map((_, group) => {
      const mine = last.filter((digest) => digest.group === group)
      const named = new Set((mostNamed(mine) ?? '').split(' ').map(Number))
      return new Set(mine.map(({ node }) => node).filter((node) => named.has(node)))
    })
  }

  #operation(event: Extract<TraceEvent, { k: 'op' }>): void {
    this.#renewals.asked(event)
    if (this.liars.has(event.n)) return
    const { f: kind } = event
    if (kind === 'compromise' || kind === 'recover-device') return
    if (event.phase === 'invoke') {
      const entry: OperationEntry = {
        i: event.i,
        id: event.id,
        kind,
        node: event.n,
        group: event.g,
        askedUs: event.t,
        doneUs: undefined,
        outcome: undefined,
        reason: '',
        m: undefined,
      }
      this.operations.push(entry)
      this.#open.set(event.id, entry)
      return
    }
    const entry = this.#open.get(event.id)
    if (entry === undefined) return
    this.#open.delete(event.id)
    entry.doneUs = event.t
    entry.outcome = event.phase
    entry.reason = event.reason ?? ''
    entry.m = event.m
  }

  #message(event: Extract<TraceEvent, { k: 'msg' }>): void {
    if (this.messages.has(event.m)) return
    const { m, i, g: group, n: author, t: atUs, seq, text, parents, bytes } = event
    const before = this.#renewals.nameOf(author)
    const entry: MessageEntry = {
      m,
      i,
      group,
      author,
      seq,
      text,
      atUs,
      parents,
      bytes,
      audience: this.#audiences.get(event.aud) ?? [],
      heldUs: new Map([[author, atUs]]),
      readUs: new Map(),
      hidden: new Set(),
    }
    this.messages.set(m, entry)
    if (this.#renewals.lineOf(author, seq) > before) this.#anew.set(author, entry)
  }

  #fault(event: Extract<TraceEvent, { k: 'fault' }>): void {
    const { id, state, t, i, nodes, lies } = event
    this.#strained(event)
    for (const node of lies === undefined ? [] : (nodes?.flat() ?? [])) {
      const before = this.liars.get(node)
      const all = new Set([...(before?.lies ?? []), ...(lies ?? [])])
      this.liars.set(node, { i: before?.i ?? i, lies: all })
    }
    const entry = this.faults.get(id) ?? { id, fromUs: t, toUs: t, unverified: 0 }
    this.faults.set(id, entry)
    entry.toUs = Math.max(entry.toUs, t)
    if (state === 'unverified') entry.unverified += 1
  }

  /** Keeps who stands still or is slow: whoever is sure to be reached is not among them. */
  #strained({ id, part, state, what, nodes, t }: Extract<TraceEvent, { k: 'fault' }>): void {
    const name = `${id}/${part}`
    const before = this.#strains.get(name) ?? []
    if (state === 'off') this.#strains.delete(name)
    else if (state === 'requested' && STRAINS.has(what ?? '')) {
      this.#strains.set(name, nodes?.flat() ?? [])
    }
    for (const node of [...before, ...(this.#strains.get(name) ?? [])]) this.#fit(t, node)
  }

  #fit(atUs: number, node: number): void {
    const strained = [...this.#strains.values()].some((nodes) => nodes.includes(node))
    this.surely.life(atUs, node, !this.down.has(node) && !strained)
  }

  #digest(event: Extract<TraceEvent, { k: 'digest' }>): void {
    const { t: atUs, i, n: node, g: group, held, members, epochs, order } = event
    const last = this.#rounds.at(-1)
    const digest = { atUs, i, node, group, held, members, epochs, order }
    const again = last?.digests.some((one) => one.node === node && one.group === group) === true
    if (last?.atUs === atUs && !again) last.digests.push(digest)
    else this.#rounds.push({ atUs, digests: [digest] })
  }
}

/** Whom the most of these take for the members. */
function mostNamed(digests: readonly DigestEntry[]): string | undefined {
  const votes = new Map<string, number>()
  for (const { members } of digests) votes.set(members, (votes.get(members) ?? 0) + 1)
  return [...votes].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0]?.[0]
}
