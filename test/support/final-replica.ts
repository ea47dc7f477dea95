// The core's transcript and order under plain words, without keys, signatures or bodies: what the final
// order is worked out from is rows, control messages and who is gone, and those are the real ones.
import { fromHex } from '../../src/base/bytes.ts'
import { Lru } from '../../src/base/lru.ts'
import type { MemberFacts, RosterChange } from '../../src/core/membership/roster.ts'
import { isControl, MessageType } from '../../src/core/message/type.ts'
import { Frontier } from '../../src/core/order/sequence.ts'
import type { Step } from '../../src/core/order/steps.ts'
import { owesAttest } from '../../src/core/order/due.ts'
import { planOf } from '../../src/core/order/sequence.ts'
import type { OrderPlan } from '../../src/core/report.ts'
import { finalityOf } from '../../src/core/order/finality.ts'
import { standpointOf } from '../../src/core/order/standpoint.ts'
import type { Standpoint } from '../../src/core/order/standpoint.ts'
import { isWithdrawn, noteDepartures } from '../../src/core/replica/departures.ts'
import { createFinalising, groundOf } from '../../src/core/replica/final.ts'
import type { Replica } from '../../src/core/replica/state.ts'
import { appendControl } from '../../src/core/transcript/control-log.ts'
import type { Row } from '../../src/core/transcript/row.ts'
import { createTranscript, insert, lineFor, rowById } from '../../src/core/transcript/transcript.ts'
import { countAt, withCount } from '../../src/core/transcript/vector.ts'
import type { ControlInfo } from '../../src/core/validity/context.ts'
import { createJurisdiction } from '../../src/core/validity/context.ts'
import { pastOf } from '../../src/core/validity/past.ts'
import type { Sentence, Word } from './final-model.ts'
import { EVIDENCE } from './final-model.ts'

const bytes = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array()

const factsOf = (member: string, leader: boolean, place: number): MemberFacts => ({
  member,
  memberBytes: bytes(member),
  account: bytes(member),
  memberGroupId: place,
  name: `member ${String(place)}`,
  device: new Uint8Array(32),
  transport: new Uint8Array(32),
  peer: member,
  leader,
  admission: new Uint8Array(32),
  prekey: { id: bytes(member), public: bytes(member), counter: -1 },
})

const infoOf = ({ type, author, target = '' }: Word): ControlInfo | undefined => {
  const roster = (...changes: RosterChange[]): ControlInfo => ({ kind: 'roster', changes })
  if (type === MessageType.leave) return roster({ kind: 'leave', member: author })
  if (type === MessageType.remove) return roster({ kind: 'remove', member: target })
  if (type === MessageType.dormant) return roster({ kind: 'dormant', member: target, on: true })
  if (type === EVIDENCE) return roster({ kind: 'accuse', member: target })
  return undefined
}

interface Missing {
  readonly missing: readonly { readonly line: number; readonly counter: number }[]
}

/** One node's rows and order. */
export class FinalReplica {
  readonly held = new Map<string, Word>()
  readonly replica: Replica
  /** Rows that are on disk only: asked for by place. */
  readonly #all = new Map<string, Row>()
  /** Rows that had to be read back. */
  reads = 0

  constructor(leaders: readonly string[], members: readonly string[]) {
    const facts = [
      ...leaders.map((member, i) => factsOf(member, true, i)),
      ...members.map((member, i) => factsOf(member, false, leaders.length + i)),
    ]
    const transcript = createTranscript<ControlInfo>(4096)
    const jurisdiction = createJurisdiction({
      groupBytes: new Uint8Array(32),
      group: '',
      leaders: facts.filter(({ leader }) => leader),
      control: transcript.control,
    })
    // The members of the crew are there from the start, as if they were leaders that nobody asks.
    const everybody = { ...jurisdiction, leaders: facts }
    this.replica = {
      number: 1,
      transcript,
      jurisdiction: everybody,
      facts: new Map(facts.map((one) => [one.member, one])),
      departures: new Map(),
      unaware: undefined,
      recent: new Lru<string, Uint8Array>(1),
      final: createFinalising(),
    } as unknown as Replica
  }

  /** Takes a word whose past is held. */
  take(word: Word): void {
    if (this.held.has(word.id)) return
    const { transcript } = this.replica
    const parents = word.parents.map((id) => this.#row(id))
    const past = pastOf(transcript, parents)
    const prev = parents.find(
      ({ member, counter }) => member === word.author && counter === word.counter - 1,
    )
    const place = lineFor(transcript, word.author, prev)
    const line = typeof place === 'number' ? place : transcript.lines.length
    const info = infoOf(word)
    const control = isControl(word.type) && info !== undefined
    const row: Row = {
      id: word.id,
      idBytes: new Uint8Array(32),
      line,
      member: word.author,
      counter: word.counter,
      type: word.type,
      lamport: past.lamport,
      gen: 0,
      seen: withCount(past.seen, line, word.counter + 1),
      control: control ? [transcript.control.entries.length] : past.control,
    }
    if (row.lamport !== word.lamport) throw new Error('a word has the wrong lamport')
    insert(transcript, row, parents, typeof place === 'number' ? undefined : place)
    this.#all.set(`${String(line)}/${String(word.counter)}`, row)
    this.held.set(word.id, word)
    if (control) {
      const { id, type, member, counter, lamport } = row
      const sequence = transcript.control.entries.length
      const entry = { sequence, id, type, member, line, counter, lamport, past: past.control, info }
      appendControl(transcript.control, entry)
    }
    noteDepartures(this.replica, row, past.control, info)
  }

  #row(id: string): Row {
    const row =
      rowById(this.replica.transcript, id) ?? [...this.#all.values()].find((one) => one.id === id)
    if (row === undefined) throw new Error('a parent is missing')
    return row
  }

  /** All rows but the tips leave memory. */
  forget(): void {
    const { transcript } = this.replica
    const tips = new Set(transcript.lines.map(({ tip }) => tip.id))
    for (const [id] of transcript.rows) if (!tips.has(id)) transcript.rows.delete(id)
    for (const places of transcript.places.values())
      for (const [counter, { id }] of places) if (!tips.has(id)) places.delete(counter)
    transcript.order = transcript.order.filter(({ id }) => tips.has(id))
    transcript.oldest = 0
  }

  /** As after a start: nothing of the order is remembered. */
  restart(): void {
    this.forget()
    Object.assign(this.replica.final, createFinalising())
  }

  #loading<T extends object>(ask: () => T | Missing): Exclude<T, Missing> {
    for (let round = 0; round < 10_000; round++) {
      const found = ask()
      if (!('missing' in found)) return found as Exclude<T, Missing>
      for (const { line, counter } of found.missing) {
        this.reads += 1
        const row = this.#all.get(`${String(line)}/${String(counter)}`)
        if (row === undefined) throw new Error('a row that nobody wrote is asked for')
        const { transcript } = this.replica
        transcript.rows.set(row.id, row)
        transcript.places.get(line)?.set(counter, row)
        transcript.order.push(row)
      }
    }
    throw new Error('the search does not end')
  }

  settle(): void {
    const { replica } = this
    replica.final.now = this.#loading(() => finalityOf(this.#ground(), replica.final.hints))
  }

  #ground(): ReturnType<typeof groundOf> {
    const ground = groundOf(this.replica)
    const leaders = ground.leaders.filter((one) => this.replica.facts.get(one)?.leader === true)
    return { ...ground, leaders }
  }

  standpoint(id: string): Standpoint {
    const { line, counter } = this.#row(id)
    return this.#loading(() =>
      standpointOf(this.#ground(), this.replica.final.now, { line, counter }),
    )
  }

  /** Whether this leader owes the order a word. */
  owes(leader: string): boolean {
    const { transcript, final } = this.replica
    const tip = transcript.lines[transcript.byMember.get(leader)?.[0] ?? -1]?.tip
    const waits = (row: Row): boolean =>
      row.type === MessageType.text &&
      row.counter >= countAt(final.now.frontier, row.line) &&
      !isWithdrawn(this.replica, row.member, row.line, row.counter)
    return tip !== undefined && owesAttest(this.#ground(), final.now, tip, waits)
  }

  plan(): OrderPlan {
    const { lines } = this.replica.transcript
    return planOf(
      this.replica.final.now,
      lines.map(({ index, tip }) => [index, tip.counter + 1]),
    )
  }

  steps(line: number, from: number, to: number): Step[] {
    return Array.from({ length: to - from }, (_, i) => {
      const row = this.#all.get(`${String(line)}/${String(from + i)}`)
      if (row === undefined) throw new Error('a step is missing')
      return { counter: row.counter, lamport: row.lamport, seen: row.seen }
    })
  }

  /** The final order as the walk gives it, by way of the real frontier. */
  order(reverse = false): Sentence[] {
    this.settle()
    const plan = this.plan()
    const frontier = new Frontier(plan)
    const paces = [
      ...plan.voices.map(({ line, from, to }) => this.steps(line, from, to)),
      ...plan.closings.map(({ lamport }) => [{ lamport, seen: 'everything' as const }]),
    ].map((steps) => (reverse ? [...steps].reverse() : [...steps]))
    if (reverse) frontier.move(paces.map((steps, voice) => ({ voice, seen: steps[0]?.seen })))
    const order: Sentence[] = []
    for (;;) {
      const lamports = paces.flatMap(([next]) => (next === undefined ? [] : [next.lamport]))
      if (lamports.length === 0) return reverse ? order.reverse() : order
      const stamp = reverse ? Math.max(...lamports) : Math.min(...lamports)
      const moves = paces.flatMap((steps, voice) => {
        if (steps[0]?.lamport !== stamp) return []
        const [now] = steps.splice(0, 1)
        return [{ voice, seen: reverse ? steps[0]?.seen : now?.seen }]
      })
      const batch = frontier.move(moves).flatMap(({ line, from, to }) => {
        const rows: Row[] = []
        for (let counter = from; counter < to; counter++) {
          const row = this.#all.get(`${String(line)}/${String(counter)}`)
          if (row !== undefined && this.#shows(row)) rows.push(row)
        }
        return rows
      })
      batch.sort(byPlace)
      if (reverse) batch.reverse()
      order.push(...batch.map(({ id }) => ({ id, stamp })))
    }
  }

  #shows(row: Row): boolean {
    return (
      row.type === MessageType.text && !isWithdrawn(this.replica, row.member, row.line, row.counter)
    )
  }
}

const byPlace = (a: Row, b: Row): number =>
  a.lamport - b.lamport ||
  (a.member === b.member ? a.counter - b.counter : a.member < b.member ? -1 : 1) ||
  (a.id < b.id ? -1 : 1)
