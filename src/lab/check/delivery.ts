// C1 no loss, C2 no invention, C3 author order, C4 causality: what reaches members, and in which order.
// What belongs to the time before the run, or before a node was a member, is nobody's fault.

import { fatesOf } from '../measure/fate.ts'
import type { Ledger } from '../measure/ledger.ts'
import { Renewals } from '../measure/renewals.ts'
import type { TraceEvent } from '../trace/event.ts'
import type { Checker, CheckResult, MakeChecker } from './checker.ts'
import { Findings } from './verdicts.ts'

/** C1: every accepted text is at every member who ought to have it, or was withdrawn. */
export const noLoss: MakeChecker = (_, ledger) => new NoLoss(ledger)

class NoLoss implements Checker {
  readonly #ledger: Ledger

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  see(): void {
    // The ledger keeps what it needs.
  }

  result(): CheckResult {
    const findings = new Findings('C1', 'No loss')
    for (const { message, kind, due, missing } of fatesOf(this.#ledger)) {
      if (kind === 'withdrawn' || kind === 'never due') continue
      findings.tested(due.length)
      if (kind !== 'lost') continue
      const { m, author, i } = message
      const accepted = this.#ledger.operations.find((one) => one.m === m)
      const what = `text ${m} of node ${author} never came to node ${missing.join(', ')}`
      findings.broken(what, accepted === undefined ? [i] : [accepted.i, i])
    }
    return findings.result(this.#ledger.ended === 'interrupted' ? 'the run was interrupted' : '')
  }
}

/** C2: what is shown was sent by its author, and nothing is shown twice. */
export const noInvention: MakeChecker = (_, ledger) => new NoInvention(ledger)

class NoInvention implements Checker {
  readonly #ledger: Ledger
  readonly #findings = new Findings('C2', 'No invention')
  /** By node: what it displays, and since which event. */
  readonly #shown = new Map<number, Map<string, number>>()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  see(event: TraceEvent): void {
    if (event.k === 'forgot' || event.k === 'hide') this.#shown.get(event.n)?.delete(event.m)
    if (event.k !== 'show') return
    const { n, m, i } = event
    const mine = this.#shown.get(n) ?? new Map<string, number>()
    this.#shown.set(n, mine)
    this.#findings.tested()
    const before = mine.get(m)
    if (before !== undefined) this.#findings.broken(`node ${n} shows text ${m} twice`, [before, i])
    else if (this.#ledger.messages.get(m)?.text !== true) {
      this.#findings.broken(`node ${n} shows ${m}, which nobody sent as a text`, [i])
    }
    mine.set(m, i)
  }

  result(): CheckResult {
    return this.#findings.result()
  }
}

/** C3: nobody uses a number twice, and each node takes in an author's messages without a gap. */
export const authorOrder: MakeChecker = (_, ledger) => new AuthorOrder(ledger)

class AuthorOrder implements Checker {
  readonly #ledger: Ledger
  readonly #findings = new Findings('C3', 'Author order and gap-free')
  /** `<author>:<seq>` -> what used it, and the event. */
  readonly #used = new Map<string, { readonly m: string; readonly i: number }>()
  readonly #names = new Renewals()
  /** The name under which a message was said. */
  readonly #lineOf = new Map<string, number>()
  /** `<node>:<author>/<name>` -> the last number taken in there. */
  readonly #last = new Map<string, { readonly seq: number; readonly i: number }>()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  see(event: TraceEvent): void {
    if (event.k === 'msg') this.#said(event)
    else if (event.k === 'rx') this.#took(event)
    else if (event.k === 'op') this.#names.asked(event)
    else if (event.k === 'life' && !event.up) {
      // What was not synced may come again.
      for (const name of this.#last.keys()) {
        if (name.startsWith(`${event.n}:`)) this.#last.delete(name)
      }
    }
  }

  result(): CheckResult {
    return this.#findings.result()
  }

  #said({ n, g, seq, m, i }: Extract<TraceEvent, { k: 'msg' }>): void {
    const line = this.#names.lineOf(n, seq)
    this.#lineOf.set(m, line)
    const name = `${g}:${n}/${line}:${seq}`
    const before = this.#used.get(name)
    if (this.#ledger.liars.has(n)) return
    this.#findings.tested()
    // What was lost with a crash before anybody heard of it was never said.
    const heard =
      before !== undefined && (this.#ledger.messages.get(before.m)?.heldUs.size ?? 0) > 1
    if (heard) {
      this.#findings.broken(`node ${n} used number ${seq} again for ${m}`, [before.i, i])
    }
    this.#used.set(name, { m, i })
  }

  #took({ n, m, i }: Extract<TraceEvent, { k: 'rx' }>): void {
    const message = this.#ledger.messages.get(m)
    if (message === undefined) return
    if (this.#ledger.liars.has(message.author) || this.#ledger.liars.has(n)) return
    const name = `${n}:${message.author}/${this.#lineOf.get(m) ?? 0}`
    const last = this.#last.get(name)
    this.#findings.tested()
    if (last !== undefined && message.seq !== last.seq + 1) {
      const what = `node ${n} took number ${message.seq} of node ${message.author} after ${last.seq}`
      this.#findings.broken(what, [last.i, i])
    }
    this.#last.set(name, { seq: message.seq, i })
  }
}

/** C4: nothing is shown before what it builds on is there. */
export const causality: MakeChecker = (_, ledger) => new Causality(ledger)

class Causality implements Checker {
  readonly #ledger: Ledger
  readonly #findings = new Findings('C4', 'Causality')
  /** When each node fell last: what it was just writing may be kept without a word of it. */
  readonly #fellUs = new Map<number, number>()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  see(event: TraceEvent): void {
    if (event.k === 'life' && !event.up) this.#fellUs.set(event.n, event.t)
    if (event.k !== 'show') return
    const message = this.#ledger.messages.get(event.m)
    const fellUs = this.#fellUs.get(event.n) ?? Number.NEGATIVE_INFINITY
    for (const parent of message?.parents ?? []) {
      const before = this.#ledger.messages.get(parent)
      // Of before the run, or of before this node belonged.
      if (before === undefined || !this.#ledger.isFor(before, event.n)) continue
      const heldUs = before.heldUs.get(event.n)
      if (heldUs === undefined && before.atUs <= fellUs) continue
      this.#findings.tested()
      if ((heldUs ?? Number.POSITIVE_INFINITY) <= event.t) continue
      const what = `node ${event.n} shows ${event.m} without ${parent}, which it builds on`
      this.#findings.broken(what, [before.i, message?.i ?? event.i, event.i])
    }
  }

  result(): CheckResult {
    return this.#findings.result()
  }
}
