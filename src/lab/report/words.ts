// How numbers are said in a report: each in the unit that its name asks for, with as many digits as
// somebody reads. What was not measured and what was never reached are words, not numbers.

const SHARES =
  /^(A|U|Hc)_|^(ok|worst)_|^(apart|own)_|^(split_brain|leaderless|behind_own|decrypt_late)$/
const TIMES = /^(heal|wait|wait99|stale|extra)_|^(kick_effect|decrypt_wait|fs_age|pcs_time)$/

/** The value of a metric as people read it. */
export function metricText(name: string, value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '·'
  if (name === 'converged') return value === 1 ? 'yes' : 'no'
  if (SHARES.test(name)) return percent(value)
  if (TIMES.test(name)) return duration(value)
  return amount(value)
}

export const isShare = (name: string): boolean => SHARES.test(name)

/** With one digit after the point unless it is plain. */
export function percent(share: number): string {
  if (Number.isNaN(share)) return '·'
  const text = (share * 100).toFixed(1)
  return `${text.endsWith('.0') ? text.slice(0, -2) : text} %`
}

export function duration(ms: number): string {
  if (Number.isNaN(ms)) return '·'
  if (!Number.isFinite(ms)) return 'never'
  if (ms < 1) return ms === 0 ? '0' : '< 1 ms'
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${trimmed(ms / 1_000)} s`
  return `${trimmed(ms / 60_000)} min`
}

/** A moment of a run, as a clock that began with it shows it: 2:05. */
export function clock(ms: number): string {
  const seconds = Math.round(ms / 1_000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

export function amount(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '·' : 'never'
  if (Number.isInteger(value)) return String(value).replace(/(?<=\d)(?=(\d{3})+$)/g, ',')
  return value >= 100 ? amount(Math.round(value)) : trimmed(value)
}

const trimmed = (value: number): string => String(Number(value.toPrecision(3)))

/**
 * Between which shares the true one lies, nineteen times out of twenty, when so many of so many trials
 * succeeded (Wilson's interval).
 */
export function interval(share: number, trials: number): readonly [number, number] {
  const z = 1.96
  const spread = z * Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials))
  const middle = share + (z * z) / (2 * trials)
  const scale = 1 + (z * z) / trials
  return [Math.max(0, (middle - spread) / scale), Math.min(1, (middle + spread) / scale)]
}

/** `large side` of a label, `everybody` of all. */
export const sideText = (label: string): string => (label === 'all' ? 'everybody' : label)
