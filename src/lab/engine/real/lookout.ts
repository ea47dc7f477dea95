// Looks at a node that is to lie, for as long as it is to, until each of its lies was seen. Now and then it
// has the liar say a text of its own and asks the others what became of it; all else it takes as it comes.

import type { Event } from '../../../api/contract.ts'
import { CoterieError } from '../../../base/error.ts'
import { sleep } from '../../demo/wait.ts'
import type { Lie } from '../../world/lies.ts'
import { Feed } from './feed.ts'
import type { Mesh } from './mesh.ts'
import { type Others, type Sightings, type Trial, isSeen } from './sightings.ts'

export interface LookoutParts {
  readonly mesh: Mesh
  readonly node: number
  readonly lies: readonly Lie[]
  readonly shunned: ReadonlySet<number>
  /** Who runs, speaks the truth and has both ways to the liar, at this moment. */
  readonly hearers: () => readonly number[]
  /** Aborted when it no longer lies. */
  readonly signal: AbortSignal
}

/** An honest text is everywhere long before that, on a busy machine too. */
const SPREAD_MS = 3_000
const PAUSE_MS = 250
/** Under way when it began to lie. */
const GRACE_MS = 500

/** Lies of which nothing is seen unless the liar says something. */
const spoken: ReadonlySet<Lie> = new Set<Lie>(['withhold', 'selective', 'forge', 'time'])

/** Of these it is told by who did not hear it. */
const hushed: ReadonlySet<Lie> = new Set<Lie>(['withhold', 'selective'])

const TEXT = 'does anybody hear this?'

type Told = Extract<Event, { kind: 'message' }>

export class Lookout {
  readonly #parts: LookoutParts
  readonly #feeds: Feed[] = []
  readonly #dropped: string[] = []
  readonly #trials: Trial[] = []
  /** Messages of others by id: since when, by the clock that never goes back, and who tells to hold them. */
  readonly #said = new Map<string, { readonly atMs: number; readonly heldBy: Set<number> }>()
  readonly #taken = new Set<string>()
  readonly #over: Promise<undefined>
  #group = ''
  #sinceMs = 0
  #repeatedBefore = 0

  constructor(parts: LookoutParts) {
    this.#parts = parts
    this.#over = new Promise((resolve) => {
      parts.signal.addEventListener('abort', () => resolve(undefined), { once: true })
    })
  }

  /** Resolves when all was seen, or it no longer lies. @returns what was not seen */
  async watch(): Promise<readonly Lie[]> {
    const { lies, signal } = this.#parts
    let left = lies
    try {
      await this.#listen()
      while (left.length > 0) {
        signal.throwIfAborted()
        if (left.some((lie) => spoken.has(lie))) {
          await this.#try(left.some((lie) => hushed.has(lie)) ? SPREAD_MS : PAUSE_MS)
        }
        const seen = await this.#seen()
        left = left.filter((lie) => !isSeen(lie, seen))
        if (left.length > 0) await sleep(PAUSE_MS, signal)
      }
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      for (const feed of this.#feeds) feed.close()
    }
    return left
  }

  async #listen(): Promise<void> {
    const { mesh, node } = this.#parts
    this.#sinceMs = performance.now()
    this.#repeatedBefore = await this.#repeated()
    const answer = await this.#asked(mesh.member(node).api.call('GET /v1/groups'))
    this.#group = answer?.groups.find(({ state }) => state === 'active')?.group ?? ''
    const ignored = (): void => undefined
    for (const one of [node, ...this.#parts.hearers()]) {
      const { access } = mesh.member(one)
      const onEvent = (event: Event) => this.#heard(one, event)
      // Who ends tells nothing more, and is then no hearer either.
      const feed = new Feed({ access, onEvent, onText: ignored, onEnd: ignored })
      this.#feeds.push(feed)
    }
    await Promise.all(this.#feeds.map((feed) => feed.ready()))
  }

  #heard(by: number, event: Event): void {
    const { mesh, node } = this.#parts
    if (event.kind === 'dropped' && by !== node && event.peer === mesh.member(node).peerId) {
      this.#dropped.push(event.reason)
    }
    if (event.kind === 'message' && event.group === this.#group) this.#message(by, event)
  }

  #message(by: number, { id, how }: Told): void {
    const nowMs = performance.now()
    if (by === this.#parts.node) {
      if (how !== 'own') this.#taken.add(id)
    } else if (how === 'own') {
      // What was under way when it began to lie says nothing.
      if (nowMs > this.#sinceMs + GRACE_MS) this.#said.set(id, { atMs: nowMs, heldBy: new Set() })
    } else this.#said.get(id)?.heldBy.add(by)
  }

  /** What others said long enough ago, and somebody else heard. */
  #others(): Others {
    const dueMs = performance.now() - SPREAD_MS
    const spread = [...this.#said.values()].filter(({ atMs, heldBy }) => {
      return atMs < dueMs && heldBy.size > 0
    })
    const taken = [...this.#said.keys()].filter((id) => this.#taken.has(id))
    return { said: spread.length, taken: taken.length }
  }

  /** Has the liar say something, and asks a while later what became of it. */
  async #try(spreadMs: number): Promise<void> {
    const { mesh, node, signal, hearers } = this.#parts
    const { api } = mesh.member(node)
    const before = hearers()
    const asked = { id: this.#group, body: { text: TEXT } }
    const { id } = (await this.#asked(api.call('POST /v1/groups/:id/messages', asked))) ?? {}
    if (id === undefined || id === null) return
    const saidMs = Date.now()
    const own = await this.#asked(this.#cameTo(node, id))
    await sleep(spreadMs, signal)
    // Only who could have heard it all the time.
    const still = new Set(hearers())
    const able = before.filter((one) => still.has(one))
    const found = await Promise.all(able.map((one) => this.#asked(this.#hearer(one, id))))
    const aheadMs = (own?.sent ?? saidMs) - saidMs
    this.#trials.push({ hearers: found.flatMap((one) => one ?? []), aheadMs })
  }

  /** What became of a message at a node that says to have a link to the liar; any other could not tell. */
  async #hearer(node: number, id: string): Promise<Trial['hearers'][number] | undefined> {
    const { mesh, node: liar } = this.#parts
    const came = await this.#cameTo(node, id)
    const { peers } = await mesh.member(node).api.call('GET /v1/peers')
    const { peerId } = mesh.member(liar)
    const isLinked = peers.some((one) => one.peerId === peerId && one.state === 'connected')
    return isLinked ? { node, from: came?.from } : undefined
  }

  /** By whose hand a message came to a node, and when it says to have been written; undefined: it did not. */
  async #cameTo(node: number, message: string) {
    const { api } = this.#parts.mesh.member(node)
    try {
      const { state, came, sent } = await api.call('GET /v1/messages/:message/why', { message })
      return state === 'missing' ? undefined : { from: came.from ?? '', sent }
    } catch (error) {
      if (error instanceof CoterieError && error.code === 'MESSAGE_UNKNOWN') return undefined
      throw error
    }
  }

  /** An answer, or undefined where there is none; nobody waits for it once the lie is over. */
  async #asked<T>(answer: Promise<T>): Promise<T | undefined> {
    const found = await Promise.race([answer.catch(() => undefined), this.#over])
    this.#parts.signal.throwIfAborted()
    return found
  }

  async #seen(): Promise<Sightings> {
    const { mesh, node, shunned } = this.#parts
    return {
      liar: mesh.member(node).peerId,
      shunned,
      trials: this.#trials,
      others: this.#others(),
      dropped: this.#dropped,
      repeated: (await this.#repeated()) - this.#repeatedBefore,
    }
  }

  async #repeated(): Promise<number> {
    const { mesh, node, lies } = this.#parts
    if (!lies.includes('replay') || mesh.hands === undefined) return 0
    return (await this.#asked(mesh.hands.look(node)))?.repeated ?? this.#repeatedBefore
  }
}
