/**
 * How long a group keeps keys: the dial between forward secrecy and reading after a long absence.
 * A constitution names one of three presets by number; the numbers of a preset never change, a new
 * choice gets a new number.
 */
import { dayMs } from '../../base/time.ts'

export type PolicyName = 'strict' | 'balanced' | 'partition-tolerant'

export interface Policy {
  readonly name: PolicyName
  /** The number in the constitution. */
  readonly code: number
  /** A superseded prekey's secret is erased after this at the latest, in ms. */
  readonly prekeyCapMs: number
  /** A receiving chain is erased after this at the latest, in ms. */
  readonly chainCapMs: number
  /** A member not heard of for this long is set dormant, in ms; `undefined` = never. Also the age up to which epochs are sealed to it. */
  readonly dormantAfterMs: number | undefined
  /** Whether members give keys of past epochs to members entitled to them. */
  readonly keyShare: boolean
  /** Whether a new member may get epochs that were made concurrently with its admission. */
  readonly historyConcurrent: boolean
  /** Whether a member may get any epoch of the group: no preset says so yet. */
  readonly historyFull: boolean
  /** How long epoch secrets are kept for sharing, in ms; 0 = chains only. */
  readonly shareWindowMs: number
  /** Whether texts wait for a new epoch after somebody left or was accused. */
  readonly holdAfterLeave: boolean
}

const presets: readonly Policy[] = Object.freeze([
  Object.freeze({
    name: 'strict',
    code: 1,
    prekeyCapMs: dayMs,
    chainCapMs: dayMs,
    dormantAfterMs: 3 * dayMs,
    keyShare: false,
    historyConcurrent: false,
    historyFull: false,
    shareWindowMs: 0,
    holdAfterLeave: true,
  }),
  Object.freeze({
    name: 'balanced',
    code: 2,
    prekeyCapMs: 7 * dayMs,
    chainCapMs: 30 * dayMs,
    dormantAfterMs: 30 * dayMs,
    keyShare: true,
    historyConcurrent: true,
    historyFull: false,
    shareWindowMs: 0,
    holdAfterLeave: false,
  }),
  Object.freeze({
    name: 'partition-tolerant',
    code: 3,
    prekeyCapMs: 90 * dayMs,
    chainCapMs: 365 * dayMs,
    dormantAfterMs: undefined,
    keyShare: true,
    historyConcurrent: true,
    historyFull: false,
    shareWindowMs: 30 * dayMs,
    holdAfterLeave: false,
  }),
])

/** The preset of a number; `undefined` for any other number. */
export function policyOfCode(code: number): Policy | undefined {
  return presets.find((policy) => policy.code === code)
}

/** The preset of a name. */
export function policyOfName(name: PolicyName): Policy {
  const policy = presets.find((preset) => preset.name === name)
  if (policy === undefined) throw new RangeError(`no policy of that name: ${String(name)}`)
  return policy
}
