// Waiting with an end: every wait of the demo has a bound, and all of them stop at once when the
// demo must end early.

/** Milliseconds on a clock that never goes back. */
export function nowMs(): number {
  return performance.now()
}

/** Waits, or throws the reason of the signal. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error)
    const stop = (): void => {
      clearTimeout(timer)
      reject(signal.reason as Error)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal.addEventListener('abort', stop, { once: true })
  })
}

/** How often something is looked at, in ms: fine enough for the figures, light enough for two cores. */
const POLL_MS = 25

export interface Watch<T> {
  readonly look: () => Promise<T>
  readonly until: (seen: T) => boolean
  readonly boundMs: number
  readonly signal: AbortSignal
}

/** What was seen last, after how long, and whether it was what was waited for. */
export interface Watched<T> {
  readonly seen: T
  readonly ms: number
  readonly done: boolean
}

/** Looks again and again until it sees what it waits for, or the bound is over. */
export async function watch<T>({ look, until, boundMs, signal }: Watch<T>): Promise<Watched<T>> {
  const startedMs = nowMs()
  for (;;) {
    const seen = await look()
    const ms = nowMs() - startedMs
    const done = until(seen)
    if (done || ms > boundMs) return { seen, ms, done }
    await sleep(POLL_MS, signal)
  }
}
