// Whether two nodes hold the same, by their digests. One that came in later shows less than the others,
// so its order is compared with nobody's; what it holds, keys and members are.

import type { Fact } from './event.ts'

type Digest = Pick<Extract<Fact, { k: 'digest' }>, Part>
type Part = 'held' | 'members' | 'epochs' | 'order'

const parts: readonly Part[] = ['held', 'members', 'epochs', 'order']

/** What differs. */
export function differences(one: Digest, other: Digest): Part[] {
  const late = one.order === '' || other.order === ''
  return parts.filter((part) => one[part] !== other[part] && !(part === 'order' && late))
}

/** Whether all hold the same; nobody disagrees with nobody. */
export function allAgree(digests: readonly Digest[]): boolean {
  const first = digests.find(({ order }) => order !== '') ?? digests[0]
  return first === undefined || digests.every((other) => differences(first, other).length === 0)
}
