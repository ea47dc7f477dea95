// Times as people write them in scenarios: `40ms`, `1.5s`, `2m`, `24h`, `7d`. Always with a unit, so that
// nobody has to guess; whole milliseconds once read.

const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

export const DURATION = /^([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h|d)$/

/** A duration, or `lognormal(10ms,0.5)`: its median, and the deviation of its logarithm. */
export const JITTER =
  /^(?:[0-9]{1,9}(?:\.[0-9]{1,3})?(?:ms|s|m|h|d)|lognormal\( *[0-9]{1,9}(?:\.[0-9]{1,3})?(?:ms|s|m|h|d) *, *[0-2](?:\.[0-9]{1,3})? *\))$/

export function jitterOf(text: string): { jitterMs: number; jitterSigma?: number } {
  const [, median, sigma] = /^lognormal\( *([0-9.a-z]+) *, *([0-9.]+) *\)$/.exec(text) ?? []
  if (median === undefined) return { jitterMs: durationMs(text) ?? 0 }
  return { jitterMs: durationMs(median) ?? 0, jitterSigma: Number(sigma) }
}

/** Milliseconds, or undefined when it is not a duration. */
export function durationMs(text: string): number | undefined {
  const [, amount = '', unit = ''] = DURATION.exec(text) ?? []
  const factor = units[unit]
  return factor === undefined ? undefined : Math.round(Number(amount) * factor)
}

/** As short as it can be written: for progress and messages. */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`
  if (ms < 60_000) return `${Number((ms / 1_000).toFixed(1))}s`
  const minutes = Math.floor(ms / 60_000)
  const seconds = Math.round((ms % 60_000) / 1_000)
  return seconds === 0 ? `${minutes}m` : `${minutes}m${seconds}s`
}
