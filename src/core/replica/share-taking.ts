/**
 * Taking in an answer. It counts only if it comes on the link that was asked, to the question that is
 * open, for an epoch that was asked for, and opens; a secret only if it is the one that the epoch commits
 * to; every other key only for messages whose keyCommit it fits. Anything else changes nothing.
 */
import type { Bytes } from '../../base/bytes.ts'
import { equal } from '../../base/bytes.ts'
import type { GroupFrame } from '../anti-entropy/frames.ts'
import type { Chain } from '../epoch/chain.ts'
import { secretCommitOf } from '../epoch/body.ts'
import { openShare } from '../key-share/answer.ts'
import type { SharedKeys } from '../key-share/answer.ts'
import { refusalWord } from '../key-share/right.ts'
import type { Hex } from '../message/header.ts'
import { hexOf } from '../message/header.ts'
import type { Turn } from '../turn.ts'
import { count } from '../turn.ts'
import type { EpochFacts } from '../validity/context.ts'
import { recipientsOfEpoch } from '../validity/context.ts'
import { keepEpoch, keepGiven, wasOpened } from './epochs.ts'
import { reopen } from './reopen.ts'
import { moveCursor, settleEpoch } from './share-asking.ts'
import { placeOf } from './share-giving.ts'
import type { OpenRequest } from './sharing-state.ts'
import type { Replica } from './state.ts'
import { bytesOf } from './state.ts'
import type { SyncPeer } from './sync-state.ts'

type ShareFrame = Extract<GroupFrame, { kind: 'share' }>

export const takeShare = (
  turn: Turn,
  replica: Replica,
  peer: SyncPeer,
  frame: ShareFrame,
): void => {
  const { open } = replica.sharing
  const epoch = hexOf(frame.epoch)
  const asked =
    open?.channel === peer.channel &&
    equal(open.hash, frame.request) &&
    (epoch === '' ? frame.code !== 0 : open.left.has(epoch))
  // It may have been asked for and given up: late is no misdeed.
  if (open === undefined || !asked) return count(turn, 'shares_dropped', 'unsolicited')
  if (frame.code !== 0) return refuse(turn, replica, open, frame)
  const content = contentOf(turn, replica, open, frame)
  if (typeof content === 'string') {
    count(turn, 'shares_dropped', content)
    replica.sync.misdeeds.push(peer.peer)
    return settleEpoch(turn, replica, epoch, { outcome: 'wrong' })
  }
  accept(turn, replica, open, epoch, content)
}

const refuse = (turn: Turn, replica: Replica, open: OpenRequest, frame: ShareFrame): void => {
  const outcome = refusalWord(frame.code)
  // One answer holds no more, and this one held something: the rest is asked for at once.
  const again = outcome === 'later' && open.gave
  const epochs = frame.epoch.length > 0 ? [hexOf(frame.epoch)] : [...open.left]
  for (const epoch of epochs) settleEpoch(turn, replica, epoch, { outcome, again })
}

const factsOf = (replica: Replica, epoch: Hex): EpochFacts | undefined => {
  const info = replica.jurisdiction.epochs.get(epoch)?.info
  return info?.kind === 'epoch' ? info.epoch : undefined
}

/** What an answer holds, or why it does not count. */
const contentOf = (
  turn: Turn,
  replica: Replica,
  open: OpenRequest,
  frame: ShareFrame,
): SharedKeys | string => {
  const { crypto } = turn.env
  const { group } = replica.constitution
  const responder = bytesOf(open.member)
  const binding = { group, epoch: frame.epoch, request: open.hash, responder }
  const opened = openShare(crypto, open.secret, binding, frame.sealed)
  if (!opened.ok) return opened.error
  const { secret } = opened.value
  const facts = factsOf(replica, hexOf(frame.epoch))
  if (secret.length === 0 || facts === undefined) return opened.value
  const commit = secretCommitOf(crypto, group, facts.salt, secret)
  return equal(commit, facts.commit) ? opened.value : 'commit-mismatch'
}

const accept = (
  turn: Turn,
  replica: Replica,
  open: OpenRequest,
  epoch: Hex,
  content: SharedKeys,
): void => {
  const { secret, keys, chains, more } = content
  const facts = factsOf(replica, epoch)
  // Opened meanwhile: by its seal, as another member.
  if (facts === undefined || wasOpened(replica, epoch)) {
    return settleEpoch(turn, replica, epoch, { outcome: 'nothing' })
  }
  open.gave = true
  const recipients = [...(recipientsOfEpoch(replica.jurisdiction, epoch)?.keys() ?? [])]
  if (secret.length > 0) {
    const members = recipients.map(bytesOf)
    keepEpoch(turn, replica, facts.idBytes, { secret, members, shared: true })
  } else {
    const others = new Set(recipients.filter((member) => member !== replica.self.member))
    keepGiven(turn, replica, facts.idBytes, chainsOf(content, others))
    replica.sharing.trying.set(epoch, keysByPlace(content))
  }
  count(turn, 'shares_taken', secret.length > 0 ? 'secret' : 'keys')
  const last = keys.at(-1)
  const further =
    more &&
    last !== undefined &&
    moveCursor(replica, epoch, open.member, placeOf(last.member, last.counter))
  const outcome = secret.length > 0 ? 'secret' : 'keys'
  for (const { key } of chains) key.fill(0)
  replica.changed = true
  reopen(turn, replica, epoch)
  settleEpoch(turn, replica, epoch, { outcome, keys: keys.length, again: further })
}

/** One's own chain is never taken: nothing tells whether it is the right one before it is used. */
const chainsOf = ({ chains }: SharedKeys, others: ReadonlySet<Hex>): Map<Hex, Chain> =>
  new Map(
    chains
      .filter(({ member }) => others.has(hexOf(member)))
      .map(({ member, gen, key }) => [hexOf(member), { gen, key: key.slice() }]),
  )

const keysByPlace = ({ keys }: SharedKeys): Map<string, Bytes[]> => {
  const found = new Map<string, Bytes[]>()
  for (const { member, counter, key } of keys) {
    const place = `${hexOf(member)}/${String(counter)}`
    found.set(place, [...(found.get(place) ?? []), key.slice()])
  }
  return found
}
