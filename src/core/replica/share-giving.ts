/**
 * What this node can give of an epoch: its secret while the policy keeps that (E4); else where the chains
 * stand, and, of what these have passed, keys that the archive remembers. Those keys go to members who
 * were let in on the other side of a split, and to whom the epoch was sealed only under a policy that
 * keeps secrets for them; in both cases no longer than chains are kept.
 */
import type { Bytes } from '../../base/bytes.ts'
import { EMPTY, compare, concat, u32 } from '../../base/bytes.ts'
import { RUN_MESSAGES_MAX, SHARE_KEYS_MAX } from '../../base/limits.ts'
import type { SharedChain, SharedKey, SharedKeys } from '../key-share/answer.ts'
import type { ShareRight } from '../key-share/right.ts'
import type { Hex } from '../message/header.ts'
import type { Turn } from '../turn.ts'
import { load } from '../turn.ts'
import { archiveRanges, archivedKeys, recall } from './archive.ts'
import { replacedMs } from './erasure.ts'
import type { Span } from './reopen.ts'
import { spansOf } from './reopen.ts'
import type { Replica } from './state.ts'
import { bytesOf } from './state.ts'

export interface Wanted {
  readonly epoch: Hex
  readonly right: ShareRight
  readonly requester: Hex
  readonly after: Bytes
}

type Then = (turn: Turn, keys: SharedKeys) => void

/** A text as requests name it: sorts by member, then by number. */
export const placeOf = (member: Bytes, counter: number): Bytes => concat(member, u32(counter))

/** Gathers what may be given; nothing at all is an answer too. */
export const gather = (turn: Turn, replica: Replica, wanted: Wanted, then: Then): void => {
  const opened = replica.epochs.get(wanted.epoch)
  const own = opened?.given === false ? opened : undefined
  if (own !== undefined && own.secret.length > 0) {
    return then(turn, { secret: own.secret.slice(), chains: [], keys: [], more: false })
  }
  const chains =
    own === undefined || wanted.after.length > 0
      ? []
      : [...own.chains]
          .filter(([member]) => member !== wanted.requester)
          .map(([member, { gen, key }]): SharedChain => ({
            member: bytesOf(member),
            gen,
            key: key.slice(),
          }))
  const nothingMore = { secret: EMPTY, chains, keys: [], more: false }
  if (!mayGivePast(turn, replica, wanted)) return then(turn, nothingMore)
  const spans = spansOf(replica, wanted.epoch).sort((a, b) =>
    a.line.member === b.line.member ? a.from - b.from : a.line.member < b.line.member ? -1 : 1,
  )
  next(turn, replica, { after: wanted.after, chains, keys: [] }, spans, then)
}

const mayGivePast = (turn: Turn, replica: Replica, { epoch, right }: Wanted): boolean => {
  const { shareWindowMs, chainCapMs } = replica.constitution.policy
  if (right === 'recipient' && shareWindowMs === 0) return false
  const since = replacedMs(replica).get(epoch)
  return since === undefined || turn.env.wallMs - since < chainCapMs
}

interface Gathering {
  readonly after: Bytes
  readonly chains: readonly SharedChain[]
  readonly keys: SharedKey[]
}

/** Reads the archive span by span, in slices, until an answer is full. */
const next = (
  turn: Turn,
  replica: Replica,
  found: Gathering,
  spans: readonly Span[],
  then: Then,
): void => {
  const [span, ...rest] = spans
  const { chains, keys, after } = found
  if (span === undefined || keys.length > SHARE_KEYS_MAX) {
    const more = keys.length > SHARE_KEYS_MAX
    const given = more ? keys.slice(0, SHARE_KEYS_MAX) : keys
    return then(turn, { secret: EMPTY, chains, keys: given, more })
  }
  const { line, from, to } = span
  const member = bytesOf(line.member)
  // Nothing of the span lies behind what was given.
  if (compare(placeOf(member, to - 1), after) <= 0) return next(turn, replica, found, rest, then)
  const until = Math.min(to, from + RUN_MESSAGES_MAX)
  load(turn, archiveRanges(replica.number, line.index, from, until), (later, results) => {
    const archived = new Map(results.flat().flatMap(({ value }) => [...archivedKeys(value)]))
    for (let counter = from; counter < until; counter++) {
      const key = recall(replica, { line: line.index, counter }, archived.get(counter))
      if (key === undefined || compare(placeOf(member, counter), after) <= 0) continue
      keys.push({ member, counter, key })
    }
    const left = until < to ? [{ ...span, from: until }, ...rest] : rest
    next(later, replica, found, left, then)
  })
}
