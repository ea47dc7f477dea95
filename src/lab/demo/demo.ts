// The demo: real daemons form a group and talk, are cut in two, talk on, change members and keys on
// their own sides, while one of them, copied, says this to one side and that to the other. They are joined
// again, it is caught, and the verdict comes from what they report. One scene after the other, each timed.
// Where the nodes do not become equal again that is a verdict; where a node breaks it is an error.

import { CoterieError } from '../../base/error.ts'
import { judge } from './checks.ts'
import type { Apart, Sent } from './evidence.ts'
import { withFleet } from './fleet.ts'
import { Liar } from './liar.ts'
import {
  LIAR,
  NODES_DEFAULT,
  NODES_MAX,
  NODES_MIN,
  actors,
  honestOf,
  namesOf,
  outcastOf,
  sidesOf,
} from './people.ts'
import { type Piece, picture } from './picture.ts'
import { type DemoResult, type Phase, healsOf } from './result.ts'
import { Stage, notEqual, notOneEpoch } from './stage.ts'
import { nowMs, sleep, watch } from './wait.ts'

export interface DemoOptions {
  /** 3 to 12. Default: 5. */
  readonly nodes?: number | undefined
  /** A directory that keeps the nodes' homes and logs. Default: a temporary one, removed. */
  readonly keep?: string | undefined
  /** Ends the demo early, in order. */
  readonly signal: AbortSignal
  /** Told when the nodes are being started. Default: nobody. */
  readonly onBegin?: (nodes: number) => unknown
  /** Told after each scene. Default: nobody. */
  readonly onPhase?: (phase: Phase) => unknown
  /** Given a drawing of the mesh before, during and after the split. Default: nobody. */
  readonly onPicture?: (lines: readonly (readonly Piece[])[]) => unknown
}

const HEAL_MS_MAX = 20_000
/** Five times what one leader waits before it merges. */
const MERGE_MS_MAX = 40_000
/** Long enough that every dial into the cut has failed more than once. */
const APART_MS_MIN = 3_000

/** Plays it. @throws CoterieError when a node breaks or a scene takes too long */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const { nodes = NODES_DEFAULT, keep, signal } = options
  if (nodes < NODES_MIN || nodes > NODES_MAX) {
    throw new CoterieError('USAGE', `The demo takes ${NODES_MIN} to ${NODES_MAX} nodes.`)
  }
  await options.onBegin?.(nodes)
  const startedMs = nowMs()
  const honest = honestOf(nodes)
  return withFleet({ names: [...namesOf(honest), LIAR], keep, signal }, async (fleet) => {
    const play = new Play(new Stage(fleet, honest), options)
    await play.tell({
      name: 'start',
      ms: nowMs() - startedMs,
      note: `${honest} honest daemons and a liar, each a process with a store`,
    })
    return play.run(honest)
  })
}

class Play {
  readonly #stage: Stage
  readonly #options: DemoOptions
  readonly #liar: Liar
  readonly #phases: Phase[] = []
  /** When the cut ended, ms UTC, and on the clock that never goes back. */
  #healedAt = 0
  #healedMs = 0
  /** When all roots were equal again. */
  #equalMs = 0

  constructor(stage: Stage, options: DemoOptions) {
    this.#stage = stage
    this.#liar = new Liar(stage, stage.everybody.length)
    this.#options = options
  }

  async tell(phase: Phase): Promise<void> {
    const { name, ms, ...figures } = phase
    const rounded = { name, ms: Math.round(ms), ...figures } as Phase
    this.#phases.push(rounded)
    await this.#options.onPhase?.(rounded)
  }

  async run(nodes: number): Promise<DemoResult> {
    const sides = sidesOf(nodes)
    await this.#form()
    await this.#talk()
    await this.#drawWhole('one mesh')
    await this.#copy()
    await this.#split(sides)
    const before = this.#stage.sent.length
    await this.#apart(sides)
    const outcast = outcastOf(nodes)
    const apart = await this.#keys(sides, outcast, before)
    await this.#drawSides(sides)
    const healed = await this.#heal(sides)
    let keyMs: number | null = null
    let after = this.#stage.sent.length
    if (healed.healMs === null) await this.#drawSides(sides)
    else {
      await this.#drawWhole('one mesh, two epochs')
      await this.tell(await this.#liar.expose(this.#healedMs))
      keyMs = await this.#merge()
      after = this.#stage.sent.length
      await this.#again(sides)
      await this.#drawWhole('one mesh again')
    }
    const judged = await this.#verdict(apart, after)
    const removed = outcast === undefined ? null : this.#stage.daemon(outcast).name
    const { caught } = this.#liar
    return { ...judged, nodes, ...healed, keyMs, caught, removed, phases: this.#phases }
  }

  async #form(): Promise<void> {
    const stage = this.#stage
    const startedMs = nowMs()
    await stage.form('garden')
    const joinedMs = Math.round(nowMs() - startedMs)
    await stage.until('everybody linked to everybody, all equal', (view) => [
      ...new Set([
        ...stage.notLinked(view, stage.everybody),
        ...notEqual(view, [...stage.everybody, this.#liar.places[0]]),
      ]),
    ])
    const note = 'a group with three leaders, everybody in by one ticket'
    await this.tell({ name: 'form', ms: nowMs() - startedMs, joinedMs, note })
  }

  /** Everybody in turn, then all at once, so that some texts have no order but the agreed one. */
  async #talk(): Promise<void> {
    const stage = this.#stage
    const startedMs = nowMs()
    const all = [...stage.everybody, this.#liar.places[0]]
    for (const place of all) await stage.say('together', place)
    await Promise.all(all.map((place) => stage.say('together', place)))
    const settleMs = await this.#settle(all)
    const texts = stage.sent.length
    const note = `${texts} texts, the last on every node after ${settleMs} ms`
    await this.tell({ name: 'talk', ms: nowMs() - startedMs, texts, settleMs, note })
  }

  /** What somebody does who restores a backup and forgets that the first device still runs. */
  async #copy(): Promise<void> {
    const startedMs = nowMs()
    await this.#liar.copyItself()
    const note = `${LIAR}'s home copied: two daemons with the keys of one device`
    await this.tell({ name: 'copy', ms: nowMs() - startedMs, note })
  }

  async #split(sides: Apart['sides']): Promise<void> {
    const stage = this.#stage
    const startedMs = nowMs()
    await stage.cut(true, sides)
    await stage.until('the split noticed', (view) =>
      sides.flatMap((side) => stage.notLinked(view, side)),
    )
    await this.#liar.takeSides(sides)
    const counts = sides.map((side) => side.length).join('|')
    await this.tell({
      name: 'split',
      ms: nowMs() - startedMs,
      sides: sides.map((side) => side.map((place) => stage.daemon(place).name)),
      note: `cut ${counts}, ${LIAR} on both; every node says who is left`,
    })
  }

  async #apart(sides: Apart['sides']): Promise<void> {
    const stage = this.#stage
    const startedMs = nowMs()
    const before = stage.sent.length
    const camps = this.#liar.among(sides)
    await Promise.all([
      this.#liar.lie(),
      ...sides.map(async (side) => {
        for (const place of [...side, ...side]) await stage.say('apart', place)
      }),
    ])
    const settle = (side: readonly number[]) =>
      stage.until('one side equal in itself', (view) => notEqual(view, side))
    const settleMs = Math.round(Math.max(...(await Promise.all(camps.map(settle)))))
    await sleep(Math.max(0, startedMs + APART_MS_MIN - nowMs()), stage.fleet.signal)
    const texts = stage.sent.length - before
    const note = `${texts} texts, each side equal in itself after ${settleMs} ms`
    await this.tell({ name: 'apart', ms: nowMs() - startedMs, texts, settleMs, note })
  }

  /** This side removes somebody of the other, both mint epochs of their own and talk under them. */
  async #keys(sides: Apart['sides'], outcast: number | undefined, before: number): Promise<Apart> {
    const stage = this.#stage
    const camps = this.#liar.among(sides)
    const startedMs = nowMs()
    if (outcast !== undefined) await stage.remove(actors[0], outcast)
    await Promise.all(actors.map((leader) => stage.rotate(leader)))
    const settle = (side: readonly number[]) =>
      stage.until('one epoch on each side', (view) => [
        ...new Set([...notOneEpoch(view, side), ...notEqual(view, side)]),
      ])
    await Promise.all(camps.map(settle))
    await Promise.all(
      sides.map(async (side) => {
        for (const place of side) await stage.say('rekeyed', place)
      }),
    )
    await Promise.all(camps.map(settle))
    const view = await stage.look()
    const epochs = sides.map(([first = 0]) => view[first]?.epochHeads ?? [])
    for (const id of epochs[0] ?? []) stage.colours.set(id, 'first')
    for (const id of epochs[1] ?? []) stage.colours.set(id, 'second')
    const rows = await Promise.all(stage.fleet.daemons.map((_, place) => stage.read(place)))
    const who = outcast === undefined ? 'nobody' : stage.daemon(outcast).name
    const note = `${who} removed by the other side, new keys on both`
    await this.tell({ name: 'keys', ms: nowMs() - startedMs, epochs, note })
    const sent: readonly Sent[] = stage.sent.slice(before)
    return {
      sides: camps,
      sent,
      epochs,
      held: rows.map((held) => new Set(held.map((row) => row.id))),
    }
  }

  async #heal(sides: Apart['sides']): Promise<Pick<DemoResult, 'healMs' | 'linkMs' | 'dataMs'>> {
    const stage = this.#stage
    const startedMs = nowMs()
    let linkedMs: number | undefined
    this.#healedMs = startedMs
    this.#healedAt = Date.now()
    await stage.cut(false, sides)
    const { done } = await watch({
      look: () => stage.look(),
      until: (view) => {
        const crossed = sides.some((side) => stage.isLinkedOut(view, side))
        if (crossed) linkedMs ??= nowMs()
        return notEqual(view, stage.remaining).length === 0
      },
      boundMs: HEAL_MS_MAX,
      signal: stage.fleet.signal,
    })
    const endedMs = nowMs()
    this.#equalMs = endedMs
    const linkMs = linkedMs === undefined ? null : Math.round(linkedMs - startedMs)
    const healMs = done ? Math.round(endedMs - startedMs) : null
    const dataMs = healMs === null ? null : healMs - (linkMs ?? healMs)
    const note =
      healMs === null
        ? `not equal within ${HEAL_MS_MAX / 1_000} s`
        : `first link after ${linkMs ?? healMs} ms, the data ${dataMs ?? 0} ms later`
    await this.tell({ name: 'heal', ms: endedMs - startedMs, healMs, linkMs, dataMs, note })
    return { healMs, linkMs, dataMs }
  }

  /** More than one epoch until the leaders whose turn it is have made one of them, without the liar. */
  async #merge(): Promise<number | null> {
    const stage = this.#stage
    const startedMs = nowMs()
    const { done, seen } = await watch({
      look: () => stage.look(),
      until: (view) =>
        notOneEpoch(view, stage.remaining).length === 0 &&
        stage.remaining.every((place) => view[place]?.members === stage.remaining.length),
      boundMs: MERGE_MS_MAX,
      signal: stage.fleet.signal,
    })
    const last = seen[0]?.lastEpoch
    const keyMs = done ? Math.round(nowMs() - this.#equalMs) : null
    const note = done
      ? `one epoch, made by ${last?.name ?? '?'} because of ${last?.reason ?? '?'}; ${LIAR} is out`
      : `still more than one epoch, or ${LIAR} in it, after ${MERGE_MS_MAX / 1_000} s`
    await this.tell({ name: 'merge', ms: nowMs() - startedMs, keyMs, note })
    return keyMs
  }

  /** The first word from each side, live over the new links. */
  async #again(sides: Apart['sides']): Promise<void> {
    const stage = this.#stage
    const startedMs = nowMs()
    await stage.until('all links back', (view) => stage.notLinked(view, stage.remaining))
    const linkedMs = Math.round(nowMs() - startedMs)
    for (const [first = 0] of sides) await stage.say('again', first)
    const settleMs = await this.#settle(stage.remaining)
    await stage.until('the heal told in figures', (view) =>
      stage.notHealed(view, sides, this.#healedAt),
    )
    const note = 'all links back, a text from each side live on all nodes'
    await this.tell({ name: 'again', ms: nowMs() - startedMs, linkedMs, settleMs, note })
  }

  /** @param after how many texts had been sent when all had named the liar */
  async #verdict(
    apart: Apart,
    after: number,
  ): Promise<Pick<DemoResult, 'verdict' | 'heals' | 'messages' | 'texts' | 'checks'>> {
    const startedMs = nowMs()
    const { sent, remaining } = this.#stage
    const nodes = await this.#stage.witnesses(remaining)
    const outcast = await this.#stage.outcast()
    const checks = judge({
      ...{ nodes, outcast, sent, apart, lie: this.#liar.evidence, healedAt: this.#healedAt },
      after: new Set(sent.slice(after).map(({ id }) => id)),
    })
    const passed = checks.filter(({ ok }) => ok).length
    const late = nodes.map(({ rows }) => rows.filter((row) => row.late).length)
    const note = `${passed} of ${checks.length} checks passed`
    await this.tell({ name: 'verdict', ms: nowMs() - startedMs, late, note })
    return {
      verdict: passed === checks.length ? 'pass' : 'fail',
      heals: healsOf(nodes, this.#healedAt),
      messages: nodes[0]?.group?.messages ?? 0,
      texts: sent.length,
      checks,
    }
  }

  /** Until these hold the same. @returns how long that took, whole ms */
  async #settle(places: readonly number[]): Promise<number> {
    return Math.round(await this.#stage.until('all nodes equal', (view) => notEqual(view, places)))
  }

  async #drawWhole(title: string): Promise<void> {
    if (this.#options.onPicture === undefined) return
    const side = await this.#stage.draw(this.#stage.remaining, {
      title,
      style: 'good',
      rows: 6,
      ...(this.#phases.some(({ name }) => name === 'merge') ? {} : { liar: LIAR }),
    })
    await this.#options.onPicture(picture([side]))
  }

  async #drawSides([here, there]: Apart['sides']): Promise<void> {
    if (this.#options.onPicture === undefined) return
    const look = { style: 'warn', rows: 5, liar: LIAR } as const
    await this.#options.onPicture(
      picture([
        await this.#stage.draw(here, { ...look, title: 'this side' }),
        await this.#stage.draw(there, { ...look, title: 'that side' }),
      ]),
    )
  }
}
