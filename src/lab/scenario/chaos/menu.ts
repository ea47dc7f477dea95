// What chaos may draw: the kinds, modes and changes that an engine is able to make. A shape of its own,
// so that the scenario knows nothing of engines; their capabilities fit it.

import type { FaultKind, LinkChange } from '../materialised.ts'
import type { Cut } from '../../world/links.ts'
import { type ChaosKind, chaosKinds } from './schema.ts'

export interface Menu {
  readonly faults: ReadonlySet<FaultKind>
  readonly modes: ReadonlySet<Exclude<Cut, 'none'>>
  readonly changes: ReadonlySet<keyof LinkChange>
  readonly crashes: ReadonlySet<'keep' | 'lose' | 'torn' | 'silent'>
}

/** Everything that there is: what a simulator can do. */
export const wholeMenu: Menu = Object.freeze({
  faults: new Set(chaosKinds.map(faultOf)),
  modes: new Set(['blackhole', 'reset', 'no-new', 'hold'] as const),
  changes: new Set(['delayMs', 'jitterMs', 'loss', 'duplicate', 'reorder'] as const),
  crashes: new Set(['keep', 'lose', 'torn', 'silent'] as const),
})

/** What all of these can do, so that each draws the same. */
export function shared(menus: readonly Menu[]): Menu {
  const all = <T>(own: ReadonlySet<T>, of: (menu: Menu) => ReadonlySet<T>): ReadonlySet<T> =>
    new Set([...own].filter((one) => menus.every((menu) => of(menu).has(one))))
  return {
    faults: all(wholeMenu.faults, ({ faults }) => faults),
    modes: all(wholeMenu.modes, ({ modes }) => modes),
    changes: all(wholeMenu.changes, ({ changes }) => changes),
    crashes: all(wholeMenu.crashes, ({ crashes }) => crashes),
  }
}

/** The fault that a kind is made of. */
export function faultOf(kind: ChaosKind): FaultKind {
  return kind === 'flap' ? 'split' : kind
}

/** The kinds that can be made, in order. */
export function offered(menu: Menu): ChaosKind[] {
  const parts = menu.modes.size > 0
  return chaosKinds.filter((kind) => {
    const fault = faultOf(kind)
    if (!menu.faults.has(fault)) return false
    if (fault === 'split' || fault === 'cut') return parts
    if (kind === 'link') return menu.changes.size > 0
    return kind !== 'crash' || unsyncedOf(menu).length > 0
  })
}

export function unsyncedOf({ crashes }: Menu): ('keep' | 'lose' | 'torn')[] {
  return (['keep', 'lose', 'torn'] as const).filter((one) => crashes.has(one))
}
