// Everything that is looked at before anything starts: the file, the seed, the engine, the protocols.
// Whatever comes out of here can be run; whatever cannot has been refused with its place in the file.

import { CoterieError } from '../../base/error.ts'
import type { Capabilities, Engine } from '../engine/engine.ts'
import { engineOf } from '../engine/registry.ts'
import { misuseOf, protocols } from '../protocol/registry.ts'
import { type Menu, faultOf, offered, shared } from '../scenario/chaos/menu.ts'
import { materialise } from '../scenario/materialise.ts'
import type { LinkChange, Materialised } from '../scenario/materialised.ts'
import { asReal, inFile, realOf } from '../scenario/real.ts'
import { changeOf } from '../scenario/schedule.ts'
import type { Scenario, ScheduleItem } from '../scenario/schema.ts'
import type { Path, Problem, ScenarioSource } from '../scenario/source.ts'
import { SETTINGS_MAX, type Setting, settingsOf } from '../scenario/variants.ts'
import { loadSource } from './library.ts'

export interface Prepared {
  readonly source: ScenarioSource
  readonly materialised: Materialised
  readonly engine: Engine
  readonly capabilities: Capabilities
  /** How often, with other seeds; and with which other values. */
  readonly repeats: number
  readonly sweep: Scenario['sweep']
}

export interface Wishes {
  /** Instead of the scenario's own. */
  readonly seed?: string | undefined
  readonly engine?: string | undefined
  /** Values by path that stand instead of the file's. Default: the first of each that it sweeps. */
  readonly set?: Setting | undefined
  /** Whether its `real` part is run, on any engine: real nodes always do. Default: no. */
  readonly real?: boolean | undefined
  /** Chaos draws only what these other engines can do, too. Default: what the engine can. */
  readonly among?: readonly Menu[] | undefined
  /** Only these, as they are called in the scenario. Default: all. */
  readonly protocols?: readonly string[] | undefined
}

/** @throws CoterieError USAGE, SCENARIO_UNKNOWN or PROTOCOL_UNKNOWN */
export async function prepare(nameOrFile: string, wishes: Wishes = {}): Promise<Prepared> {
  const source = await loadSource(nameOrFile)
  const written = parsed(source, wishes.set)
  const engine = engineOf(wishes.engine ?? written.engine)
  const capabilities = await engine.capabilities()
  const isReal = !capabilities.virtual || wishes.real === true
  const scenario = isReal ? realOf(written) : written
  const refuse = (problems: readonly Problem[]): void => {
    const placed = problems.map((one) => ({ ...one, path: inFile(written, one.path) }))
    source.refuse(isReal ? placed : problems, true)
  }
  refuse(absent(engine.name, capabilities))
  // Before any choice is made: a scenario that does not fit takes long to draw.
  refuse(tooMany(engine.name, capabilities, scenario))
  refuse(misused(scenario))
  refuse(undrawn(engine.name, capabilities, scenario))
  const menu = shared([capabilities, ...(wishes.among ?? [])])
  const { materialised, problems } = materialise(scenario, wishes.seed ?? scenario.seed, menu)
  refuse(problems)
  const drawn = isReal
    ? asReal(scenario, materialised, engine.name)
    : { materialised, problems: [] }
  refuse(drawn.problems)
  const chosen = only(drawn.materialised, wishes.protocols ?? [])
  refuse(beyond(engine.name, capabilities, scenario, chosen))
  const repeats = capabilities.virtual ? scenario.run.repeats : 1
  const sweep = wishes.set === undefined ? scenario.sweep : {}
  return { source, engine, capabilities, materialised: chosen, repeats, sweep }
}

/** With the first of whatever is swept, unless something else is wished for. */
function parsed(source: ScenarioSource, set: Setting | undefined): Scenario {
  const plain = source.parse()
  const settings = settingsOf(plain.sweep)
  if (settings.length > SETTINGS_MAX) {
    const message = `${settings.length} combinations; at most ${SETTINGS_MAX}`
    source.refuse([{ path: ['sweep'], message }])
  }
  const wanted = set ?? settings[0] ?? {}
  return Object.keys(wanted).length === 0 ? plain : source.parse(wanted)
}

function absent(name: string, { missing }: Capabilities): Problem[] {
  if (missing === undefined) return []
  return [{ path: ['engine'], message: `the engine ${name} cannot run here: ${missing}` }]
}

function misused(scenario: Scenario): Problem[] {
  const known = protocols.map(({ name }) => name)
  return scenario.protocols.flatMap(({ use, as = use, with: given }, index): Problem[] => {
    const path: Path = ['protocols', index]
    if (!known.includes(use)) {
      const message = `the lab has no protocol "${use}"; it has ${known.join(', ')}`
      return [{ path: [...path, 'use'], message, code: 'PROTOCOL_UNKNOWN' }]
    }
    const misuse = misuseOf({ use, as, with: given })
    return misuse === undefined ? [] : [{ path: [...path, 'with'], message: misuse }]
  })
}

function tooMany(name: string, able: Capabilities, { group }: Scenario): Problem[] {
  const { nodesMax, groupsAtOnce = group.count } = able
  const atOnce = Math.ceil(group.nodes / group.count) * Math.min(group.count, groupsAtOnce)
  if (atOnce <= nodesMax) return []
  const message = `more nodes than fit: about ${nodesMax} on the engine ${name} of this machine`
  return [{ path: ['group', 'nodes'], message }]
}

/** Kinds of fault that chaos names and the engine does not have. */
function undrawn(name: string, able: Capabilities, { chaos }: Scenario): Problem[] {
  const can = offered(shared([able]))
  return (chaos?.faults ?? []).flatMap((kind, index): Problem[] => {
    if (can.includes(kind)) return []
    const reason = able.reasons[faultOf(kind)]
    const why = reason === undefined ? '' : `: ${reason}`
    const message = `the engine ${name} cannot do ${kind}${why}`
    return [{ path: ['chaos', 'faults', index], message }]
  })
}

const ONLY_VIRTUAL = 'what lies on a disk is looked into on the simulator only'

/** What the engine cannot do of what was chosen. */
function beyond(
  name: string,
  able: Capabilities,
  scenario: Scenario,
  chosen: Materialised,
): Problem[] {
  const { schedule, protocols: uses, network } = scenario
  const why = (what: string) => {
    const reason = able.reasons[what]
    return `the engine ${name} cannot do ${what}${reason === undefined ? '' : `: ${reason}`}`
  }
  const wanted = new Set(chosen.protocols.map(({ as }) => as))
  const strange = uses.flatMap(({ use, as = use }, index): Problem[] =>
    able.protocols?.has(use) === false && wanted.has(as)
      ? [{ path: ['protocols', index, 'use'], message: why(use) }]
      : [],
  )
  const faults = schedule.flatMap((item, index): Problem[] =>
    missing(item, able).map((what) => ({ path: ['schedule', index, 'do'], message: why(what) })),
  )
  const links = [
    { words: network.link, path: ['network', 'link'] },
    ...network.between.map((words, index) => ({ words, path: ['network', 'between', index] })),
  ].flatMap(({ words, path }): Problem[] =>
    unmade(changeOf(words), able).map((what) => ({ path: [...path, what], message: why(what) })),
  )
  const unfit = (able.unfit?.(chosen) ?? []).map(({ id, what, why: reason }): Problem => {
    const index = schedule.findIndex((item) => item.id === id && item.do !== 'heal')
    const message = `the engine ${name} cannot do ${what} as it is here: ${reason}`
    // What no line of the schedule says was drawn.
    return { path: index < 0 ? ['chaos'] : ['schedule', index], message }
  })
  const mishaps = scenario.workload.flatMap(({ kind }, index): Problem[] =>
    !able.virtual && (kind === 'compromise' || kind === 'recover-device')
      ? [{ path: ['workload', index, 'kind'], message: `${why(kind)}: ${ONLY_VIRTUAL}` }]
      : [],
  )
  return [...strange, ...links, ...faults, ...unfit, ...mishaps]
}

function missing(item: ScheduleItem, able: Capabilities): string[] {
  if (item.do === 'heal') return []
  const lacks: string[] = able.faults.has(item.do) ? [] : [item.do]
  if ('mode' in item && !able.modes.has(item.mode)) lacks.push(item.mode)
  if (item.do === 'crash') {
    const asked = [item.unsynced, ...(item.silent ? (['silent'] as const) : [])]
    return [...lacks, ...asked.filter((what) => !able.crashes.has(what))]
  }
  if (item.do === 'byzantine') {
    return [...lacks, ...item.lies.filter((lie) => able.lies?.has(lie) === false)]
  }
  return item.do === 'link' ? [...lacks, ...unmade(changeOf(item), able)] : lacks
}

/** Properties of links that the engine cannot make. */
function unmade(change: LinkChange, able: Capabilities): string[] {
  const names = Object.keys(change) as (keyof LinkChange)[]
  return names.filter((name) => !able.changes.has(name) && change[name] !== 0)
}

/** @throws CoterieError PROTOCOL_UNKNOWN for one that the scenario does not compare */
export function only(materialised: Materialised, wanted: readonly string[]): Materialised {
  if (wanted.length === 0) return materialised
  const names = materialised.protocols.map(({ as }) => as)
  const strange = wanted.find((name) => !names.includes(name))
  if (strange !== undefined) {
    throw new CoterieError('PROTOCOL_UNKNOWN', `This scenario does not compare "${strange}".`, {
      hint: `Its protocols: ${names.join(', ')}.`,
    })
  }
  const chosen = materialised.protocols.filter(({ as }) => wanted.includes(as))
  return { ...materialised, protocols: chosen }
}
