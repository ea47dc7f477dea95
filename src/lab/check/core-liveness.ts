// C11 in liveness mode: everything outside of the core stays broken, and whatever the core is asked for -
// send, read, rekey, kick - is done within the bound. Each operation is judged by what it was for, not by
// the answer: a text is on display at all of the core, new keys are in use there, the removed is no member
// in anybody's eyes. What nobody asked of the core cannot be judged, and is named.

import { isServed } from '../measure/availability.ts'
import type { Ledger, MessageEntry, OperationEntry } from '../measure/ledger.ts'
import type { CorePlan, Materialised, OperationKind } from '../scenario/materialised.ts'
import type { TraceEvent } from '../trace/event.ts'
import type { Checker, CheckResult, MakeChecker, Witness } from './checker.ts'
import { Findings } from './verdicts.ts'

const kinds = ['send', 'read', 'rekey', 'kick'] as const satisfies readonly OperationKind[]

type Kind = (typeof kinds)[number]

export const inCore: MakeChecker = (scenario, ledger) =>
  new CoreLiveness(scenario, ledger, scenario.core ?? { nodes: [], fromMs: 0, boundMs: 0 })

/** What a node had from then on. */
interface Since {
  readonly atUs: number
  readonly node: number
  readonly value: string
}

class CoreLiveness implements Checker {
  readonly #ledger: Ledger
  readonly #leaders: ReadonlySet<number>
  readonly #core: ReadonlySet<number>
  readonly #fromUs: number
  readonly #boundUs: number
  readonly #targets = new Map<number, number>()
  readonly #using: Since[] = []
  /** The core as far as it belongs in the end, and holds together without those who do not. */
  #members: ReadonlySet<number> = new Set()

  constructor(scenario: Materialised, ledger: Ledger, { nodes, fromMs, boundMs }: CorePlan) {
    this.#ledger = ledger
    this.#leaders = new Set(scenario.groups.flatMap(({ leaders }) => leaders))
    this.#core = new Set(nodes)
    this.#fromUs = fromMs * 1_000
    this.#boundUs = boundMs * 1_000
  }

  see(event: TraceEvent): void {
    if (event.k === 'op' && event.phase === 'invoke' && event.target !== undefined) {
      this.#targets.set(event.id, event.target)
    } else if (event.k === 'epoch') {
      const value = event.sending ?? event.heads.join(' ')
      this.#using.push({ atUs: event.t, node: event.n, value })
    }
  }

  result(): CheckResult {
    const findings = new Findings('C11', 'Liveness')
    this.#members = new Set(this.#ledger.finalMembers().flatMap((nodes) => [...nodes]))
    const doubt = this.#doubt()
    if (doubt !== '') return findings.result(doubt)
    const stalled: Witness[][] = []
    const silent = kinds.filter((kind) => {
      const asked = this.#ledger.operations.filter((one) => this.#isAsked(one, kind))
      findings.tested(asked.length)
      stalled.push(asked.flatMap((one) => this.#judge(kind, one) ?? []))
      return asked.length === 0
    })
    // The first of each kind, before more of any.
    const firsts = stalled.flatMap((found) => found.slice(0, 1))
    const others = stalled.flatMap((found) => found.slice(1))
    for (const { what, events } of [...firsts, ...others]) findings.broken(what, events)
    const result = findings.result()
    if (silent.length === 0 || result.held !== 'true') return result
    return { ...result, note: `nobody asked the core for: ${silent.join(', ')}` }
  }

  /** Why nothing can be said. */
  #doubt(): string {
    const { ended, surely, endUs } = this.#ledger
    if (ended === 'interrupted') return 'the run was interrupted'
    const later = surely.stretches(endUs).filter(({ toUs }) => toUs > this.#fromUs)
    const together = later.every(({ partOf }) => {
      const parts = new Set([...this.#core].map((node) => partOf[node]))
      return parts.size === 1 && !parts.has(-1)
    })
    if (!together) return 'the core was not in one piece'
    if (this.#members.size < 2)
      return 'fewer than two of the core belong to the group and reach each other'
    // Who does not belong carries nothing for those who do.
    if (!surely.isWhole(this.#members))
      return 'those of the core who belong do not reach each other'
    return ''
  }

  /** Whether the core can be expected to do it: asked of one who may, in time to see it done. */
  #isAsked(one: OperationEntry, kind: Kind): boolean {
    const { node, askedUs, reason } = one
    if (one.kind !== kind || !this.#core.has(node) || this.#ledger.liars.has(node)) return false
    if (askedUs < this.#fromUs || askedUs + this.#boundUs > this.#ledger.endUs) return false
    if (!isServed(this.#ledger, one) || !this.#members.has(node)) return false
    if (reason === `no ${kind} in this protocol`) return false
    if (kind === 'send' || kind === 'read') return true
    if (![...this.#members].some((member) => this.#leaders.has(member))) return false
    if (kind === 'rekey') return true
    const target = this.#targets.get(one.id)
    // No leader can be removed, and nobody twice.
    return (
      target !== undefined &&
      !this.#leaders.has(target) &&
      this.#ledger.sees(node, target, askedUs - 1)
    )
  }

  #judge(kind: Kind, one: OperationEntry): Witness | undefined {
    const { node, askedUs, i } = one
    const byUs = askedUs + this.#boundUs
    const missing =
      kind === 'send'
        ? this.#unsent(one, byUs)
        : kind === 'read'
          ? this.#unread(one)
          : kind === 'rekey'
            ? this.#unkeyed(one, byUs)
            : this.#unremoved(one, byUs)
    if (missing === undefined) return undefined
    const atS = Math.round(askedUs / 1_000_000)
    const who = [...this.#core].join(', ')
    const what = `in the core of ${who}, node ${node} asked at ${atS} s for a ${kind}: ${missing.what}`
    return { what, events: [i, ...missing.events] }
  }

  /** A text is on display wherever in the core it is meant for. */
  #unsent(one: OperationEntry, byUs: number): Witness | undefined {
    const message = this.#messageOf(one, byUs)
    if (message === undefined) return { what: answerOf(one), events: [] }
    if (this.#isTaken(message)) return undefined
    const without = this.#audience(message).filter(
      (node) => (message.readUs.get(node) ?? Number.POSITIVE_INFINITY) > byUs,
    )
    if (without.length === 0) return undefined
    return { what: `not shown at ${without.join(', ')}`, events: [message.i] }
  }

  /** One that had to wait for keys is sent later, as the next of its author that answers nobody else. */
  #messageOf({ m, outcome, reason, node, askedUs }: OperationEntry, byUs: number) {
    const { messages, operations } = this.#ledger
    if (m !== undefined) return messages.get(m)
    if (outcome !== 'info' || reason !== 'held') return undefined
    const answers = new Set(operations.map((one) => one.m))
    return [...messages.values()].find(
      ({ author, text, atUs, m: own }) =>
        author === node && text && atUs >= askedUs && atUs <= byUs && !answers.has(own),
    )
  }

  /** Whoever reads finds what the core said long enough ago. */
  #unread({ node, askedUs, outcome, reason }: OperationEntry): Witness | undefined {
    if (outcome !== 'ok') return { what: `not answered: ${reason}`, events: [] }
    const shut = [...this.#ledger.messages.values()].find(
      (message) =>
        message.text &&
        this.#members.has(message.author) &&
        message.author !== node &&
        !this.#isTaken(message) &&
        this.#audience(message).includes(node) &&
        Math.max(message.atUs, this.#fromUs) + this.#boundUs <= askedUs &&
        (message.readUs.get(node) ?? Number.POSITIVE_INFINITY) > askedUs,
    )
    if (shut === undefined) return undefined
    return { what: `text ${shut.m} of node ${shut.author} is not there`, events: [shut.i] }
  }

  /** New keys are in use: everybody in the core has changed what it sends under. */
  #unkeyed(one: OperationEntry, byUs: number): Witness | undefined {
    if (one.outcome !== 'ok') return { what: answerOf(one), events: [] }
    const stuck = [...this.#members].filter((node) => {
      const mine = this.#using.filter((using) => using.node === node)
      const before = mine.findLast(({ atUs }) => atUs < one.askedUs)?.value
      const later = mine.filter(({ atUs }) => atUs >= one.askedUs && atUs <= byUs)
      return later.every(({ value }) => value === before)
    })
    if (stuck.length === 0) return undefined
    return { what: `the keys of node ${stuck.join(', ')} are the old ones`, events: [] }
  }

  /** Nobody in the core takes the removed for a member. */
  #unremoved(one: OperationEntry, byUs: number): Witness | undefined {
    if (one.outcome !== 'ok') return { what: answerOf(one), events: [] }
    const target = this.#targets.get(one.id) ?? -1
    const still = [...this.#members].filter((node) => this.#ledger.sees(node, target, byUs))
    if (still.length === 0) return undefined
    return { what: `node ${target} is a member yet for node ${still.join(', ')}`, events: [] }
  }

  /** Said by one who had been removed elsewhere and had not heard of it: withdrawn, as it has to be. */
  #isTaken(message: MessageEntry): boolean {
    return this.#ledger.isOfFormer(message) && [...message.hidden].some((n) => this.#members.has(n))
  }

  #audience(message: MessageEntry): readonly number[] {
    return message.audience.filter(
      (node) =>
        node !== message.author && this.#members.has(node) && this.#ledger.isFor(message, node),
    )
  }
}

function answerOf({ outcome, reason }: OperationEntry): string {
  return outcome === undefined ? 'never answered' : `the answer was ${outcome} ${reason}`.trim()
}
