/**
 * How much of every line a past contains: line -> number of messages (highest counter + 1), 0 for
 * none. Immutable; a changed vector shares all untouched blocks with the one it came from, so that
 * a window of rows costs memory by what changed between them, not by members times rows. `join`
 * skips blocks that both sides share.
 */

const BLOCK = 16

/** Plain numbers: copying them costs a tenth of copying a typed array. */
type Block = readonly number[]

export interface Vector {
  readonly blocks: readonly (Block | undefined)[]
}

const emptyBlock: Block = new Array<number>(BLOCK).fill(0)

export const emptyVector: Vector = { blocks: [] }

export const countAt = (vector: Vector, line: number): number =>
  vector.blocks[Math.floor(line / BLOCK)]?.[line % BLOCK] ?? 0

export const withCount = (vector: Vector, line: number, count: number): Vector => {
  if (countAt(vector, line) === count) return vector
  const at = Math.floor(line / BLOCK)
  const blocks = vector.blocks.slice()
  while (blocks.length <= at) blocks.push(undefined)
  const block = (blocks[at] ?? emptyBlock).slice()
  block[line % BLOCK] = count
  blocks[at] = block
  return { blocks }
}

/** The least vector that contains both. */
export const join = (a: Vector, b: Vector): Vector => {
  if (a === b) return a
  const length = Math.max(a.blocks.length, b.blocks.length)
  const blocks: (Block | undefined)[] = []
  let sameAsA = a.blocks.length === length
  for (let i = 0; i < length; i++) {
    const merged = joinBlocks(a.blocks[i], b.blocks[i])
    if (merged !== a.blocks[i]) sameAsA = false
    blocks.push(merged)
  }
  return sameAsA ? a : { blocks }
}

const joinBlocks = (a: Block | undefined, b: Block | undefined): Block | undefined => {
  if (a === b || b === undefined) return a
  if (a === undefined) return b
  let merged: number[] | undefined
  for (let i = 0; i < BLOCK; i++) {
    const mine = a[i] ?? 0
    const theirs = b[i] ?? 0
    if (theirs > mine) {
      merged ??= a.slice()
      merged[i] = theirs
    }
  }
  return merged ?? a
}

/** The greatest vector that both contain: what two pasts have in common. */
export const meet = (a: Vector, b: Vector): Vector => {
  if (a === b) return a
  const blocks: (Block | undefined)[] = []
  for (let i = 0; i < Math.min(a.blocks.length, b.blocks.length); i++) {
    const [mine, theirs] = [a.blocks[i], b.blocks[i]]
    if (mine === theirs) blocks.push(mine)
    else if (mine === undefined || theirs === undefined) blocks.push(undefined)
    else blocks.push(mine.map((count, at) => Math.min(count, theirs[at] ?? 0)))
  }
  return { blocks }
}

/** Every line in which `next` differs from `base`, each followed by the count of `next`, by line. */
export const changes = (base: Vector, next: Vector): number[] => {
  const changed: number[] = []
  const length = Math.max(base.blocks.length, next.blocks.length)
  for (let i = 0; i < length; i++) {
    const before = base.blocks[i]
    const after = next.blocks[i]
    if (before === after) continue
    for (let j = 0; j < BLOCK; j++) {
      const count = after?.[j] ?? 0
      if (count !== (before?.[j] ?? 0)) changed.push(i * BLOCK + j, count)
    }
  }
  return changed
}

/** True when `vector` has at least everything that `other` has. */
export const covers = (vector: Vector, other: Vector): boolean => join(vector, other) === vector
