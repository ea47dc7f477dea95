// Vectors of whole messages: a transcript that everybody accepts, and what nobody may accept on it.
// The negative ones are judged by whoever holds the transcript; their reason is that of the rule.

import { type Bytes, compare } from '../../src/base/bytes.ts'
import { encode } from '../../src/codec/canonical.ts'
import { encodeEpochBody } from '../../src/core/epoch/body.ts'
import { createJoinRequest } from '../../src/core/membership/join-request.ts'
import {
  encodeAdd,
  encodeAttest,
  encodeEpochMessage,
  encodeGenesis,
  encodeJoin,
  encodePrekey,
} from '../../src/core/message/bodies.ts'
import { encodePrefix } from '../../src/core/message/header.ts'
import type { Envelope, HeaderDraft, Message } from '../../src/core/message/message.ts'
import { MessageType } from '../../src/core/message/type.ts'
import { verdictOn } from './ledger.ts'
import {
  NONE,
  bob,
  bytesOf,
  club,
  crypto,
  lastFlipped,
  people,
  ticket,
  withField,
  withMore,
} from './people.ts'
import type { Author, Sealing, Stand } from './transcript.ts'
import {
  at,
  authors,
  draftOn,
  epochOn,
  epochs,
  ledger,
  prekeyOf,
  request,
  signed,
  standOn,
  story,
  metaOn,
  textOn,
  viewOn,
} from './transcript.ts'

export const wireOf = ({ headerBytes, signature, body }: Message): Envelope => ({
  header: headerBytes,
  signature,
  body,
})

export function messageVectors() {
  return {
    constitution: club.bytes,
    group: club.group,
    request: request.bytes,
    members: Object.entries(authors).map(([name, { person, admission, member }]) => ({
      name,
      deviceSeed: person.seeds.device,
      device: crypto.edPublicKey(person.seeds.device),
      memberGroupId: person.memberGroupId,
      admission,
      member,
      prekey0Secret: person.prekey0Secret,
    })),
    prekeySecrets: ['ada prekey 1', 'bob prekey 1', 'cleo prekey 1', 'bob prekey 2'].map(bytesOf),
    epochs,
    messages: story.map(({ message, ...told }) => ({
      ...told,
      ...fieldsOf(message),
      ...wireOf(message),
      prefix: encodePrefix(message.header),
      id: message.idBytes,
    })),
    bad: [
      ...badBytes(),
      ...badPlaces(),
      ...badSealings(),
      ...badBodies(),
      ...badAdds(),
      ...badEpochs(),
    ],
  }
}

function fieldsOf({ header }: Message) {
  const { group: _, ...fields } = header
  return fields
}

// --- What nobody accepts -------------------------------------------------------------------------

interface Bad extends Envelope {
  readonly what: string
  readonly reason: string
}

/** A wire form with the reason that the rules of this version give. */
function bad(what: string, wire: Envelope): Bad {
  const reason = verdictOn(ledger, wire)
  if (reason === 'valid' || reason === 'pending') throw new Error(`${what}: ${reason}`)
  return { what, reason, ...wire }
}

function badBytes(): Bad[] {
  const { header, signature, body } = wireOf(at.ada2)
  const whole = { header, signature, body }
  return [
    bad('a field too many', { ...whole, header: withMore(header, 0) }),
    bad('a number in a longer form', { ...whole, header: widened(header) }),
    bad('version 0', { ...whole, header: withField(header, 0, 0) }),
    bad('version 2', { ...whole, header: withField(header, 0, 2) }),
    bad('a salt of five bytes', { ...whole, header: withField(header, 11, new Uint8Array(5)) }),
    bad('a header of 4,097 bytes', { ...whole, header: new Uint8Array(4097) }),
    bad('a body without its end', { ...whole, body: body.slice(0, -1) }),
    bad('a changed body', { ...whole, body: lastFlipped(body) }),
    bad('half a signature', { ...whole, signature: signature.slice(0, 32) }),
    bad('no signature', { ...whole, signature: NONE }),
    bad('a changed signature', { ...whole, signature: lastFlipped(signature) }),
    bad('a changed claim of time', { ...whole, header: withField(header, 12, 1) }),
  ]
}

/** The same array with its version in two bytes where one will do. */
const widened = (header: Bytes): Bytes => Uint8Array.of(header[0] ?? 0, 0x18, 1, ...header.slice(2))

/** A signed message with some header fields changed, and a body of its own. */
function altered(stand: Stand, type: number, body: Bytes, change: Partial<HeaderDraft>): Envelope {
  return wireOf(signed(stand.author, { ...draftOn(stand, type), ...change }, body))
}

function badPlaces(): Bad[] {
  const { ada, bob, cleo } = authors
  const stand = standOn(ada, at.last, [])
  const plain = (change: Partial<HeaderDraft>, on = stand): Envelope =>
    altered(on, 200, NONE, change)
  const stranger: Author = { ...cleo, member: bytesOf('stranger') }
  const both = [at.bob6.idBytes, at.fork.idBytes].sort((a, b) => compare(b, a))
  const joined = encodeJoin({ admission: cleo.admission, prekey: prekeyOf('late') })
  const joining = standOn(cleo, undefined, [at.second.message])
  return [
    bad('another group', plain({ group: bytesOf('other') })),
    bad('the message of somebody else before it', plain({ prev: at.bob6.idBytes })),
    bad('a number left out', plain({ counter: 8 })),
    bad('dependencies out of order', plain({ deps: both })),
    bad('a dependency twice', plain({ deps: [at.fork.idBytes, at.fork.idBytes] })),
    bad('a dependency in the past of prev', plain({ deps: [at.fork.idBytes] })),
    bad('a lamport too high', plain({ lamport: stand.past.lamport + 1 })),
    bad('a lamport too low', plain({ lamport: stand.past.lamport - 1 })),
    bad('a stranger', plain({}, { ...joining, author: stranger })),
    bad('another memberGroupId', plain({ memberGroupId: 1 })),
    bad('a text as counter 0', plain({ type: 200 }, joining)),
    bad('a Join after counter 0', altered(stand, 0, joined, {})),
    bad('another admission before it', altered(joining, 0, joined, { prev: bytesOf('other') })),
    bad('signed by another member', wireOf(signed(bob, draftOn(stand, 200), NONE))),
  ]
}

function badSealings(): Bad[] {
  const { ada, bob, cleo } = authors
  const text = (stand: Stand, sealing: Omit<Sealing, 'text'>): Envelope =>
    wireOf(textOn(stand, { ...sealing, text: 'bad' }).message)
  const after = (author: Author, prev: Message): Stand => standOn(author, prev, [])
  const { first, second, rival, merge } = at
  const named = { epoch: merge.id, gen: 0 }
  const rename = [{ of: '', write: { kind: 'name', name: 'mine' } }] as const
  const bare = draftOn(after(bob, at.bob6), MessageType.text)
  return [
    bad(
      'a plain type with a salt',
      altered(after(ada, at.last), 200, NONE, { salt: bytesOf('s').slice(16) }),
    ),
    bad('a text without an epoch', wireOf(signed(bob, bare, NONE))),
    bad(
      'an epoch that is not in the past',
      text(after(bob, at.bob1), { epoch: second.id, gen: 0 }),
    ),
    bad('an epoch without the author', text(after(cleo, at.plain), { epoch: first.id, gen: 0 })),
    bad('the same generation again', text(after(bob, at.bob6), { epoch: merge.id, gen: 0 })),
    bad('a generation left out', text(after(bob, at.bob6), { epoch: merge.id, gen: 2 })),
    bad('a new epoch not from 0', text(after(ada, at.last), { epoch: merge.id, gen: 1 })),
    bad('an epoch that was left', text(after(bob, at.bob6), { epoch: rival.id, gen: 0 })),
    bad('a Meta by a member', wireOf(metaOn(after(cleo, at.plain), named, rename).message)),
    bad(
      'a Meta in another epoch than its past has',
      wireOf(metaOn(standOn(ada, at.ada2, []), named, rename).message),
    ),
    bad('an epoch before the current one', text(after(bob, at.bob6), { epoch: second.id, gen: 0 })),
  ]
}

function badBodies(): Bad[] {
  const { ada, bob, cleo } = authors
  const type = MessageType.genesis
  const stand = standOn(bob, at.bob6, [])
  const view = viewOn(stand)
  const start = standOn(ada, undefined, [])
  const genesis = { constitution: club.bytes, prekey: prekeyOf('again') }
  const other = { ...genesis, constitution: withField(club.bytes, 4, 'other') }
  const join = encodeJoin({ admission: cleo.admission, prekey: prekeyOf('again') })
  const foreign = encodeJoin({ admission: bytesOf('other'), prekey: prekeyOf('again') })
  const weak = encodePrekey({ prekey: new Uint8Array(32), mailbox: NONE })
  const joining = standOn(cleo, undefined, [at.second.message])
  const attest = (change: object): Envelope =>
    altered(stand, MessageType.attest, encodeAttest({ ...view, ...change }), {})
  return [
    bad('a body that is none', altered(stand, MessageType.prekey, encode([1]), {})),
    bad('a prekey of small order', altered(stand, MessageType.prekey, weak, {})),
    bad(
      'a Genesis on something',
      altered(standOn(ada, undefined, [at.genesis]), type, encodeGenesis(genesis), {}),
    ),
    bad('a Genesis of another group', altered(start, type, encodeGenesis(other), {})),
    bad(
      'a Join on nothing',
      altered(
        standOn(bob, undefined, []),
        0,
        encodeJoin({ admission: bob.admission, prekey: prekeyOf('again') }),
        {},
      ),
    ),
    bad('a Join by nobody yet', altered(standOn(cleo, undefined, []), 0, join, {})),
    bad('a Join for another request', altered(joining, 0, foreign, {})),
    bad('another membership', attest({ membershipHash: bytesOf('other') })),
    bad('another number of members', attest({ count: 2 })),
    bad('another view', attest({ view: bytesOf('other') })),
  ]
}

function badAdds(): Bad[] {
  const { ada, bob: leader, cleo } = authors
  const dora = people[2] ?? bob
  const add = (author: Author, prev: Message, encoded: Bytes): Envelope => {
    const stand = standOn(author, prev, [])
    const body = encodeAdd({ request: encoded, view: viewOn(stand).view })
    return altered(stand, MessageType.add, body, {})
  }
  const again = { ...dora, ticket, nonce: bytesOf('another nonce').slice(0, 16) }
  const elsewhere = { ...again, ticket: { ...ticket, group: bytesOf('other') } }
  const taken = { ...again, memberGroupId: bob.memberGroupId }
  const fresh = { ...again, memberGroupId: 7 }
  const lying = standOn(ada, at.last, [])
  const body = encodeAdd({
    request: createJoinRequest(crypto, fresh).bytes,
    view: bytesOf('other'),
  })
  return [
    bad('an Add by a member', add(cleo, at.plain, createJoinRequest(crypto, fresh).bytes)),
    bad('an Add with a damaged request', add(ada, at.last, lastFlipped(request.bytes))),
    bad(
      'an Add with a request for another group',
      add(ada, at.last, createJoinRequest(crypto, elsewhere).bytes),
    ),
    bad('an Add of a member', add(leader, at.bob6, request.bytes)),
    bad(
      'an Add with a memberGroupId in use',
      add(ada, at.last, createJoinRequest(crypto, taken).bytes),
    ),
    bad('an Add with another view', altered(lying, MessageType.add, body, {})),
  ]
}

function badEpochs(): Bad[] {
  const { ada, cleo } = authors
  const stand = standOn(ada, at.add, [])
  const { body, seals } = epochOn(stand, 'a bad epoch')
  const { view } = viewOn(stand)
  const epoch = (change: Partial<typeof body>, rest: object = {}, on = stand): Envelope => {
    const encoded = encodeEpochBody({ ...body, ...change })
    const message = encodeEpochMessage({ epoch: encoded, seals, view, ...rest })
    return altered(on, MessageType.epoch, message, {})
  }
  const [one, ...others] = body.recipients
  const prekeys = one === undefined ? [] : [{ ...one, prekeyId: bytesOf('other') }, ...others]
  const idle = standOn(ada, at.second.message, [])
  return [
    bad('an epoch by a member', epoch({}, {}, standOn(cleo, at.plain, []))),
    bad('an epoch on another head', epoch({ parents: [bytesOf('other')] })),
    bad('an epoch without a parent', epoch({ parents: [], depth: 1 })),
    bad('an epoch too deep', epoch({ depth: 3 })),
    bad('an epoch for another membership', epoch({ membershipHash: bytesOf('other') })),
    bad('an epoch that leaves somebody out', epoch({ recipients: others })),
    bad('an epoch for an old prekey', epoch({ recipients: prekeys })),
    bad('a seal too few', epoch({}, { seals: seals.slice(1) })),
    bad('another reason', epoch({ reason: { code: 2, id: NONE } })),
    bad('a reason of a later version', epoch({ reason: { code: 3, id: NONE } })),
    bad('no reason at all', noReason(idle)),
    bad('an epoch with another view', epoch({}, { view: bytesOf('other') })),
  ]
}

/** A well-formed epoch where nothing asks for one. */
function noReason(stand: Stand): Envelope {
  const { body, seals } = epochOn(standOn(authors.ada, at.add, []), 'a bad epoch')
  const plan = { ...body, parents: [at.second.id], depth: 3 }
  const encoded = encodeEpochBody(plan)
  const { view } = viewOn(stand)
  const message = encodeEpochMessage({ epoch: encoded, seals, view })
  return altered(stand, MessageType.epoch, message, {})
}
