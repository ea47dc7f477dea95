// Metrics of disagreement and of authority: for how much of the time running members of a group
// differed about who belongs or which epoch is in force, whether they differed although they could talk
// to each other, and whom they took for the manager. Looked at once a second of the run.

import type { Materialised } from '../scenario/materialised.ts'
import type { TraceEvent } from '../trace/event.ts'
import type { Ledger } from './ledger.ts'
import type { MakeReducer, Metrics, Phase, Reducer, Series } from './measure.ts'
import { type Seat, Seats, byPart } from './seats.ts'

const STEP_US = 1_000_000

export const divergence: MakeReducer = (scenario, ledger) => new Divergence(scenario, ledger)

/** What one look found, over all groups. */
interface Sample {
  readonly atUs: number
  readonly views: boolean
  readonly epochs: boolean
  /** The same inside one part of the mesh. */
  readonly ownViews: boolean
  readonly ownEpochs: boolean
  /** Distinct epochs that somebody uses, in the group that has the most. */
  readonly forks: number
  /** Managers that are followed in one part, at most. */
  readonly managers: number
  readonly leaderless: boolean
}

class Divergence implements Reducer {
  readonly #ledger: Ledger
  readonly #seats: Seats
  readonly #samples: Sample[] = []
  #nextUs = 0
  /** Whether the protocol knows managers at all. */
  #led = false

  constructor(scenario: Materialised, ledger: Ledger) {
    this.#ledger = ledger
    this.#seats = new Seats(scenario)
  }

  see(event: TraceEvent): void {
    while (event.t > this.#nextUs) {
      this.#samples.push(this.#look(this.#nextUs))
      this.#nextUs += STEP_US
    }
    this.#seats.see(event)
    this.#led ||= event.k === 'role' && event.manager !== null
  }

  metrics({ fromUs, toUs }: Phase): Metrics {
    const mine = this.#samples.filter(({ atUs }) => atUs >= fromUs && atUs < toUs)
    const share = (holds: (one: Sample) => boolean) =>
      mine.length === 0 ? Number.NaN : mine.filter(holds).length / mine.length
    const most = (of: (one: Sample) => number) => Math.max(0, ...mine.map(of))
    return {
      apart_view: share(({ views }) => views),
      apart_key: share(({ epochs }) => epochs),
      own_view: share(({ ownViews }) => ownViews),
      own_key: share(({ ownEpochs }) => ownEpochs),
      forks: most(({ forks }) => forks),
      managers: this.#led ? most(({ managers }) => managers) : Number.NaN,
      split_brain: this.#led ? share(({ managers }) => managers > 1) : Number.NaN,
      leaderless: this.#led ? share(({ leaderless }) => leaderless) : Number.NaN,
    }
  }

  series(): readonly Series[] {
    const points = this.#samples.map(({ atUs, forks }) => [atUs / 1_000, forks] as const)
    return [{ name: 'epochs', phase: 'all', units: ['ms', 'epochs in use'], points }]
  }

  #look(atUs: number): Sample {
    const parts = this.#ledger.components.at(atUs)
    const groups = this.#seats.running()
    const inside = groups.flatMap((seats) => byPart(seats, parts))
    const managers = inside.map(
      (seats) => new Set(seats.flatMap(({ manager }) => manager ?? [])).size,
    )
    return {
      atUs,
      views: groups.some((seats) => distinct(seats, 'view') > 1),
      epochs: groups.some((seats) => distinct(seats, 'epoch') > 1),
      ownViews: inside.some((seats) => distinct(seats, 'view') > 1),
      ownEpochs: inside.some((seats) => distinct(seats, 'epoch') > 1),
      forks: Math.max(0, ...groups.map((seats) => distinct(seats, 'epoch'))),
      managers: Math.max(0, ...managers),
      leaderless: managers.some((count) => count === 0),
    }
  }
}

const distinct = (seats: readonly Seat[], what: 'view' | 'epoch'): number =>
  new Set(seats.map((seat) => seat[what])).size
