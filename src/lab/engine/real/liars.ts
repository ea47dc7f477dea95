// Nodes that lie, as a run of real nodes makes them: told to begin and to end, given a second face where
// they equivocate, and looked at until each of their lies was seen from outside, or they lie no more.

import type { Event } from '../../../api/contract.ts'
import { sleep } from '../../demo/wait.ts'
import type { Fact } from '../../trace/event.ts'
import type { Lie } from '../../world/lies.ts'
import { half } from '../../world/hand.ts'
import { type LinkTable, passes } from '../../world/links.ts'
import { halfOf } from './faces.ts'
import { Feed } from './feed.ts'
import { isBent } from './hands.ts'
import { Lookout } from './lookout.ts'
import type { Mesh } from './mesh.ts'
import type { Witness } from './witness.ts'

export interface LiarsParts {
  readonly mesh: Mesh
  readonly witness: Witness
  readonly tell: (node: number, fact: Fact) => void
  readonly note: (text: string) => void
  readonly links: () => LinkTable
  /** Who is not there. */
  readonly down: Set<number>
  readonly isAnswering: (node: number) => boolean
}

/** How soon the probe looks again whether two faces are apart. */
const LOOK_EVERY_MS = 250
/** A process that stands still hears later that it is over. */
const END_MS_MAX = 2_000

interface Lying {
  readonly lies: readonly Lie[]
  readonly over: AbortController
  /** Whether all of it was seen. */
  readonly seen: Promise<boolean>
}

export class Liars {
  /** Who lies, or did. */
  readonly ever = new Set<number>()
  readonly #parts: LiarsParts
  readonly #lying = new Map<number, Lying>()
  /** What second faces tell. */
  readonly #seconds = new Map<number, Feed>()

  constructor(parts: LiarsParts) {
    this.#parts = parts
  }

  /** The second face, where it is to have one, is there when it resolves; all else is looked for from then on. */
  async begin(nodes: readonly number[], lies: readonly Lie[]): Promise<void> {
    for (const node of nodes) {
      this.ever.add(node)
      if (lies.includes('equivocate')) await this.#part(node)
    }
    const { signal } = this.#parts.mesh
    for (const node of nodes) {
      const over = new AbortController()
      const looking = AbortSignal.any([over.signal, signal])
      this.#lying.set(node, { lies, over, seen: this.#look(node, lies, looking) })
    }
  }

  /** Whether all lies of these nodes were seen. Resolves at once when they are to end. */
  async seen(nodes: readonly number[]): Promise<boolean> {
    const looks = await Promise.all(
      nodes.map(async (node) => (await this.#lying.get(node)?.seen) === true),
    )
    return looks.length > 0 && looks.every(Boolean)
  }

  /** Nobody looks any more. */
  giveUp(nodes: readonly number[]): void {
    for (const node of nodes) this.#lying.get(node)?.over.abort()
  }

  /** They speak the truth again. */
  async end(nodes: readonly number[]): Promise<void> {
    this.giveUp(nodes)
    const { mesh } = this.#parts
    await Promise.all(
      nodes.map(async (node) => {
        const { lies = [] } = this.#lying.get(node) ?? {}
        this.#lying.delete(node)
        this.#seconds.get(node)?.close()
        if (lies.includes('equivocate')) await mesh.faces?.close(node)
        if (lies.some(isBent)) await withinReason(mesh.hands?.end(node))
      }),
    )
  }

  async #look(node: number, lies: readonly Lie[], signal: AbortSignal): Promise<boolean> {
    const { mesh, note } = this.#parts
    const bent = lies.filter(isBent)
    const audience = audienceOf(mesh.nodes, node, lies)
    const shunned = new Set(half(audience))
    try {
      if (lies.includes('equivocate') && !(await this.#isParted(node, signal))) return false
      if (bent.length === 0) return true
      const peers = [...shunned].map((one) => mesh.member(one).peerId)
      await mesh.hands?.begin(node, bent, peers)
      const hearers = () => audience.filter((one) => this.#couldHear(one, node))
      const left = await new Lookout({ mesh, node, lies: bent, shunned, hearers, signal }).watch()
      if (left.length > 0) note(`node ${node} was not seen to lie: ${left.join(', ')}`)
      return left.length === 0
    } catch (error) {
      if (!signal.aborted) note(`node ${node} could not be seen to lie: ${String(error)}`)
      return false
    }
  }

  /** Whether a node could hear another, and speaks the truth of it. */
  #couldHear(one: number, node: number): boolean {
    const { links, isAnswering } = this.#parts
    const now = links()
    const reaches = passes(now.link(node, one)) && passes(now.link(one, node))
    return reaches && isAnswering(one) && !this.#lying.has(one)
  }

  /** A second face over a copy of the home, for half of the others; to be copied the node is closed. */
  async #part(node: number): Promise<void> {
    const { mesh, witness, tell, down } = this.#parts
    witness.deafen(node)
    down.add(node)
    tell(node, { k: 'life', up: false })
    await mesh.faces?.open(node, halfOf(mesh.nodes, node))
    down.delete(node)
    tell(node, { k: 'life', up: true })
    await witness.restarted(node)
    const second = mesh.faces?.second(node)
    if (second === undefined) return
    const onEvent = (event: Event) => witness.heardSecond(node, event)
    const ignored = (): void => undefined
    // Whoever lies may end as it likes.
    const feed = new Feed({ access: second.access, onEvent, onText: ignored, onEnd: ignored })
    this.#seconds.set(node, feed)
    await feed.ready()
  }

  /** On a busy machine an echo may come late: it is looked at again for as long as it lies. */
  async #isParted(node: number, signal: AbortSignal): Promise<boolean> {
    const { mesh, links, note } = this.#parts
    while (!signal.aborted) {
      if ((await mesh.faces?.look(node, links())) === true) return true
      await sleep(LOOK_EVERY_MS, signal).catch(() => undefined)
    }
    note(`the two faces of node ${node} are not apart, by the probe`)
    return false
  }
}

/** Who meets a node: its first face, where it has two. */
function audienceOf(nodes: number, node: number, lies: readonly Lie[]): readonly number[] {
  const deceived = lies.includes('equivocate') ? halfOf(nodes, node) : new Set<number>()
  const all = Array.from({ length: nodes }, (_, one) => one)
  return all.filter((one) => one !== node && !deceived.has(one))
}

/** Resolves soon, whatever becomes of it. */
async function withinReason(done: Promise<unknown> | undefined): Promise<void> {
  let late: NodeJS.Timeout | undefined
  const bound = new Promise((resolve) => (late = setTimeout(resolve, END_MS_MAX)))
  await Promise.race([done?.catch(() => undefined), bound])
  clearTimeout(late)
}
