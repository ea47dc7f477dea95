// Pairs that stand the wrong way round in a list of numbers, counted while it is merge-sorted: n log n
// steps for the n (n - 1) / 2 pairs.

/** How many pairs have the larger number first; equal ones never count. */
export function inversions(values: readonly number[]): number {
  return sorted(values).count
}

function sorted(values: readonly number[]): { readonly list: readonly number[]; count: number } {
  if (values.length < 2) return { list: values, count: 0 }
  const half = values.length >> 1
  const left = sorted(values.slice(0, half))
  const right = sorted(values.slice(half))
  const list: number[] = []
  let count = left.count + right.count
  let taken = 0
  for (const value of left.list) {
    while (taken < right.list.length && (right.list[taken] ?? 0) < value) {
      list.push(right.list[taken++] ?? 0)
    }
    count += taken
    list.push(value)
  }
  return { list: [...list, ...right.list.slice(taken)], count }
}
