// The loop around a machine: inputs in, effects out, in the order that effect.ts promises.
// Inputs are stepped at once, one after another. What a step writes joins the open group; a group is
// one store write, and nothing else of it is done before it is written, nor leaves the node before it
// and all before it are durable. Meanwhile further inputs are stepped into the next group. The discipline is the one of etcd raft's `Ready`; the
// gathering is group commit. Any error ends the driver for good: nothing half-written leaves.

import { CoterieError } from '../base/error.ts'
import type { Command } from '../core/command.ts'
import type { Failure, Range, Reply } from '../core/effect.ts'
import type { Event } from '../core/event.ts'
import type { Input } from '../core/input.ts'
import type { CommandReply, Driver, DriverOptions } from './driver-types.ts'
import { Alarms } from './driver/alarms.ts'
import { Fifo } from './driver/fifo.ts'
import { type Deed, type Group, Groups, emptyGroup } from './driver/groups.ts'
import { toEntry } from './driver/rows.ts'
import { type LocalDeed, Wiring, isNetworkDeed } from './driver/wiring.ts'
import { toCoterieError } from './failure.ts'

/** What a driver does unless its options say otherwise. */
export const driverDefaults = Object.freeze({
  batchRowsMax: 4_096,
  batchBytesMax: 4 * 1_024 * 1_024,
})

/** Rows that nothing left upon are synced this soon, in ms: what a crash may take back at most. */
const SYNC_WITHIN_MS = 100
/** And once there are so many of them. */
const UNSYNCED_ROWS_MAX = 256

/** Makes a driver that has not started. */
export function createDriver(options: DriverOptions): Driver {
  return new Loop(options)
}

type State = 'new' | 'running' | 'stopping' | 'ended'

class Loop implements Driver {
  readonly #options: DriverOptions
  readonly #inputs = new Fifo<Input>()
  readonly #groups: Groups
  readonly #released = new Fifo<Deed>()
  /** Rows written since the last synced write. */
  #unsynced = 0
  /** When the first of them was. */
  #unsyncedMs: number | undefined
  /** Cancels the alarm that ends the wait of unsynced rows. */
  #cancelSync: (() => void) | undefined
  #syncDue = false
  readonly #alarms: Alarms
  readonly #wiring: Wiring
  readonly #replies = new Map<number, (reply: Reply) => void>()
  readonly #listeners = new Set<(event: Event) => void>()
  /** Who waits until something is written. */
  readonly #waiting = new Set<() => void>()
  #state: State = 'new'
  #pumping = false
  #writing = false
  #ticket = 0
  #started: ((error?: Error) => void) | undefined
  #stopped: (() => void)[] = []

  constructor(options: DriverOptions) {
    this.#options = options
    this.#groups = new Groups(options.keyring, { ...driverDefaults, ...options.batch })
    this.#alarms = new Alarms(options.clock, (input) => this.#take(input))
    this.#wiring = new Wiring(options.network, (input) => this.#take(input))
  }

  start(done: (error?: Error) => void): void {
    if (this.#state !== 'new') return done(new CoterieError('INTERNAL', 'A driver starts once.'))
    this.#state = 'running'
    this.#started = done
    this.#take({ kind: 'start' })
  }

  command<C extends Command>(command: C, done: (reply: CommandReply<C['kind']>) => void): void {
    if (this.#state !== 'running') return done({ ok: false, error: failureOf(notRunning()) })
    const ticket = ++this.#ticket
    // The core answers each command with the result that command.ts lists for it.
    this.#replies.set(ticket, done as (reply: Reply) => void)
    this.#take({ kind: 'command', ticket, command })
  }

  together(give: () => void): void {
    if (this.#pumping) return give()
    // Whatever comes meanwhile only queues.
    this.#pumping = true
    try {
      give()
    } finally {
      this.#pumping = false
    }
    this.#pump()
  }

  written(done: () => void): void {
    if (this.#state === 'ended' || (!this.#writing && this.#groups.size === 0)) return done()
    this.#waiting.add(done)
    this.#groups.then(done)
  }

  onEvent(listener: (event: Event) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  stop(done: () => void): void {
    if (this.#state === 'ended') return done()
    this.#stopped.push(done)
    if (this.#state === 'stopping') return
    this.#state = 'stopping'
    this.#inputs.clear()
    this.#pump()
  }

  #take(input: Input): void {
    if (this.#state !== 'running') return
    this.#inputs.push(input)
    this.#pump()
  }

  /** Works until nothing is left to do now. Whatever calls back meanwhile only queues. */
  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    try {
      while (this.#turn());
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#pumping = false
    }
  }

  /** One piece of work, the most settled first; false when there is none. */
  #turn(): boolean {
    const deed = this.#released.shift()
    if (deed !== undefined) {
      if (isNetworkDeed(deed)) this.#wiring.perform(deed)
      else this.#perform(deed)
      return true
    }
    const input = this.#inputs.shift()
    if (input !== undefined) {
      this.#step(input)
      return true
    }
    return this.#commit()
  }

  #step(input: Input): void {
    if (input.kind === 'timer' && !this.#alarms.claim(input)) return
    const { machine, clock, random, crypto } = this.#options
    const env = { nowMs: clock.nowMs(), wallMs: clock.wallMs(), random, crypto }
    const effects = machine.step(input, env)
    for (const effect of effects) {
      if (effect.kind === 'set-timer' || effect.kind === 'cancel-timer') {
        this.#alarms.drop(effect.timer)
      }
    }
    this.#groups.add(effects)
  }

  /** Writes the oldest group, or releases it where it has nothing to write. */
  #commit(): boolean {
    if (this.#writing) return false
    const group = this.#groups.take() ?? this.#owed()
    if (group === undefined && this.#options.keyring.changed) {
      this.#saveKeys(() => this.#pump())
      return true
    }
    if (group === undefined) {
      if (this.#state === 'stopping') this.#end(notRunning())
      return false
    }
    if (group.writes.length > 0 || (group.leaves && this.#unsynced > 0)) this.#write(group)
    else this.#release(group)
    return true
  }

  /** Nothing to write but what must be synced by now. */
  #owed(): Group | undefined {
    const due = this.#syncDue || this.#state === 'stopping'
    return due && this.#unsynced > 0 ? { ...emptyGroup(), leaves: true } : undefined
  }

  #write(group: Group): void {
    const { store, telemetry } = this.#options
    const unsynced = this.#unsynced + group.writes.length
    const sync = group.leaves || unsynced > UNSYNCED_ROWS_MAX
    this.#writing = true
    telemetry.count('store_writes', undefined, 1)
    telemetry.count('store_write_rows', undefined, group.writes.length)
    telemetry.count('store_write_bytes', undefined, group.bytes)
    const done = (error?: Error): void => {
      if (this.#state === 'ended') return
      if (error !== undefined) return this.#fail(error)
      this.#writing = false
      this.#unsynced = sync ? 0 : unsynced
      if (sync) this.#noneOwed()
      else this.#syncSoon()
      this.#release(group)
      this.#pump()
    }
    // What is sealed under a new wrapping key is never on disk before that key.
    this.#saveKeys(() => {
      this.#writing = true
      store.write(group.writes, done, { sync })
      this.#setEarly(group)
    })
  }

  /** Sets the timers that need not wait for the write under way. */
  #setEarly(group: Group): void {
    for (const [timer, atMs] of group.early) this.#alarms.set(timer, atMs)
    group.early.clear()
  }

  /** Makes changes of the keyring durable, if there are any; nothing is written meanwhile. */
  #saveKeys(then: () => void): void {
    const { keyring } = this.#options
    if (!keyring.changed) return then()
    this.#writing = true
    keyring.save((error) => {
      if (this.#state === 'ended') return
      if (error !== undefined) return this.#fail(error)
      this.#writing = false
      then()
    })
  }

  #noneOwed(): void {
    this.#syncDue = false
    this.#unsyncedMs = undefined
  }

  /** Rings when the oldest row has waited long enough; where that was synced meanwhile, it waits on. */
  #syncSoon(): void {
    const { clock } = this.#options
    this.#unsyncedMs ??= clock.nowMs()
    this.#cancelSync ??= clock.alarm(this.#unsyncedMs + SYNC_WITHIN_MS, () => {
      this.#cancelSync = undefined
      if (this.#unsyncedMs === undefined) return
      this.#syncDue = clock.nowMs() >= this.#unsyncedMs + SYNC_WITHIN_MS
      if (this.#syncDue) this.#pump()
      else this.#syncSoon()
    })
  }

  #release(group: Group): void {
    this.#setEarly(group)
    for (const deed of group.deeds) this.#released.push(deed)
  }

  #perform(deed: LocalDeed): void {
    switch (deed.kind) {
      case 'destroy':
        return this.#options.keyring.destroy(deed.ids)
      case 'load':
        return this.#load(deed.ticket, deed.ranges)
      case 'set-timer':
        return this.#alarms.set(deed.timer, deed.atMs)
      case 'cancel-timer':
        return this.#alarms.cancel(deed.timer)
      case 'notify':
        return this.#notify(deed.event)
      case 'reply':
        return this.#reply(deed.ticket, deed.reply)
      case 'written':
        return this.#tellWritten(deed.done)
      case 'count':
        return this.#options.telemetry.count(deed.name, deed.label, deed.by ?? 1)
    }
  }

  #load(ticket: number, ranges: readonly Range[]): void {
    const { store, keyring } = this.#options
    store.read(ranges, (error, results) => {
      if (this.#state === 'ended') return
      if (error !== undefined) return this.#fail(error)
      try {
        const opened = results.map((rows) => rows.map((row) => toEntry(keyring, row)))
        this.#take({ kind: 'loaded', ticket, results: opened })
      } catch (damage) {
        this.#fail(damage)
      }
    })
  }

  #notify(event: Event): void {
    if (event.kind === 'ready') this.#wiring.connect()
    for (const listener of [...this.#listeners]) listener(event)
    if (event.kind === 'ready') this.#begun()
  }

  #reply(ticket: number, reply: Reply): void {
    const done = this.#replies.get(ticket)
    this.#replies.delete(ticket)
    done?.(reply)
  }

  #tellWritten(done: () => void): void {
    this.#waiting.delete(done)
    done()
  }

  #begun(error?: Error): void {
    const started = this.#started
    this.#started = undefined
    started?.(error)
  }

  #fail(cause: unknown): void {
    if (this.#state === 'ended') return
    const error = toCoterieError(cause)
    this.#end(error)
    this.#options.onFatal(error)
  }

  /** Nothing goes in or out after this; whoever still waits for an answer gets this one. */
  #end(error: CoterieError): void {
    this.#state = 'ended'
    this.#inputs.clear()
    this.#groups.clear()
    this.#released.clear()
    this.#alarms.clear()
    this.#cancelSync?.()
    this.#wiring.abandon()
    const replies = [...this.#replies.values()]
    this.#replies.clear()
    for (const done of replies) done({ ok: false, error: failureOf(error) })
    this.#begun(error)
    for (const done of [...this.#waiting]) this.#tellWritten(done)
    for (const done of this.#stopped.splice(0)) done()
  }
}

function failureOf(error: CoterieError): Failure {
  return { code: error.code, message: error.message, hint: error.hint ?? '' }
}

function notRunning(): CoterieError {
  return new CoterieError('DAEMON_UNREACHABLE', 'The node has stopped or is stopping.', {
    hint: 'Start it and repeat the command.',
  })
}
