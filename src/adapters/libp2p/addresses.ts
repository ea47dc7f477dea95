// Where others can reach this node: the concrete addresses behind the ones that it listens on, most
// useful first. Announced addresses replace them all: whoever gives them knows better.

import type { PeerId } from '../../core/input.ts'

/** Whether an address leads nowhere by itself: unspecified, or local to one cable. */
function isUseless(address: string): boolean {
  return /^\/(ip4\/0\.0\.0\.0|ip6\/::|ip6\/fe[89ab][0-9a-f]:[^/]*|ip4\/169\.254\.[^/]*)\//i.test(
    `${address}/`,
  )
}

/** Whether an address means "this machine" to everybody. */
export function isLoopback(address: string): boolean {
  return /^\/(ip4\/127\.|ip6\/::1\/|memory\/)/.test(`${address}/`)
}

/** Whether an address is of no use outside a private network. */
export function isPrivate(address: string): boolean {
  return (
    isLoopback(address) ||
    /^\/ip4\/(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/.test(
      address,
    ) ||
    /^\/ip6\/f[cde]/i.test(address)
  )
}

/**
 * The addresses to tell others, each ending in /p2p/<peer>, without repeats, loopback last.
 * @param bound what the transports listen on now, every interface by itself
 * @param announced what the operator said; replaces `bound` when not empty
 */
export function reachableAddresses(
  bound: readonly string[],
  announced: readonly string[],
  peer: PeerId,
): string[] {
  const chosen = announced.length > 0 ? announced : bound.filter((each) => !isUseless(each))
  const named = chosen.map((each) => `${each.replace(/\/p2p\/[^/]+$/, '')}/p2p/${peer}`)
  const unique = [...new Set(named)]
  return [...unique.filter((each) => !isLoopback(each)), ...unique.filter(isLoopback)]
}
