// One attempt to connect: a packet there and an answer back, repeated while nothing is heard, as long
// as the caller is ready to wait; then what two real nodes have to say to each other before the first
// channel. What answers, and whether it may, is the network's to decide.

import type { Fabric } from './fabric.ts'
import { type Link, passes } from './links.ts'
import type { Draws } from './weather.ts'

/** Milliseconds after the first try at which a try that met silence is repeated, as TCP does. */
const RETRIES_MS = [1_000, 3_000, 7_000, 15_000, 31_000, 63_000]

/** `answered`: something listens there. `refused`: nothing does, or nothing new is let through. */
export type DialOutcome = 'answered' | 'refused' | 'timed out'

/** Tries to reach a node; tells the outcome once, later. */
export function dial(
  fabric: Fabric,
  from: number,
  to: number,
  done: (outcome: DialOutcome) => void,
): void {
  const { timeline, options } = fabric
  const startUs = timeline.nowUs
  const endUs = startUs + options.dialTimeoutMs * 1_000
  const there: Draws = { from, to, bucket: -1, index: 0 }
  const back: Draws = { from: to, to: from, bucket: -1, index: 0 }
  const detail = `"from":${from},"to":${to}`

  function attempt(): void {
    const link = fabric.links.link(from, to)
    const refused = link.cut === 'reset' || link.cut === 'no-new'
    if (refused) return fly(link, there, 'dial-refused', from, () => done('refused'))
    if (!passes(link)) return retry()
    fly(link, there, 'dial', to, arrive)
  }

  function arrive(): void {
    if (!passes(fabric.links.link(from, to)) || !fabric.powered(to)) return retry()
    const outcome = fabric.at(to) === undefined ? 'refused' : 'answered'
    const link = fabric.links.link(to, from)
    if (!passes(link)) return retry()
    fly(link, back, 'dial-answer', from, () => {
      if (!passes(fabric.links.link(to, from))) retry()
      else if (outcome === 'refused') done(outcome)
      else exchange(fabric, { there, back, rounds: options.handshakeRounds, endUs, detail, done })
    })
  }

  function retry(): void {
    const nextUs = RETRIES_MS.map((ms) => startUs + ms * 1_000).find((us) => us > timeline.nowUs)
    if (nextUs !== undefined && nextUs < endUs) timeline.at(nextUs, from, 'redial', detail, attempt)
    else timeline.at(endUs, from, 'dial-timeout', detail, () => done('timed out'))
  }

  function fly(link: Link, draws: Draws, kind: string, node: number, act: () => void): void {
    timeline.at(arrivalUs(fabric, link, draws), node, kind, detail, act)
  }

  attempt()
}

interface Handshake {
  readonly there: Draws
  readonly back: Draws
  readonly rounds: number
  /** When it has taken too long. */
  readonly endUs: number
  readonly detail: string
  readonly done: (outcome: DialOutcome) => void
}

/** Round trips of a connection that stands: what is lost in a cut is sent again, as TCP does. */
function exchange(fabric: Fabric, handshake: Handshake): void {
  const { there, back, rounds, endUs, detail, done } = handshake
  const { timeline, options } = fabric
  if (rounds === 0) return done('answered')

  function segment(draws: Draws, arrived: () => void, waitMs = options.retransmitMs): void {
    const link = fabric.links.link(draws.from, draws.to)
    const again = (): void => {
      const nextUs = Math.min(endUs, timeline.nowUs + waitMs * 1_000)
      timeline.at(nextUs, there.from, 'redial', detail, () => {
        if (timeline.nowUs >= endUs) done('timed out')
        else segment(draws, arrived, 2 * waitMs)
      })
    }
    if (!passes(link) && link.cut !== 'reset') return again()
    timeline.at(arrivalUs(fabric, link, draws), draws.to, 'handshake', detail, () => {
      const { cut } = fabric.links.link(draws.from, draws.to)
      if (link.cut === 'reset' || cut === 'reset') done('refused')
      else if (cut !== 'none' && cut !== 'no-new') again()
      else if (fabric.at(draws.to) === undefined) again()
      else {
        fabric.delivered?.(draws.from, draws.to)
        arrived()
      }
    })
  }

  segment(there, () => segment(back, () => exchange(fabric, { ...handshake, rounds: rounds - 1 })))
}

function arrivalUs({ weather, timeline }: Fabric, link: Link, draws: Draws): number {
  weather.next(draws, timeline.nowUs)
  const jitterUs = weather.jitterUs(draws, link)
  return timeline.nowUs + Math.round(link.delayMs * 1_000) + jitterUs
}
