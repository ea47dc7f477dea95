// From a scenario and a seed to an explicit, ordered list of events: every selector answered, every time
// drawn. The same scenario and seed give the same list, on every machine. All that can be wrong with a
// scenario is found here, before anything starts.

import { SeededRandom } from '../../base/random.ts'
import { isMetric } from '../measure/names.ts'
import { CORE, OUTSIDE, chaosOf } from './chaos/chaos.ts'
import { type Menu, wholeMenu } from './chaos/menu.ts'
import { refuseConflicts } from './conflicts.ts'
import { durationMs } from './duration.ts'
import { FormulaError, namesOf, parseFormula } from './formula.ts'
import type {
  GroupPlan,
  Materialised,
  NetworkPlan,
  NodeRef,
  OperationEvent,
  ScenarioEvent,
} from './materialised.ts'
import { OVERLAY_NODES_MAX, absentPairs } from './overlay.ts'
import { changeOf, faultEvents, spansOf } from './schedule.ts'
import type { Scenario } from './schema.ts'
import { SelectorError, type Terrain, select, selectNodes } from './selector.ts'
import type { Path, Problem } from './source.ts'
import { type Drafted, workloadEvents } from './workload.ts'

export interface Drawn {
  readonly materialised: Materialised
  /** What is wrong; empty: it may run. */
  readonly problems: readonly Problem[]
}

/** @param menu what chaos may draw. Default: everything. */
export function materialise(
  scenario: Scenario,
  seed: string | number = scenario.seed,
  menu: Menu = wholeMenu,
): Drawn {
  const maker = new Maker(scenario, String(seed), menu)
  const materialised = maker.make()
  return { materialised, problems: maker.problems }
}

class Maker {
  readonly problems: Problem[] = []
  readonly #scenario: Scenario
  readonly #seed: string
  readonly #menu: Menu
  readonly #random: SeededRandom
  readonly #sides = new Map<string, readonly (readonly NodeRef[])[]>()
  #terrain: Terrain

  constructor(scenario: Scenario, seed: string, menu: Menu) {
    const { nodes } = scenario.group
    this.#scenario = scenario
    this.#seed = seed
    this.#menu = menu
    this.#random = new SeededRandom(seed).fork('scenario')
    const random = this.#random.fork('selectors')
    const groups = this.#split(nodes, scenario.group.count)
    this.#terrain = { nodes, groups, labels: {}, leaders: [], sides: this.#sides, random }
  }

  make(): Materialised {
    const scenario = this.#scenario
    const { name, title, group } = scenario
    const named = this.#labels()
    this.#terrain = { ...this.#terrain, labels: named }
    const plans = this.#groups()
    this.#terrain = { ...this.#terrain, leaders: plans.flatMap(({ leaders }) => leaders) }
    const report: Report = (path, message) => void this.problems.push({ path, message })
    const choose = (selector: string | number, path: Path) => this.#select(selector, path)
    const network = this.#network()
    const chaos = this.#chaos(plans, network, report)
    const labels = { ...named, ...chaos.labels }
    this.#terrain = { ...this.#terrain, labels }
    const scripted = spansOf({
      scenario,
      report,
      random: this.#random,
      groups: this.#terrain.groups,
      select: choose,
      named: (id, sides) => void this.#sides.set(id, sides),
    })
    refuseConflicts(scripted, group.nodes, report)
    const spans = [...scripted, ...chaos.spans]
    const groupOf = (ref: NodeRef) => this.#groupOf(ref)
    const drafted = workloadEvents({
      scenario,
      report,
      groupOf,
      random: this.#random,
      select: choose,
    })
    const groups = withOutsiders(plans, drafted)
    groups.forEach(({ members }, index) => {
      if (members.length === 0) report(['workload'], `group ${index} begins with nobody in it`)
    })
    const run = this.#run()
    const ids = spans.map(({ id }) => id)
    const phases = [...new Set(chaos.core === undefined ? ids : [...ids, CORE])]
    this.#expectations(Object.keys(labels), phases, chaos.core !== undefined)
    return {
      lab: 1,
      name,
      title,
      seed: this.#seed,
      nodes: group.nodes,
      groups,
      labels,
      network,
      protocols: scenario.protocols.map(({ use, as, ...one }) => ({
        use,
        as: as ?? use,
        with: one.with,
      })),
      run,
      events: ordered(drafted, faultEvents(spans)),
      phases,
      expect: scenario.expect.map((one) => ({ ...one })),
      ...(chaos.core === undefined ? {} : { core: chaos.core }),
    }
  }

  /** What is drawn instead of scripted, with the labels of the core and of what is outside. */
  #chaos(plans: readonly GroupPlan[], network: NetworkPlan, report: Report) {
    const { spans, core } = chaosOf({
      scenario: this.#scenario,
      random: this.#random,
      menu: this.#menu,
      groups: this.#terrain.groups,
      manager: plans[0]?.members[0] ?? 0,
      leaders: plans.flatMap(({ leaders }) => leaders),
      absent: network.absent,
      report,
    })
    const all = Array.from({ length: this.#scenario.group.nodes }, (_, node) => node)
    const rest = all.filter((node) => core?.nodes.includes(node) !== true)
    const labels = core === undefined ? {} : { [CORE]: core.nodes, [OUTSIDE]: rest }
    return { spans, core, labels }
  }

  #split(nodes: number, count: number): readonly (readonly number[])[] {
    if (nodes < 2 * count) {
      this.problems.push({
        path: ['group', 'count'],
        message: 'leaves groups of less than 2 nodes',
      })
    }
    return Array.from({ length: count }, (_, group) => {
      const from = Math.floor((group * nodes) / count)
      const to = Math.floor(((group + 1) * nodes) / count)
      return Array.from({ length: to - from }, (_each, index) => from + index)
    })
  }

  #labels(): Record<string, readonly number[]> {
    const entries = Object.entries(this.#scenario.group.labels).map(([label, selector]) => {
      const path: Path = ['group', 'labels', label]
      if (label === 'all') this.problems.push({ path, message: '"all" means every node already' })
      return [label, this.#nodes(selector, path)] as const
    })
    return Object.fromEntries(entries)
  }

  #groups(): GroupPlan[] {
    const { manager, leaders } = this.#scenario.group.roles
    const { groups } = this.#terrain
    const path: Path = ['group', 'roles']
    const managers = manager === undefined ? [] : this.#nodes(manager, [...path, 'manager'])
    const named = leaders === undefined ? undefined : this.#nodes(leaders, [...path, 'leaders'])
    return groups.map((members) => {
      const mine = managers.filter((node) => members.includes(node))
      if (mine.length > 1) {
        this.problems.push({ path: [...path, 'manager'], message: 'names several of one group' })
      }
      const first = mine[0] ?? named?.find((node) => members.includes(node)) ?? members[0] ?? 0
      const others =
        named?.filter((node) => members.includes(node)) ??
        members.filter((_, place) => place % 3 === 0)
      const all = [first, ...others.filter((node) => node !== first)].slice(0, LEADERS_MAX)
      const rest = members.filter((node) => node !== first)
      return { members: [first, ...rest], leaders: all, outside: [] }
    })
  }

  #network(): NetworkPlan {
    const { network, group } = this.#scenario
    const { overlay, degree, link } = network
    if (overlay !== 'full' && group.nodes > OVERLAY_NODES_MAX) {
      const message = `an overlay other than full takes at most ${OVERLAY_NODES_MAX} nodes`
      this.problems.push({ path: ['network', 'overlay'], message })
    }
    const random = this.#random.fork('overlay')
    const fits = group.nodes <= OVERLAY_NODES_MAX
    return {
      delayMs: 20,
      jitterMs: 0,
      loss: 0,
      duplicate: 0,
      reorder: 0,
      ...changeOf(link),
      absent: fits ? absentPairs(overlay, group.nodes, degree, random) : [],
      between: network.between.map(({ from, to, ...words }, index) => ({
        from: this.#nodes(from, ['network', 'between', index, 'from']),
        to: this.#nodes(to, ['network', 'between', index, 'to']),
        change: changeOf(words),
      })),
    }
  }

  #run(): Materialised['run'] {
    const { warmup, duration, quiesce, deadline } = this.#scenario.run
    const run = {
      warmupMs: ms(warmup),
      durationMs: ms(duration),
      quiesceMs: ms(quiesce),
      deadlineMs: ms(deadline),
    }
    const refuse = (key: string, message: string) =>
      void this.problems.push({ path: ['run', key], message })
    if (run.durationMs <= 0) refuse('duration', 'is nothing')
    if (run.quiesceMs <= 0) refuse('quiesce', 'is nothing: healing takes time')
    if (run.deadlineMs <= 0) refuse('deadline', 'is nothing')
    if (run.warmupMs >= run.durationMs) refuse('warmup', 'is longer than the run')
    return run
  }

  #expectations(labels: readonly string[], faults: readonly string[], stays: boolean): void {
    const { expect, protocols } = this.#scenario
    const names = protocols.map(({ use, as }) => as ?? use)
    const of = (id: string) => (stays ? [id] : [id, `after-${id}`])
    const phases = ['all', 'before', ...faults.flatMap(of)]
    names.forEach((name, index) => {
      if (names.indexOf(name) === index) return
      const message = `two protocols are called "${name}": tell them apart with \`as\``
      this.problems.push({ path: ['protocols', index], message })
    })
    expect.forEach((one, index) => {
      const refuse = (key: string, message: string, offset = 0) =>
        void this.problems.push({ path: ['expect', index, key], message, offset })
      if (one.for !== '*' && !names.includes(one.for)) {
        refuse('for', `no protocol of this scenario is called "${one.for}"`)
      }
      if (!phases.includes(one.phase)) {
        refuse('phase', `no phase "${one.phase}"; phases are ${phases.join(', ')}`)
      }
      try {
        for (const { name, at } of namesOf(parseFormula(one.that))) {
          if (!isMetric(name, labels)) refuse('that', `no metric "${name}"`, at)
        }
      } catch (error) {
        if (!(error instanceof FormulaError)) throw error
        refuse('that', error.message, error.at)
      }
    })
  }

  #select(selector: string | number, path: Path): readonly NodeRef[] {
    try {
      return select(selector, this.#terrain)
    } catch (error) {
      return this.#refused(error, path)
    }
  }

  #nodes(selector: string | number, path: Path): readonly number[] {
    try {
      return selectNodes(selector, this.#terrain)
    } catch (error) {
      return this.#refused(error, path)
    }
  }

  #refused(error: unknown, path: Path): readonly never[] {
    if (!(error instanceof SelectorError)) throw error
    this.problems.push({ path, message: error.message })
    return []
  }

  #groupOf(ref: NodeRef): number {
    if (typeof ref !== 'number') return ref.managerOf
    return Math.max(
      0,
      this.#terrain.groups.findIndex((members) => members.includes(ref)),
    )
  }
}

type Report = (path: Path, message: string) => void

const LEADERS_MAX = 16

/** Whoever joins before anything else happens to its membership is outside at first. */
function withOutsiders(plans: readonly GroupPlan[], drafted: readonly Drafted[]): GroupPlan[] {
  const firsts = new Map<string, Drafted>()
  for (const one of [...drafted].sort((a, b) => a.atMs - b.atMs)) {
    if (!['join', 'leave', 'kick'].includes(one.operation)) continue
    const about = one.operation === 'kick' ? one.target : one.actors[0]
    const name = JSON.stringify(about)
    if (!firsts.has(name)) firsts.set(name, one)
  }
  const joins = (node: number) => firsts.get(JSON.stringify(node))?.operation === 'join'
  return plans.map(({ members, leaders }) => ({
    members: members.filter((node) => !joins(node)),
    leaders: leaders.filter((node) => !joins(node)),
    outside: members.filter(joins),
  }))
}

/** Faults first where times are equal; operations are numbered in their order. */
function ordered(drafted: readonly Drafted[], faults: readonly ScenarioEvent[]): ScenarioEvent[] {
  const inTime = [...drafted].sort((a, b) => a.atMs - b.atMs)
  const operations = inTime.map(({ kind, atMs, ...rest }, id): OperationEvent => ({
    kind,
    atMs,
    id,
    ...rest,
  }))
  const rank = (event: ScenarioEvent) => (event.kind === 'fault' ? 0 : 1)
  return [...faults, ...operations].sort((a, b) => a.atMs - b.atMs || rank(a) - rank(b))
}

const ms = (text: string): number => durationMs(text) ?? 0
