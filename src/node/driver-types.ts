/**
 * What a driver is given and what it gives. The driver is the only place where the core's effects
 * become deeds; it is the same over real ports and over simulated ones.
 */
import type { Bytes } from '../base/bytes.ts'
import type { Command, CommandResult } from '../core/command.ts'
import type { Failure } from '../core/effect.ts'
import type { Event } from '../core/event.ts'
import type { Machine } from '../core/machine.ts'
import type { Crypto } from '../crypto/crypto.ts'
import type { Clock } from '../ports/clock.ts'
import type { Keyring } from '../ports/keyring.ts'
import type { Network, NetworkEvents } from '../ports/network.ts'
import type { Store } from '../ports/store.ts'
import type { Telemetry } from '../ports/telemetry.ts'

export interface DriverOptions {
  readonly machine: Machine
  readonly store: Store
  readonly keyring: Keyring
  /** Called once, after the machine said `ready`: no network exists before that. */
  readonly network: (events: NetworkEvents) => Network
  readonly clock: Clock
  readonly crypto: Crypto
  readonly random: (length: number) => Bytes
  readonly telemetry: Telemetry
  /**
   * How large one store write may grow before later steps go into the next: rows (default 4,096)
   * and bytes of keys and values (default 4 MiB). A single step is never split.
   */
  readonly batch?: { readonly batchRowsMax?: number; readonly batchBytesMax?: number }
  /** Called once when the store fails or the machine throws: the driver has stopped by then. */
  readonly onFatal: (error: Error) => void
}

export type CommandReply<K extends Command['kind']> =
  { ok: true; value: CommandResult[K] } | { ok: false; error: Failure }

export interface Driver {
  /** Feeds `start`; `done` when the machine is ready and the network was made. */
  start(done: (error?: Error) => void): void
  command<C extends Command>(command: C, done: (reply: CommandReply<C['kind']>) => void): void
  /** Commands given inside are stepped one after another before anything of them is written. */
  together(give: () => void): void
  /** `done` once all that was stepped so far is written: a read that begins then sees it. At once where it is. */
  written(done: () => void): void
  /**
   * Every notified event, after the rows of its step are written; a power cut may still take back
   * those of which nothing left this node. Returns how to stop listening.
   */
  onEvent(listener: (event: Event) => void): () => void
  /** Takes no more inputs, lets the write under way finish, cancels alarms. Leaves the ports open. */
  stop(done: () => void): void
}
