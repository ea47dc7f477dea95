// A binary min-heap: push and pop in O(log n), peek in O(1).
// Items that compare equal leave in no promised order; compare by a sequence number where that matters.

/** A priority queue ordered by the comparator it is made with: the least item leaves first. */
export class Heap<T> {
  readonly #items: T[] = []
  readonly #compare: (a: T, b: T) => number

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare
  }

  /** How many items are held. */
  get size(): number {
    return this.#items.length
  }

  /** The least item, left in place; `undefined` when empty. */
  peek(): T | undefined {
    return this.#items[0]
  }

  /** Adds an item. */
  push(item: T): void {
    const items = this.#items
    let place = items.length
    items.push(item)
    while (place > 0) {
      const parentPlace = (place - 1) >>> 1
      const parent = items[parentPlace] as T
      if (this.#compare(item, parent) >= 0) break
      items[place] = parent
      place = parentPlace
    }
    items[place] = item
  }

  /** Removes and returns the least item; `undefined` when empty. */
  pop(): T | undefined {
    const least = this.#items[0]
    const last = this.#items.pop()
    if (this.#items.length > 0) this.#sink(last as T)
    return least
  }

  /** Drops every item. */
  clear(): void {
    this.#items.length = 0
  }

  /** Lets an item sink from the root to its place. */
  #sink(item: T): void {
    const items = this.#items
    let place = 0
    for (;;) {
      let childPlace = 2 * place + 1
      if (childPlace >= items.length) break
      const rightPlace = childPlace + 1
      if (
        rightPlace < items.length &&
        this.#compare(items[rightPlace] as T, items[childPlace] as T) < 0
      ) {
        childPlace = rightPlace
      }
      const child = items[childPlace] as T
      if (this.#compare(item, child) <= 0) break
      items[place] = child
      place = childPlace
    }
    items[place] = item
  }
}
