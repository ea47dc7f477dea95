/**
 * What an endpoint tells of splits and heals, as plain values: in its report, and as events. Times are
 * milliseconds; a part that has not ended is null.
 */

/** Members that were lost together and still are. */
export interface PartitionReport {
  /** Milliseconds UTC of the first loss. */
  since: number
  /** True while only missing links speak for it; false once a message shows that they talk without us. */
  suspected: boolean
  /** memberIds on this side, without ourselves. */
  reachable: string[]
  /** memberIds on the other side or sides. */
  missing: string[]
}

/**
 * One heal as this member saw it. Times in ms count from the first link across; null: not yet. What was
 * not needed is 0.
 */
export interface HealReport {
  /** Milliseconds UTC of the first loss, and of the first link across. */
  since: number
  start: number
  splitMs: number
  /** The longest of the parts. */
  healMs: number
  /** Until everybody who came back was linked, the membership was one, there was one epoch. */
  linkMs: number
  viewMs: number
  keyMs: number | null
  /** Until everything that they held was here, and could be read. */
  dataMs: number
  readMs: number | null
  /** Messages and bytes over the links to those who came back, until everything was here. */
  received: number
  sent: number
  bytesIn: number
  bytesOut: number
  /** memberIds of those who came back. */
  returned: string[]
  /** Messages showed that the other side had talked without us. */
  certain: boolean
  /** Every part is known. */
  whole: boolean
}
