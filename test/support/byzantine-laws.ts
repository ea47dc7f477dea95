// What must hold of the honest members of a group, whatever the liars among them do. Asked whenever the
// run rests, and at the end when everybody is up and one.
import { PENDING_PER_PEER_MAX, PENDING_TOTAL_MAX } from '../../src/base/limits.ts'
import { readEvidence } from '../../src/core/evidence/evidence.ts'
import type { Message } from '../../src/core/message/message.ts'
import { MessageType } from '../../src/core/message/type.ts'
import { crypto, messagesOf } from './bench.ts'
import { finalAll } from './final-mesh.ts'
import { Numbers, acausal, gaps, heldBy, misnamed, unequal, unread } from './laws.ts'
import { type Mesh, converge, groupOf, later, readAll } from './mesh.ts'

/** Two sides that hold both branches have made evidence this long after they can meet: links and a sync. */
const CAUGHT_WITHIN_MS = 20_000
/** Messages of a newer version that are kept. */
const UNKNOWN_MAX = 1_024

export class ByzantineLaws {
  readonly broken: string[] = []
  /** Liars that are accused in the end. */
  caught = 0
  /** Texts that are final in the end. */
  finals = 0
  readonly #mesh: Mesh
  readonly #honest: readonly number[]
  readonly #liars: ReadonlySet<string>
  /** Node -> id of a text -> its author, once it was shown. */
  readonly #shown = new Map<number, Map<string, string>>()
  /** Node -> what it printed as final, in order. */
  readonly #final = new Map<number, readonly string[]>()
  /** Liars of whom honest members held two messages under one number, before they met. */
  #forked: ReadonlySet<string> = new Set()

  constructor(mesh: Mesh, honest: readonly number[], liars: ReadonlySet<string>) {
    this.#mesh = mesh
    this.#honest = honest
    this.#liars = liars
  }

  /** What holds at any time, of each honest node that runs. */
  async rest(): Promise<void> {
    for (const node of this.#honest) {
      if (!this.#mesh.world.node(node).running || groupOf(this.#mesh, node) === undefined) continue
      this.#accusations(node)
      this.#bounds(node)
      this.#withdrawals(node)
      await this.#finality(node)
    }
  }

  beforeHeal(): void {
    this.#forked = forkedIn(this.#honest.flatMap((node) => messagesOf(this.#mesh, node)))
  }

  /** Everybody is up: the honest come together in time, and then everything holds. */
  async end(patienceMs: number): Promise<void> {
    const mesh = this.#mesh
    const honest = this.#honest
    const caught = (): boolean =>
      honest.every((node) => {
        const named = new Set(accusedAt(mesh, node))
        return [...this.#forked].every((member) => named.has(member))
      })
    const untilMs = mesh.world.nowMs + CAUGHT_WITHIN_MS
    while (!caught() && mesh.world.nowMs < untilMs) later(mesh, 500)
    if (!caught()) this.#say('a fork is held and not proven (I37)')
    later(mesh, 10_000)
    try {
      converge(mesh, honest, patienceMs)
    } catch (error) {
      this.#say(`the honest do not converge: ${String(error)}`)
      return
    }
    await this.rest()
    // Something may be attested just now.
    converge(mesh, honest)
    const [first = 0] = honest
    const held = heldBy(mesh, first)
    this.broken.push(
      ...unequal(mesh, honest),
      ...unread(mesh, honest).filter((one) => !this.#ofLiar(one)),
      ...acausal(held),
      ...misnamed(mesh.world, (member) => !this.#liars.has(member)),
      ...gaps(held, groupOf(mesh, first)?.equivocators),
      ...Numbers.of(mesh.world, true).broken.filter(
        (one) => !this.#liars.has(one.split(':')[0] ?? ''),
      ),
    )
    this.caught = new Set(accusedAt(mesh, first)).size
    this.finals = this.#final.get(first)?.length ?? 0
  }

  #say(what: string): void {
    this.broken.push(`${what}, at ${String(this.#mesh.world.nowMs)} ms`)
  }

  /** Texts that a liar wrote may open nowhere. */
  #ofLiar(line: string): boolean {
    return line.includes('undecryptable') || line.includes('cannot open')
  }

  /** I36: nobody honest is ever accused, anywhere. */
  #accusations(node: number): void {
    const named = [
      ...accusedAt(this.#mesh, node),
      ...(groupOf(this.#mesh, node)?.equivocators ?? []),
    ]
    for (const member of named) {
      if (!this.#liars.has(member)) this.#say(`node ${String(node)} accuses an honest member (I36)`)
    }
  }

  /** I16, I41: nothing that a liar sends grows beyond its bound. */
  #bounds(node: number): void {
    const { pending = 0, unknown = 0 } = groupOf(this.#mesh, node) ?? {}
    const peers = this.#mesh.world.size - 1
    const bound = Math.min(PENDING_TOTAL_MAX, peers * PENDING_PER_PEER_MAX)
    if (pending > bound) this.#say(`node ${String(node)} lets ${String(pending)} wait (I16)`)
    if (unknown > UNKNOWN_MAX) this.#say(`node ${String(node)} keeps ${String(unknown)} unknown`)
  }

  /** I21: what was shown stays, unless its author was removed; evidence alone takes back nothing. */
  #withdrawals(node: number): void {
    const mesh = this.#mesh
    const shown = this.#shown.get(node) ?? new Map<string, string>()
    this.#shown.set(node, shown)
    const members = groupOf(mesh, node)?.members ?? []
    const removed = new Set(
      members.filter(({ state }) => state === 'removed').map(({ member }) => member),
    )
    const texts = new Map(readAll(mesh, node).map((text) => [text.id, text]))
    for (const [id, author] of shown) {
      const state = texts.get(id)?.state
      const excused = state === 'withdrawn' && removed.has(author) && this.#liars.has(author)
      if (state !== 'ok' && !excused) {
        this.#say(
          `node ${String(node)}: ${id.slice(0, 8)} was shown and is ${state ?? 'gone'} (I21)`,
        )
      }
    }
    for (const { id, author, state } of texts.values()) if (state === 'ok') shown.set(id, author)
  }

  /** What `read --final` printed stays where it is: an honest leader is always there. */
  async #finality(node: number): Promise<void> {
    const before = this.#final.get(node) ?? []
    const now = (await finalAll(this.#mesh, node)).map(({ id }) => id)
    this.#final.set(node, now)
    if (before.every((id, at) => now[at] === id)) return
    this.#say(`node ${String(node)}: what was final moved`)
  }
}

/** Whom a node holds evidence against. */
export const accusedAt = (mesh: Mesh, node: number): string[] => chargesIn(messagesOf(mesh, node))

const chargesIn = (messages: readonly Message[]): string[] =>
  messages
    .filter(({ header }) => header.type === MessageType.evidence)
    .map(({ body }) => readEvidence(crypto, body))
    .flatMap((charge) => (charge.ok ? [charge.value.member] : []))

/** Who has two messages under one number in a set. */
export const forkedIn = (messages: readonly Message[]): Set<string> => {
  const numbers = new Map<string, string>()
  const forked = new Set<string>()
  for (const { member, id, header } of messages) {
    const place = `${member}:${String(header.counter)}`
    const known = numbers.get(place)
    if (known !== undefined && known !== id) forked.add(member)
    numbers.set(place, id)
  }
  return forked
}
