// `chaos:` of a scenario, materialised: parts of faults with their beginnings and ends, and in liveness mode
// the core. All of it is drawn from a stream of its own, so that the workload stays the same whatever befalls
// it; and all of it is faults as a schedule could have written them, so whatever replays, shrinks or judges a
// run needs to know nothing of chaos.

import type { SeededRandom } from '../../../base/random.ts'
import { durationMs } from '../duration.ts'
import type { CorePlan, NetworkPlan } from '../materialised.ts'
import type { Span } from '../schedule.ts'
import type { Scenario } from '../schema.ts'
import type { Part } from '../shapes.ts'
import type { Path } from '../source.ts'
import { type CoreParts, breakAround, chooseCore } from './core.ts'
import { type ChaosParts, drawChaos } from './draw.ts'
import { type Menu, offered } from './menu.ts'
import type { Chaos, LivenessChaos } from './schema.ts'

/** The phase of the chaos, and that of the core while the rest stays broken. */
export const CHAOS = 'chaos'
export const CORE = 'core'
/** Labels of the two parts of the mesh, for selectors and metrics. */
export const OUTSIDE = 'outside'

export interface ChaosScene {
  readonly scenario: Scenario
  readonly random: SeededRandom
  readonly menu: Menu
  readonly groups: readonly (readonly number[])[]
  readonly manager: number
  readonly leaders: readonly number[]
  readonly absent: NetworkPlan['absent']
  readonly report: (path: Path, message: string) => void
}

export interface Drawn {
  readonly spans: readonly Span[]
  readonly core: CorePlan | undefined
}

const nothing: Drawn = { spans: [], core: undefined }

/** Everything of it; nothing where the file has none, or where it was refused. */
export function chaosOf(scene: ChaosScene): Drawn {
  const { scenario, random, menu, groups } = scene
  const { chaos } = scenario
  if (chaos === undefined || isRefused(chaos, scene)) return nothing
  const able = offered(menu)
  const kinds =
    chaos.faults === undefined ? able : able.filter((one) => chaos.faults?.includes(one))
  if (kinds.length === 0) return nothing
  const own = random.fork(CHAOS)
  const [fromMs, toMs] = [ms(chaos.from), ms(chaos.to)]
  const { perMinute } = chaos
  const longestMs = ms(chaos.longest)
  const parts: ChaosParts = { random: own, menu, kinds, groups, fromMs, toMs, perMinute, longestMs }
  const drawn = drawChaos(parts)
  if (chaos.mode === 'safety') return { spans: spansOf(healedBy(drawn, toMs)), core: undefined }
  return aroundCore(chaos, scene, drawn, own.fork(CORE))
}

function aroundCore(
  chaos: LivenessChaos,
  { scenario, menu, manager, leaders, absent }: ChaosScene,
  drawn: readonly Part[],
  random: SeededRandom,
): Drawn {
  const { nodes } = scenario.group
  const [atMs, endMs] = [ms(chaos.to), ms(scenario.run.duration)]
  const parts: CoreParts = {
    random,
    menu,
    nodes,
    manager,
    leaders,
    absent,
    atMs,
    endMs,
    policy: chaos.core,
    links: chaos.links,
  }
  const core = chooseCore(parts)
  const broken = breakAround(core, drawn, parts)
  const spans = [
    ...spansOf(broken.chaos),
    ...broken.forever.map((part, place): Span => ({
      ...part,
      id: CORE,
      part: place,
      path: [CHAOS],
      first: part.fromMs === atMs,
    })),
  ]
  return { spans, core: { nodes: core, fromMs: atMs, boundMs: ms(chaos.bound) } }
}

const spansOf = (parts: readonly Part[]): Span[] =>
  parts.map((one, part): Span => ({ ...one, id: CHAOS, part, path: [CHAOS] }))

function healedBy(drawn: readonly Part[], toMs: number): Part[] {
  return drawn
    .filter(({ fromMs }) => fromMs < toMs)
    .map((part) => ({ ...part, toMs: Math.min(part.toMs, toMs) }))
}

/** Tells of everything that cannot be. */
function isRefused(chaos: Chaos, { scenario, groups, menu, report }: ChaosScene): boolean {
  let refused = false
  const refuse = (path: Path, message: string): void => {
    refused = true
    report(path, message)
  }
  const at = (key: string): Path => [CHAOS, key]
  const [fromMs, toMs, endMs] = [ms(chaos.from), ms(chaos.to), ms(scenario.run.duration)]
  if (scenario.schedule.length > 0) {
    refuse([CHAOS], 'a scenario has either a `schedule` or `chaos`: what is drawn knows no script')
  }
  if (fromMs >= toMs) refuse(at('to'), 'leaves no time after its beginning')
  if (toMs > endMs) refuse(at('to'), 'is after the end of the run: heal it before run.duration')
  if (ms(chaos.longest) <= 0) refuse(at('longest'), 'is nothing')
  if (offered(menu).length === 0) refuse([CHAOS], 'this engine makes no fault that could be drawn')
  if (chaos.mode === 'safety') return refused
  if (groups.length > 1) refuse(at('mode'), 'a core is chosen in one group: set group.count to 1')
  if (scenario.group.nodes < 3) refuse(at('mode'), 'a core of two and one outside take 3 nodes')
  if (ms(chaos.bound) <= 0) refuse(at('bound'), 'is nothing')
  if (toMs + ms(chaos.bound) > endMs) {
    refuse(at('bound'), 'is over after the run: the core has no time to show that it gets on')
  }
  for (const label of [CORE, OUTSIDE]) {
    if (scenario.group.labels[label] === undefined) continue
    refuse(['group', 'labels', label], `"${label}" is what chaos calls a part of the mesh`)
  }
  return refused
}

const ms = (text: string): number => durationMs(text) ?? 0
