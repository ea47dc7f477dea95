// All checkers together, in the order in which they are shown.
// A new one is added to the list here, with a test that plants what it is to find.

import type { Ledger } from '../measure/ledger.ts'
import type { Materialised } from '../scenario/materialised.ts'
import { convergesInTheEnd, durability, faultsHold } from './agreement.ts'
import type { Checker, MakeChecker } from './checker.ts'
import { authorOrder, causality, noInvention, noLoss } from './delivery.ts'

const checkers: readonly MakeChecker[] = [
  noLoss,
  noInvention,
  authorOrder,
  causality,
  convergesInTheEnd,
  durability,
  faultsHold,
]

export function makeCheckers(scenario: Materialised, ledger: Ledger): readonly Checker[] {
  return checkers.map((make) => make(scenario, ledger))
}
