// C6 decisions stand, C7 confidentiality: who belongs, and who could read what.
// A removal counts from the moment in which whoever asked for it was told that it is done.

import { KickList } from '../measure/secrecy.ts'
import type { Ledger } from '../measure/ledger.ts'
import type { TraceEvent } from '../trace/event.ts'
import type { Checker, CheckResult, MakeChecker } from './checker.ts'
import { Findings } from './verdicts.ts'

/** C6: whoever was removed or left is no member in the end, unless they came in anew. */
export const decisionsStand: MakeChecker = (_, ledger) => new DecisionsStand(ledger)

/** When a node went or came, by an operation that was accepted. */
interface Change {
  readonly atUs: number
  readonly i: number
  /** The message that decided it, where the protocol has one. */
  readonly m?: string | undefined
}

class DecisionsStand implements Checker {
  readonly #ledger: Ledger
  readonly #moves = new Moves()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  see(event: TraceEvent): void {
    this.#moves.see(event)
  }

  result(): CheckResult {
    const findings = new Findings('C6', 'Decisions stand')
    this.#ledger.finalMembers().forEach((members, group) => {
      for (const [name, gone] of this.#moves.gone) {
        const [ofGroup, node] = name.split(' ').map(Number)
        if (ofGroup !== group || node === undefined || this.#isUnheard(gone, members)) continue
        findings.tested()
        const back = this.#moves.came.get(name)
        if (!members.has(node) || (back !== undefined && back.atUs > gone.atUs)) continue
        const what = `node ${node} was removed or left, and is a member in the end`
        findings.broken(what, [gone.i])
      }
    })
    return findings.result(this.#ledger.ended === 'interrupted' ? 'the run was interrupted' : '')
  }

  /** Whether the rest is never healed, and nobody who is has heard of it. */
  #isUnheard({ m }: Change, members: ReadonlySet<number>): boolean {
    const { core, messages } = this.#ledger
    const held = m === undefined ? undefined : messages.get(m)?.heldUs
    return core !== undefined && held !== undefined && ![...members].some((node) => held.has(node))
  }
}

/** The last accepted departure and arrival of each node, as `<group> <node>`. */
class Moves {
  readonly gone = new Map<string, Change>()
  readonly came = new Map<string, Change>()
  readonly #kicks = new KickList()
  /** Who ever asked to come in, as `<group> <node>`: nobody else can be let in again. */
  readonly #asked = new Set<string>()
  /** Whom each node knew and knows no more, or knows again. */
  readonly #known = new Map<string, { before: ReadonlySet<number>; readonly lost: Set<number> }>()
  #seen = 0

  see(event: TraceEvent): void {
    if (event.k === 'view') this.#view(event)
    this.#kicks.see(event)
    for (; this.#seen < this.#kicks.done.length; this.#seen++) {
      const kick = this.#kicks.done[this.#seen]
      if (kick === undefined) continue
      const m = event.k === 'op' ? event.m : undefined
      this.gone.set(`${kick.group} ${kick.target}`, { atUs: kick.atUs, i: event.i, m })
    }
    if (event.k !== 'op') return
    const name = `${event.g} ${event.n}`
    if (event.f === 'join' || event.f === 'recover-device') this.#asked.add(name)
    if (event.phase !== 'ok') return
    const change = { atUs: event.t, i: event.i, m: event.m }
    if (event.f === 'leave') this.gone.set(name, change)
    else if (event.f === 'join') this.came.set(name, change)
  }

  /** Let in again, in the eyes of one who knew it was gone: that may be long before or after the answer. */
  #view({ g, n, t: atUs, i, members }: Extract<TraceEvent, { k: 'view' }>): void {
    const known = this.#known.get(`${g} ${n}`) ?? { before: new Set(), lost: new Set() }
    const now = new Set(members)
    for (const node of known.before) if (!now.has(node)) known.lost.add(node)
    for (const node of now) {
      const name = `${g} ${node}`
      if (known.lost.delete(node) && this.#asked.has(name)) this.came.set(name, { atUs, i })
    }
    known.before = now
    this.#known.set(`${g} ${n}`, known)
  }
}

/** C7: nobody opens a text who was gone when it was said and whom its author did not mean. */
export const confidentiality: MakeChecker = (_, ledger) => new Confidentiality(ledger)

class Confidentiality implements Checker {
  readonly #ledger: Ledger
  readonly #findings = new Findings('C7', 'Confidentiality')
  readonly #moves = new Moves()
  /** Texts opened in this instant: who came in with it is told of after them. */
  readonly #opening: Extract<TraceEvent, { k: 'dec' }>[] = []
  /** Who ever belonged in the eyes of anybody, as `<group> <node>`. */
  readonly #known = new Set<string>()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  see(event: TraceEvent): void {
    if (this.#opening.some(({ t }) => t < event.t)) this.#judge()
    this.#moves.see(event)
    if (event.k === 'view') {
      for (const node of event.members) this.#known.add(`${event.g} ${node}`)
    } else if (event.k === 'dec') this.#opening.push(event)
  }

  result(): CheckResult {
    this.#judge()
    return this.#findings.result()
  }

  #judge(): void {
    for (const event of this.#opening.splice(0)) this.#opened(event)
  }

  #opened({ m, n, g, i }: Extract<TraceEvent, { k: 'dec' }>): void {
    const message = this.#ledger.messages.get(m)
    if (message === undefined) return
    this.#findings.tested()
    if (message.audience.includes(n)) return
    const name = `${g} ${n}`
    const gone = this.#moves.gone.get(name)
    const back = this.#moves.came.get(name)
    const wasGone = gone !== undefined && gone.atUs < message.atUs
    const cameBack = back !== undefined && gone !== undefined && back.atUs > gone.atUs
    if (wasGone && !cameBack) {
      const what = `node ${n}, who was gone, opened ${m} of node ${message.author}`
      this.#findings.broken(what, [gone.i, message.i, i])
    } else if (!this.#known.has(name)) {
      const what = `node ${n}, who never belonged, opened ${m} of node ${message.author}`
      this.#findings.broken(what, [message.i, i])
    }
  }
}
