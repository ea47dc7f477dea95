/**
 * When a member was last heard of here. In memory after every message; on disk now and then, when a
 * leader looks who has been silent (`dormancy.ts`).
 */
import type { Bytes } from '../../base/bytes.ts'
import { parse, tuple, u53 } from '../../codec/shape.ts'
import type { Hex } from '../message/header.ts'
import type { Turn } from '../turn.ts'
import type { Replica } from './state.ts'

const shape = tuple(u53)

export const bootHeard = (replica: Replica, member: Hex, saved: Bytes): void => {
  const parsed = parse(shape, saved)
  if (!parsed.ok) return
  replica.heard.set(member, { atMs: parsed.value[0], savedMs: parsed.value[0] })
}

/** A message of a member was taken in. */
export const noteHeard = (turn: Turn, replica: Replica, member: Hex): void => {
  const atMs = Math.floor(turn.env.wallMs)
  const known = replica.heard.get(member)
  if (known?.atMs !== atMs) replica.heard.set(member, { atMs, savedMs: known?.savedMs ?? 0 })
}
