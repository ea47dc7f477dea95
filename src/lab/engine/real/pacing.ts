// How a process gets on: a speed, 1 as it can, 0 not at all, between them in turns of running and standing
// still. And what an independent look must have seen for such a speed to count: the kernel's word on the
// process, and how long its local interface, which is no part of what is measured, takes to answer anything.

/** What engines whose nodes are processes can do to them. */
export interface Pacing {
  /** From now on; resolves when it is so. */
  readonly set: (node: number, speed: number) => Promise<void>
  /** Whether it gets on so, by a look that takes a turn or two. */
  readonly look: (node: number, speed: number) => Promise<boolean>
}

/** One turn of a process that is slow. */
export interface Turn {
  readonly runMs: number
  readonly stopMs: number
}

/** A stop must be longer than what a busy machine does to an answer. */
const STOP_MS_MIN = 150
/** In less a process that is continued hardly gets its turn on a busy machine. */
const RUN_MS_MIN = 8

/** @param speed above 0 and below 1 */
export function turnOf(speed: number): Turn {
  const stopsPerRun = 1 / speed - 1
  const stopMs = Math.max(STOP_MS_MIN, RUN_MS_MIN * stopsPerRun)
  return { runMs: stopMs / stopsPerRun, stopMs }
}

/** What was seen of a process over a while. */
export interface Pulse {
  readonly overMs: number
  /** How long each answer took, one question after the other. */
  readonly answers: readonly number[]
  /** How long the last question has been waiting. */
  readonly waitingMs: number
  /** At what share of looks the kernel held it stopped; undefined: this kernel does not say. */
  readonly stopped: number | undefined
}

/** A question to whoever stands still waits so long before it counts as not answered. */
const STILL_MS = 600
/** Of whoever is slow: some of its short turns go to others on a busy machine. */
const SLOW_MS = 1_000
const TURNS = 2.2

/** How long to look for one speed. */
export function lookMs(speed: number): number {
  if (speed === 0 || speed >= 1) return STILL_MS
  const { runMs, stopMs } = turnOf(speed)
  return Math.max(SLOW_MS, TURNS * (runMs + stopMs))
}

/** Whether a process gets on at this speed, as far as what was seen of it goes. */
export function isAtSpeed(pulse: Pulse, speed: number): boolean {
  const { overMs, answers, waitingMs, stopped } = pulse
  if (speed === 0) return answers.length === 0 && (stopped ?? 1) === 1
  if (speed >= 1) return answers.length > 0 && (stopped ?? 0) === 0
  const lateFromMs = turnOf(speed).stopMs / 2
  const late = [...answers, waitingMs].filter((ms) => ms >= lateFromMs)
  const lateMs = late.reduce((sum, ms) => sum + ms, 0)
  // Half of what is meant: an answer that was asked for in a stop has not waited through all of it.
  const least = (1 - speed) / 2
  return answers.length > 0 && lateMs / overMs >= least && (stopped ?? 1) >= least
}
