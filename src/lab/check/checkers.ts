// All checkers together, in the order in which they are shown.
// A new one is added to the list here, with a test that plants what it is to find.

import type { Ledger } from '../measure/ledger.ts'
import type { Materialised } from '../scenario/materialised.ts'
import { convergesInTheEnd, durability, faultsHold } from './agreement.ts'
import type { Checker, MakeChecker } from './checker.ts'
import { attribution } from './conduct.ts'
import { coverage } from './coverage.ts'
import { authorOrder, causality, noInvention, noLoss } from './delivery.ts'
import { keysServeOnce, oneEpoch } from './keys.ts'
import { liveness } from './liveness.ts'
import { confidentiality, decisionsStand } from './membership.ts'
import { resources } from './resources.ts'

const checkers: readonly MakeChecker[] = [
  noLoss,
  noInvention,
  authorOrder,
  causality,
  convergesInTheEnd,
  decisionsStand,
  confidentiality,
  keysServeOnce,
  oneEpoch,
  durability,
  liveness,
  attribution,
  faultsHold,
  resources,
  coverage,
]

export function makeCheckers(scenario: Materialised, ledger: Ledger): readonly Checker[] {
  return checkers.map((make) => make(scenario, ledger))
}
