// What a node is made of, and what its methods may be asked for beside what they must be told. Types only:
// `start.ts` makes the parts of a real node, tests make their own.

import type { Bytes } from '../base/bytes.ts'
import type { AckMode, PolicyName } from '../core/command.ts'
import type { Crypto } from '../crypto/crypto.ts'
import type { Clock } from '../ports/clock.ts'
import type { Keyring } from '../ports/keyring.ts'
import type { Network, NetworkEvents } from '../ports/network.ts'
import type { Store } from '../ports/store.ts'
import type { Telemetry } from '../ports/telemetry.ts'
import type { EndpointMachine } from './rows.ts'

/** What a node is made of; `start.ts` makes the real ones. */
export interface NodeParts {
  readonly machine: EndpointMachine
  readonly store: Store
  readonly keyring: Keyring
  readonly network: (events: NetworkEvents) => Network
  readonly clock: Clock
  readonly crypto: Crypto
  readonly random: (length: number) => Bytes
  readonly telemetry: Telemetry
  /** Figures in the text format of Prometheus. Default: none. */
  readonly metrics?: (() => Promise<Scrape>) | undefined
  /** Ends what the parts leave open (network, then store, then lock). Called once. */
  readonly close: () => Promise<void>
}

export interface Scrape {
  readonly contentType: string
  readonly text: string
}

export interface CreateGroupOptions {
  readonly name: string
  /** Cards of the other leaders. Default: none. */
  readonly leaders?: readonly string[] | undefined
  /** Default: balanced. */
  readonly policy?: PolicyName | undefined
  /** The group that this one succeeds. Default: none. */
  readonly succeeds?: string | undefined
}

export interface InviteOptions {
  /** Default: one day. */
  readonly expiresMs?: number | undefined
  /** How many may come with the ticket. Default: 1. */
  readonly uses?: number | undefined
  /** Whether each must be accepted by hand. Default: false. */
  readonly confirm?: boolean | undefined
}

export interface SendOptions {
  /** Whose receipts to wait for. Default: nobody's. */
  readonly ack?: AckMode | undefined
  /** How long to wait for them. Default: 5 s. */
  readonly timeoutMs?: number | undefined
}
