// Laws of the final order over random histories: what was shown as final stays where it is, it is what the
// definition gives, from either end, over restarts and with rows that left memory, and leaders who owe it
// a word come to an end.
import { SeededRandom } from '../../src/base/random.ts'
import { MessageType } from '../../src/core/message/type.ts'
import { FinalHistory } from './final-history.ts'
import type { FinalHistoryOptions, FinalNode } from './final-history.ts'
import type { FinalMutant } from './final-model.ts'
import { FinalModel } from './final-model.ts'

/** A run as a seed and its place in a series: every third has a lying leader, every third a lying member. */
export const optionsOf = (seed: string, place: number): FinalHistoryOptions => ({
  seed,
  liar: ([undefined, 'leader', 'member'] as const)[place % 3],
  leaders: 1 + (place % 4),
  steps: 100,
})

export interface FinalRun {
  readonly broken: readonly string[]
  /** Texts that were final at somebody in the end. */
  readonly finals: number
  /** Rounds of attestations until nobody owed one any more. */
  readonly rounds: number
}

/** Somebody keeps what was shown from moving: an honest leader of whom no Leave is held. */
const isGuarded = (history: FinalHistory, node: FinalNode): boolean =>
  history.honest.some(
    ({ name }) =>
      history.leaders.includes(name) &&
      ![...node.core.held.values()].some(
        ({ type, author }) => type === MessageType.leave && author === name,
      ),
  )

const accusedLeaders = (history: FinalHistory, node: FinalNode): number =>
  history.leaders.filter((leader) => node.accuses(leader)).length

/** Watches what each honest node shows as final, by the core or by a mistaken definition. */
const watching = (mutant: FinalMutant | undefined, broken: string[]) => {
  const shown = new Map<FinalNode, readonly string[]>()
  return (history: FinalHistory, node: FinalNode): void => {
    const order =
      mutant === undefined
        ? node.core.order()
        : new FinalModel(history.leaders, mutant).order(node.core.held)
    const ids = order.map(({ id }) => id)
    const accused = accusedLeaders(history, node)
    const before = shown.get(node)
    shown.set(node, ids)
    if (before === undefined || before.every((id, at) => ids[at] === id)) return
    const what = `${node.name.slice(0, 2)}: ${before.join(' ')} became ${ids.join(' ')}`
    if (isGuarded(history, node)) broken.push(`an honest leader is there, and it moved: ${what}`)
    else if (accused === 0) broken.push(`no leader is accused, and it moved: ${what}`)
  }
}

const historyOf = (
  options: FinalHistoryOptions,
  onStep: (history: FinalHistory, node: FinalNode) => void,
): FinalHistory => {
  const history: FinalHistory = new FinalHistory({
    ...options,
    onStep: (node) => onStep(history, node),
  })
  return history.run()
}

/** Where the core and the definition give different orders. */
const differences = (history: FinalHistory, random: SeededRandom): string[] => {
  const model = new FinalModel(history.leaders)
  return history.honest.flatMap((node) => {
    const { core, name } = node
    const due = JSON.stringify(model.order(core.held))
    const broken: string[] = []
    const judge = (how: string, found: object): void => {
      const said = JSON.stringify(found)
      if (said !== due) broken.push(`${name.slice(0, 2)} ${how}: ${said} for ${due}`)
    }
    judge('forwards', core.order())
    judge('backwards', core.order(true))
    if (random.below(2) === 0) core.restart()
    else core.forget()
    judge('after a restart', core.order())
    const final = new Map(model.order(core.held).map(({ id, stamp }) => [id, stamp]))
    for (const word of core.held.values()) {
      if (word.type !== MessageType.text || !model.counts(core.held, word)) continue
      const { stamp, settled, waitsFor } = core.standpoint(word.id)
      const due = final.get(word.id)
      // Where nobody is left to be waited for, nothing becomes final any more.
      const waits = waitsFor.length > 0 || core.replica.final.now.seats.every((seat) => seat.closed)
      const fine = due === undefined ? !settled && waits : settled && stamp === due
      if (!fine) broken.push(`${word.id} stands at ${String(stamp)}, due ${String(due)}`)
    }
    return broken
  })
}

/** One whole run; `mutant`: held against that mistake alone. */
export function finalRun(options: FinalHistoryOptions, mutant?: FinalMutant): FinalRun {
  const broken: string[] = []
  const history = historyOf(options, watching(mutant, broken))
  if (mutant !== undefined) return { broken, finals: 0, rounds: 0 }
  const random = new SeededRandom(options.seed).fork('laws')
  broken.push(...differences(history, random))
  const absent = random.below(4) === 0 ? history.leaders.slice(-1) : []
  const rounds = history.finish(absent)
  if (rounds > 12) broken.push(`leaders still owe a word after ${String(rounds)} rounds`)
  broken.push(...differences(history, random))
  const [one] = history.honest
  return { broken, finals: one?.core.order().length ?? 0, rounds }
}
