// Metrics of whom texts are for: what a removed member could still open, and how much of that whoever
// spoke could have known better; how long the removal took to be heeded everywhere; what was held and
// could not be read yet.

import type { TraceEvent } from '../trace/event.ts'
import type { Ledger, MessageEntry } from './ledger.ts'
import type { MakeReducer, Metrics, Phase, Reducer, Series } from './measure.ts'
import { quantile } from './quantile.ts'

const NEVER = Number.POSITIVE_INFINITY
/** What is read so soon after it came was never seen as unreadable. */
const GRACE_US = 1_000_000

export interface Kick {
  readonly atUs: number
  readonly node: number
  readonly group: number
  readonly target: number
}

/** A text said after a removal that the removed member opened. */
export interface Leak {
  readonly message: MessageEntry
  readonly kick: Kick
  /** Word of the removal could have come to its author before. */
  readonly avoidable: boolean
}

export const secrecy: MakeReducer = (_, ledger) => new Secrecy(ledger)

class Secrecy implements Reducer {
  readonly #ledger: Ledger
  readonly #kicks = new KickList()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  see(event: TraceEvent): void {
    this.#kicks.see(event)
  }

  metrics({ fromUs, toUs }: Phase): Metrics {
    const within = (atUs: number) => atUs >= fromUs && atUs < toUs
    const kicks = this.#kicks.done.filter(({ atUs }) => within(atUs))
    const leaks = leaksOf(this.#ledger, kicks)
    const effects = kicks.map((kick) => {
      const last = laterFor(this.#ledger, kick).at(-1)
      return last === undefined ? 0 : (last.atUs - kick.atUs) / 1_000
    })
    const said = [...this.#ledger.messages.values()].filter((m) => m.text && within(m.atUs))
    const waits = said.flatMap(({ author, heldUs, readUs }) =>
      [...heldUs]
        .filter(([node]) => node !== author)
        .map(([node, atUs]) => (readUs.get(node) ?? NEVER) - atUs),
    )
    const late = waits.filter((us) => us > GRACE_US && us < NEVER)
    return {
      ...(kicks.length === 0
        ? {}
        : {
            kick_leak: leaks.length,
            kick_leak_avoidable: leaks.filter(({ avoidable }) => avoidable).length,
            kick_effect: Math.max(...effects),
          }),
      decrypt_late: waits.length === 0 ? Number.NaN : late.length / waits.length,
      decrypt_wait: quantile(late, 0.95) / 1_000,
    }
  }

  series(): readonly Series[] {
    return []
  }
}

/** Removals that were accepted, from the operations of a trace. */
export class KickList {
  readonly done: Kick[] = []
  readonly #open = new Map<number, Kick>()

  see(event: TraceEvent): void {
    if (event.k !== 'op' || event.f !== 'kick') return
    const { id, n: node, g: group, t: atUs, target } = event
    if (event.phase === 'invoke' && target !== undefined) {
      this.#open.set(id, { atUs, node, group, target })
    } else if (event.phase === 'ok') {
      const kick = this.#open.get(id)
      if (kick !== undefined) this.done.push({ ...kick, atUs })
    }
  }
}

/** Texts said after the removal, by others, for the removed member too; in order. */
function laterFor(ledger: Ledger, { atUs, group, target }: Kick): MessageEntry[] {
  return [...ledger.messages.values()].filter(
    (one) =>
      one.text &&
      one.group === group &&
      one.author !== target &&
      one.atUs > atUs &&
      one.audience.includes(target),
  )
}

export function leaksOf(ledger: Ledger, kicks: readonly Kick[]): Leak[] {
  return kicks.flatMap((kick) => {
    const known = ledger.components.arrivals(kick.node, kick.atUs)
    return laterFor(ledger, kick)
      .filter((message) => message.readUs.has(kick.target))
      .map((message) => ({
        message,
        kick,
        avoidable: (known[message.author] ?? NEVER) + GRACE_US < message.atUs,
      }))
  })
}
