// Durations in milliseconds, by name.
// Pure numbers: nothing here reads a clock, because time always arrives from outside as an input.

/** One second, in milliseconds. */
export const secondMs = 1_000

/** One minute, in milliseconds. */
export const minuteMs = 60 * secondMs

/** One hour, in milliseconds. */
export const hourMs = 60 * minuteMs

/** One day of exactly 24 hours, in milliseconds. */
export const dayMs = 24 * hourMs
