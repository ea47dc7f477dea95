// The demo: real daemons form a group and talk, are cut in two, talk on, change members and keys on
// their own sides, are joined again, and the verdict comes from what they report. One scene after the other, each timed.
// Where the nodes do not become equal again that is a verdict; where a node breaks it is an error.

import { CoterieError } from '../../base/error.ts'
import { type Apart, type Check, type Sent, judge } from './checks.ts'
import { withFleet } from './fleet.ts'
import {
  NODES_DEFAULT,
  NODES_MAX,
  NODES_MIN,
  actors,
  namesOf,
  outcastOf,
  sidesOf,
} from './people.ts'
import { type Piece, picture } from './picture.ts'
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

/** One scene: how long it took, its own figures, and a sentence. */
export interface Phase {
  readonly name:
    'start' | 'form' | 'talk' | 'split' | 'apart' | 'keys' | 'heal' | 'merge' | 'again' | 'verdict'
  readonly ms: number
  readonly note: string
  readonly [figure: string]: string | number | null | readonly unknown[]
}

/** Times in ms. Heal times are null when the nodes did not become equal again within the bound. */
export interface DemoResult {
  readonly verdict: 'pass' | 'fail'
  readonly nodes: number
  /** From the end of the cut until all roots were equal: the sum of the next two. */
  readonly healMs: number | null
  /** Until the first link across. */
  readonly linkMs: number | null
  /** From then until all roots were equal. */
  readonly dataMs: number | null
  /** From equal roots until one epoch was left of the two. */
  readonly keyMs: number | null
  /** Who was removed during the split; null with three nodes, all of them leaders. */
  readonly removed: string | null
  /** Messages that each node holds at the end. */
  readonly messages: number
  /** Texts that were sent. */
  readonly texts: number
  readonly phases: readonly Phase[]
  readonly checks: readonly Check[]
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
  return withFleet({ names: namesOf(nodes), keep, signal }, async (fleet) => {
    const play = new Play(new Stage(fleet), options)
    await play.tell({
      name: 'start',
      ms: nowMs() - startedMs,
      note: `${nodes} daemons, each a process with a store of its own`,
    })
    return play.run(nodes)
  })
}

class Play {
  readonly #stage: Stage
  readonly #options: DemoOptions
  readonly #phases: Phase[] = []

  constructor(stage: Stage, options: DemoOptions) {
    this.#stage = stage
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
    await this.#split(sides)
    const before = this.#stage.sent.length
    await this.#apart(sides)
    const outcast = outcastOf(nodes)
    const apart = await this.#keys(sides, outcast, before)
    await this.#drawSides(sides)
    const healed = await this.#heal(sides)
    let keyMs: number | null = null
    if (healed.healMs === null) await this.#drawSides(sides)
    else {
      await this.#drawWhole('one mesh, two epochs')
      keyMs = await this.#merge()
      await this.#again(sides)
      await this.#drawWhole('one mesh again')
    }
    const judged = await this.#verdict(apart)
    const removed = outcast === undefined ? null : this.#stage.daemon(outcast).name
    return { ...judged, nodes, ...healed, keyMs, removed, phases: this.#phases }
  }

  async #form(): Promise<void> {
    const stage = this.#stage
    const startedMs = nowMs()
    await stage.form('garden')
    const joinedMs = Math.round(nowMs() - startedMs)
    await stage.until('everybody linked to everybody, all equal', (view) => [
      ...new Set([...stage.notLinked(view, stage.everybody), ...notEqual(view, stage.everybody)]),
    ])
    const note = 'a group with three leaders, everybody in by one ticket'
    await this.tell({ name: 'form', ms: nowMs() - startedMs, joinedMs, note })
  }

  /** Everybody in turn, then all at once, so that some texts have no order but the agreed one. */
  async #talk(): Promise<void> {
    const stage = this.#stage
    const startedMs = nowMs()
    for (const place of stage.everybody) await stage.say('together', place)
    await Promise.all(stage.everybody.map((place) => stage.say('together', place)))
    const settleMs = await this.#settle()
    const texts = stage.sent.length
    const note = `${texts} texts, the last on every node after ${settleMs} ms`
    await this.tell({ name: 'talk', ms: nowMs() - startedMs, texts, settleMs, note })
  }

  async #split(sides: Apart['sides']): Promise<void> {
    const stage = this.#stage
    const startedMs = nowMs()
    await stage.cut(true, sides)
    await stage.until('the split noticed', (view) =>
      sides.flatMap((side) => stage.notLinked(view, side)),
    )
    const counts = sides.map((side) => side.length).join('|')
    await this.tell({
      name: 'split',
      ms: nowMs() - startedMs,
      sides: sides.map((side) => side.map((place) => stage.daemon(place).name)),
      note: `cut ${counts}; every node says who is left`,
    })
  }

  async #apart(sides: Apart['sides']): Promise<void> {
    const stage = this.#stage
    const startedMs = nowMs()
    const before = stage.sent.length
    await Promise.all(
      sides.map(async (side) => {
        for (const place of [...side, ...side]) await stage.say('apart', place)
      }),
    )
    const settle = (side: readonly number[]) =>
      stage.until('one side equal in itself', (view) => notEqual(view, side))
    const settleMs = Math.round(Math.max(...(await Promise.all(sides.map(settle)))))
    await sleep(Math.max(0, startedMs + APART_MS_MIN - nowMs()), stage.fleet.signal)
    const texts = stage.sent.length - before
    const note = `${texts} texts on both sides, each side equal in itself after ${settleMs} ms`
    await this.tell({ name: 'apart', ms: nowMs() - startedMs, texts, settleMs, note })
  }

  /** This side removes somebody of the other, both mint epochs of their own and talk under them. */
  async #keys(sides: Apart['sides'], outcast: number | undefined, before: number): Promise<Apart> {
    const stage = this.#stage
    const startedMs = nowMs()
    if (outcast !== undefined) await stage.remove(actors[0], outcast)
    await Promise.all(actors.map((leader) => stage.rotate(leader)))
    const settle = (side: readonly number[]) =>
      stage.until('one epoch on each side', (view) => [
        ...new Set([...notOneEpoch(view, side), ...notEqual(view, side)]),
      ])
    await Promise.all(sides.map(settle))
    await Promise.all(
      sides.map(async (side) => {
        for (const place of side) await stage.say('rekeyed', place)
      }),
    )
    await Promise.all(sides.map(settle))
    const view = await stage.look()
    const epochs = sides.map(([first = 0]) => view[first]?.epochHeads ?? [])
    for (const id of epochs[0] ?? []) stage.colours.set(id, 'first')
    for (const id of epochs[1] ?? []) stage.colours.set(id, 'second')
    const rows = await Promise.all(stage.everybody.map((place) => stage.read(place)))
    const who = outcast === undefined ? 'nobody' : stage.daemon(outcast).name
    const note = `${who} removed by the other side, new keys on both`
    await this.tell({ name: 'keys', ms: nowMs() - startedMs, epochs, note })
    const sent: readonly Sent[] = stage.sent.slice(before)
    return { sides, sent, epochs, held: rows.map((held) => new Set(held.map((row) => row.id))) }
  }

  async #heal(sides: Apart['sides']): Promise<Pick<DemoResult, 'healMs' | 'linkMs' | 'dataMs'>> {
    const stage = this.#stage
    const startedMs = nowMs()
    let linkedMs: number | undefined
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

  /** Two epochs are in force until one leader, whose turn it is, makes one of them. */
  async #merge(): Promise<number | null> {
    const stage = this.#stage
    const { ms, done, seen } = await watch({
      look: () => stage.look(),
      until: (view) => notOneEpoch(view, stage.remaining).length === 0,
      boundMs: MERGE_MS_MAX,
      signal: stage.fleet.signal,
    })
    const last = seen[0]?.lastEpoch
    const keyMs = done ? Math.round(ms) : null
    const note = done
      ? `two epochs became one, made by ${last?.name ?? '?'} because of ${last?.reason ?? '?'}`
      : `still more than one epoch after ${MERGE_MS_MAX / 1_000} s`
    await this.tell({ name: 'merge', ms, keyMs, note })
    return keyMs
  }

  /** The first word from each side, live over the new links. */
  async #again(sides: Apart['sides']): Promise<void> {
    const stage = this.#stage
    const startedMs = nowMs()
    await stage.until('all links back', (view) => stage.notLinked(view, stage.remaining))
    const linkedMs = Math.round(nowMs() - startedMs)
    for (const [first = 0] of sides) await stage.say('again', first)
    const settleMs = await this.#settle()
    const note = 'all links back, a text from each side live on all nodes'
    await this.tell({ name: 'again', ms: nowMs() - startedMs, linkedMs, settleMs, note })
  }

  async #verdict(
    apart: Apart,
  ): Promise<Pick<DemoResult, 'verdict' | 'messages' | 'texts' | 'checks'>> {
    const startedMs = nowMs()
    const { sent, remaining } = this.#stage
    const nodes = await this.#stage.witnesses(remaining)
    const outcast = await this.#stage.outcast()
    const checks = judge({ nodes, outcast, sent, apart })
    const passed = checks.filter(({ ok }) => ok).length
    const late = nodes.map(({ rows }) => rows.filter((row) => row.late).length)
    const note = `${passed} of ${checks.length} checks passed`
    await this.tell({ name: 'verdict', ms: nowMs() - startedMs, late, note })
    return {
      verdict: passed === checks.length ? 'pass' : 'fail',
      messages: nodes[0]?.group?.messages ?? 0,
      texts: sent.length,
      checks,
    }
  }

  /** Until every node holds the same. @returns how long that took, whole ms */
  async #settle(): Promise<number> {
    const { remaining } = this.#stage
    return Math.round(
      await this.#stage.until('all nodes equal', (view) => notEqual(view, remaining)),
    )
  }

  async #drawWhole(title: string): Promise<void> {
    if (this.#options.onPicture === undefined) return
    const side = await this.#stage.draw(this.#stage.remaining, {
      title,
      style: 'good',
      rows: 6,
    })
    await this.#options.onPicture(picture([side]))
  }

  async #drawSides([here, there]: Apart['sides']): Promise<void> {
    if (this.#options.onPicture === undefined) return
    await this.#options.onPicture(
      picture([
        await this.#stage.draw(here, { title: 'this side', style: 'warn', rows: 4 }),
        await this.#stage.draw(there, { title: 'that side', style: 'warn', rows: 4 }),
      ]),
    )
  }
}
