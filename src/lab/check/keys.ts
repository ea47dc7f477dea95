// C8 no key serves twice, C9 one epoch in each part of the mesh once it has settled.
// What is not in the trace, such as a secret itself, cannot be compared here.

import type { Ledger } from '../measure/ledger.ts'
import { Renewals } from '../measure/renewals.ts'
import { type Seat, Seats, byPart } from '../measure/seats.ts'
import type { Materialised } from '../scenario/materialised.ts'
import type { TraceEvent } from '../trace/event.ts'
import { settleUs } from './bounds.ts'
import type { Checker, CheckResult, MakeChecker } from './checker.ts'
import { Findings } from './verdicts.ts'

/** C8: no number of an author is used twice under one epoch, and no key is derived in two ways. */
export const keysServeOnce: MakeChecker = (_, ledger) => new KeysServeOnce(ledger)

class KeysServeOnce implements Checker {
  readonly #findings = new Findings('C8', 'No key or nonce reuse')
  readonly #used = new Map<string, { readonly m: string; readonly i: number }>()
  readonly #derived = new Map<string, { readonly from: string; readonly i: number }>()
  readonly #names = new Renewals()
  readonly #ledger: Ledger

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  see(event: TraceEvent): void {
    if (this.#ledger.liars.has(event.n)) return
    if (event.k === 'op') this.#names.asked(event)
    if (event.k === 'msg') {
      const line = this.#names.lineOf(event.n, event.seq)
      // What is said under no epoch is signed and sealed under no key.
      if (event.epoch === '') return
      const name = `${event.g} ${event.n}/${line} ${event.epoch} ${event.seq}`
      const before = this.#used.get(name)
      this.#findings.tested()
      if (before !== undefined && before.m !== event.m) {
        const what = `node ${event.n} sealed two texts as number ${event.seq} of epoch ${event.epoch}`
        this.#findings.broken(what, [before.i, event.i])
      }
      this.#used.set(name, before ?? { m: event.m, i: event.i })
    } else if (event.k === 'key' && event.action === 'derive') {
      const from = (event.parents ?? []).join(' ')
      const before = this.#derived.get(`${event.g} ${event.id}`)
      this.#findings.tested()
      if (before !== undefined && before.from !== from) {
        this.#findings.broken(`key ${event.id} was derived in two ways`, [before.i, event.i])
      }
      this.#derived.set(`${event.g} ${event.id}`, before ?? { from, i: event.i })
    }
  }

  result(): CheckResult {
    return this.#findings.result()
  }
}

const STEP_US = 1_000_000

/** C9: members who can talk to each other use one epoch, once they had time to settle. */
export const oneEpoch: MakeChecker = (scenario, ledger) => new OneEpoch(scenario, ledger)

class OneEpoch implements Checker {
  readonly #ledger: Ledger
  readonly #seats: Seats
  readonly #findings = new Findings('C9', 'One epoch in each part')
  /** Since when a part of a group is of two minds, by its nodes; undefined: it is of one. */
  #parts = new Map<
    string,
    { readonly sinceUs: number; told: boolean; apartUs: number | undefined }
  >()
  #settleUs = settleUs({})
  #nextUs = 0

  constructor(scenario: Materialised, ledger: Ledger) {
    this.#ledger = ledger
    this.#seats = new Seats(scenario)
  }

  see(event: TraceEvent): void {
    for (; event.t > this.#nextUs; this.#nextUs += STEP_US) this.#look(this.#nextUs)
    this.#seats.see(event)
    if (event.k === 'links') this.#settleUs = settleUs(event.matrix)
  }

  result(): CheckResult {
    return this.#findings.result()
  }

  #look(atUs: number): void {
    const { surely } = this.#ledger
    const parts = surely.at(atUs)
    const before = this.#parts
    this.#parts = new Map()
    this.#seats.running().forEach((seats, group) => {
      for (const part of byPart(seats, parts)) {
        if (part.length < 2 || parts[part[0]?.node ?? 0] === -1) continue
        const name = `${group}: ${part.map(({ node }) => node).join(' ')}`
        const known = before.get(name) ?? { sinceUs: atUs, told: false, apartUs: undefined }
        const apart = new Set(part.map(({ epoch }) => epoch)).size > 1
        // Who is no member carries nothing for those who are: without it they may be of several parts.
        if (apart && !surely.isWhole(new Set(part.map(({ node }) => node)))) continue
        const apartUs = apart ? (known.apartUs ?? atUs) : undefined
        const told = this.#judge(part, { ...known, apartUs }, atUs)
        this.#parts.set(name, { sinceUs: known.sinceUs, told, apartUs })
      }
    })
  }

  /** @returns whether this part has been told of and is still of two minds */
  #judge(
    part: readonly Seat[],
    { sinceUs, apartUs, told }: { sinceUs: number; apartUs: number | undefined; told: boolean },
    atUs: number,
  ): boolean {
    const restedUs = atUs - sinceUs - this.#settleUs
    if (restedUs >= 0 && restedUs < STEP_US) this.#findings.tested()
    if (apartUs === undefined) return false
    if (told || atUs - apartUs <= this.#settleUs) return told
    const [one] = part
    const other = part.find(({ epoch }) => epoch !== one?.epoch)
    const seconds = Math.round((atUs - apartUs) / 1_000_000)
    const what = `nodes ${one?.node ?? 0} and ${other?.node ?? 0} reach each other and use different epochs for ${seconds} s`
    this.#findings.broken(what, [one?.epochEvent ?? 0, other?.epochEvent ?? 0])
    return true
  }
}
