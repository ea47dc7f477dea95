/**
 * Where each chain of keys stands, so that reading on costs two hashes a message. A bounded cache
 * over first chain keys that are kept elsewhere: every 64th position is remembered, so going back is
 * cheap too, and what falls out is derived again, until the first key is erased and `forget` is
 * called. How far ahead of verified headers keys are derived is bounded.
 */
import type { Bytes } from '../../base/bytes.ts'
import { EARLY_KEYS_PER_CHAIN_MAX } from '../../base/limits.ts'
import { type Result, fail, ok } from '../../base/result.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import { messageKeyOf, nextChainKey } from './schedule.ts'

/** Positions between two that are remembered. */
const STRIDE = 64

interface Chain {
  readonly epoch: string
  readonly member: string
  /** Chain keys at 0, 64, 128 ... */
  readonly marks: Bytes[]
  /** The latest position used. */
  at: number
  key: Bytes
}

export interface Chains {
  readonly held: Map<string, Chain>
  /** The chain used last: whoever writes or reads on comes back to it. */
  latest: Chain | undefined
  /** Chains at most. */
  readonly max: number
}

/** An empty cache. `max`: chains held at most; two per active member are plenty. */
export function createChains(max: number): Chains {
  return { held: new Map(), latest: undefined, max }
}

/** One position of one chain. */
export interface ChainPlace {
  /** Hex ids. */
  readonly epoch: string
  readonly member: string
  readonly gen: number
  /** Generations of this chain whose headers are verified and gap-free: 0 when there are none. */
  readonly verified: number
  /** The first chain key, asked for only when it is not cached; `undefined` when erased or never had. */
  first(): Bytes | undefined
}

/** The message key at a position. Reasons: `generation-too-far`, `chain-missing`. */
export function messageKeyAt(crypto: Crypto, chains: Chains, place: ChainPlace): Result<Bytes> {
  if (place.gen >= place.verified + EARLY_KEYS_PER_CHAIN_MAX) return fail('generation-too-far')
  const chain = chainOf(chains, place)
  if (chain === undefined) return fail('chain-missing')
  moveTo(crypto, chain, place.gen)
  return ok(messageKeyOf(crypto, chain.key))
}

/** The chain of a place, made the most recent one. */
function chainOf(chains: Chains, place: ChainPlace): Chain | undefined {
  const { latest } = chains
  if (latest?.epoch === place.epoch && latest.member === place.member) return latest
  const name = nameOf(place.epoch, place.member)
  let chain = chains.held.get(name)
  if (chain === undefined) {
    const first = place.first()
    if (first === undefined) return undefined
    const key = first.slice()
    chain = { epoch: place.epoch, member: place.member, marks: [key], at: 0, key }
  }
  chains.held.delete(name)
  chains.held.set(name, chain)
  chains.latest = chain
  if (chains.held.size > chains.max) {
    const [oldest] = chains.held
    if (oldest !== undefined) drop(chains, oldest[0], oldest[1])
  }
  return chain
}

function moveTo(crypto: Crypto, chain: Chain, gen: number): void {
  const mark = Math.min(Math.floor(gen / STRIDE), chain.marks.length - 1)
  if (gen < chain.at || mark * STRIDE > chain.at) {
    if (chain.at % STRIDE !== 0) chain.key.fill(0)
    chain.at = mark * STRIDE
    chain.key = chain.marks[mark] as Bytes
  }
  while (chain.at < gen) {
    const next = nextChainKey(crypto, chain.key)
    chain.at += 1
    // A position that is no mark is needed by nobody else once it is passed.
    if ((chain.at - 1) % STRIDE !== 0) chain.key.fill(0)
    chain.key = next
    if (chain.at === chain.marks.length * STRIDE) chain.marks.push(next)
  }
}

/** Erases one chain from memory. */
export function forgetChain(chains: Chains, epoch: string, member: string): void {
  const name = nameOf(epoch, member)
  const chain = chains.held.get(name)
  if (chain !== undefined) drop(chains, name, chain)
}

/** Erases every chain of an epoch from memory. */
export function forgetEpoch(chains: Chains, epoch: string): void {
  for (const [name, chain] of chains.held) if (chain.epoch === epoch) drop(chains, name, chain)
}

function drop(chains: Chains, name: string, chain: Chain): void {
  chain.key.fill(0)
  for (const mark of chain.marks) mark.fill(0)
  chains.held.delete(name)
  if (chains.latest === chain) chains.latest = undefined
}

function nameOf(epoch: string, member: string): string {
  return `${epoch}/${member}`
}
