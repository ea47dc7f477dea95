// Waiting until nodes that nobody can stop agree. Each look asks them all and takes a moment; the next
// look may find an attestation half-way round. So the look that ended the wait is the one that counts.

export interface Settled<T> {
  readonly last: T
  readonly isQuiet: boolean
}

/**
 * Looks until what was seen was quiet so many times running, or no time is left.
 * @param pause waits a little; tells whether there is time for another look
 */
export async function settle<T>(
  times: number,
  look: () => Promise<T>,
  isQuiet: (seen: T) => boolean,
  pause: () => Promise<boolean>,
): Promise<Settled<T>> {
  let quiet = 0
  for (;;) {
    const last = await look()
    quiet = isQuiet(last) ? quiet + 1 : 0
    if (quiet >= times) return { last, isQuiet: true }
    if (!(await pause())) return { last, isQuiet: false }
  }
}
