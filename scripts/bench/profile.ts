// Where the time of a piece of work goes: runs it under the sampling profiler of this process and
// prints the functions that cost most, by themselves and with all that they call.

import { Session } from 'node:inspector/promises'
import { writeFileSync } from 'node:fs'

interface Place {
  readonly functionName: string
  readonly url: string
  readonly lineNumber: number
}

interface ProfileNode {
  readonly id: number
  readonly callFrame: Place
  readonly children?: readonly number[] | undefined
}

interface Profile {
  readonly nodes: readonly ProfileNode[]
  readonly samples?: readonly number[] | undefined
  readonly timeDeltas?: readonly number[] | undefined
}

const SAMPLE_US = 250

/** Starts sampling; the returned function ends it, writes the profile and returns a summary. */
export async function startProfile(): Promise<(file?: string) => Promise<string>> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_US })
  await session.post('Profiler.start')
  return async (file) => {
    const { profile } = await session.post('Profiler.stop')
    session.disconnect()
    if (file !== undefined) writeFileSync(file, JSON.stringify(profile))
    return summary(profile)
  }
}

/** The tables of a profile as text. */
function summary(profile: Profile, rows = 45): string {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
  const parents = new Map<number, number>()
  for (const { id, children = [] } of profile.nodes) for (const c of children) parents.set(c, id)
  const alone = new Map<string, number>()
  const within = new Map<string, number>()
  let totalUs = 0
  for (const [at, id] of (profile.samples ?? []).entries()) {
    const us = profile.timeDeltas?.[at] ?? 0
    totalUs += us
    const stack = new Set<string>()
    for (let up: number | undefined = id; up !== undefined; up = parents.get(up)) {
      stack.add(nameOf(nodes.get(up)))
    }
    alone.set(nameOf(nodes.get(id)), (alone.get(nameOf(nodes.get(id))) ?? 0) + us)
    for (const name of stack) within.set(name, (within.get(name) ?? 0) + us)
  }
  const table = (of: Map<string, number>): string =>
    [...of]
      .sort((a, b) => b[1] - a[1])
      .slice(0, rows)
      .map(([name, us]) => `${ms(us)} ms ${percent(us / totalUs)}  ${name}`)
      .join('\n')
  return `${ms(totalUs)} ms in all\n\nby itself\n${table(alone)}\n\nwith callees\n${table(within)}`
}

const ms = (us: number): string => (us / 1_000).toFixed(0).padStart(7)
const percent = (part: number): string => `${(100 * part).toFixed(1)} %`.padStart(7)

function nameOf(node: ProfileNode | undefined): string {
  if (node === undefined) return '?'
  const { functionName, url, lineNumber } = node.callFrame
  const file = url.split('/').slice(-3).join('/')
  return `${functionName || '(anonymous)'}  ${file}${file === '' ? '' : `:${lineNumber + 1}`}`
}
