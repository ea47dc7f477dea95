// Lets a reader sleep until something happens or its signal ends it. Rings while it is awake are kept as
// one, so that none is lost and none is answered twice.

/** Wakes one sleeper; rings while awake are kept as one. */
export class Bell {
  #rung = false
  #wake: (() => void) | undefined
  readonly #signal: AbortSignal | undefined
  readonly #onAbort = () => this.#wake?.()

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal
    signal?.addEventListener('abort', this.#onAbort)
  }

  get ended(): boolean {
    return this.#signal?.aborted === true
  }

  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  async wait(): Promise<void> {
    if (!this.#rung && !this.ended) await new Promise<void>((wake) => (this.#wake = wake))
    this.#wake = undefined
    this.#rung = false
  }

  silence(): void {
    this.#signal?.removeEventListener('abort', this.#onAbort)
  }
}
