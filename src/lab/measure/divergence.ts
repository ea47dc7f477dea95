// Metrics of disagreement and of authority: for how much of the time running members of a group
// differed about who belongs or which epoch is in force, whether they differed although they could talk
// to each other, and whom they took for the manager. Looked at once a second of the run.

import type { Materialised } from '../scenario/materialised.ts'
import type { TraceEvent } from '../trace/event.ts'
import type { Ledger } from './ledger.ts'
import type { MakeReducer, Metrics, Phase, Reducer, Series } from './measure.ts'

const STEP_US = 1_000_000

export const divergence: MakeReducer = (scenario, ledger) => new Divergence(scenario, ledger)

interface Seat {
  view: string
  epoch: string
  manager: number | null
  members: ReadonlySet<number>
}

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
  readonly #scenario: Materialised
  readonly #ledger: Ledger
  /** By group: its nodes as they are. */
  readonly #seats: Map<number, Seat>[]
  readonly #down = new Set<number>()
  readonly #samples: Sample[] = []
  #nextUs = 0
  /** Whether the protocol knows managers at all. */
  #led = false

  constructor(scenario: Materialised, ledger: Ledger) {
    this.#scenario = scenario
    this.#ledger = ledger
    this.#seats = scenario.groups.map(() => new Map<number, Seat>())
  }

  see(event: TraceEvent): void {
    while (event.t > this.#nextUs) {
      this.#samples.push(this.#look(this.#nextUs))
      this.#nextUs += STEP_US
    }
    if (event.k === 'view') {
      const seat = this.#seat(event.g, event.n)
      seat.view = event.members.join(' ')
      seat.members = new Set(event.members)
    } else if (event.k === 'epoch') {
      this.#seat(event.g, event.n).epoch = event.sending ?? event.heads.join(' ')
    } else if (event.k === 'role') {
      this.#seat(event.g, event.n).manager = event.manager
      this.#led ||= event.manager !== null
    } else if (event.k === 'life' && event.up) this.#down.delete(event.n)
    else if (event.k === 'life') this.#down.add(event.n)
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

  #seat(group: number, node: number): Seat {
    const seats = this.#seats[group] ?? new Map<number, Seat>()
    const seat = seats.get(node) ?? { view: '', epoch: '', manager: null, members: new Set() }
    seats.set(node, seat)
    return seat
  }

  #look(atUs: number): Sample {
    const parts = this.#ledger.components.at(atUs)
    const groups = this.#scenario.groups.map((_, group) => {
      const running = [...(this.#seats[group] ?? [])].filter(
        ([node, { members }]) => !this.#down.has(node) && members.has(node),
      )
      const byPart = new Map<number, Seat[]>()
      for (const [node, seat] of running) {
        const part = parts[node] ?? -1
        byPart.set(part, [...(byPart.get(part) ?? []), seat])
      }
      return { seats: running.map(([, seat]) => seat), parts: [...byPart.values()] }
    })
    const inside = groups.flatMap((group) => group.parts)
    const managers = inside.map(
      (seats) => new Set(seats.flatMap(({ manager }) => manager ?? [])).size,
    )
    return {
      atUs,
      views: groups.some(({ seats }) => distinct(seats, 'view') > 1),
      epochs: groups.some(({ seats }) => distinct(seats, 'epoch') > 1),
      ownViews: inside.some((seats) => distinct(seats, 'view') > 1),
      ownEpochs: inside.some((seats) => distinct(seats, 'epoch') > 1),
      forks: Math.max(0, ...groups.map(({ seats }) => distinct(seats, 'epoch'))),
      managers: Math.max(0, ...managers),
      leaderless: managers.some((count) => count === 0),
    }
  }
}

const distinct = (seats: readonly Seat[], what: 'view' | 'epoch'): number =>
  new Set(seats.map((seat) => seat[what])).size
