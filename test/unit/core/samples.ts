// One valid specimen of each object, all belonging to one group: for tests that attack them.
import { utf8 } from '../../../src/base/bytes.ts'
import { placeOf } from '../../../src/core/epoch/body.ts'
import { sealEnvelope } from '../../../src/core/epoch/envelope.ts'
import { chainKeyOf, messageKeyOf, prkOf, textKeysOf } from '../../../src/core/epoch/schedule.ts'
import { mintEpoch } from '../../../src/core/epoch/seal.ts'
import { encodeContent, sealText } from '../../../src/core/epoch/text.ts'
import { createJoinRequest } from '../../../src/core/membership/join-request.ts'
import { type Ticket, ticketText } from '../../../src/core/membership/ticket.ts'
import { sealWelcome } from '../../../src/core/membership/welcome.ts'
import { signPresence } from '../../../src/core/presence/presence.ts'
import { signReachRecord } from '../../../src/core/presence/reach-record.ts'
import { accessKeyOf, bytesOf, crypto, entropy, groupOf, person, valueOf } from './people.ts'

const club = groupOf('club', 'ada', 'bob')
const cleo = person('cleo')
const seed = person('ada').seeds.device
const { group } = club
const leader = club.leaders[0]!

const ticket: Ticket = {
  group,
  issuer: leader.member,
  introducers: ['/ip4/192.0.2.1/tcp/4001/p2p/12D3KooWQYV9dGMFoRzNStwpXztXaBUjtPqi6aU76ZgUriHhKust'],
  inviteId: bytesOf('invite').slice(0, 16),
  inviteSecret: bytesOf('secret'),
  expiresMs: 1_800_000_000_000,
  uses: 1,
}
const nonce = bytesOf('nonce').slice(0, 16)
const request = createJoinRequest(crypto, { ...cleo, ticket, nonce })
const recipient = { group, admission: request.admission, prekey0: cleo.prekey0 }
const { member } = request

const epoch = mintEpoch(entropy('epoch'), seed, {
  group,
  parents: [],
  depth: 1,
  membershipHash: bytesOf('members'),
  recipients: [
    { member, prekey: cleo.prekey0 },
    { member: leader.member, prekey: leader.card.prekey0 },
  ],
  reason: { code: 1, id: new Uint8Array(0) },
})
const prk = prkOf(crypto, epoch.id, epoch.secret)
const messageKey = messageKeyOf(crypto, chainKeyOf(crypto, prk, member))
const salt = bytesOf('salt').slice(0, 16)
const keys = textKeysOf(crypto, messageKey, salt)
const prefix = bytesOf('prefix')
const content = valueOf(encodeContent({ contentType: 'text/plain', payload: utf8('hello') }))
const body = sealText(crypto, keys, prefix, content)
const envKey = bytesOf('env')
const pushed = { header: bytesOf('header'), signature: new Uint8Array(64), body }

export const samples = {
  group,
  member,
  recipient,
  prekeySecret: cleo.prekeySecret,
  ticket,
  ticketText: ticketText(crypto, ticket),
  deviceList: request.deviceList,
  card: leader.card.bytes,
  request: request.bytes,
  constitution: club.bytes,
  welcome: sealWelcome(entropy('welcome'), seed, recipient, {
    constitution: club.bytes,
    accessKey: accessKeyOf('club'),
    add: bytesOf('add'),
    heads: [bytesOf('head')],
    reachRecords: [],
  }),
  epoch,
  seal: epoch.seals[placeOf(epoch.body, member)]!,
  text: { messageKey, salt, keyCommit: keys.keyCommit, prefix, body },
  envKey,
  envelope: valueOf(
    sealEnvelope(entropy('envelope'), envKey, { kind: 'messages', messages: [pushed], told: [7] }),
  ),
  /** The key under which presence and reach record hold. */
  device: crypto.edPublicKey(seed),
  presence: signPresence(crypto, seed, {
    group,
    member,
    bootNonce: nonce,
    seq: 3,
    head: bytesOf('head'),
  }),
  reachRecord: signReachRecord(crypto, seed, {
    group,
    member,
    seq: 3,
    addresses: ticket.introducers,
    sentMs: 12,
  }),
}
