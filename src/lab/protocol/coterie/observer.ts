// What the real core's news mean in the words of the trace. Nothing is believed that can be looked at:
// a text counts as read when the stored record really opened with what lies on the node's disk.
// Membership, epochs and the manager are looked at once an instant, where something governing changed.

import type { Endpoint } from '../../../core/endpoint.ts'
import type { Event } from '../../../core/event.ts'
import { parseHeader, hexOf, idOf } from '../../../core/message/header.ts'
import { MessageType, isControl } from '../../../core/message/type.ts'
import type { GroupReport, TextReport } from '../../../core/report.ts'
import { parseRecord } from '../../../core/transcript/row.ts'
import { utf8, toHex } from '../../../base/bytes.ts'
import type { Crypto } from '../../../crypto/crypto.ts'
import type { Digest, Look, TellNode } from '../port.ts'
import type { Fact } from '../../trace/event.ts'
import { Display } from './display.ts'
import { Roll } from './roll.ts'
import type { Held, Seat } from './seat.ts'
import { recordAt, stateOf, textAt, textsOn } from './stored.ts'
import { Thefts } from './thefts.ts'

type News = Omit<Extract<Event, { kind: 'message' }>, 'kind' | 'group' | 'number'>
type Said = Extract<Fact, { k: 'msg' }>

export class Observer {
  readonly #look: Look
  readonly #crypto: Crypto
  readonly #groups: readonly string[]
  readonly #tell: TellNode
  readonly #seats = new Map<number, Seat>()
  readonly #roll = new Roll()
  readonly #audiences = new Set<string>()
  readonly #thefts: Thefts

  constructor(parts: {
    look: Look
    crypto: Crypto
    /** Ids of the groups, in the order of the scenario. */
    groups: readonly string[]
    nodes: number
    tell: TellNode
  }) {
    this.#look = parts.look
    this.#crypto = parts.crypto
    this.#thefts = new Thefts(parts.crypto)
    this.#groups = parts.groups
    this.#tell = parts.tell
    for (let node = 0; node < parts.nodes; node++) {
      for (const { self } of this.#machine(node)?.groups() ?? []) this.name(node, self)
    }
  }

  /** A node is, from now on, this member. What is meant for who it was before is not meant for it. */
  name(node: number, member: string): void {
    if (!this.#roll.name(node, member)) return
    for (const seat of this.#seats.values()) {
      seat.governed = true
      seat.told.aud = ''
    }
  }

  nodeOf(member: string): number | undefined {
    return this.#roll.nodeOf(member)
  }

  memberAt(node: number): string | undefined {
    return this.#roll.memberAt(node)
  }

  isMember(node: number): boolean {
    const report = this.#report(node)
    return report !== undefined && isPresent(report)
  }

  /** A node came in; or it is again who it was. */
  arrived(node: number): void {
    const report = this.#report(node)
    if (report === undefined) return
    if (this.#roll.memberAt(node) !== report.self) this.#seats.delete(node)
    this.name(node, report.self)
    this.begin(node, true)
  }

  /** The disk of a member is copied. */
  copied(node: number): boolean {
    const seat = this.#seats.get(node)
    const member = this.#roll.memberAt(node)
    if (seat === undefined || member === undefined) return false
    const { group, number } = seat
    const rows = this.#look.rows(node)
    const { opens, archived } = this.#thefts.copy({ node, group, number, member, rows })
    this.#tell(node, { k: 'leaked', g: group, opens: opens.map(short), archived })
    return true
  }

  /** Tells what a member starts with. */
  begin(node: number, late = false): void {
    const report = this.#report(node)
    if (report === undefined || this.#seats.has(node)) return
    const group = this.#groups.indexOf(report.group)
    const told = { view: '', epoch: '', manager: undefined, aud: '' }
    const seat: Seat = {
      node,
      group,
      number: this.#machine(node)?.groupNumber(report.group) ?? 0,
      told,
      late,
      display: new Display(),
      texts: new Map(),
      governed: true,
      returned: false,
      recheck: new Set(),
      recheckUnshown: false,
    }
    this.#seats.set(node, seat)
    this.settled(node)
  }

  heard(node: number, event: Event): void {
    const seat = this.#seats.get(node)
    if (seat === undefined) return
    switch (event.kind) {
      case 'message':
        return this.#message(seat, event)
      case 'departed':
        seat.governed = true
        seat.recheck.add(event.member)
        return
      case 'epoch':
        seat.governed = true
        if (event.opened) seat.recheckUnshown = true
        return
      case 'reach':
        seat.governed = true
        return
      case 'equivocation': {
        const against = this.#roll.nodeOf(event.member) ?? -1
        return this.#tell(node, { k: 'proof', g: seat.group, against })
      }
      default:
    }
  }

  settled(node: number): void {
    const seat = this.#seats.get(node)
    if (seat === undefined) return
    this.#recheck(seat)
    // Who came in anew was told of what it held as who it was before.
    if (seat.returned && !seat.late && this.#report(node) !== undefined) this.#recollect(seat)
    if (seat.governed) this.#govern(seat)
    seat.governed = false
  }

  /** After a crash the disk may hold less than was told. */
  restarted(node: number): void {
    const seat = this.#seats.get(node)
    if (seat === undefined) return
    seat.governed = true
    seat.returned = true
    const rows = this.#look.rows(node)
    for (const [m, { line, counter }] of seat.texts) {
      if (recordAt(rows, { number: seat.number, line, counter }) !== undefined) continue
      seat.texts.delete(m)
      seat.display.remove(m)
      this.#tell(node, { k: 'forgot', m, g: seat.group })
    }
  }

  /** A crash may keep a write and cut off the word of it: texts that are there are told of now. */
  #recollect(seat: Seat): void {
    seat.returned = false
    const self = this.#report(seat.node)?.self
    for (const text of textsOn(this.#look.rows(seat.node), seat.number, this.#crypto)) {
      if (seat.texts.has(short(text.id))) continue
      const how = text.member === self ? 'own' : 'sync'
      this.#message(seat, { ...text, type: MessageType.text, how })
      // Its keys may be a moment behind it.
      seat.recheckUnshown = true
    }
  }

  digest(node: number, group: number): Digest | undefined {
    const seat = this.#seats.get(node)
    const report = seat?.group === group ? this.#report(node) : undefined
    if (seat === undefined || report === undefined || !isPresent(report)) return undefined
    return {
      held: report.root.slice(0, 16),
      members: this.#roll.present(report).join(' '),
      epochs: report.epochHeads.map(short).sort().join(' '),
      order: seat.late ? '' : this.#hash(seat.display.order().join(' ')),
    }
  }

  #message(seat: Seat, news: News): void {
    const { node, group: g } = seat
    const m = short(news.id)
    if (isControl(news.type)) seat.governed = true
    // What the second face of a liar says comes here later, as what others say does.
    if (news.how === 'own' && !this.#own(seat, news, m)) return
    if (news.how !== 'own') this.#tell(node, { k: 'rx', m, g, how: news.how })
    if (news.type !== MessageType.text) return
    const { line, counter, member } = news
    const held: Held = { m, line, counter, member, state: 'sealed' }
    seat.texts.set(m, held)
    this.#open(seat, held, news.how !== 'own')
  }

  /** A message was made here: what it is, builds on and is for. @returns whether it lies on this disk */
  #own(seat: Seat, news: News, m: string): boolean {
    const { node, group: g } = seat
    const { line } = news
    const at = { number: seat.number, line, counter: news.counter }
    const stored = recordAt(this.#look.rows(node), at)
    const record = stored && parseRecord(stored)
    const encoded = record?.ok === true ? record.value.envelope.header : undefined
    this.#audience(seat)
    const { counter: seq, type } = news
    const about = {
      k: 'msg',
      m,
      g,
      seq,
      text: type === MessageType.text,
    } as const
    const { aud } = seat.told
    if (stored === undefined || encoded === undefined) return this.#unseen(node, about, aud)
    if (hexOf(idOf(this.#crypto, encoded)) !== news.id) return this.#unseen(node, about, aud)
    const header = parseHeader(encoded)
    if (!header.ok) return true
    const { prev, deps, epoch, bodyLength: bytes } = header.value
    const parents = [prev, ...deps].map((id) => short(hexOf(id)))
    this.#tell(node, { ...about, epoch: short(hexOf(epoch)), parents, bytes, aud })
    for (const victim of this.#thefts.said(g, stored)) this.#tell(victim, { k: 'taken', g, m })
    return true
  }

  /** What the second face of a liar says lies on no disk here. */
  #unseen(node: number, about: Pick<Said, 'k' | 'm' | 'g' | 'seq' | 'text'>, aud: string): false {
    this.#tell(node, { ...about, epoch: '', parents: [], bytes: 0, aud })
    return false
  }

  /** The members that a message of this moment is for. */
  #audience(seat: Seat): void {
    if (seat.told.aud !== '' && !seat.governed) return
    const report = this.#report(seat.node)
    if (report === undefined) return
    const members = this.#roll.present(report)
    const id = this.#hash(`${seat.group} ${members.join(' ')}`)
    seat.told.aud = id
    if (this.#audiences.has(id)) return
    this.#audiences.add(id)
    this.#tell(seat.node, { k: 'aud', id, g: seat.group, members })
  }

  /** Looks whether a text can be read, and tells what is new about it. */
  #open(seat: Seat, held: Held, foreign: boolean): void {
    const { node, group: g } = seat
    const text = this.#text(seat, held)
    const { m } = held
    const before = held.state
    held.state = stateOf(text)
    if (held.state === before) return
    if (held.state === 'shown' && text !== undefined) {
      if (foreign) this.#tell(node, { k: 'dec', m, g })
      this.#tell(node, { k: 'show', m, g, pos: seat.display.add(m, text) })
    } else if (held.state === 'withdrawn') {
      seat.display.remove(m)
      this.#tell(node, { k: 'hide', m, g, reason: 'withdrawn' })
    } else if (held.state === 'undecryptable') {
      this.#tell(node, { k: 'utd', m, g, reason: 'no key' })
    }
  }

  #recheck(seat: Seat): void {
    const { recheck, recheckUnshown, texts } = seat
    if (recheck.size === 0 && !recheckUnshown) return
    for (const held of texts.values()) {
      const again = recheck.has(held.member) || (recheckUnshown && held.state !== 'shown')
      if (again) this.#open(seat, held, true)
    }
    recheck.clear()
    seat.recheckUnshown = false
  }

  #govern(seat: Seat): void {
    const { node, group: g, told } = seat
    const report = this.#report(node)
    if (report === undefined) return
    // It came in anew, perhaps long after whoever asked it to had given up.
    if (report.self !== this.#roll.memberAt(node)) return this.arrived(node)
    const members = this.#roll.present(report)
    const view = members.join(' ')
    if (view !== told.view) {
      told.view = view
      told.aud = ''
      this.#tell(node, { k: 'view', g, id: this.#hash(view), members })
    }
    const heads = report.epochHeads.map(short).sort()
    const sending = report.epoch === null ? null : short(report.epoch)
    const epoch = `${heads.join(' ')} ${String(sending)}`
    if (epoch !== told.epoch) {
      told.epoch = epoch
      this.#tell(node, { k: 'epoch', g, heads, sending })
    }
    const manager = report.manager === null ? null : (this.#roll.nodeOf(report.manager) ?? null)
    if (manager === told.manager) return
    told.manager = manager
    this.#tell(node, { k: 'role', g, manager })
  }

  #text(seat: Seat, held: Held): TextReport | undefined {
    const machine = this.#machine(seat.node)
    if (machine === undefined) return undefined
    const { line, counter } = held
    const rows = this.#look.rows(seat.node)
    return textAt(machine, this.#groups[seat.group] ?? '', rows, {
      number: seat.number,
      line,
      counter,
    })
  }

  #report(node: number): GroupReport | undefined {
    const groups = this.#machine(node)?.groups() ?? []
    return groups.find(({ group }) => this.#groups.includes(group))
  }

  #machine(node: number): Endpoint | undefined {
    return this.#look.machine(node) as Endpoint | undefined
  }

  #hash(text: string): string {
    return short(toHex(this.#crypto.sha256(utf8(text))))
  }
}

const short = (id: string): string => id.slice(0, 16)

const isPresent = ({ selfState }: GroupReport): boolean =>
  selfState === 'active' || selfState === 'dormant' || selfState === 'quarantined'
