// What daemons tell, in the words of the trace: nothing is known here that a node did not say through its
// local interface. A text counts as read when `read --follow` of that node gives it in clear. Membership,
// epochs and the manager are asked for again whenever something governing was heard. What only a signed
// header tells, and what came while nobody listened, is read from the archive that the node writes.

import type { Event, GroupReport, TextReport } from '../../../api/contract.ts'
import { toHex, utf8 } from '../../../base/bytes.ts'
import { MessageType, isControl } from '../../../core/message/type.ts'
import { createNativeCrypto } from '../../../crypto/native.ts'
import type { Digest } from '../../protocol/port.ts'
import type { Fact } from '../../trace/event.ts'
import { type ArchivedMessage, messagesOf } from './archive.ts'
import { Feed } from './feed.ts'
import { type Seat, isPresent, newSeat, nothing, short, stateOf } from './seat.ts'
import type { WitnessParts } from './witness-parts.ts'

type Made = Extract<Fact, { k: 'msg' }>

export class Witness {
  readonly #parts: WitnessParts
  readonly #crypto = createNativeCrypto()
  readonly #seats = new Map<number, Seat>()
  readonly #nodes = new Map<string, number>()
  readonly #peers = new Map<string, number>()
  readonly #made = new Map<string, Made>()
  readonly #audiences = new Set<string>()
  /** Of whom nothing was learnt yet but what its author told. */
  readonly #unlearnt = new Set<string>()
  /** Up to which counter members had spoken when the run began. */
  readonly #before = new Map<string, number>()
  #started = false

  constructor(parts: WitnessParts) {
    this.#parts = parts
  }

  /** Listens to a member from now on, and tells what it starts with. */
  async begin(node: number, g: number, group: string): Promise<void> {
    const { mesh } = this.#parts
    const { api, peerId } = mesh.member(node)
    const report = await api.call('GET /v1/groups/:id', { id: group })
    this.#nodes.set(report.self, node)
    this.#peers.set(peerId, node)
    const seat = newSeat(node, g, report, this.#started)
    this.#seats.set(node, seat)
    await this.#listen(seat)
    if (seat.late) await this.#catchUp(seat)
  }

  /** Tells what everybody starts with, now that all are known by name. */
  start(): void {
    this.#started = true
    this.#made.clear()
    this.#unlearnt.clear()
    for (const seat of this.#seats.values()) {
      // What a node said before now was told to nobody.
      Object.assign(seat.told, nothing())
      for (const [member, counter] of Object.entries(seat.report.vector)) {
        this.#before.set(member, Math.max(counter, this.#before.get(member) ?? -1))
      }
      this.#govern(seat, seat.report)
    }
  }

  /** A node is about to end. */
  deafen(node: number): void {
    this.#seats.get(node)?.feed?.close()
  }

  /** What the second face of a node says was said by that node, too. */
  heardSecond(node: number, event: Event): void {
    const seat = this.#seats.get(node)
    if (seat === undefined || event.kind !== 'message') return
    if (event.group !== seat.group || event.how !== 'own') return
    this.#own(seat, { seq: event.counter, m: short(event.id), type: event.type })
  }

  /** A node runs again: what it had told of and no longer holds is forgotten. */
  async restarted(node: number): Promise<void> {
    const seat = this.#seats.get(node)
    if (seat === undefined) return
    await this.#listen(seat)
    await this.#catchUp(seat)
    this.#ask(seat)
  }

  /** Learns what each message builds on. @returns of how many it is not known, because nobody has them */
  async learn(nodes: readonly number[]): Promise<number> {
    for (const seat of nodes.flatMap((node) => this.#seats.get(node) ?? [])) {
      const lacks = [...this.#unlearnt].some((m) => this.#made.get(m)?.g === seat.g)
      if (lacks && isPresent(seat.report)) this.#learn(await this.#archive(seat))
    }
    return this.#unlearnt.size
  }

  close(): void {
    for (const seat of this.#seats.values()) seat.feed?.close()
  }

  /** Asks a node how its group stands, which may not have been heard of. */
  ask(node: number): void {
    const seat = this.#seats.get(node)
    if (seat !== undefined) this.#ask(seat)
  }

  isMember(node: number): boolean {
    const seat = this.#seats.get(node)
    return seat !== undefined && isPresent(seat.report)
  }

  leads(node: number): boolean {
    const report = this.#seats.get(node)?.report
    return report?.role === 'leader' && report.selfState === 'active'
  }

  memberAt(node: number): string | undefined {
    return this.#seats.get(node)?.member
  }

  /** As the first of these members sees it. */
  managerOf(members: readonly number[]): number | undefined {
    for (const node of members) {
      const manager = this.#seats.get(node)?.report.manager ?? undefined
      if (manager !== undefined) return this.#nodes.get(manager)
    }
    return undefined
  }

  /** What a running node holds; undefined where it is no member. */
  async digest(node: number): Promise<(Digest & { readonly g: number }) | undefined> {
    const seat = this.#seats.get(node)
    if (seat === undefined) return undefined
    const { api } = this.#parts.mesh.member(node)
    const report = await api.call('GET /v1/groups/:id', { id: seat.group })
    this.#govern(seat, report)
    if (!isPresent(report)) return undefined
    const rows = await api.read(seat.group)
    const order = rows.filter(({ state }) => stateOf(state) === 'shown').map(({ id }) => short(id))
    return {
      g: seat.g,
      held: short(report.root),
      members: this.#membersOf(report).join(' '),
      epochs: report.epochHeads.map(short).sort().join(' '),
      order: seat.late ? '' : this.#hash(order.join(' ')),
    }
  }

  async #listen(seat: Seat): Promise<void> {
    const { node } = seat
    const feed = new Feed({
      access: this.#parts.mesh.member(node).access,
      onEvent: (event) => this.#heard(seat, event),
      onText: (text) => this.#text(seat, text),
      onEnd: (why) => this.#parts.onDeaf(node, why),
    })
    seat.feed = feed
    await feed.ready()
    feed.follow(seat.group)
  }

  async #archive({ node, group }: Seat): Promise<readonly ArchivedMessage[]> {
    return messagesOf(this.#crypto, await this.#parts.mesh.member(node).api.archive(group))
  }

  /**
   * Tells what a node held when somebody listened again, and what it lacked that it had held before: of that
   * moment, though its archive may take a while. What came later its events tell.
   */
  async #catchUp(seat: Seat): Promise<void> {
    const thenUs = this.#parts.nowUs()
    const told = [...seat.own, ...seat.held]
    const { api } = this.#parts.mesh.member(seat.node)
    const { vector } = await api.call('GET /v1/groups/:id', { id: seat.group })
    const archive = await this.#archive(seat)
    const then = archive.filter(({ member, counter }) => counter <= (vector[member] ?? -1))
    const there = new Set(then.map(({ id }) => short(id)))
    for (const m of told) if (!there.has(m)) this.#forgot(seat, m, thenUs)
    for (const { id, member, counter, type } of archive) {
      const m = short(id)
      if (counter <= (this.#before.get(member) ?? -1)) continue
      const sinceUs = there.has(m) ? thenUs : undefined
      if (member === seat.member) this.#own(seat, { seq: counter, m, type }, sinceUs)
      else if (!seat.held.has(m)) this.#held(seat, m, 'sync', sinceUs)
    }
    this.#learn(archive)
  }

  #forgot(seat: Seat, m: string, thenUs: number): void {
    seat.own.delete(m)
    seat.held.delete(m)
    if (seat.texts.delete(m)) seat.display.remove(m)
    this.#parts.tellBack(thenUs, seat.node, { k: 'forgot', m, g: seat.g })
  }

  /** The fact was not told on yet. */
  #learn(archive: readonly ArchivedMessage[]): void {
    for (const { id, epoch, parents } of archive) {
      const m = short(id)
      const made = this.#made.get(m)
      if (made === undefined || !this.#unlearnt.delete(m)) continue
      made.parents = parents.map(short)
      made.epoch = short(epoch)
    }
  }

  #heard(seat: Seat, event: Event): void {
    const { node, group } = seat
    const { heardFrom } = this.#parts
    if ('group' in event && event.group !== group) return
    switch (event.kind) {
      case 'message': {
        const m = short(event.id)
        if (event.how === 'own') this.#own(seat, { seq: event.counter, m, type: event.type })
        else if (!seat.held.has(m)) this.#held(seat, m, event.how)
        if (isControl(event.type)) this.#ask(seat)
        return
      }
      case 'reach': {
        const from = this.#nodes.get(event.member)
        if (event.up && from !== undefined) heardFrom(node, from)
        return this.#ask(seat)
      }
      case 'synced': {
        const from = this.#peers.get(event.peer)
        // It tells of all that came since it began.
        if (event.received > 0 && from !== undefined) heardFrom(node, from, event.ms)
        return
      }
      case 'departed':
      case 'epoch':
        return this.#ask(seat)
      case 'equivocation':
        return this.#accuse(seat, event.member)
      default:
    }
  }

  /** A message was made here. What it builds on is learnt later. */
  #own(
    { node, g, report, own }: Seat,
    { seq, m, type }: { readonly seq: number; readonly m: string; readonly type: number },
    thenUs = this.#parts.nowUs(),
  ): void {
    if (own.has(m)) return
    own.add(m)
    const members = this.#membersOf(report)
    const aud = this.#hash(`${g} ${members.join(' ')}`)
    const { tellBack } = this.#parts
    if (!this.#audiences.has(aud)) tellBack(thenUs, node, { k: 'aud', id: aud, g, members })
    this.#audiences.add(aud)
    const text = type === MessageType.text
    const made: Made = { k: 'msg', m, g, seq, text, epoch: '', parents: [], bytes: 0, aud }
    this.#made.set(m, made)
    this.#unlearnt.add(m)
    tellBack(thenUs, node, made)
  }

  #text(seat: Seat, text: TextReport): void {
    const { node, g, member } = seat
    const m = short(text.id)
    const state = stateOf(text.state)
    if (seat.texts.get(m) === state) return
    const { tell } = this.#parts
    if (state === 'shown') {
      if (text.author !== member) {
        tell(node, { k: 'dec', m, g })
      } else this.#known(m, text)
      tell(node, { k: 'show', m, g, pos: seat.display.add(m, text) })
    } else if (state === 'withdrawn') {
      seat.display.remove(m)
      tell(node, { k: 'hide', m, g, reason: 'withdrawn' })
    } else if (state === 'undecryptable') tell(node, { k: 'utd', m, g, reason: 'no key' })
    seat.texts.set(m, state)
  }

  #held(
    { node, g, held }: Seat,
    m: string,
    how: 'push' | 'sync',
    thenUs = this.#parts.nowUs(),
  ): void {
    held.add(m)
    this.#parts.tellBack(thenUs, node, { k: 'rx', m, g, how })
  }

  #accuse({ node, g, accused }: Seat, member: string): void {
    if (accused.has(member)) return
    accused.add(member)
    this.#parts.tell(node, { k: 'proof', g, against: this.#nodes.get(member) ?? -1 })
  }

  /** Its author tells more of a message than the event did; the fact has not been told on yet. */
  #known(m: string, text: TextReport): void {
    const made = this.#made.get(m)
    if (made === undefined) return
    made.bytes = utf8(text.text ?? '').length
  }

  /** Asks a node how its group stands; again if something was heard meanwhile. */
  #ask(seat: Seat): void {
    seat.again = true
    if (seat.asking) return
    seat.asking = true
    void (async () => {
      while (seat.again) {
        seat.again = false
        const { api } = this.#parts.mesh.member(seat.node)
        this.#govern(seat, await api.call('GET /v1/groups/:id', { id: seat.group }))
      }
    })()
      // A node that ends meanwhile is asked when it runs again.
      .catch(() => undefined)
      .finally(() => (seat.asking = false))
  }

  #govern(seat: Seat, report: GroupReport): void {
    const { node, g, told } = seat
    const { tell } = this.#parts
    seat.report = report
    for (const member of report.equivocators) this.#accuse(seat, member)
    const members = this.#membersOf(report)
    const view = members.join(' ')
    if (view !== told.view) {
      told.view = view
      tell(node, { k: 'view', g, id: this.#hash(view), members })
    }
    const heads = report.epochHeads.map(short).sort()
    const sending = report.epoch === null ? null : short(report.epoch)
    const epoch = `${heads.join(' ')} ${String(sending)}`
    if (epoch !== told.epoch) {
      told.epoch = epoch
      tell(node, { k: 'epoch', g, heads, sending })
    }
    const manager = report.manager === null ? null : (this.#nodes.get(report.manager) ?? null)
    if (manager === told.manager) return
    told.manager = manager
    tell(node, { k: 'role', g, manager })
  }

  #membersOf(report: GroupReport): number[] {
    return report.members
      .filter(({ state }) => state === 'active' || state === 'dormant' || state === 'invited')
      .flatMap(({ member }) => this.#nodes.get(member) ?? [])
      .sort((a, b) => a - b)
  }

  #hash(text: string): string {
    return short(toHex(this.#crypto.sha256(utf8(text))))
  }
}
