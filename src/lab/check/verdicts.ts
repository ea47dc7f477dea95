// How a checker gathers what it finds: counts every test, keeps the first few witnesses, and comes to
// kept, broken or unknown.

import type { CheckId, CheckResult, Witness } from './checker.ts'

const WITNESSES_MAX = 5

export class Findings {
  readonly #id: CheckId
  readonly #title: string
  readonly #witnesses: Witness[] = []
  #tested = 0
  #violations = 0

  constructor(id: CheckId, title: string) {
    this.#id = id
    this.#title = title
  }

  /** The invariant was put to the test so often. */
  tested(times = 1): void {
    this.#tested += times
  }

  broken(what: string, events: readonly number[]): void {
    this.#violations += 1
    if (this.#witnesses.length >= WITNESSES_MAX) return
    this.#witnesses.push({ what, events: [...events].sort((a, b) => a - b) })
  }

  /** @param unknown why it cannot be judged, whatever was found so far */
  result(unknown = ''): CheckResult {
    const untested = this.#tested === 0 ? 'nothing put it to the test' : ''
    const note = this.#violations > 0 ? '' : unknown === '' ? untested : unknown
    const held = this.#violations > 0 ? 'false' : note === '' ? 'true' : 'unknown'
    return {
      id: this.#id,
      title: this.#title,
      held,
      tested: this.#tested,
      violations: this.#violations,
      witnesses: this.#witnesses,
      note,
    }
  }
}
