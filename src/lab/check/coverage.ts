// C16 coverage: which of the states that are worth reaching a run has reached, and by which event first. One
// run that reached none says little; over the seeds of a sweep it is counted how often each was reached, so
// that a sweep which never came near the interesting is not taken for a proof.

import type { Ledger, MessageEntry } from '../measure/ledger.ts'
import type { Materialised } from '../scenario/materialised.ts'
import type { TraceEvent } from '../trace/event.ts'
import type { Checker, CheckResult, MakeChecker } from './checker.ts'

/** In the order in which they are told of. */
export const worthReaching = [
  'a fault in force',
  'two epochs in a cut',
  'three epochs at once',
  'three new epochs on both sides of a cut',
  'new keys within a second of a heal',
  'a heal during a rekey',
  'a crash during a rekey',
  'two managers at once',
  'a part without a manager',
  'a removal in a cut',
  'a removal that its target could not hear of',
  'removals on both sides of a cut',
  'a text of somebody removed',
  'a text held back for want of keys',
  'a text taken back',
  'something held and unreadable',
  'a crash that lost something',
  'a crash within a second of an accepted text',
  'a node that reached some of two who did not reach each other',
  'a lie proven',
] as const

export type Worth = (typeof worthReaching)[number]

/** New epochs on a side that make a deep fork. */
const DEEP = 3
const SECOND_US = 1_000_000
/** After that long whoever lacks new keys may have been removed. */
const REKEY_US = 60_000_000

export const coverage: MakeChecker = (scenario, ledger) => new Coverage(scenario, ledger)

/** A removal that was accepted, and in which part of the mesh. */
interface Removal {
  readonly group: number
  readonly target: number
  readonly part: number
  readonly cutUs: number
}

class Coverage implements Checker {
  readonly #ledger: Ledger
  readonly #reached = new Map<Worth, number>()
  /** What each node sends under, and whom it takes for the manager, as `<group> <node>`. */
  readonly #using = new Map<string, string>()
  readonly #managers = new Map<string, number | null>()
  /** Whether the protocol knows managers at all. */
  #led = false
  readonly #targets = new Map<number, number>()
  readonly #removals: Removal[] = []
  /** When each node was last told that its text is safe. */
  readonly #accepted = new Map<number, number>()
  /** Messages that make new keys, until all whom they are for have them. */
  #rekeys: string[] = []
  /** Epochs first used since the links are as they are, by group and part. */
  readonly #fresh = new Map<string, Set<string>>()
  readonly #known = new Set<string>()
  #linksUs = Number.NEGATIVE_INFINITY
  /** When links last joined who was apart. */
  #healUs = Number.NEGATIVE_INFINITY
  #parts = new Int32Array()

  constructor({ nodes }: Materialised, ledger: Ledger) {
    this.#ledger = ledger
    this.#parts = new Int32Array(nodes)
  }

  see(event: TraceEvent): void {
    for (const word of this.#wordsOf(event)) {
      if (!this.#reached.has(word)) this.#reached.set(word, event.i)
    }
  }

  result(): CheckResult {
    const reached = worthReaching.filter((word) => this.#reached.has(word))
    const missing = worthReaching.filter((word) => !this.#reached.has(word))
    const note = `reached: ${reached.join(', ') || 'nothing'}; not reached: ${missing.join(', ') || 'nothing'}`
    return {
      id: 'C16',
      title: 'Coverage',
      held: reached.length > 0 ? 'true' : 'unknown',
      tested: reached.length,
      violations: 0,
      witnesses: [],
      note,
      reached,
    }
  }

  #wordsOf(event: TraceEvent): readonly Worth[] {
    switch (event.k) {
      case 'fault':
        return event.state === 'verified' ? ['a fault in force'] : []
      case 'links':
        return this.#links(event.t)
      case 'epoch':
        return this.#epoch(event)
      case 'role':
        return this.#role(event)
      case 'op':
        return this.#operation(event)
      case 'msg':
        return this.#said(event)
      case 'life':
        return event.up ? [] : this.#fell(event)
      case 'forgot':
        return ['a crash that lost something']
      case 'utd':
        return ['something held and unreadable']
      case 'hide':
        return ['a text taken back']
      case 'proof':
        return ['a lie proven']
      default:
        return []
    }
  }

  #links(atUs: number): readonly Worth[] {
    const { components, surely } = this.#ledger
    const before = this.#parts
    this.#linksUs = atUs
    this.#parts = Int32Array.from(components.at(atUs))
    this.#fresh.clear()
    const joined = joins(before, this.#parts)
    if (joined) this.#healUs = atUs
    return [
      ...(joined && this.#isRekeying(atUs) ? (['a heal during a rekey'] as const) : []),
      ...(surely.isPartial()
        ? (['a node that reached some of two who did not reach each other'] as const)
        : []),
    ]
  }

  #epoch({ g, n, t, heads, sending }: Extract<TraceEvent, { k: 'epoch' }>): readonly Worth[] {
    const name = `${g} ${n}`
    const change = this.#using.has(name)
    const epoch = sending ?? heads.join(' ')
    this.#using.set(name, epoch)
    const mine = [...this.#using].filter(([one]) => one.startsWith(`${g} `))
    const forks = new Set(mine.map(([, used]) => used)).size
    const cut = isCut(this.#ledger.components.at(t))
    if (cut && change) this.#mint(g, n, epoch)
    this.#known.add(`${g} ${epoch}`)
    const deep = [...this.#fresh].filter(
      ([part, made]) => part.startsWith(`${g} `) && made.size >= DEEP,
    )
    return [
      ...(forks > 2 ? (['three epochs at once'] as const) : []),
      ...(forks > 1 && cut ? (['two epochs in a cut'] as const) : []),
      ...(deep.length > 1 ? (['three new epochs on both sides of a cut'] as const) : []),
      ...(change && t - this.#healUs < SECOND_US
        ? (['new keys within a second of a heal'] as const)
        : []),
    ]
  }

  /** An epoch that nobody has used before was made on this side. */
  #mint(group: number, node: number, epoch: string): void {
    if (this.#known.has(`${group} ${epoch}`)) return
    const part = `${group} ${this.#parts[node] ?? -1}`
    this.#fresh.set(part, (this.#fresh.get(part) ?? new Set()).add(epoch))
  }

  #role({ g, n, manager }: Extract<TraceEvent, { k: 'role' }>): readonly Worth[] {
    this.#managers.set(`${g} ${n}`, manager)
    this.#led ||= manager !== null
    const selves = [...this.#managers].filter(([name, who]) => name === `${g} ${String(who)}`)
    const part = this.#parts[n] ?? -1
    const nobody = [...this.#managers].every(([name, who]) => {
      const [group, node] = name.split(' ').map(Number)
      return group !== g || who === null || this.#parts[node ?? 0] !== part
    })
    return [
      ...(selves.length > 1 ? (['two managers at once'] as const) : []),
      ...(nobody && this.#led && part >= 0 ? (['a part without a manager'] as const) : []),
    ]
  }

  #operation(event: Extract<TraceEvent, { k: 'op' }>): readonly Worth[] {
    const { f, phase, id, n, g, t, m, reason } = event
    if (phase === 'invoke' && event.target !== undefined) this.#targets.set(id, event.target)
    if (phase === 'info' && reason === 'held') return ['a text held back for want of keys']
    if (phase !== 'ok') return []
    if (f === 'send') this.#accepted.set(n, t)
    if (f === 'rekey' && m !== undefined) this.#rekeys.push(m)
    const parts = this.#ledger.components.at(t)
    return f === 'kick' ? this.#removed({ group: g, node: n, id }, parts) : []
  }

  #removed(
    { group, node, id }: { group: number; node: number; id: number },
    parts: Int32Array,
  ): readonly Worth[] {
    const target = this.#targets.get(id) ?? -1
    const part = parts[node] ?? -1
    const removal: Removal = { group, target, part, cutUs: this.#linksUs }
    const elsewhere = this.#removals.some(
      (one) => one.group === group && one.cutUs === removal.cutUs && one.part !== part,
    )
    this.#removals.push(removal)
    if (!isCut(parts)) return []
    return [
      'a removal in a cut',
      ...(parts[target] === part ? [] : (['a removal that its target could not hear of'] as const)),
      ...(elsewhere ? (['removals on both sides of a cut'] as const) : []),
    ]
  }

  #said({ n, g, text }: Extract<TraceEvent, { k: 'msg' }>): readonly Worth[] {
    const gone = this.#removals.some(({ group, target }) => group === g && target === n)
    return text && gone ? ['a text of somebody removed'] : []
  }

  #fell({ n, t }: Extract<TraceEvent, { k: 'life' }>): readonly Worth[] {
    const since = t - (this.#accepted.get(n) ?? Number.NEGATIVE_INFINITY)
    return [
      ...(since < SECOND_US ? (['a crash within a second of an accepted text'] as const) : []),
      ...(this.#isRekeying(t) ? (['a crash during a rekey'] as const) : []),
    ]
  }

  /** Whether new keys are on their way; for whom they come no more they are not. */
  #isRekeying(atUs: number): boolean {
    const { messages, down } = this.#ledger
    const waits = ({ audience, heldUs, atUs: madeUs }: MessageEntry) =>
      madeUs + REKEY_US > atUs && audience.some((node) => !heldUs.has(node) && !down.has(node))
    this.#rekeys = this.#rekeys.filter((m) => {
      const message = messages.get(m)
      return message !== undefined && waits(message)
    })
    return this.#rekeys.length > 0
  }
}

const isCut = (parts: Int32Array): boolean => new Set(parts.filter((part) => part >= 0)).size > 1

/** Whether two who were apart are in one part now. */
function joins(before: Int32Array, after: Int32Array): boolean {
  const was = new Map<number, number>()
  return after.some((part, node) => {
    const own = before[node] ?? -1
    if (part === -1 || own === -1) return false
    const first = was.get(part)
    if (first === undefined) was.set(part, own)
    return first !== undefined && first !== own
  })
}
