// Waiting with an end. A measurement that never comes true fails with what it waited for,
// instead of hanging.

const LOOK_EVERY_MS = 5

/** Resolves when the condition holds. @throws Error when it does not within that time */
export async function until(condition: () => boolean, withinMs: number): Promise<void> {
  const endMs = performance.now() + withinMs
  while (!condition()) {
    if (performance.now() > endMs)
      throw new Error(`not within ${withinMs} ms: ${condition.toString()}`)
    await sleep(LOOK_EVERY_MS)
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
