// `watch`: what the node tells as it happens, a line an event. It outlives the daemon: a connection that
// ends is opened again with the number of the last event, and what was missed is named as a gap.

import type { Event, EventFrame } from '../../api/contract.ts'
import { CoterieError } from '../../base/error.ts'
import { type CommandSpec, type Context, type Given, optionNumber } from '../command.ts'
import type { Line } from '../output/table.ts'
import { connect, noteOf } from './connect.ts'
import { clockTime } from './words.ts'

export const watch: CommandSpec = {
  name: 'watch',
  summary: 'Print protocol events as they happen, of one group or of all.',
  arguments: ['[group]'],
  options: [
    { flags: '--after <number>', summary: 'begin behind this event, as --json prints them' },
  ],
  examples: ['watch garden', 'watch --json'],
  run,
}

const AGAIN_MS = 500

async function run(context: Context, given: Given): Promise<number> {
  const group = await groupNamed(context, given.args[0])
  // A daemon that was started again answers elsewhere: each question finds out where.
  const names = new Names(async (id) => {
    const client = await connect(context)
    return (await client.call('GET /v1/groups/:id/members', { params: { id } })).members
  })
  let after = optionNumber(given, 'after', 0)
  for (;;) {
    for await (const frame of frames(context, after)) {
      if (frame.kind === 'hello') after ??= frame.next - 1
      else after = frame.kind === 'gap' ? frame.to : frame.seq
      await shown(context, frame, group, names)
      if (context.out.closed) return 0
    }
    await context.out.talk('The daemon went away; waiting for it. Ctrl-C ends this.')
    while ((await noteOf(context)) === undefined) await pause(context)
    await pause(context)
  }
}

/** The id of the group that is meant, if any. @throws CoterieError DAEMON_UNREACHABLE, GROUP_UNKNOWN, ... */
async function groupNamed(
  context: Context,
  named: string | undefined,
): Promise<string | undefined> {
  const client = await connect(context)
  if (named !== undefined) {
    return (await client.call('GET /v1/groups/:id', { params: { id: named } })).group
  }
  // Somebody must be there at first: later nobody may be for a while.
  await client.call('GET /v1/groups')
  return undefined
}

/** The frames of one connection; none where nobody answers any more. */
async function* frames(
  context: Context,
  after: number | undefined,
): AsyncGenerator<EventFrame, void, undefined> {
  const note = await noteOf(context)
  if (note === undefined) return
  const { watchEvents } = await import('../../api/watching.ts')
  try {
    yield* watchEvents({ ...note, after, signal: context.signal })
  } catch (error) {
    // The note of a daemon that was killed: the next one writes its own.
    if (error instanceof CoterieError && error.code === 'UNAUTHORISED') return
    throw error
  }
}

function pause({ signal }: Context): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer)
      reject(signal.reason as Error)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end)
      resolve()
    }, AGAIN_MS)
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  })
}

async function shown(
  context: Context,
  frame: EventFrame,
  group: string | undefined,
  names: Names,
): Promise<void> {
  if (frame.kind === 'hello') return
  if (frame.kind === 'gap') {
    const { from, to } = frame
    return context.out.result({ kind: 'gap', from, to }, () => [
      { text: `events ${from} to ${to} are gone: ask again for what matters`, style: 'warn' },
    ])
  }
  const { seq, at, event } = frame
  const about = 'group' in event ? event.group : undefined
  if (group !== undefined && about !== group) return
  const name = context.out.json ? '' : await names.of(event)
  await context.out.result({ kind: 'event', seq, at, event }, () => [lineOf(at, event, name)])
}

/** Names of members by id, asked for when one is met that is not known. */
class Names {
  readonly #ask: (group: string) => Promise<readonly { member: string; name: string }[]>
  readonly #known = new Map<string, string>()

  constructor(ask: (group: string) => Promise<readonly { member: string; name: string }[]>) {
    this.#ask = ask
  }

  async of(event: Event): Promise<string> {
    if (!('group' in event) || !('member' in event)) return ''
    const { group, member } = event
    if (!this.#known.has(member)) {
      this.#known.set(member, member.slice(0, 8))
      // A daemon that is away, or a group that is gone: the id has to do.
      const found = await this.#ask(group).catch(() => [])
      for (const other of found) this.#known.set(other.member, other.name)
    }
    return this.#known.get(member) ?? ''
  }
}

const kinds: Readonly<Record<number, string>> = {
  0: 'join',
  1: 'genesis',
  2: 'text',
  3: 'attestation',
  4: 'add',
  5: 'remove',
  6: 'leave',
  7: 'dormant',
  8: 'epoch',
  9: 'prekey',
  10: 'rekey request',
  11: 'evidence',
  13: 'meta',
}

function lineOf(at: number, event: Event, name: string): Line {
  const group = 'group' in event ? `${event.group.slice(0, 8)}  ` : ''
  return [
    { text: `${clockTime(at)}  ${group}`, style: 'dim' },
    { text: event.kind, style: bad.has(event.kind) ? 'bad' : 'bold' },
    '  ',
    wordsOf(event, name),
  ]
}

/** What somebody ought to look at. */
const bad: ReadonlySet<string> = new Set(['equivocation', 'withheld'])

function wordsOf(event: Event, name: string): string {
  switch (event.kind) {
    case 'message':
      return `${kinds[event.type] ?? `type ${event.type}`} ${event.number} by ${name}, ${ways[event.how]}`
    case 'reach':
      return `${name} ${event.up ? 'answers' : 'is out of reach'}`
    case 'link':
      return `${event.peer} ${event.up ? 'up' : 'down'}${event.reason === '' ? '' : `: ${event.reason}`}`
    case 'synced':
      return `with ${event.peer}: ${event.received} in, ${event.sent} out, ${event.ms} ms, ${event.equal ? 'equal' : 'not equal yet'}`
    case 'equivocation':
      return `${name} said two things under number ${event.counter}`
    case 'withheld':
      return `${event.by.slice(0, 8)} says to hold number ${event.counter} of ${name} and does not give it`
    case 'epoch':
      return `${event.epoch.slice(0, 8)} ${event.opened ? 'opened' : 'held, not opened'}`
    default:
      return restOf(event, name)
  }
}

const ways = { own: 'own', push: 'live', sync: 'by sync' } as const

/** Whatever else there is, or will be: its plain fields, in their order. */
function restOf(event: Event, name: string): string {
  const fields = Object.entries(event).filter(([key]) => key !== 'kind' && key !== 'group')
  return fields
    .map(([key, value]) => {
      if (key === 'member') return name
      const plain = typeof value === 'object' ? JSON.stringify(value) : String(value)
      return `${key} ${plain}`
    })
    .join(', ')
}
