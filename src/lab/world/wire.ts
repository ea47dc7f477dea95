// One direction of one connection, behaving as TCP does: in order and complete while the connection
// lasts, whatever the link does. Into a cut nothing passes; what waits goes out after the heal, when
// the next retransmission is due, so the first byte comes as late as it really would. A direction
// whose acknowledgements cannot return stops after some frames. Envelopes ride along but are lossy.

import { Purpose, type Draws } from './weather.ts'
import type { Fabric } from './fabric.ts'
import { type Cut, type Link, passes } from './links.ts'
import type { Happening } from './timeline.ts'

/** Something on its way: what it is called in the trace, and what its arrival does. */
export interface Parcel {
  readonly kind: string
  readonly detail: string
  /** Whether a rough network may lose or double it. */
  readonly frame: boolean
  readonly deliver: () => void
  /** Told when it is lost for good. */
  readonly lost?: () => void
}

/** A parcel and its place in the order of the wire; undefined where a rough network has no order. */
interface Numbered {
  readonly parcel: Parcel
  readonly number: number | undefined
}

/** Retransmissions are never further apart than this. */
const RETRY_GAP_MAX_US = 120_000_000

export class Wire {
  readonly #fabric: Fabric
  readonly #draws: Draws
  /** Met a cut, on leaving or on arriving, and is to be sent again. */
  #waiting: Numbered[] = []
  /** Arrived before something that was sent earlier. */
  readonly #early = new Map<number, Parcel>()
  #nextNumber = 0
  #awaited = 0
  #envelopes: Parcel[] = []
  #stalledSinceUs = 0
  #stalledBy: Cut = 'none'
  #relief: Happening | undefined
  #strays = 0
  #lastParcelUs = 0
  #lastEnvelopeUs = 0

  constructor(fabric: Fabric, from: number, to: number) {
    this.#fabric = fabric
    this.#draws = { from, to, bucket: -1, index: 0 }
  }

  /** Whether something waits for the link. */
  get stalled(): boolean {
    return this.#waiting.length > 0
  }

  /** Sends in order and without loss. */
  send(parcel: Parcel): void {
    if (this.#fabric.options.rough && parcel.frame) this.#sendRough(parcel)
    else this.#sendNumbered({ parcel, number: this.#nextNumber++ })
  }

  /** Sends past whatever waits; lost where the link is down: how a reset travels. */
  push(parcel: Parcel): void {
    if (!passes(this.#link())) return
    this.#land(this.#arrivalUs(), parcel, () => {
      if (passes(this.#link())) parcel.deliver()
    })
  }

  /** Sends once, with all the loss, doubling and disorder of the link. */
  flood(parcel: Parcel): void {
    const link = this.#link()
    if (link.cut === 'hold') this.#envelopes.push(parcel)
    else if (this.#open()) this.#drift(parcel, link)
    else parcel.lost?.()
  }

  /** Lets what waits go on, or stops it again, after other links came into force. */
  linksChanged(): void {
    if (passes(this.#link())) {
      for (const parcel of this.#envelopes.splice(0)) this.#drift(parcel, this.#link())
    }
    this.#planRelief()
  }

  /** Forgets what waits. */
  drop(): void {
    this.#waiting = []
    this.#envelopes = []
    this.#early.clear()
    this.#cancelRelief()
  }

  #link(): Link {
    return this.#fabric.links.link(this.#draws.from, this.#draws.to)
  }

  #back(): Link {
    return this.#fabric.links.link(this.#draws.to, this.#draws.from)
  }

  /** Whether one more thing passes now, as far as its sender's end is concerned. */
  #open(): boolean {
    if (!passes(this.#link())) return false
    if (passes(this.#back())) this.#strays = 0
    else if (this.#strays >= this.#fabric.options.strayFrames) return false
    else this.#strays++
    return true
  }

  #sendNumbered(numbered: Numbered): void {
    if (this.stalled || !this.#open()) this.#stall(numbered)
    else this.#fly(numbered, this.#arrivalUs())
  }

  /** One frame on a network without order: lost, late, doubled or just sent. */
  #sendRough(parcel: Parcel): void {
    const { weather } = this.#fabric
    const link = this.#link()
    const numbered = { parcel, number: undefined }
    if (this.stalled || !this.#open()) return this.#stall(numbered)
    const inOrderUs = this.#arrivalUs()
    if (weather.happens(this.#draws, Purpose.loss, link.loss)) return
    const arrivalUs = inOrderUs + this.#latenessUs(link)
    this.#fly(numbered, arrivalUs)
    if (weather.happens(this.#draws, Purpose.duplicate, link.duplicate)) {
      this.#fly(numbered, arrivalUs)
    }
  }

  #stall(numbered: Numbered): void {
    if (!this.stalled) {
      this.#stalledSinceUs = this.#fabric.timeline.nowUs
      this.#stalledBy = passes(this.#link()) ? this.#back().cut : this.#link().cut
    }
    this.#waiting.push(numbered)
    if (this.#relief === undefined) this.#planRelief()
  }

  #fly(numbered: Numbered, arrivalUs: number): void {
    this.#land(arrivalUs, numbered.parcel, () => {
      const blocked = !passes(this.#link()) && this.#fabric.options.inFlight === 'drop'
      if (blocked) this.#stall(numbered)
      else this.#receive(numbered)
    })
  }

  /** Delivers in the order of sending, whatever had to be sent again meanwhile. */
  #receive({ parcel, number }: Numbered): void {
    if (number === undefined) return parcel.deliver()
    if (number !== this.#awaited) return void this.#early.set(number, parcel)
    this.#awaited++
    parcel.deliver()
    for (;;) {
      const next = this.#early.get(this.#awaited)
      if (next === undefined) return
      this.#early.delete(this.#awaited++)
      next.deliver()
    }
  }

  #drift(parcel: Parcel, link: Link): void {
    const { weather, timeline } = this.#fabric
    weather.next(this.#draws, timeline.nowUs)
    if (weather.happens(this.#draws, Purpose.loss, link.loss)) return parcel.lost?.()
    const lateUs = this.#latenessUs(link)
    const soonestUs = timeline.nowUs + this.#flightUs(link)
    const arrivalUs = lateUs > 0 ? soonestUs + lateUs : Math.max(soonestUs, this.#lastEnvelopeUs)
    if (lateUs === 0) this.#lastEnvelopeUs = arrivalUs
    this.#land(arrivalUs, parcel, () => this.#arriveEnvelope(parcel))
    if (weather.happens(this.#draws, Purpose.duplicate, link.duplicate)) {
      this.#land(arrivalUs + this.#flightUs(link), parcel, () => this.#arriveEnvelope(parcel))
    }
  }

  #arriveEnvelope(parcel: Parcel): void {
    const link = this.#link()
    if (passes(link) || this.#fabric.options.inFlight === 'deliver') parcel.deliver()
    else if (link.cut === 'hold') this.#envelopes.push(parcel)
    else parcel.lost?.()
  }

  /** When the next thing in order arrives. */
  #arrivalUs(): number {
    const { timeline, weather } = this.#fabric
    weather.next(this.#draws, timeline.nowUs)
    const soonestUs = timeline.nowUs + this.#flightUs(this.#link())
    this.#lastParcelUs = Math.max(soonestUs, this.#lastParcelUs)
    return this.#lastParcelUs
  }

  #flightUs(link: Link): number {
    return Math.round(link.delayMs * 1_000) + this.#fabric.weather.jitterUs(this.#draws, link)
  }

  /** How much later than in order something comes: mostly not at all. */
  #latenessUs(link: Link): number {
    const { weather } = this.#fabric
    if (!weather.happens(this.#draws, Purpose.reorder, link.reorder)) return 0
    return 1 + weather.spreadUs(this.#draws, Purpose.late, 1 + 4 * (link.delayMs + link.jitterMs))
  }

  #land(atUs: number, parcel: Parcel, act: () => void): void {
    this.#fabric.timeline.at(atUs, this.#draws.to, parcel.kind, parcel.detail, act)
  }

  #planRelief(): void {
    this.#cancelRelief()
    if (!this.stalled || !passes(this.#link())) return
    if (!passes(this.#back()) && this.#strays >= this.#fabric.options.strayFrames) return
    const atUs = this.#stalledBy === 'hold' ? 0 : this.#retryUs()
    const { from, to } = this.#draws
    const act = () => this.#relieve()
    this.#relief = this.#fabric.timeline.at(atUs, from, 'retransmit', `"to":${to}`, act)
  }

  #cancelRelief(): void {
    if (this.#relief !== undefined) this.#relief.act = undefined
    this.#relief = undefined
  }

  #relieve(): void {
    const waiting = this.#waiting.toSorted((a, b) => (a.number ?? 0) - (b.number ?? 0))
    this.#waiting = []
    this.#relief = undefined
    for (const numbered of waiting) this.#sendNumbered(numbered)
  }

  /** The first retransmission that is not past, counted from when the stall began. */
  #retryUs(): number {
    let atUs = this.#stalledSinceUs
    let gapUs = this.#fabric.options.retransmitMs * 1_000
    while (atUs <= this.#fabric.timeline.nowUs) {
      atUs += gapUs
      gapUs = Math.min(gapUs * 2, RETRY_GAP_MAX_US)
    }
    return atUs
  }
}
