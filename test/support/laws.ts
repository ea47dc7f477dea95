// What must hold of every mesh, whatever happened to it: the laws that simulated histories are held
// against. Each answers with the ways in which it is broken, so that a run can print all of them.
import type { TextReport } from '../../src/core/report.ts'
import { hexOf, idOf, parseHeader } from '../../src/core/message/header.ts'
import type { Header } from '../../src/core/message/header.ts'
import { parseRecord } from '../../src/core/transcript/row.ts'
import { createNativeCrypto } from '../../src/crypto/native.ts'
import type { World } from '../../src/lab/world/world.ts'
import { type Mesh, everyone, groupOf, readAll, recordsOf } from './mesh.ts'

const crypto = createNativeCrypto()

/** A message as it lies on a disk. */
export interface HeldMessage {
  readonly id: string
  readonly member: string
  readonly header: Header
  readonly bytes: string
}

/** Every message that a node holds durably, by id. */
export function heldBy(mesh: Mesh, node: number): Map<string, HeldMessage> {
  const held = new Map<string, HeldMessage>()
  for (const stored of recordsOf(mesh, node)) {
    const record = parseRecord(stored)
    const header = record.ok ? parseHeader(record.value.envelope.header) : record
    if (!record.ok || !header.ok) throw new Error(`node ${String(node)}: a record is damaged`)
    const { envelope } = record.value
    const id = hexOf(idOf(crypto, envelope.header))
    const bytes = `${hexOf(envelope.header)}/${hexOf(envelope.body)}`
    held.set(id, { id, member: hexOf(header.value.member), header: header.value, bytes })
  }
  return held
}

/** The rows of `read` without the two columns that depend on when they came. */
export const shownOf = (texts: readonly TextReport[]): unknown[] =>
  texts.map(({ late: _, final: __, ...shown }) => shown)

/** What equal sets of messages must make equal, as one text. */
function stateOf(mesh: Mesh, node: number): Record<string, string> {
  const group = groupOf(mesh, node)
  if (group === undefined) return { group: 'missing' }
  const { root, vector, epochHeads, messages, equivocators, authors, groupIds } = group
  const members = group.members.map(({ reachable: _, waiting: __, ...rest }) => rest)
  const texts = readAll(mesh, node)
  const plain = texts.map(
    ({ text: _, state: __, contentType: ___, hiddenBy: ____, ...rest }) => rest,
  )
  return Object.fromEntries(
    Object.entries({
      root,
      vector,
      epochHeads,
      messages,
      equivocators,
      authors,
      groupIds,
      latest: group.latestMessageIds,
      members,
      order: shownOf(plain as TextReport[]),
      held: [...heldBy(mesh, node).values()].map((one) => one.id + one.bytes).sort(),
    }).map(([name, value]) => [name, JSON.stringify(value)]),
  )
}

/** P3, I17: the same set gives the same membership, root, order, epochs and bytes. */
export function unequal(mesh: Mesh, nodes: readonly number[] = everyone(mesh)): string[] {
  const [first = 0, ...others] = nodes
  const expected = stateOf(mesh, first)
  return others.flatMap((node) => {
    const found = stateOf(mesh, node)
    return Object.keys(expected)
      .filter((name) => found[name] !== expected[name])
      .map((name) => `nodes ${String(first)} and ${String(node)} differ in ${name}`)
  })
}

/** Texts that somebody was entitled to and reads differently, or not at all. */
export function unread(mesh: Mesh, nodes: readonly number[] = everyone(mesh)): string[] {
  const broken: string[] = []
  const meant = new Map<string, string>()
  for (const node of nodes) {
    if ((groupOf(mesh, node)?.undecryptable ?? 0) !== 0) {
      broken.push(`node ${String(node)} counts texts that it cannot open`)
    }
    const forked = groupOf(mesh, node)?.equivocators ?? []
    for (const text of readAll(mesh, node)) {
      // Whether it may be withdrawn the reference model tells; see membership-laws.ts.
      if (text.state === 'sealed' || text.state === 'withdrawn') continue
      // Of two texts under one key only the one that came first opens.
      if (text.state === 'undecryptable' && forked.includes(text.author)) continue
      if (text.state !== 'ok') broken.push(`node ${String(node)}: ${text.number} is ${text.state}`)
      const known = meant.get(text.id) ?? text.text ?? ''
      if (known !== text.text) broken.push(`node ${String(node)}: ${text.number} reads otherwise`)
      meant.set(text.id, known)
    }
  }
  return broken
}

const compareOrder = (a: HeldMessage, b: HeldMessage): number =>
  a.header.lamport - b.header.lamport ||
  (a.member < b.member ? -1 : a.member > b.member ? 1 : a.header.counter - b.header.counter)

/** P4, I13, I18: lamport grows along every edge, and the total order never shows an effect first. */
export function acausal(held: ReadonlyMap<string, HeldMessage>): string[] {
  const place = new Map([...held.values()].sort(compareOrder).map((one, i) => [one.id, i]))
  const broken: string[] = []
  for (const [id, { header }] of held) {
    const parents = header.deps.map(hexOf)
    if (header.counter > 0) parents.push(hexOf(header.prev))
    for (const parent of parents) {
      const before = held.get(parent)
      if (before === undefined) broken.push(`${id} is held without its parent ${parent}`)
      else if (before.header.lamport >= header.lamport) broken.push(`${id}: lamport does not grow`)
      if ((place.get(parent) ?? 0) >= (place.get(id) ?? 0)) broken.push(`${id} sorts too early`)
    }
  }
  return broken
}

/** P5, I12: each author's messages are numbered without a gap, one for each number or it is named. */
export function gaps(
  held: ReadonlyMap<string, HeldMessage>,
  named: readonly string[] = [],
): string[] {
  const numbers = new Map<string, Map<number, string>>()
  const broken: string[] = []
  for (const { id, member, header } of held.values()) {
    const known = numbers.get(member) ?? new Map<number, string>()
    const other = known.get(header.counter)
    if (other !== undefined && !named.includes(member)) {
      broken.push(`${member} has two messages ${String(header.counter)} and is not named`)
    }
    known.set(header.counter, id)
    numbers.set(member, known)
  }
  for (const [member, known] of numbers) {
    const last = Math.max(...known.keys())
    if (last + 1 !== known.size) broken.push(`${member} has a gap below ${String(last)}`)
  }
  return broken
}

/** Everything ever announced under each number, over all nodes and lives. */
export class Numbers {
  readonly broken: string[] = []
  readonly #ids = new Map<string, string>()

  note(member: string, counter: number, id: string): void {
    const name = `${member}:${String(counter)}`
    const known = this.#ids.get(name)
    if (known !== undefined && known !== id) this.broken.push(`${name} was used twice`)
    this.#ids.set(name, id)
  }

  /**
   * Takes every `message` event of a world so far. `heard`: of what a node wrote itself only what another one
   * heard: a power cut may take what was shown and had not left yet.
   */
  static of(world: World, heard = false): Numbers {
    const numbers = new Numbers()
    for (let node = 0; node < world.size; node++) {
      for (const { event } of world.events(node)) {
        if (event.kind !== 'message' || (heard && event.how === 'own')) continue
        numbers.note(event.member, event.counter, event.id)
      }
    }
    return numbers
  }
}

/** Who was named for withholding, by whom, of those who withhold nothing. */
export function misnamed(world: World, honest: (member: string) => boolean = () => true): string[] {
  return Array.from({ length: world.size }, (_, node) => world.events(node)).flatMap(
    (events, node) =>
      events.flatMap(({ event, atMs }) =>
        event.kind === 'withheld' && honest(event.by)
          ? [`node ${String(node)} names ${event.by} for withholding, at ${String(atMs)} ms`]
          : [],
      ),
  )
}

/** Every law over a mesh that was given the time to converge. */
export function broken(mesh: Mesh, nodes: readonly number[] = everyone(mesh)): string[] {
  const held = heldBy(mesh, nodes[0] ?? 0)
  return [
    ...unequal(mesh, nodes),
    ...unread(mesh, nodes),
    ...acausal(held),
    ...gaps(held, groupOf(mesh, nodes[0] ?? 0)?.equivocators),
    ...Numbers.of(mesh.world).broken,
    ...misnamed(mesh.world),
  ]
}
