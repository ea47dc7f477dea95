// What the bench and the agent of a namespace say to each other, one JSON object a line over the agent's
// own pipes; and the addresses that both count on. Inside a namespace nothing else lives, so ports are free.

import type { LinkMatrix } from '../../world/links.ts'

/** What an agent is told when it starts. */
export interface AgentSetup {
  readonly node: number
  readonly nodes: number
  /** What its weather follows from. */
  readonly seed: string
}

export type Ask =
  /** The device is there: open what is listened on. */
  | { readonly do: 'open' }
  /** What the shaper does from now on; silence is not its business. */
  | { readonly do: 'links'; readonly links: LinkMatrix }
  /** Look who is heard. All agents are asked at once, with one number. */
  | { readonly do: 'look'; readonly look: number; readonly slowestMs: number }

/** What an agent saw. */
export interface Seen {
  /** By node: whether a datagram came from it. */
  readonly heard: readonly boolean[]
  /** By node: milliseconds of an echo over the shaper; null: none came. */
  readonly echoes: readonly (number | null)[]
}

export type Said =
  | { readonly ready: true }
  | { readonly id: number; readonly seen?: Seen; readonly error?: string }
  /** Bytes of one node reached another, for the first time since the links changed. */
  | { readonly passed: readonly [number, number] }

export const SHAPER_PORT = 4_000
const NODE_PORT = 5_000
const ECHO_PORT = 6_000
export const DATAGRAM_PORT = 7_000

/** More do not fit into one net of these addresses. */
export const PLACES_MAX = 250

export const addressOf = (node: number): string => `10.77.0.${node + 1}`
export const nodePortOf = (node: number): number => NODE_PORT + node
export const echoPortOf = (node: number): number => ECHO_PORT + node

/** The device of a node's namespace, by a number that nobody else has. */
export const hardwareOf = (node: number): string => `02:c0:7e:00:00:${hex(node + 1)}`

/** Nobody's: what is sent there vanishes without a word. */
export const NOBODY = '02:c0:7e:ff:ff:ff'

const hex = (byte: number): string => byte.toString(16).padStart(2, '0')
