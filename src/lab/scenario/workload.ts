// The workload, made into operations with their times. Each item and each node draws from a stream of
// its own, so that adding one shifts no other.

import type { SeededRandom } from '../../base/random.ts'
import { arrivalTimes } from './arrivals.ts'
import { durationMs } from './duration.ts'
import type { NodeRef, OperationEvent } from './materialised.ts'
import type { Scenario, WorkloadItem } from './schema.ts'
import type { Path } from './source.ts'

/** An operation before it has its number. */
export type Drafted = Omit<OperationEvent, 'id'>

export interface WorkloadParts {
  readonly scenario: Scenario
  readonly random: SeededRandom
  readonly groupOf: (node: NodeRef) => number
  readonly select: (selector: string | number, path: Path) => readonly NodeRef[]
  readonly report: (path: Path, message: string) => void
}

export function workloadEvents(parts: WorkloadParts): Drafted[] {
  return parts.scenario.workload.flatMap((item, index) =>
    eventsOf(parts, item, ['workload', index], parts.random.fork(`workload/${index}`)),
  )
}

function eventsOf(
  parts: WorkloadParts,
  item: WorkloadItem,
  path: Path,
  random: SeededRandom,
): Drafted[] {
  const who = parts.select(item.who, [...path, 'who'])
  const durationAll = ms(parts.scenario.run.duration)
  const late = (atMs: number, key: string): void => {
    if (atMs > durationAll) parts.report([...path, key], 'is after the end of the run')
  }
  if (item.kind === 'chat' || item.kind === 'read') {
    const fromMs = ms(item.from ?? '0s')
    const toMs = Math.min(ms(item.to ?? parts.scenario.run.duration), durationAll)
    if (fromMs >= toMs) parts.report([...path, 'from'], 'leaves no time before its end')
    const arrivals = { kind: item.arrivals, fromMs, toMs, perMinute: item.perNodePerMinute }
    return who.flatMap((node) =>
      arrivalTimes(arrivals, random.fork(JSON.stringify(node))).map((atMs): Drafted => ({
        kind: 'operation',
        atMs,
        operation: item.kind === 'chat' ? 'send' : 'read',
        group: parts.groupOf(node),
        actors: [node],
        ...(item.kind === 'chat' ? { bytes: item.bytes } : {}),
      })),
    )
  }
  const times = item.kind === 'rekey' ? rekeyTimes(parts, item, path) : [ms(item.at)]
  for (const atMs of times) late(atMs, 'at')
  return times.flatMap((atMs) => governing(parts, item, path, who, atMs))
}

function governing(
  parts: WorkloadParts,
  item: Exclude<WorkloadItem, { kind: 'chat' | 'read' }>,
  path: Path,
  who: readonly NodeRef[],
  atMs: number,
): Drafted[] {
  const about = { kind: 'operation', atMs, operation: item.kind } as const
  const first = (nodes: readonly NodeRef[]): number => parts.groupOf(nodes[0] ?? 0)
  if (item.kind === 'kick') {
    return parts.select(item.target, [...path, 'target']).map((target): Drafted => {
      const actors = who.filter((node) => JSON.stringify(node) !== JSON.stringify(target))
      return { ...about, group: first([target]), actors, target }
    })
  }
  if (item.kind === 'rekey') return [{ ...about, group: first(who), actors: who }]
  const host = item.kind === 'join' && item.target !== undefined ? item.target : undefined
  const [target] = host === undefined ? [] : parts.select(host, [...path, 'target'])
  return who.map((node): Drafted => ({
    ...about,
    group: parts.groupOf(node),
    actors: [node],
    ...(target === undefined ? {} : { target }),
  }))
}

function rekeyTimes(
  parts: WorkloadParts,
  item: Extract<WorkloadItem, { kind: 'rekey' }>,
  path: Path,
): number[] {
  if ((item.at === undefined) === (item.every === undefined)) {
    parts.report(path, 'a rekey takes either `at` or `every`')
    return []
  }
  if (item.at !== undefined) return [ms(item.at)]
  const everyMs = ms(item.every ?? '1m')
  const toMs = ms(item.to ?? parts.scenario.run.duration)
  const times: number[] = []
  if (everyMs <= 0) parts.report([...path, 'every'], 'is nothing')
  else for (let at = ms(item.from ?? '0s') + everyMs; at < toMs; at += everyMs) times.push(at)
  return times
}

const ms = (text: string): number => durationMs(text) ?? 0
