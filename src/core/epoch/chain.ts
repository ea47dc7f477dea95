/**
 * One member's chain of keys under one epoch, known from one position on. It only moves on: once it
 * has passed a position, nothing that is kept here gives the key of that position again. Texts of one
 * author are taken in without a gap, so no key is ever kept for a text that may still come in between.
 *
 *   ck g ──> ck g+1 ──> ...        mk g = what the text of generation g is sealed with
 *     └> mk g   └> mk g+1
 */
import type { Bytes } from '../../base/bytes.ts'
import { type Result, fail, ok } from '../../base/result.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import { messageKeyOf, nextChainKey } from './schedule.ts'

export interface Chain {
  /** The first generation whose key is still known. */
  gen: number
  /** The chain key of that generation. */
  key: Bytes
}

/** The message key of a generation; the chain stays where it is. Reason: `generation-erased`. */
export function messageKeyAt(crypto: Crypto, chain: Chain, gen: number): Result<Bytes> {
  if (gen < chain.gen) return fail('generation-erased')
  const key = keyAt(crypto, chain, gen)
  const messageKey = messageKeyOf(crypto, key)
  if (key !== chain.key) key.fill(0)
  return ok(messageKey)
}

/** Erases the keys of a generation and of all before it. */
export function movePast(crypto: Crypto, chain: Chain, gen: number): void {
  if (gen < chain.gen) return
  const key = keyAt(crypto, chain, gen + 1)
  chain.key.fill(0)
  chain.key = key
  chain.gen = gen + 1
}

function keyAt(crypto: Crypto, chain: Chain, gen: number): Bytes {
  let key = chain.key
  for (let at = chain.gen; at < gen; at++) {
    const next = nextChainKey(crypto, key)
    if (key !== chain.key) key.fill(0)
    key = next
  }
  return key
}
