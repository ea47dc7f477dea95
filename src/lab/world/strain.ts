// A process that does not get on: paused, everything that comes to it waits and is taken up in order when
// it goes on; slow, each thing takes its time and the next one waits for it. The network goes on meanwhile
// as a kernel does: connections stand, what is sent to the process is kept for it.

import type { Driver, DriverOptions } from '../../node/driver-types.ts'
import type { NetworkEvents } from '../../ports/network.ts'

/** What the least thing costs a process that is not slow; a slow one takes so many times as long. */
const SERVICE_MS = 1

export class Strain {
  readonly #options: DriverOptions
  readonly #waiting: (() => void)[] = []
  #paused = false
  #factor = 1
  #serving = false

  constructor(options: DriverOptions) {
    this.#options = options
  }

  get paused(): boolean {
    return this.#paused
  }

  get factor(): number {
    return this.#factor
  }

  pause(paused: boolean): void {
    this.#paused = paused
    if (!paused && !this.#serving) this.#later(0)
  }

  slow(factor: number): void {
    this.#factor = factor
  }

  /** The same ports, through which everything comes when its turn has come. */
  options(): DriverOptions {
    const { clock, store, keyring, network } = this.#options
    return {
      ...this.#options,
      clock: {
        nowMs: () => clock.nowMs(),
        wallMs: () => clock.wallMs(),
        alarm: (atMs, ring) => {
          let cancelled = false
          const cancel = clock.alarm(atMs, () => {
            this.#take(() => {
              if (!cancelled) ring()
            })
          })
          return () => {
            cancelled = true
            cancel()
          }
        },
      },
      store: {
        write: (batch, done, how) =>
          store.write(batch, (error) => this.#take(() => done(error)), how),
        read: (ranges, done) =>
          store.read(ranges, (error, rows) => this.#take(() => done(error, rows))),
        close: (done) => store.close(done),
      },
      keyring,
      network: (events) => network(this.#queued(events)),
    }
  }

  driver(inner: Driver): Driver {
    return {
      start: (done) => inner.start(done),
      command: (command, done) => this.#take(() => inner.command(command, done)),
      together: (give) => inner.together(give),
      written: (done) => inner.written(done),
      onEvent: (listener) => inner.onEvent(listener),
      stop: (done) => {
        this.#paused = false
        this.#factor = 1
        this.#flush()
        inner.stop(done)
      },
    }
  }

  #queued(events: NetworkEvents): NetworkEvents {
    return {
      channelOpen: (open) => this.#take(() => events.channelOpen(open)),
      openFailed: (ref, reason) => this.#take(() => events.openFailed(ref, reason)),
      channelClosed: (channel) => this.#take(() => events.channelClosed(channel)),
      frame: (channel, frame) => this.#take(() => events.frame(channel, frame)),
      envelope: (from, topic, envelope, answer) =>
        this.#take(() => events.envelope(from, topic, envelope, answer)),
      listening: (addresses) => this.#take(() => events.listening(addresses)),
    }
  }

  #take(act: () => void): void {
    if (!this.#paused && this.#factor === 1 && this.#waiting.length === 0) return act()
    this.#waiting.push(act)
    if (!this.#paused && !this.#serving) this.#later((this.#factor - 1) * SERVICE_MS)
  }

  /** Takes up the next after so long. */
  #later(ms: number): void {
    const { clock } = this.#options
    this.#serving = true
    clock.alarm(clock.nowMs() + ms, () => {
      this.#serving = false
      if (this.#paused) return
      if (this.#factor === 1) return this.#flush()
      this.#waiting.shift()?.()
      if (this.#waiting.length > 0) this.#later((this.#factor - 1) * SERVICE_MS)
    })
  }

  #flush(): void {
    for (let act = this.#waiting.shift(); act !== undefined; act = this.#waiting.shift()) act()
  }
}
