// One small transcript for all vectors of messages and batches: two leaders found a group and add a
// third member, both make an epoch for it, the two epochs are merged, and one author forks itself.

import type { Bytes } from '../../src/base/bytes.ts'
import { compare, toHex, utf8 } from '../../src/base/bytes.ts'
import { mintEpoch } from '../../src/core/epoch/seal.ts'
import { chainKeyOf, messageKeyOf, nextChainKey, prkOf } from '../../src/core/epoch/schedule.ts'
import { textKeysOf } from '../../src/core/epoch/schedule.ts'
import { encodeContent, sealText } from '../../src/core/epoch/text.ts'
import { type MetaEntry, encodeMeta } from '../../src/core/meta/body.ts'
import { memberIdOf } from '../../src/core/identity/candidate.ts'
import { createJoinRequest } from '../../src/core/membership/join-request.ts'
import { activeMembers } from '../../src/core/membership/roster.ts'
import {
  encodeAdd,
  encodeAttest,
  encodeEpochMessage,
  encodeGenesis,
  encodeJoin,
  encodePrekey,
} from '../../src/core/message/bodies.ts'
import type { HeaderDraft, Message } from '../../src/core/message/message.ts'
import { prefixOf, signMessage } from '../../src/core/message/message.ts'
import { MessageType } from '../../src/core/message/type.ts'
import type { Row } from '../../src/core/transcript/row.ts'
import { reasonFor } from '../../src/core/validity/reason.ts'
import type { Context } from '../../src/core/validity/context.ts'
import { contextOf, membershipHash } from '../../src/core/validity/context.ts'
import type { Past, View } from '../../src/core/validity/past.ts'
import { pastOf, viewOfPast } from '../../src/core/validity/past.ts'
import { createLedger, hear, rowOf } from './ledger.ts'
import type { Person } from './people.ts'
import { NONE, ada, bob, bytesOf, cleo, club, crypto, recorder, ticket, valueOf } from './people.ts'

export const ledger = createLedger(crypto, club)

export const request = createJoinRequest(crypto, {
  ...cleo,
  ticket,
  nonce: bytesOf('request nonce').slice(0, 16),
})

/** Somebody with the member that it is here. */
export interface Author {
  readonly person: Person
  readonly admission: Bytes
  readonly member: Bytes
}

function leader(person: Person): Author {
  const seat = club.leaders.find(({ card }) => card.name === person.name)
  return { person, admission: seat?.admission ?? NONE, member: seat?.member ?? NONE }
}

export const authors = {
  ada: leader(ada),
  bob: leader(bob),
  cleo: {
    person: cleo,
    admission: request.admission,
    member: memberIdOf(crypto, club.group, request.admission),
  },
} satisfies Record<string, Author>

/** Where a message stands: everything that follows from its parents. */
export interface Stand {
  readonly author: Author
  readonly prev: Row | undefined
  readonly deps: readonly Row[]
  readonly past: Past
  readonly context: Context
}

export function standOn(
  author: Author,
  prev: Message | undefined,
  others: readonly Message[],
): Stand {
  const row = prev && rowOf(ledger, prev.id)
  const deps = others.map(({ id }) => rowOf(ledger, id))
  deps.sort((a, b) => compare(a.idBytes, b.idBytes))
  const past = pastOf(ledger.transcript, row === undefined ? deps : [row, ...deps])
  return { author, prev: row, deps, past, context: contextOf(ledger.jurisdiction, past.control) }
}

export function draftOn(stand: Stand, type: number): HeaderDraft {
  const { author, prev, deps, past } = stand
  return {
    type,
    group: club.group,
    member: author.member,
    memberGroupId: author.person.memberGroupId,
    counter: prev === undefined ? 0 : prev.counter + 1,
    prev: prev?.idBytes ?? author.admission,
    deps: deps.map(({ idBytes }) => idBytes),
    lamport: past.lamport,
    epoch: NONE,
    gen: 0,
    salt: NONE,
    sent: 1_700_000_000_000 + 1000 * past.lamport,
    keyCommit: NONE,
  }
}

export function viewOn({ past, context }: Stand): View {
  const { jurisdiction, transcript } = ledger
  const own = viewOfPast(crypto, jurisdiction, transcript, context.roster, past.seen)
  if ('missing' in own) throw new Error('a row is missing')
  return own.view
}

export const signed = (author: Author, draft: HeaderDraft, body: Bytes): Message =>
  signMessage(crypto, author.person.seeds.device, draft, body)

function held(what: string, message: Message): Message {
  const outcome = hear(ledger, message)
  if (typeof outcome === 'string') throw new Error(`${what}: ${outcome}`)
  return message
}

// --- Epochs and texts ----------------------------------------------------------------------------

/** Secrets that stand for what every member would have opened. */
export const epochs: { readonly id: Bytes; readonly secret: Bytes }[] = []

export function epochOn(stand: Stand, word: string) {
  const { context, past, author } = stand
  const heads = [...context.epochHeads.values()].sort((a, b) => compare(a.idBytes, b.idBytes))
  const plan = {
    group: club.group,
    parents: heads.map(({ idBytes }) => idBytes),
    depth: 1 + heads.reduce((most, { depth }) => Math.max(most, depth), 0),
    membershipHash: membershipHash(crypto, ledger.jurisdiction, context.roster),
    recipients: activeMembers(context.roster).map(({ facts, prekey }) => ({
      member: facts.memberBytes,
      prekey: prekey.public,
    })),
    reason: { code: reasonFor(ledger, context, past)?.code ?? 0, id: NONE },
  }
  return mintEpoch(recorder(word), author.person.seeds.device, plan)
}

export interface Sealing {
  readonly epoch: Bytes
  readonly gen: number
  readonly contentType?: string
  readonly text: string
}

export function textOn(stand: Stand, sealing: Sealing) {
  const { contentType = 'text/plain', text } = sealing
  const content = { contentType, payload: utf8(text) }
  const plaintext = valueOf(encodeContent(content))
  return { ...sealedOn(stand, MessageType.text, { ...sealing, plaintext }), ...content }
}

/** A Meta that says what `entries` say. */
export function metaOn(
  stand: Stand,
  sealing: Omit<Sealing, 'text'>,
  entries: readonly MetaEntry[],
) {
  const plaintext = encodeMeta(entries)
  const text = 'a Meta'
  return { ...sealedOn(stand, MessageType.meta, { ...sealing, text, plaintext }), plaintext }
}

function sealedOn(stand: Stand, type: number, sealing: Sealing & { readonly plaintext: Bytes }) {
  const { epoch, gen, text, plaintext } = sealing
  const secret = epochs.find(({ id }) => String(id) === String(epoch))?.secret ?? NONE
  let chainKey = chainKeyOf(crypto, prkOf(crypto, epoch, secret), stand.author.member)
  for (let at = 0; at < gen; at++) chainKey = nextChainKey(crypto, chainKey)
  const messageKey = messageKeyOf(crypto, chainKey)
  const salt = bytesOf(`salt of ${text}`).slice(0, 16)
  const keys = textKeysOf(crypto, messageKey, salt)
  const { keyCommit } = keys
  const draft = { ...draftOn(stand, type), epoch, gen, salt, keyCommit }
  const body = sealText(crypto, keys, prefixOf(draft), plaintext)
  return { message: signed(stand.author, draft, body), messageKey }
}

// --- The story -----------------------------------------------------------------------------------

/** What a vector says of a message besides its bytes. */
export interface Told {
  readonly what: string
  readonly message: Message
  readonly messageKey?: Bytes
  readonly contentType?: string
  readonly payload?: Bytes
  readonly plaintext?: Bytes
}

/** Every message in an order in which each comes after its past. */
export const story: Told[] = []

function tell(what: string, message: Message): Message {
  story.push({ what, message: held(what, message) })
  return message
}

function post(what: string, stand: Stand, type: number, body: Bytes): Message {
  return tell(what, signed(stand.author, draftOn(stand, type), body))
}

function postEpoch(what: string, stand: Stand): { message: Message; id: Bytes } {
  const { bytes, id, seals, secret } = epochOn(stand, what)
  epochs.push({ id, secret })
  const body = encodeEpochMessage({ epoch: bytes, seals, view: viewOn(stand).view })
  return { message: post(what, stand, MessageType.epoch, body), id }
}

function postText(what: string, stand: Stand, sealing: Sealing): Message {
  const told = textOn(stand, sealing)
  story.push({ what, ...told, message: held(what, told.message) })
  return told.message
}

function postMeta(
  what: string,
  stand: Stand,
  sealing: Omit<Sealing, 'text'>,
  entries: readonly MetaEntry[],
): Message {
  const told = metaOn(stand, sealing, entries)
  story.push({ what, ...told, message: held(what, told.message) })
  return told.message
}

function postAttest(what: string, stand: Stand): Message {
  return post(what, stand, MessageType.attest, encodeAttest(viewOn(stand)))
}

export const prekeyOf = (word: string): Bytes => crypto.xPublicKey(bytesOf(word))

const metaEntries = (member: Bytes): readonly MetaEntry[] => [
  { of: '', write: { kind: 'name', name: 'orchard' } },
  { of: '', write: { kind: 'mute', member: toHex(member), on: true } },
]

function tellAll() {
  const { ada: a, bob: b, cleo: c } = authors
  const constitution = club.bytes
  const genesisBody = encodeGenesis({ constitution, prekey: prekeyOf('ada prekey 1') })
  const genesis = post('Genesis', standOn(a, undefined, []), MessageType.genesis, genesisBody)
  const first = postEpoch('the first epoch', standOn(a, genesis, []))
  const joinB = encodeJoin({ admission: b.admission, prekey: prekeyOf('bob prekey 1') })
  const bob0 = post('Join of a leader', standOn(b, undefined, [first.message]), 0, joinB)
  const say = { epoch: first.id, gen: 0 }
  const ada2 = postText('a text', standOn(a, first.message, [bob0]), { ...say, text: 'hello' })
  const bob1 = postText('another at the same time', standOn(b, bob0, []), { ...say, text: 'hi' })
  const addStand = standOn(a, ada2, [bob1])
  const addBody = encodeAdd({ request: request.bytes, view: viewOn(addStand).view })
  const add = post('AddMember', addStand, MessageType.add, addBody)
  const second = postEpoch('the epoch of its author', standOn(a, add, []))
  const rival = postEpoch('another epoch for the same Add', standOn(b, bob1, [add]))
  const joinC = encodeJoin({ admission: c.admission, prekey: prekeyOf('cleo prekey 1') })
  const both = [second.message, rival.message]
  const cleo0 = post('Join of the new member', standOn(c, undefined, both), 0, joinC)
  const cleo1 = postAttest('Attest of the new member', standOn(c, cleo0, []))
  const prekeyBody = encodePrekey({ prekey: prekeyOf('bob prekey 2'), mailbox: NONE })
  const bob3 = post('Prekey', standOn(b, rival.message, [cleo1]), MessageType.prekey, prekeyBody)
  const merge = postEpoch('the epoch that merges two', standOn(a, second.message, [bob3]))
  const bob4 = postText('the author goes on under its own epoch', standOn(b, bob3, []), {
    epoch: rival.id,
    gen: 0,
    text: 'one',
  })
  const bob5 = postText('the next generation', standOn(b, bob4, []), {
    epoch: rival.id,
    gen: 1,
    text: 'two',
  })
  const bob6 = postText('a move to the merged epoch', standOn(b, bob5, [merge.message]), {
    epoch: merge.id,
    gen: 0,
    contentType: 'text/markdown',
    text: '*three*',
  })
  const fork = postText('a second message under one counter', standOn(b, bob4, []), {
    epoch: rival.id,
    gen: 1,
    text: 'another two',
  })
  const plain = post('a plain type', standOn(c, cleo1, [bob6]), 200, utf8('anything'))
  const last = postAttest('Attest over both branches', standOn(a, merge.message, [fork, plain]))
  const under = { epoch: merge.id, gen: 0 }
  const meta = postMeta('Meta', standOn(a, last, []), under, metaEntries(c.member))
  const text = 'a text goes on in the chain of the Meta'
  const after = postText(text, standOn(a, meta, []), { ...under, gen: 1, text: 'next' })
  const named = { genesis, bob0, ada2, bob1, add, cleo0, cleo1, bob3, bob4, bob5, bob6 }
  return { ...named, fork, plain, last, meta, after, first, second, rival, merge }
}

/** The messages and epochs that negative vectors build on. */
export const at = tellAll()
