// The clocks and alarms of this machine. Milliseconds are whole, because the core encodes them.
// The monotonic clock is the process's own: it never runs backwards and nobody can set it.

import type { Clock } from '../../ports/clock.ts'

/** The longest wait that Node's timers take; a longer one is waited for in parts. */
const WAIT_MS_MAX = 2 ** 31 - 1

/** The real time. */
export function createSystemClock(): Clock {
  const nowMs = () => Math.floor(performance.now())

  function alarm(atMs: number, ring: () => void): () => void {
    let timer: NodeJS.Timeout
    const wait = () => {
      const leftMs = Math.ceil(atMs - performance.now())
      timer = setTimeout(leftMs > WAIT_MS_MAX ? wait : look, Math.min(leftMs, WAIT_MS_MAX))
    }
    // Node may ring up to a millisecond early; the promise is never to.
    const look = () => (nowMs() >= atMs ? ring() : wait())
    wait()
    return () => clearTimeout(timer)
  }

  return { nowMs, wallMs: () => Date.now(), alarm }
}
