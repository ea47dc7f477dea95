// A first-in first-out queue whose `shift` costs the same however long it has grown.
// An array's own shift moves every item behind it; a burst of inputs would pay that over and over.

/** Items leave in the order in which they came. */
export class Fifo<T> {
  #items: T[] = []
  #head = 0

  /** How many items wait. */
  get size(): number {
    return this.#items.length - this.#head
  }

  /** The item that came last, left in place. */
  get last(): T | undefined {
    return this.size === 0 ? undefined : this.#items[this.#items.length - 1]
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** Removes and returns the item that came first; `undefined` when empty. */
  shift(): T | undefined {
    if (this.size === 0) return undefined
    const item = this.#items[this.#head] as T
    this.#items[this.#head++] = undefined as T
    if (this.#head === this.#items.length) this.clear()
    else if (this.#head >= 1_024 && this.#head * 2 >= this.#items.length) this.#pack()
    return item
  }

  clear(): void {
    this.#items = []
    this.#head = 0
  }

  #pack(): void {
    this.#items = this.#items.slice(this.#head)
    this.#head = 0
  }
}
