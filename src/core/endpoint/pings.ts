/**
 * The `peer ping` command: one forced keep-alive ping, answered when its pong is back. It measures
 * the very link that messages use, not a connection of its own.
 */
import type { PeerId } from '../input.ts'
import { failure, refused } from '../failure.ts'
import { tick } from '../presence/keep-alive.ts'
import type { Turn } from '../turn.ts'
import { emit } from '../turn.ts'
import type { Channel, EndpointState } from './state.ts'

const PING_WITHIN_MS = 5_000

const unreachable = (peer: PeerId): ReturnType<typeof failure> =>
  failure(
    'PEER_UNREACHABLE',
    `${peer} is not connected or did not answer`,
    'see `coterie peer list` for the reason',
  )

export const ping = (turn: Turn, state: EndpointState, ticket: number, peer: PeerId): void => {
  const channel = [...state.channels.values()].find(
    (one) => one.peer === peer && one.protocol === 'sync',
  )
  if (channel === undefined) {
    return emit(turn, { kind: 'reply', ticket, reply: refused(unreachable(peer)) })
  }
  const deadlineMs = turn.env.nowMs + PING_WITHIN_MS
  state.pings.push({ ticket, peer, deadlineMs })
  emit(turn, { kind: 'set-timer', timer: 'pings', atMs: deadlineMs })
  // As if nothing had been heard or asked for long: the next tick asks.
  const { keepAlive } = channel
  if (keepAlive.measuring) return
  keepAlive.askedMs = -Infinity
  keepAlive.waiting = false
  for (const frame of tick(keepAlive, turn.env.nowMs).frames) {
    emit(turn, { kind: 'send', channel: channel.id, frame })
  }
}

/** A keep-alive frame came: if it was the awaited pong, whoever waits is told. */
export const answerPings = (turn: Turn, state: EndpointState, channel: Channel): void => {
  const { rttMs, measuring } = channel.keepAlive
  if (measuring || rttMs === null) return
  for (const waiting of [...state.pings]) {
    if (waiting.peer !== channel.peer) continue
    state.pings.splice(state.pings.indexOf(waiting), 1)
    const value = { peer: channel.peer, rttMs }
    emit(turn, { kind: 'reply', ticket: waiting.ticket, reply: { ok: true, value } })
  }
}

export const expirePings = (turn: Turn, state: EndpointState): void => {
  for (const waiting of [...state.pings]) {
    if (waiting.deadlineMs > turn.env.nowMs) continue
    state.pings.splice(state.pings.indexOf(waiting), 1)
    const reply = refused(unreachable(waiting.peer))
    emit(turn, { kind: 'reply', ticket: waiting.ticket, reply })
  }
}
