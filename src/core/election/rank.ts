/**
 * The order in which leaders act, for one depth of the epoch graph: by a hash that nobody can draw
 * again, since group, depth and account are all it depends on. Liveness only; safety never asks.
 */
import type { Bytes } from '../../base/bytes.ts'
import { compare, u32 } from '../../base/bytes.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import { hash } from '../../crypto/hash.ts'
import { labels } from '../../crypto/label.ts'

/** `depth`: the greatest among the epoch heads. */
export const scoreOf = (crypto: Crypto, group: Bytes, depth: number, account: Bytes): Bytes =>
  hash(crypto, labels.elect, group, u32(depth), account)

/** Accounts by rank, the first to act first. */
export const rankAccounts = (
  crypto: Crypto,
  group: Bytes,
  depth: number,
  accounts: readonly Bytes[],
): Bytes[] =>
  accounts
    .map((account) => ({ account, score: scoreOf(crypto, group, depth, account) }))
    .sort((a, b) => compare(a.score, b.score))
    .map(({ account }) => account)
