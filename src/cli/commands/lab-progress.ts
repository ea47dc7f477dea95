// How far a run of the lab is, in a line, and how much time is left. Said every few seconds, not with each
// step: a log keeps them all.

export interface Progress {
  readonly done: number
  readonly protocol: string
  readonly what: string
}

/** Time between two lines. */
export const TALK_MS = 3_000

export function progressLine(
  done: number,
  protocol: string,
  what: string,
  spentMs: number,
): string {
  const leftMs = done > 0.02 ? spentMs / done - spentMs : Number.NaN
  const left = Number.isNaN(leftMs) ? '' : `, about ${Math.ceil(leftMs / 1_000)} s left`
  const words = [protocol, what].filter((word) => word !== '').join(' ')
  return `${Math.floor(done * 100)} %: ${words}${left}`
}
