// CAP and PACELC, operation by operation, from what was measured: does the weaker side of a split go on
// accepting, do members end up of two minds, and what does an operation wait for when nothing is wrong.
// The class is always shown with the numbers that made it.

import type { OperationKind } from '../scenario/materialised.ts'
import { operationKinds } from '../scenario/materialised.ts'
import type { ProtocolSource, ReportSource } from './source.ts'

/** Accepted at least so often on the weaker side: available. */
const AVAILABLE = 0.95
/** One-way delays that an operation may wait and still count as local, or must to count as remote. */
const LOCAL = 0.5
const REMOTE = 1.5

export interface OperationClass {
  readonly kind: OperationKind
  /** While a fault lasted: the share accepted on the weaker side. NaN: nobody asked. */
  readonly available: number
  /** While a fault lasted: the share of the time in which members differed about what it decides. */
  readonly apart: number
  /** Without a fault: median wait in one-way delays of a link. NaN: nobody asked then. */
  readonly waits: number
  /** How many times it was asked during faults. */
  readonly asked: number
  /** `PA`, `PC`, `P-`, or empty where nobody asked. */
  readonly split: string
  /** `EL`, `EC`, `E?`, or empty. */
  readonly otherwise: string
}

/** What an operation decides, and which metric tells that members differ about it. */
const decides: Readonly<Record<OperationKind, string>> = {
  send: 'behind',
  read: 'behind',
  join: 'apart_view',
  leave: 'apart_view',
  kick: 'apart_view',
  rekey: 'apart_key',
}

export const classesOf = (source: ReportSource, one: ProtocolSource): readonly OperationClass[] =>
  operationKinds.map((kind) => classOf(source, one, kind)).filter(({ asked }) => asked > 0)

function classOf(
  { scenario }: ReportSource,
  one: ProtocolSource,
  kind: OperationKind,
): OperationClass {
  const during = scenario.phases.map((phase) => one.phases[phase] ?? {})
  const calm = one.phases['before'] ?? {}
  const asked = during.reduce((sum, phase) => sum + (phase[`n_${kind}`] ?? 0), 0)
  const available = Math.min(
    ...during.map((phase) => phase[`worst_${kind}`]).filter((share) => share !== undefined),
  )
  const metric = decides[kind]
  const apart = Math.max(
    ...during.map((phase) =>
      metric === 'behind' ? 1 - (phase['Hc_all'] ?? Number.NaN) : (phase[metric] ?? Number.NaN),
    ),
  )
  const delayMs = scenario.network.delayMs
  // What is done at once takes the time of the disk: no delay of a link.
  const waitMs = calm[`wait_${kind}`] ?? Number.NaN
  const waits = delayMs > 0 ? waitMs / delayMs : Number.NaN
  return {
    kind,
    asked,
    available: asked === 0 ? Number.NaN : available,
    apart,
    waits,
    split: asked === 0 ? '' : splitClass(available, apart),
    otherwise: Number.isNaN(waits) ? '' : elseClass(waits),
  }
}

function splitClass(available: number, apart: number): string {
  if (available >= AVAILABLE) return 'PA'
  return apart === 0 ? 'PC' : 'P-'
}

function elseClass(waits: number): string {
  if (waits < LOCAL) return 'EL'
  return waits >= REMOTE ? 'EC' : 'E?'
}
