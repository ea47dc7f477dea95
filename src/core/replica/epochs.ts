/**
 * The epochs whose keys are here: of each the chains of those who may still speak under it, the key of
 * its envelopes while those may come, and its secret while the policy lets members ask for it. All
 * chains are derived at once when the epoch is opened; the secret and all that it could give again are
 * erased then (E3). One row of the store holds one epoch, so that it is renewed and erased as one.
 */
import type { Bytes } from '../../base/bytes.ts'
import { EMPTY } from '../../base/bytes.ts'
import { encode } from '../../codec/canonical.ts'
import { bytes, bytesOrNone, list, parse, tuple, u32, u53 } from '../../codec/shape.ts'
import { MEMBERS_MAX } from '../../base/limits.ts'
import { movePast } from '../epoch/chain.ts'
import type { Chain } from '../epoch/chain.ts'
import { chainKeysOf, envKeyOf, prkOf } from '../epoch/schedule.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import type { Put } from '../effect.ts'
import type { Hex } from '../message/header.ts'
import { hexOf } from '../message/header.ts'
import type { Turn } from '../turn.ts'
import { emit, forgetSecret, persist } from '../turn.ts'
import { recipientsOfEpoch } from '../validity/context.ts'
import type { OpenEpoch, Replica } from './state.ts'
import { GroupNote, SecretKind, bytesOf, groupNoteKey, secretKey } from './state.ts'

/** An epoch that was just opened: its keys, in memory and in the write of this step. */
export const keepEpoch = (
  turn: Turn,
  replica: Replica,
  idBytes: Bytes,
  opened: {
    readonly secret: Bytes
    readonly members: readonly Bytes[]
    /** The secret came from another member: it is not passed on from here, or its time would never end. */
    readonly shared?: boolean
  },
): void => {
  const { crypto, wallMs } = turn.env
  const prk = prkOf(crypto, idBytes, opened.secret)
  const chains = new Map<Hex, Chain>()
  for (const [member, key] of chainKeysOf(crypto, prk, opened.members)) {
    chains.set(member, { gen: 0, key })
  }
  const sharing = replica.constitution.policy.shareWindowMs > 0 && opened.shared !== true
  const epoch: OpenEpoch = {
    id: hexOf(idBytes),
    idBytes,
    openedMs: Math.floor(wallMs),
    env: envKeyOf(crypto, prk),
    secret: sharing ? opened.secret.slice() : EMPTY,
    chains,
    given: false,
    doubted: new Set(),
  }
  prk.fill(0)
  opened.secret.fill(0)
  const before = replica.epochs.get(epoch.id)
  if (before?.given === true) forgetGiven(turn, replica, before)
  replica.epochs.set(epoch.id, epoch)
  persist(turn, [epochPut(replica, epoch)])
}

/** Chains under an epoch that came from another member; those that are here already stay. */
export const keepGiven = (
  turn: Turn,
  replica: Replica,
  idBytes: Bytes,
  chains: ReadonlyMap<Hex, Chain>,
): void => {
  const id = hexOf(idBytes)
  const held = replica.epochs.get(id)
  if (chains.size === 0 || held?.given === false) return
  const openedMs = held?.openedMs ?? Math.floor(turn.env.wallMs)
  const both = new Map([...chains, ...(held?.chains ?? [])])
  const epoch: OpenEpoch = {
    id,
    idBytes,
    openedMs,
    env: EMPTY,
    secret: EMPTY,
    chains: both,
    given: true,
    doubted: new Set(),
  }
  replica.epochs.set(id, epoch)
  persist(turn, [epochPut(replica, epoch)])
}

const forgetGiven = (turn: Turn, replica: Replica, epoch: OpenEpoch): void => {
  for (const { key } of epoch.chains.values()) key.fill(0)
  epoch.chains.clear()
  replica.epochs.delete(epoch.id)
  replica.stale.delete(epoch.id)
  forgetSecret(turn, keyOf(replica, epoch))
}

const keyOf = (replica: Replica, epoch: OpenEpoch): Bytes =>
  secretKey(replica.number, epoch.given ? SecretKind.given : SecretKind.epoch, epoch.idBytes)

/** The epoch's row as it stands now. */
export const epochPut = (replica: Replica, epoch: OpenEpoch): Put => ({
  key: keyOf(replica, epoch),
  value: encode([
    epoch.openedMs,
    epoch.secret,
    epoch.env,
    [...epoch.chains].map(([member, { gen, key }]) => [bytesOf(member), gen, key]),
  ]),
  secret: true,
})

const shape = tuple(
  u53,
  bytesOrNone(32),
  bytesOrNone(32),
  list(tuple(bytes(32), u32, bytes(32)), { max: MEMBERS_MAX }),
)

export const parseEpoch = (idBytes: Bytes, saved: Bytes, given = false): OpenEpoch | undefined => {
  const parsed = parse(shape, saved)
  if (!parsed.ok) return undefined
  const [openedMs, secret = EMPTY, env = EMPTY, rows] = parsed.value
  const chains = new Map(rows.map(([member, gen, key]) => [hexOf(member), { gen, key }]))
  const doubted = new Set<Hex>()
  return { id: hexOf(idBytes), idBytes, openedMs, secret, env, chains, given, doubted }
}

/** A message was opened, or never will be: the keys of its position and of all before it are erased. */
export const spend = (
  crypto: Crypto,
  replica: Replica,
  epoch: Hex,
  member: Hex,
  gen: number,
): void => {
  const chain = replica.epochs.get(epoch)?.chains.get(member)
  if (chain === undefined || gen < chain.gen || replica.reopening.has(epoch)) return
  movePast(crypto, chain, gen)
  replica.stale.add(epoch)
}

/** True when this member holds its own chain under the epoch. */
export const canSeal = (replica: Replica, epoch: Hex): boolean =>
  replica.epochs.get(epoch)?.chains.has(replica.self.member) === true

/** True for an epoch that was opened by its seal or its secret, even if nothing of it is left. */
export const wasOpened = (replica: Replica, epoch: Hex): boolean =>
  replica.spent.has(epoch) || replica.epochs.get(epoch)?.given === false

/** True when live pushes under the epoch can be sealed and opened. */
export const canPush = (replica: Replica, epoch: Hex): boolean =>
  (replica.epochs.get(epoch)?.env.length ?? 0) > 0

/** Erases one chain. */
export const eraseChain = (replica: Replica, epoch: OpenEpoch, member: Hex): void => {
  const chain = epoch.chains.get(member)
  if (chain === undefined || replica.reopening.has(epoch.id)) return
  chain.key.fill(0)
  epoch.chains.delete(member)
  replica.stale.add(epoch.id)
}

/** A chain that another member gave does not fit a text of its author: it is given up. */
export const doubtChain = (replica: Replica, epoch: Hex, member: Hex, gen: number): void => {
  const opened = replica.epochs.get(epoch)
  const chain = opened?.given === true ? opened.chains.get(member) : undefined
  if (opened === undefined || chain === undefined || gen < chain.gen) return
  if (replica.reopening.has(epoch)) opened.doubted.add(member)
  else eraseChain(replica, opened, member)
}

/** The same for those that were doubted while their texts were being read back. */
export const dropDoubted = (replica: Replica, epoch: Hex): void => {
  const opened = replica.epochs.get(epoch)
  for (const member of opened?.doubted ?? []) {
    if (opened !== undefined) eraseChain(replica, opened, member)
  }
  opened?.doubted.clear()
}

/** Erases what live pushes under the epoch are sealed with, and what it could be shared with. */
export const eraseEnv = (replica: Replica, epoch: OpenEpoch): void => {
  if (epoch.env.length === 0) return
  epoch.env.fill(0)
  epoch.env = EMPTY
  replica.stale.add(epoch.id)
}

export const eraseSecret = (replica: Replica, epoch: OpenEpoch): void => {
  if (epoch.secret.length === 0) return
  epoch.secret.fill(0)
  epoch.secret = EMPTY
  replica.stale.add(epoch.id)
}

/** Writes every epoch that changed since it was last written, and destroys what was written before. */
export const renewEpochs = (turn: Turn, replica: Replica): void => {
  for (const id of replica.stale) {
    const epoch = replica.epochs.get(id)
    if (epoch === undefined) continue
    emit(turn, { kind: 'erase', keys: [keyOf(replica, epoch)] })
    persist(turn, [epochPut(replica, epoch)])
  }
  replica.stale.clear()
}

/** Erases epochs of which nothing is left. */
export const eraseSpent = (turn: Turn, replica: Replica): void => {
  for (const id of [...replica.stale]) {
    const epoch = replica.epochs.get(id)
    if (epoch !== undefined && isSpent(epoch)) eraseEpoch(turn, replica, epoch)
  }
}

const isSpent = (epoch: OpenEpoch): boolean =>
  epoch.chains.size === 0 && epoch.env.length === 0 && epoch.secret.length === 0

/** Whoever comes back may be named anew by epochs whose keys it erased as the member that it was. */
export const unspend = (turn: Turn, replica: Replica): void => {
  for (const id of [...replica.spent]) {
    if (recipientsOfEpoch(replica.jurisdiction, id)?.has(replica.self.member) !== true) continue
    replica.spent.delete(id)
    const at = groupNoteKey(replica.number, GroupNote.spent, bytesOf(id))
    persist(turn, [{ key: at, value: null }])
  }
}

/** Erases an epoch as a whole. One whose chains were given was never opened: it may be asked for again. */
export const eraseEpoch = (turn: Turn, replica: Replica, epoch: OpenEpoch): void => {
  if (epoch.given) return forgetGiven(turn, replica, epoch)
  for (const { key } of epoch.chains.values()) key.fill(0)
  epoch.chains.clear()
  epoch.env.fill(0)
  epoch.secret.fill(0)
  replica.epochs.delete(epoch.id)
  replica.stale.delete(epoch.id)
  replica.spent.add(epoch.id)
  const at = groupNoteKey(replica.number, GroupNote.spent, epoch.idBytes)
  persist(turn, [{ key: at, value: Uint8Array.of(1) }])
  forgetSecret(turn, keyOf(replica, epoch))
}
