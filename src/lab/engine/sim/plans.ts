// Runs plans of commands in virtual time: asks what a plan yields, waits for the replies or for the end
// of its time, and goes on with it. Any number of plans are under way at once.

import type { Answer, Plan, Step } from '../../protocol/port.ts'
import type { World } from '../../world/world.ts'

/** How often a condition is looked at. */
const POLL_MS = 25

/**
 * Starts a plan.
 *
 * @param withinMs how long a step waits that does not say itself
 * @param done told what it came to
 */
export function runPlan<T>(
  world: World,
  plan: Plan<T>,
  withinMs: number,
  done: (value: T) => void,
): void {
  const go = (answers: readonly (Answer | undefined)[]): void => {
    const next = plan.next(answers)
    if (next.done === true) done(next.value)
    else ask(world, next.value, withinMs, go)
  }
  go([])
}

function ask(
  world: World,
  step: Step,
  defaultMs: number,
  go: (answers: readonly (Answer | undefined)[]) => void,
): void {
  const answers: (Answer | undefined)[] = step.asks.map(() => undefined)
  let left = step.asks.length
  let over = false
  const end = (): void => {
    if (over) return
    over = true
    go(answers)
  }
  const isDone = (): boolean => left === 0 && (step.until === undefined || step.until())
  const look = (): void => {
    if (over || step.until === undefined) return
    if (isDone()) end()
    else world.at(world.nowMs + POLL_MS, look, 'look')
  }
  world.at(world.nowMs + (step.withinMs ?? defaultMs), end, 'deadline')
  step.asks.forEach(({ node, command }, place) => {
    world.command(node, command, (reply) => {
      answers[place] = reply
      left -= 1
      if (left === 0 && step.until === undefined) world.at(world.nowMs, end, 'answered')
    })
  })
  look()
}
