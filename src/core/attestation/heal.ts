/**
 * The record of one heal as one member sees it: from the first link across to everybody linked, one
 * membership, everything held, everything read, one epoch. Each part is the time from that first link,
 * so the longest of them is the heal. What a part waited for may never have been needed: it is 0 then.
 */
import type { Split } from './partition.ts'

/** What crossed the links to those who came back, since their links are up. */
export interface Traffic {
  received: number
  sent: number
  bytesIn: number
  bytesOut: number
}

export const noTraffic = (): Traffic => ({ received: 0, sent: 0, bytesIn: 0, bytesOut: 0 })

export const addTraffic = (sum: Traffic, more: Traffic): void => {
  sum.received += more.received
  sum.sent += more.sent
  sum.bytesIn += more.bytesIn
  sum.bytesOut += more.bytesOut
}

export interface Heal {
  readonly split: Split
  /** When the first link across was opened, monotonic and UTC. */
  readonly startedMs: number
  readonly startedWallMs: number
  /** Who is back, and whether everything that it held when it came is here. */
  readonly returned: Map<string, boolean>
  /** Of links that are gone again. */
  readonly carried: Traffic
  /** When the last of them came back. */
  lastReturnMs: number
  /** Messages that came by anti-entropy meanwhile, from whichever member. */
  taken: number
  /** Since the start: the last membership change, epoch and text that came, if any did. */
  viewMs: number
  epochMs: number
  textMs: number
  /** Since the start: everything is held; undefined until then. */
  dataMs: number | undefined
  readMs: number | undefined
  keyMs: number | undefined
  /** What crossed until everything was held. */
  traffic: Traffic | undefined
}

export const beginHeal = (split: Split, startedMs: number, startedWallMs: number): Heal => ({
  split,
  startedMs,
  startedWallMs,
  returned: new Map(),
  carried: noTraffic(),
  lastReturnMs: startedMs,
  taken: 0,
  viewMs: 0,
  epochMs: 0,
  textMs: 0,
  dataMs: undefined,
  readMs: undefined,
  keyMs: undefined,
  traffic: undefined,
})

/** Somebody is back on a link. */
export const noteReturn = (heal: Heal, member: string, nowMs: number): void => {
  if (heal.returned.get(member) === undefined) {
    heal.returned.set(member, false)
    heal.lastReturnMs = nowMs
  }
}

/** All that a member held when it came back is here, or it holds nothing that is not. */
export const noteMet = (heal: Heal, member: string): void => {
  if (heal.returned.has(member)) heal.returned.set(member, true)
}

/** What a message that came changes about the parts. */
export const noteTaken = (
  heal: Heal,
  what: 'membership' | 'epoch' | 'text',
  nowMs: number,
): void => {
  const atMs = nowMs - heal.startedMs
  heal.taken += 1
  if (what === 'membership') heal.viewMs = atMs
  else if (what === 'epoch') heal.epochMs = atMs
  else heal.textMs = atMs
}

/** What the heal waits for, as it stands now. */
export interface HealState {
  readonly nowMs: number
  /** Members of the split who are still missing. */
  readonly missing: number
  /** How long to wait for the next one to come back. */
  readonly gatherMs: number
  readonly unread: number
  readonly epochHeads: number
  readonly traffic: () => Traffic
}

/** The parts that have come true by now; `data` at most once, `whole` when none is open. */
export const advance = (
  heal: Heal,
  now: HealState,
): { readonly data: boolean; readonly whole: boolean } => {
  const atMs = now.nowMs - heal.startedMs
  let data = false
  if (heal.dataMs === undefined) {
    // Whoever was only overheard is on no link yet: what it holds is still to come.
    const linked = now.missing === 0 && heal.returned.size > 0
    const gathered = linked || now.nowMs - heal.lastReturnMs >= now.gatherMs
    if (!gathered || [...heal.returned.values()].includes(false)) return { data, whole: false }
    heal.dataMs = Math.max(lastOf(heal), linkOf(heal))
    heal.traffic = now.traffic()
    data = true
  }
  if (heal.readMs === undefined && now.unread <= heal.split.unread) {
    heal.readMs = data ? heal.dataMs : atMs
  }
  if (heal.keyMs === undefined && now.epochHeads <= 1) heal.keyMs = heal.epochMs
  return { data, whole: heal.readMs !== undefined && heal.keyMs !== undefined }
}

/** Until everybody who came back was linked. */
export const linkOf = ({ lastReturnMs, startedMs }: Heal): number => lastReturnMs - startedMs

/** When the last message of any kind came. */
const lastOf = ({ viewMs, epochMs, textMs }: Heal): number => Math.max(viewMs, epochMs, textMs)
