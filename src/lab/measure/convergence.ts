// Metrics of agreement: whether all hold the same at the end of a phase, what was lost, taken back or
// unreadable, how many epochs were in force, and how long each part of a heal took.

import type { Materialised } from '../scenario/materialised.ts'
import { allAgree } from '../trace/agree.ts'
import { type Fate, fatesOf } from './fate.ts'
import type { Change, Ledger } from './ledger.ts'
import type { MakeReducer, Metrics, Phase, Reducer, Series } from './measure.ts'

export const convergence: MakeReducer = (scenario, ledger) => new Convergence(scenario, ledger)

const NEVER = Number.POSITIVE_INFINITY

class Convergence implements Reducer {
  readonly #scenario: Materialised
  readonly #ledger: Ledger
  #fates: readonly Fate[] | undefined

  constructor(scenario: Materialised, ledger: Ledger) {
    this.#scenario = scenario
    this.#ledger = ledger
  }

  see(): void {
    // All that it needs is in the ledger.
  }

  metrics(phase: Phase): Metrics {
    const fates = (this.#fates ??= fatesOf(this.#ledger)).filter(
      ({ message }) => message.atUs >= phase.fromUs && message.atUs < phase.toUs,
    )
    const count = (kind: Fate['kind']) => fates.filter((fate) => fate.kind === kind).length
    return {
      converged: this.#converged(phase),
      lost: count('lost'),
      undecryptable: fates.reduce((sum, { unread }) => sum + unread.length, 0),
      withdrawn: count('withdrawn'),
      heads: this.#heads(phase),
      ...this.#heals(phase),
    }
  }

  /** How late texts were read, as a curve over time: the share of copies read within so many ms. */
  series(): readonly Series[] {
    const fates = (this.#fates ??= fatesOf(this.#ledger))
    const lateMs = fates.flatMap(({ message, due, kind }) =>
      kind === 'withdrawn'
        ? []
        : due.map((node) => ((message.readUs.get(node) ?? NEVER) - message.atUs) / 1_000),
    )
    const sorted = lateMs.sort((a, b) => a - b)
    const points = [0.01, 0.05, ...Array.from({ length: 18 }, (_, k) => 0.1 + k * 0.05), 0.99, 1]
      .map((part): [number, number] => [sorted[Math.ceil(part * sorted.length) - 1] ?? NEVER, part])
      .filter(([ms]) => ms < NEVER)
    return [{ name: 'visible', phase: 'all', units: ['ms', 'share'], points }]
  }

  #converged({ toUs }: Phase): number {
    const digests = this.#ledger.digestsAt(toUs)
    if (digests.length === 0) return Number.NaN
    return Number(
      this.#scenario.groups.every((_, group) =>
        allAgree(digests.filter((digest) => digest.group === group)),
      ),
    )
  }

  #heads({ toUs }: Phase): number {
    const members = this.#ledger.finalMembers()
    const latest = latestAt(this.#ledger.epochs, toUs)
    const counts = this.#scenario.groups.map((_, group) => {
      const mine = [...latest.values()].filter(
        (one) => one.group === group && members[group]?.has(one.node) === true,
      )
      return new Set(mine.flatMap(({ value }) => value)).size
    })
    return Math.max(...counts)
  }

  #heals(phase: Phase): Metrics {
    if (!phase.after || phase.fault === undefined) return {}
    const offUs = phase.fromUs
    const before = (this.#fates ?? []).filter(({ message }) => message.atUs < offUs)
    const due = before.filter(({ kind }) => kind === 'stable' || kind === 'lost')
    const last = (of: (fate: Fate, node: number) => number | undefined): number =>
      due.reduce(
        (most, fate) =>
          fate.due.reduce((late, node) => Math.max(late, of(fate, node) ?? NEVER), most),
        offUs,
      )
    const since = (atUs: number) => Math.max(0, atUs - offUs) / 1_000
    const { views, epochs } = this.#ledger
    const heads = epochs.map((one) => ({ ...one, value: one.value.join(' ') }))
    return {
      heal_link: since(this.#linked(offUs)),
      heal_view: since(this.#agreed(views, offUs)),
      heal_key: since(this.#agreed(heads, offUs)),
      heal_data: since(last(({ message }, node) => message.heldUs.get(node))),
      heal_read: since(last(({ message }, node) => message.readUs.get(node))),
    }
  }

  /** When something had crossed between all parts that the links joined again. */
  #linked(offUs: number): number {
    const { components, crossings } = this.#ledger
    const before = Int32Array.from(components.at(offUs - 1))
    const after = components.at(offUs)
    const sets = before
    const apart = () => {
      const seen = new Map<number, number>()
      return after.some((part, node) => {
        const own = sets[node] ?? -1
        if (part === -1 || own === -1) return false
        const first = seen.get(part)
        if (first === undefined) seen.set(part, own)
        return first !== undefined && first !== own
      })
    }
    if (!apart()) return offUs
    for (const { atUs, from, to } of crossings) {
      const [one, other] = [sets[from] ?? -1, sets[to] ?? -1]
      if (atUs < offUs || one === other) continue
      sets.forEach((part, node) => {
        if (part === other) sets[node] = one
      })
      if (!apart()) return atUs
    }
    return NEVER
  }

  /** The first moment from then on at which all members of each group have the same. */
  #agreed(changes: readonly Change<string>[], offUs: number): number {
    const members = this.#ledger.finalMembers()
    const latest = latestAt(changes, offUs)
    const agree = () =>
      members.every((nodes, group) => {
        const values = [...nodes].map((node) => latest.get(`${group} ${node}`)?.value)
        return values.every((value) => value !== undefined && value === values[0])
      })
    if (agree()) return offUs
    const later = changes.filter(({ atUs }) => atUs > offUs)
    for (const [place, change] of later.entries()) {
      latest.set(`${change.group} ${change.node}`, change)
      if (later[place + 1]?.atUs !== change.atUs && agree()) return change.atUs
    }
    return NEVER
  }
}

/** By group and node: the last change at or before a moment. */
function latestAt<T>(changes: readonly Change<T>[], atUs: number): Map<string, Change<T>> {
  const latest = new Map<string, Change<T>>()
  for (const change of changes) {
    if (change.atUs <= atUs) latest.set(`${change.group} ${change.node}`, change)
  }
  return latest
}
