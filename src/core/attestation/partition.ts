/**
 * Who was lost together: one member that no longer answers is absent, several lost within seconds of each
 * other are a netsplit. Suspected from lost links alone; certain once a message of somebody on the other
 * side shows that they talk to each other and do not hear us. Nobody is ever forgotten: a split is over
 * when its members answer again, however long that takes, and by nothing else.
 */
import { PARTITION_WINDOW_MS } from '../../base/limits.ts'
import type { Vector } from '../transcript/vector.ts'
import { countAt } from '../transcript/vector.ts'

/** A memberId. */
type Name = string

/** When somebody was lost, on both clocks. */
export interface Loss {
  readonly atMs: number
  readonly wallMs: number
}

export interface Split {
  /** The first loss. */
  readonly since: Loss
  /** Everybody who was lost in it, those who are back included. */
  readonly lost: Set<Name>
  /** What was held here when it was noticed. */
  readonly then: Vector
  /** Texts that could not be read here when it was noticed. */
  readonly unread: number
  /** A message shows that the other side talks without us. */
  certain: boolean
}

export interface PartitionWatch {
  /** Members without any path that we know of. */
  readonly lost: Map<Name, Loss>
  split: Split | undefined
}

export const createPartitionWatch = (): PartitionWatch => ({ lost: new Map(), split: undefined })

/** The last link to a member went; a second word of the same loss does not move its time. */
export const lose = ({ lost }: PartitionWatch, member: Name, loss: Loss): void => {
  if (!lost.has(member)) lost.set(member, loss)
}

/** A member answers again, or something that it says now reaches us. */
export const regain = ({ lost }: PartitionWatch, member: Name): void => {
  lost.delete(member)
}

/** The largest set of expected members lost within one window, the earliest first; none below two. */
export const lostTogether = (watch: PartitionWatch, expected: ReadonlySet<Name>): Name[] => {
  const losses = [...watch.lost]
    .filter(([member]) => expected.has(member))
    .map(([member, { atMs }]) => ({ member, atMs }))
    .sort((a, b) => a.atMs - b.atMs)
  let best: typeof losses = []
  let first = 0
  for (let last = 0; last < losses.length; last++) {
    const at = losses[last]?.atMs ?? 0
    while (at - (losses[first]?.atMs ?? 0) > PARTITION_WINDOW_MS) first += 1
    if (last - first + 1 > best.length) best = losses.slice(first, last + 1)
  }
  return best.length < 2 ? [] : best.map(({ member }) => member)
}

/** Members of the split that are still missing. */
export const missingOf = (watch: PartitionWatch, expected: ReadonlySet<Name>): Name[] =>
  [...(watch.split?.lost ?? [])]
    .filter((member) => watch.lost.has(member) && expected.has(member))
    .sort()

export type SplitChange = 'opened' | 'grown' | 'over' | undefined

/**
 * Looks at the losses anew. `expected`: the other members that ought to answer. `held`: what a split that
 * begins now remembers of this moment.
 */
export const judgeSplit = (
  watch: PartitionWatch,
  expected: ReadonlySet<Name>,
  held: () => Pick<Split, 'then' | 'unread'>,
): SplitChange => {
  const together = lostTogether(watch, expected)
  const { split } = watch
  if (split === undefined) {
    const since = watch.lost.get(together[0] ?? '')
    if (since === undefined) return undefined
    watch.split = { since, lost: new Set(together), ...held(), certain: false }
    return 'opened'
  }
  const fresh = together.filter((member) => !split.lost.has(member))
  for (const member of fresh) split.lost.add(member)
  if (fresh.length > 0) return 'grown'
  if (missingOf(watch, expected).length >= 2) return undefined
  watch.split = undefined
  return 'over'
}

/** A row of the matrix: how far a member had seen every line when it last spoke. */
export interface MatrixRow {
  readonly member: Name
  readonly seen: Vector
}

/**
 * Whether a message of the other side makes the split certain: its author had heard something newer of
 * another missing member than we held, and not what our side had said for a while.
 *
 * @param linesOf the lines of a member
 * @param ours what our side had said since the split, so long ago that it would have got there
 */
export const showsSplit = (
  split: Split,
  row: MatrixRow,
  linesOf: (member: Name) => readonly number[],
  ours: ReadonlyMap<number, number>,
): boolean => {
  if (!split.lost.has(row.member)) return false
  const among = [...split.lost].some(
    (other) =>
      other !== row.member &&
      linesOf(other).some((line) => countAt(row.seen, line) > countAt(split.then, line)),
  )
  return among && [...ours].some(([line, count]) => countAt(row.seen, line) < count)
}
