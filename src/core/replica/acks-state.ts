/**
 * What is under way with receipts: of which messages they are wanted, who asked whom for them, which are in,
 * and which commands wait for them.
 */
import type { Bytes } from '../../base/bytes.ts'
import type { AckMode } from '../command.ts'
import type { Hex } from '../message/header.ts'
import type { Turn } from '../turn.ts'

/** One message of which receipts are wanted, by this node or by others. */
export interface Ack {
  readonly id: Hex
  /** memberGroupIds of those whose receipts are wanted. */
  readonly wanted: Set<number>
  /** Channels on which somebody asked. */
  readonly askers: Set<number>
  /** By channel, of whom that peer was asked. */
  readonly asked: Map<number, Set<number>>
  /** By memberId. */
  readonly receipts: Map<Hex, Bytes>
  /** Whether receipts are kept here as proof. */
  own: boolean
  readonly untilMs: number
}

export interface AckWait {
  readonly id: Hex
  readonly mode: AckMode
  readonly deadlineMs: number
  readonly done: (turn: Turn, acknowledged: boolean, by: readonly Hex[]) => void
}

export interface Acks {
  readonly open: Map<Hex, Ack>
  readonly waits: Set<AckWait>
}

export const createAcks = (): Acks => ({ open: new Map(), waits: new Set() })
