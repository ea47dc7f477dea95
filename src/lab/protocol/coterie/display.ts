// The order in which a node displays texts: the protocol's total order. Newcomers mostly belong at the
// bottom, so their place is looked for from there.

/** What the order is made of. */
export interface Sortable {
  readonly lamport: number
  readonly author: string
  readonly number: string
  readonly id: string
}

interface Row extends Sortable {
  readonly m: string
  readonly counter: number
}

export class Display {
  readonly #rows: Row[] = []

  /** Puts a text in its place. @returns how many rows stand below it */
  add(m: string, text: Sortable): number {
    const { lamport, author, number, id } = text
    const row: Row = { m, lamport, author, number, id, counter: Number(number.split(':')[1]) }
    let at = this.#rows.length
    while (at > 0 && inOrder(row, this.#rows[at - 1] as Row) < 0) at--
    this.#rows.splice(at, 0, row)
    return this.#rows.length - 1 - at
  }

  remove(m: string): void {
    const at = this.#rows.findIndex((row) => row.m === m)
    if (at >= 0) this.#rows.splice(at, 1)
  }

  order(): string[] {
    return this.#rows.map(({ m }) => m)
  }
}

function inOrder(a: Row, b: Row): number {
  return (
    a.lamport - b.lamport ||
    compared(a.author, b.author) ||
    a.counter - b.counter ||
    compared(a.id, b.id)
  )
}

const compared = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
