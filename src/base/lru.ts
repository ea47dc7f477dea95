// A bounded map that forgets what was used longest ago.
// Never holds more than its bound, whatever is put in: for caches that strangers can fill.

/** A map of at most `entriesMax` entries; reading or writing a key makes it the most recent one. */
export class Lru<K, V> {
  readonly #entries = new Map<K, V>()
  readonly #entriesMax: number
  /** The key that is already in its place: moving it again would cost as much as adding it. */
  #newest: K | undefined
  /**
   * Goes along with what leaves: everything before it has left already. A new iterator would pass all
   * the places of those, which the map clears up only now and then. It holds the memory of every such clearing
   * up that it has not gone along with, so it is made anew after as many moves as there are entries.
   */
  #oldest = this.#entries.keys()
  #moves = 0

  constructor(entriesMax: number) {
    if (!Number.isInteger(entriesMax) || entriesMax < 1) {
      throw new RangeError(`a cache needs room for at least one entry: ${entriesMax}`)
    }
    this.#entriesMax = entriesMax
  }

  /** How many entries are held. */
  get size(): number {
    return this.#entries.size
  }

  /** The value of a key, made most recent; `undefined` when absent. */
  get(key: K): V | undefined {
    const value = this.#entries.get(key)
    if (value === undefined || key === this.#newest) return value
    this.#move(key, value)
    return value
  }

  /** Whether a key is held; does not count as a use. */
  has(key: K): boolean {
    return this.#entries.has(key)
  }

  /** Sets a key and makes it most recent; the least recent entry goes when the map is full. */
  set(key: K, value: V): void {
    this.#move(key, value)
    if (this.#entries.size <= this.#entriesMax) return
    const oldest = this.#oldest.next()
    if (oldest.done !== true) this.#entries.delete(oldest.value)
  }

  /** Drops a key; tells whether it was held. */
  delete(key: K): boolean {
    return this.#entries.delete(key)
  }

  /** Drops every entry. */
  clear(): void {
    this.#entries.clear()
  }

  #move(key: K, value: V): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    this.#newest = key
    if (++this.#moves <= this.#entries.size) return
    this.#moves = 0
    this.#oldest = this.#entries.keys()
  }
}
