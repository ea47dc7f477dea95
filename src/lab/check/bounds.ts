// How long a protocol may take to settle after something changed before a checker calls it stuck. The
// same for all, and longer where links are slow.

import type { LinkMatrix } from '../world/links.ts'

/** Covers the slowest fixed timer that any protocol of the bench needs to notice and to act. */
const SETTLE_US = 30_000_000
/** Slow links are waited for: so many one-way delays. */
const DELAYS = 20

/** Microseconds from a change until everybody in one part ought to agree. */
export function settleUs({ base, rules = [] }: LinkMatrix): number {
  const delays = [base?.delayMs ?? 0, ...rules.map(({ link }) => link.delayMs ?? 0)]
  return SETTLE_US + DELAYS * 1_000 * delays.reduce((most, one) => Math.max(most, one), 0)
}
