// A silent cut between real daemons: packets vanish, no connection is reset and nobody is told. Every node
// names the split within five seconds and has healed within three of its end, by what the nodes report
// themselves; waiting has five times those bounds, so that a busy machine shows in figures only.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { SeededRandom } from '../../src/base/random.ts'
import type { Event, EventFrame, Status } from '../../src/api/contract.ts'
import type { Daemon } from '../../src/lab/demo/daemon.ts'
import { type Fleet, withFleet } from '../../src/lab/demo/fleet.ts'
import { NODE_VARIABLE, SHAPER_VARIABLE } from '../../src/lab/engine/real/greeting.ts'
import { Shaper } from '../../src/lab/engine/real/shaper.ts'
import { LinkTable } from '../../src/lab/world/links.ts'
import { until } from '../support/daemons.ts'

const NAMED_MS_MAX = 5_000
const HEALED_MS_MAX = 3_000
const names = ['ada', 'bob', 'cyd', 'dee']
const sides = [
  [0, 2],
  [1, 3],
] as const
/** Longer than any link lives unheard, so that what began in the cut has failed in the cut. */
const CUT_MS = 12_000

type GroupStatus = Status['groups'][number]
type Split = Extract<Event, { kind: 'split' }>

let fleet: Fleet
let shaper: Shaper
let end: () => void = () => undefined
let ended: Promise<void>
const splits: (Split & { readonly at: number })[][] = names.map(() => [])
const sockets: WebSocket[] = []
let group = ''
let cutAt = 0

const groupOf = async ({ api }: Daemon): Promise<GroupStatus> => {
  const { groups } = await api.call('GET /v1/status')
  const found = groups.find((one) => one.group === group)
  if (found === undefined) throw new Error('the group is gone')
  return found
}

const groups = (): Promise<GroupStatus[]> => Promise.all(fleet.daemons.map(groupOf))

const say = async ({ api, name }: Daemon): Promise<void> => {
  const body = { text: `${name} alone with one other` }
  await api.call('POST /v1/groups/:id/messages', { id: group, body })
}

/** Notes when each node names a split: its own clock, which is that of this machine. */
function listen({ access }: Daemon, place: number): Promise<void> {
  const url = `${access.api.replace('http', 'ws')}/v1/events`
  const socket = new WebSocket(url, { headers: { authorization: `Bearer ${access.token}` } })
  sockets.push(socket)
  socket.on('message', (data: Buffer) => {
    const frame = JSON.parse(data.toString('utf8')) as EventFrame
    if (frame.kind === 'event' && frame.event.kind === 'split') {
      splits[place]?.push({ ...frame.event, at: frame.at })
    }
  })
  return new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
}

async function form(): Promise<void> {
  const [first, ...others] = fleet.daemons
  const made = await first?.api.call('POST /v1/groups', { body: { name: 'garden' } })
  group = made?.group ?? ''
  const body = { uses: others.length }
  const invited = await first?.api.call('POST /v1/groups/:id/invites', { id: group, body })
  await Promise.all(
    others.map(({ api }) =>
      api.call('POST /v1/join', {
        body: { ticket: invited?.ticket, waitMs: 60_000 },
        timeoutMs: 70_000,
      }),
    ),
  )
  await until('all linked', 60_000, async () =>
    (await groups()).every(({ reachable }) => reachable.length === names.length - 1),
  )
}

beforeAll(async () => {
  const random = new SeededRandom('silent cut')
  shaper = new Shaper({
    nodes: names.length,
    random: () => random.float(),
    passed: () => undefined,
  })
  const port = await shaper.listen()
  const settings = (place: number) => ({
    before: ['engine/real/through'],
    env: { [SHAPER_VARIABLE]: String(port), [NODE_VARIABLE]: String(place) },
  })
  await new Promise<void>((ready, failed) => {
    const over = new Promise<void>((resolve) => (end = resolve))
    const work = async (made: Fleet): Promise<void> => {
      fleet = made
      fleet.daemons.forEach((daemon, place) => {
        for (const address of daemon.listen) {
          const own = /\/tcp\/([0-9]+)/.exec(address)?.[1]
          if (own !== undefined) shaper.place(Number(own), place)
        }
      })
      ready()
      await over
    }
    const options = { names, keep: undefined, signal: new AbortController().signal, settings }
    ended = withFleet(options, work)
    ended.catch(failed)
  })
  await form()
  await Promise.all(fleet.daemons.map(listen))
}, 120_000)

afterAll(async () => {
  for (const socket of sockets) socket.terminate()
  end()
  await ended
  await shaper.close()
})

describe('a silent cut of four into two and two', () => {
  test('is named by every node within five seconds', async () => {
    cutAt = Date.now()
    shaper.set(new LinkTable(names.length, { split: { sides, cut: 'blackhole' } }))
    await until('named by all', 5 * NAMED_MS_MAX, async () =>
      (await groups()).every(({ partition }) => partition !== null),
    )
    // The event comes on a connection of its own, and may come after the answer.
    await until('told by all', NAMED_MS_MAX, async () => splits.every(({ length }) => length > 0))
    const members = (await groups()).map(({ partition, state }) => ({ partition, state }))
    for (const [place, { partition, state }] of members.entries()) {
      expect(state).toBe('partitioned')
      expect(partition?.reachable).toHaveLength(1)
      expect(partition?.missing).toHaveLength(2)
      expect(partition?.since).toBeGreaterThan(cutAt)
      expect(splits[place]?.[0]?.at).toBeGreaterThanOrEqual(partition?.since ?? Infinity)
    }
    const namedMs = splits.map(([first]) => (first?.at ?? Infinity) - cutAt)
    console.log(`silent cut: named after ${namedMs.join(', ')} ms`)
    for (const ms of namedMs) expect(ms).toBeLessThanOrEqual(NAMED_MS_MAX)
  }, 60_000)

  test('has healed on every node within three seconds of its end', async () => {
    await Promise.all(fleet.daemons.map(say))
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, cutAt + CUT_MS - Date.now())))
    const healAt = Date.now()
    shaper.set(new LinkTable(names.length))
    await until('healed on all', 5 * HEALED_MS_MAX, async () => {
      const all = await groups()
      const one = new Set(all.map(({ root }) => root)).size === 1
      return one && all.every(({ partition, lastHeal }) => partition === null && lastHeal?.whole)
    })
    const heals = (await groups()).map(({ lastHeal }) => lastHeal)
    const figures = heals.map((heal) => {
      expect(heal?.start).toBeGreaterThanOrEqual(healAt)
      expect(heal?.returned).toHaveLength(2)
      return { firstMs: (heal?.start ?? Infinity) - healAt, healMs: heal?.healMs ?? Infinity }
    })
    const told = figures.map(({ firstMs, healMs }) => `${firstMs} + ${healMs}`)
    console.log(`silent cut: healed, first link + heal, after ${told.join(', ')} ms`)
    for (const { firstMs, healMs } of figures) {
      expect(firstMs + healMs).toBeLessThanOrEqual(HEALED_MS_MAX)
    }
  }, 60_000)
})
