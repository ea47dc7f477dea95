// What the scenes of the demo need: the group on every node, who has said what, and waiting until the
// nodes themselves report something. Nothing is known here that a node did not say.

import type { Status, TextReport } from '../../api/contract.ts'
import { CoterieError } from '../../base/error.ts'
import type { Outcast, Sent, Witness } from './evidence.ts'
import type { Daemon } from './daemon.ts'
import type { Fleet } from './fleet.ts'
import { type Moment, founder, leaders, lineOf } from './people.ts'
import type { Side, Style } from './picture.ts'
import { watch } from './wait.ts'

type GroupStatus = Status['groups'][number]

/** Status of the group by place; undefined where it is not held. */
export type View = readonly (GroupStatus | undefined)[]

const SETTLE_MS_MAX = 20_000
/** For how long the last look is repeated until all are alike: as long as a merge may take. */
const ALIKE_MS_MAX = 20_000

export class Stage {
  readonly fleet: Fleet
  readonly sent: Sent[] = []
  /** Epoch to the colour in which it is drawn. */
  readonly colours = new Map<string, Style>()
  #outcast: number | undefined
  #group = ''
  #members: readonly string[] = []
  readonly #turns = new Map<number, number>()
  readonly #honest: number

  /** @param honest how many of the first daemons tell one and the same to everybody */
  constructor(fleet: Fleet, honest: number) {
    this.fleet = fleet
    this.#honest = honest
  }

  /** Everybody but the liar. */
  get everybody(): readonly number[] {
    return Array.from({ length: this.#honest }, (_, place) => place)
  }

  get group(): string {
    return this.#group
  }

  /** Everybody who has not been removed. */
  get remaining(): readonly number[] {
    return this.everybody.filter((place) => place !== this.#outcast)
  }

  member(place: number): string {
    return this.#members[place] ?? ''
  }

  daemon(place: number): Daemon {
    const daemon = this.fleet.daemons[place]
    if (daemon === undefined) throw new CoterieError('INTERNAL', `There is no node ${place}.`)
    return daemon
  }

  /** Cards of two leaders, a group by the third, a ticket, and everybody else comes with it. */
  async form(name: string): Promise<void> {
    const cards: string[] = []
    for (const place of leaders.filter((leader) => leader !== founder)) {
      cards.push((await this.daemon(place).api.call('POST /v1/card')).card)
    }
    const { api } = this.daemon(founder)
    const { group, member } = await api.call('POST /v1/groups', { body: { name, leaders: cards } })
    const uses = this.fleet.daemons.length - 1
    const { ticket } = await api.call('POST /v1/groups/:id/invites', { id: group, body: { uses } })
    const body = { ticket, waitMs: SETTLE_MS_MAX }
    const members = this.fleet.daemons.map(async (_, place) => {
      if (place === founder) return member
      const joined = await this.daemon(place).api.call('POST /v1/join', {
        body,
        timeoutMs: 2 * SETTLE_MS_MAX,
      })
      return joined.member
    })
    this.#members = await Promise.all(members)
    this.#group = group
  }

  /** One text; what the node acknowledged is remembered. */
  async say(moment: Moment, place: number): Promise<Sent> {
    const { api } = this.daemon(place)
    const turn = this.#turns.get(place) ?? 0
    this.#turns.set(place, turn + 1)
    const text = lineOf(moment, place, turn)
    const knew = await this.#knows(place)
    const { id, number } = await api.call('POST /v1/groups/:id/messages', {
      id: this.#group,
      body: { text },
    })
    if (id === null || number === null) throw new Error('the node holds a text back')
    const sent = { id, number, text, place, knew }
    this.sent.push(sent)
    return sent
  }

  /** One leader removes somebody, and from now on only the others are waited for. */
  async remove(leader: number, outcast: number): Promise<void> {
    const { api } = this.daemon(leader)
    const path = { id: this.#group, member: this.member(outcast) }
    const route = 'POST /v1/groups/:id/members/:member/remove'
    await api.call(route, { ...path, timeoutMs: 2 * SETTLE_MS_MAX })
    this.#outcast = outcast
  }

  async rotate(leader: number): Promise<void> {
    await this.daemon(leader).api.call('POST /v1/groups/:id/rotate', { id: this.#group })
  }

  /** Asked before a text is sent, so a node is at worst said to know a moment too late. */
  async #knows(place: number): Promise<boolean> {
    if (this.#outcast === undefined) return false
    return (await this.#standings(place))[this.member(this.#outcast)] === 'removed'
  }

  async #standings(place: number): Promise<Record<string, string>> {
    const { api } = this.daemon(place)
    const { members } = await api.call('GET /v1/groups/:id/members', { id: this.#group })
    return Object.fromEntries(members.map(({ member, state }) => [member, state]))
  }

  /** What every node says about the group now. */
  look(): Promise<View> {
    return Promise.all(
      this.fleet.daemons.map(async ({ api }) => {
        const { groups } = await api.call('GET /v1/status')
        return groups.find(({ group }) => group === this.#group)
      }),
    )
  }

  /** Texts of the group on one node. */
  read(place: number): Promise<readonly TextReport[]> {
    return this.daemon(place).api.read(this.#group)
  }

  /**
   * What these nodes report at the end, all of one look: one that finds them alike and at rest, if that
   * comes soon. An attestation half-way round makes two of them differ for a moment, and two leaders who
   * both saw their turn give them two epochs until the next: neither means anything.
   */
  async witnesses(places: readonly number[]): Promise<readonly Witness[]> {
    const { seen: view } = await watch({
      look: () => this.look(),
      until: (seen) => places.length === 1 || isAtRest(seen, places),
      boundMs: ALIKE_MS_MAX,
      signal: this.fleet.signal,
    })
    return Promise.all(
      places.map(async (place) => ({
        name: this.daemon(place).name,
        place,
        member: this.member(place),
        group: view[place],
        rows: view[place] === undefined ? [] : await this.read(place),
        standings: view[place] === undefined ? {} : await this.#standings(place),
      })),
    )
  }

  /** Who was removed, with what its own node reports. */
  async outcast(): Promise<Outcast | undefined> {
    const place = this.#outcast
    if (place === undefined) return undefined
    const [node] = await this.witnesses([place])
    return node && { place, member: this.member(place), node }
  }

  /** Waits until nobody is left behind. @throws CoterieError TIMEOUT naming who is, with its log */
  async until(what: string, left: (view: View) => readonly number[]): Promise<number> {
    const { ms, seen, done } = await watch({
      look: () => this.look(),
      until: (view) => left(view).length === 0,
      boundMs: SETTLE_MS_MAX,
      signal: this.fleet.signal,
    })
    if (done) return ms
    const behind = left(seen).map((place) => this.daemon(place))
    const names = behind.map(({ name }) => name).join(', ')
    const tail = (await behind[0]?.logTail()) ?? ''
    const log = tail === '' ? '' : ` The end of the log of ${behind[0]?.name ?? ''}: ${tail}`
    const message = `Not within ${SETTLE_MS_MAX / 1_000} s: ${what} (${names}).`
    throw new CoterieError('TIMEOUT', message, {
      hint: `--keep DIR keeps the nodes' homes to look at.${log}`,
    })
  }

  /** Cuts all links between two sides, or allows them again: each side by its own interface. */
  async cut(on: boolean, sides: readonly (readonly number[])[]): Promise<void> {
    const route = on ? 'POST /v1/peers/block' : 'POST /v1/peers/unblock'
    const calls = sides.flatMap((side) => {
      const others = this.everybody.filter((place) => !side.includes(place))
      const peers = others.map((place) => this.daemon(place).peerId)
      return side.map((place) => this.daemon(place).api.call(route, { body: { peers } }))
    })
    await Promise.all(calls)
  }

  /** Places of one side whose links are not exactly those to the rest of the side, the liar aside. */
  notLinked(view: View, side: readonly number[]): readonly number[] {
    const all = side.map((place) => this.member(place)).toSorted()
    return side.filter((place) => {
      const wanted = all.filter((member) => member !== this.member(place))
      return wanted.join() !== this.#reached(view, place).toSorted().join()
    })
  }

  /** Places of those who have not told yet, whole, of a heal that began since then, ms UTC. */
  notHealed(view: View, sides: readonly (readonly number[])[], since: number): readonly number[] {
    return this.#severed(sides).filter((place) => {
      const heal = view[place]?.lastHeal
      return !heal?.whole || heal.start < since
    })
  }

  /** Places of those who missed several: only to them it was a split, and only they tell of a heal. */
  #severed(sides: readonly (readonly number[])[]): readonly number[] {
    const left = sides.map((side) => side.filter((place) => this.remaining.includes(place)))
    return left.flatMap((side, at) => ((left[1 - at]?.length ?? 0) > 1 ? side : []))
  }

  /** Whether any node of the side is linked to a node outside, the liar aside. */
  isLinkedOut(view: View, side: readonly number[]): boolean {
    const own = new Set(side.map((place) => this.member(place)))
    return side.some((place) => this.#reached(view, place).some((member) => !own.has(member)))
  }

  #reached(view: View, place: number): readonly string[] {
    const honest = new Set(this.everybody.map((one) => this.member(one)))
    return view[place]?.reachable.filter((member) => honest.has(member)) ?? []
  }

  /** One side as it is drawn: what its first node holds. */
  async draw(
    places: readonly number[],
    look: { title: string; style: Style; rows: number; liar?: string },
  ): Promise<Side> {
    const [first = 0] = places
    const [view, rows] = [await this.look(), await this.read(first)]
    const group = view[first]
    return {
      title: look.title,
      style: look.style,
      people: [
        ...places.map((place) => ({
          name: this.daemon(place).name,
          leader: leaders.includes(place),
        })),
        ...(look.liar === undefined ? [] : [{ name: look.liar, leader: false, liar: true }]),
      ],
      epochs: (group?.epochHeads ?? []).map((id) => ({
        id,
        style: this.colours.get(id) ?? 'good',
      })),
      held: `${group?.messages ?? 0} messages, root ${group?.root.slice(0, 8) ?? '-'}`,
      texts: rows.slice(-look.rows).map((row) => `${row.name}: ${row.text ?? `(${row.state})`}`),
    }
  }
}

/** Places of one side that do not hold what its first place holds. */
export function notEqual(view: View, side: readonly number[]): readonly number[] {
  const root = view[side[0] ?? 0]?.root
  return side.filter((place) => root === undefined || view[place]?.root !== root)
}

/** Whether all of one side hold the same, under one epoch, and wait for nothing. */
const isAtRest = (view: View, side: readonly number[]): boolean =>
  notEqual(view, side).length === 0 &&
  notOneEpoch(view, side).length === 0 &&
  side.every((place) => view[place]?.pending === 0)

/** Places of one side that are not under one and the same epoch. */
export function notOneEpoch(view: View, side: readonly number[]): readonly number[] {
  const [epoch, ...more] = view[side[0] ?? 0]?.epochHeads ?? []
  if (epoch === undefined || more.length > 0) return side
  return side.filter((place) => view[place]?.epochHeads.join() !== epoch)
}
