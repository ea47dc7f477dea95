// What `check` concludes from a status, and how monitors want it spelled. Pure: the answer of the node
// decides alone. Names come from people: nothing in them may end a line, a field or a label.

import type { Status } from '../../api/contract.ts'
import type { Style } from '../output/table.ts'

/** As monitors rank it. */
export type Level = 'ok' | 'warning' | 'critical'
type State = Status['state']

export interface GroupVerdict {
  group: string
  name: string
  state: State
  level: Level
  why: string
  members: number
  reachable: number
  pending: number
  undecryptable: number
  held: number
  messages: number
}

export interface Verdict {
  level: Level
  state: State
  groups: GroupVerdict[]
}

/** A split heals by itself and is worth knowing; alone or forked somebody has to look. */
const levels: Readonly<Record<State, Level>> = {
  healthy: 'ok',
  behind: 'warning',
  partitioned: 'warning',
  alone: 'critical',
  forked: 'critical',
}

export function verdictOf({ state, groups }: Status): Verdict {
  return {
    level: levels[state],
    state,
    groups: groups.map((group) => ({
      group: group.group,
      name: group.name,
      state: group.state,
      level: levels[group.state],
      why: group.why,
      members: group.members,
      reachable: group.reachable.length,
      pending: group.pending,
      undecryptable: group.undecryptable,
      held: group.held,
      messages: group.messages,
    })),
  }
}

export function levelStyle(level: Level): Style {
  return level === 'ok' ? 'good' : level === 'warning' ? 'warn' : 'bad'
}

const figures = ['members', 'reachable', 'pending', 'undecryptable', 'held', 'messages'] as const

/** One line: the word, why, and figures summed over groups. @param verdict or why there is none */
export function nagiosText(verdict: Verdict | Error): string {
  if (verdict instanceof Error) return `COTERIE UNKNOWN - ${oneField(verdict.message)}`
  const { level, groups } = verdict
  const bad = groups.filter((group) => group.level !== 'ok')
  const said = bad.map(
    ({ name, state, why }) => `${name} is ${state}${why === '' ? '' : `: ${why}`}`,
  )
  const words = bad.length === 0 ? `${groups.length} groups, all healthy` : said.join('; ')
  const sums = figures.map(
    (name) => `${name}=${groups.reduce((sum, group) => sum + group[name], 0)}`,
  )
  return `COTERIE ${level.toUpperCase()} - ${oneField(words)} | groups=${groups.length} ${sums.join(' ')}`
}

/** Without what separates lines and fields there. */
function oneField(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}|]+/gu, ' ')
}

const states = Object.keys(levels) as State[]

/** In the text format of Prometheus, as a file for its node exporter takes it. @param verdict none: down */
export function prometheusText(verdict: Verdict | undefined): string {
  const up = gauge('coterie_up', 'Whether a node answers.', [['', verdict === undefined ? 0 : 1]])
  if (verdict === undefined) return up
  const { groups } = verdict
  const state = groups.flatMap((group) =>
    states.map((one): Sample => [labelsOf(group, one), group.state === one ? 1 : 0]),
  )
  return [
    up,
    gauge('coterie_group_state', 'The state of a group: 1 for the one that holds.', state),
    ...figures.map((name) =>
      gauge(
        `coterie_group_${name}`,
        helps[name],
        groups.map((group): Sample => [labelsOf(group), group[name]]),
      ),
    ),
  ].join('')
}

const helps: Readonly<Record<(typeof figures)[number], string>> = {
  members: 'Members that belong now.',
  reachable: 'Members that answer now, without this one.',
  pending: 'Messages that wait for what they build on.',
  undecryptable: 'Texts meant for this member that it cannot open.',
  held: 'Own texts that wait for an epoch.',
  messages: 'Messages held.',
}

type Sample = readonly [labels: string, value: number]

function gauge(name: string, help: string, samples: readonly Sample[]): string {
  const rows = samples.map(([labels, value]) => `${name}${labels} ${value}\n`)
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${rows.join('')}`
}

function labelsOf({ group, name }: GroupVerdict, state?: State): string {
  const escaped = name.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
  return `{group="${group}",name="${escaped}"${state === undefined ? '' : `,state="${state}"`}}`
}
