// Vectors of the frames that follow a hello, and of the dialogue by which somebody is admitted.
// Each frame stands beside its fields; what is refused stands beside it.

import { signReceipt } from '../../src/core/attestation/receipt.ts'
import type { Bytes } from '../../src/base/bytes.ts'
import { encode } from '../../src/codec/canonical.ts'
import type { GroupFrame } from '../../src/core/anti-entropy/frames.ts'
import { writeGroupFrame } from '../../src/core/anti-entropy/frames.ts'
import { shownCardInput } from '../../src/core/endpoint/hosting.ts'
import type { JoinFrame } from '../../src/core/endpoint/join-frames.ts'
import { writeJoinFrame } from '../../src/core/endpoint/join-frames.ts'
import { signPresence } from '../../src/core/presence/presence.ts'
import { signReachRecord } from '../../src/core/presence/reach-record.ts'
import { compose } from './batch.ts'
import { NONE, ada, bytesOf, club, crypto, ticket } from './people.ts'
import { at, authors, request } from './transcript.ts'

const short = (word: string) => bytesOf(word).slice(0, 8)

const receiptOf = (view: Uint8Array): Uint8Array =>
  signReceipt(crypto, ada.seeds.device, {
    group: club.group,
    member: authors.ada.member,
    id: at.bob4.idBytes,
    view,
  })

export function syncFrameVectors() {
  const root = bytesOf('root')
  const record = signReachRecord(crypto, ada.seeds.device, {
    group: club.group,
    member: authors.ada.member,
    seq: 4,
    addresses: ticket.introducers,
    sentMs: 1_700_000_000_000,
  })
  const { signature } = at.bob4
  const presence = signPresence(crypto, ada.seeds.device, {
    group: club.group,
    member: authors.ada.member,
    bootNonce: bytesOf('boot').slice(0, 16),
    seq: 7,
    head: bytesOf('head'),
  })
  const entries = [
    { member: short('ada'), counter: 6, tip: short('ada tip') },
    { member: short('bob'), counter: 6, tip: short('bob tip') },
    { member: short('bob'), counter: 5, tip: short('bob other tip') },
  ]
  const frames: GroupFrame[] = [
    { kind: 'digest', index: 0, root, count: 18, answer: true },
    { kind: 'digest', index: 3, root, count: 18, answer: false },
    { kind: 'vector', index: 0, explicit: false, entries: [] },
    { kind: 'vector', index: 0, explicit: true, entries: entries.sort(byMemberThenTip) },
    { kind: 'batch', index: 0, batch: compose([[at.bob4]], [at.bob4], {}) },
    { kind: 'durable', index: 0, bytes: 163_840 },
    { kind: 'end', index: 0, root, count: 18 },
    { kind: 'reach', index: 0, records: [record] },
    { kind: 'request', index: 0, request: request.bytes },
    { kind: 'share-request', index: 0, request: bytesOf('stands for a request') },
    { kind: 'share', index: 0, request: root, epoch: NONE, code: 1, sealed: NONE },
    { kind: 'share', index: 0, request: root, epoch: root, code: 0, sealed: bytesOf('sealed') },
    { kind: 'ack-request', index: 0, id: at.bob4.idBytes, wanted: [1, 0x1d3f_92d1] },
    { kind: 'receipt', index: 0, receipt: receiptOf(root) },
    { kind: 'presence', index: 0, presence },
    { kind: 'gone', index: 0, header: at.bob4.headerBytes, signature, body: at.bob4.body },
  ]
  return {
    frames: frames.map((frame) => ({ ...frame, encoded: writeGroupFrame(frame) })),
    bad: badFrames(root, signature).map((one) => ({ ...one, reason: 'frame-malformed' })),
  }
}

const badFrames = (root: Bytes, signature: Bytes) => [
  { what: 'a digest without its flag', encoded: encode([16, 0, root, 18]) },
  { what: 'a flag of 2', encoded: encode([16, 0, root, 18, 2]) },
  { what: 'a root of 31 bytes', encoded: encode([16, 0, root.slice(1), 18, 1]) },
  {
    what: 'a whole member id in a vector',
    encoded: encode([17, 0, 0, [[root, 1, short('a')]]]),
  },
  { what: 'a batch of three lists', encoded: encode([18, 0, [[], [], []]]) },
  { what: 'a batch and one field more', encoded: encode([18, 0, [[], [], [], []], 0]) },
  { what: 'a credit of no number', encoded: encode([19, 0, NONE]) },
  { what: 'an end without a count', encoded: encode([20, 0, root]) },
  { what: 'a record as text', encoded: encode([21, 0, ['record']]) },
  { what: 'a request of 2,049 bytes', encoded: encode([22, 0, new Uint8Array(2049)]) },
  { what: 'an index of 33 bits', encoded: encode([19, 2 ** 32, 1]) },
  { what: 'a farewell without a body', encoded: encode([23, 0, NONE, signature]) },
  { what: 'a farewell that nobody signed', encoded: encode([23, 0, NONE, NONE, NONE]) },
  { what: 'a request for keys as text', encoded: encode([24, 0, 'request']) },
  { what: 'an answer of no epoch length', encoded: encode([25, 0, root, short('e'), 0, NONE]) },
  { what: 'an ack request of half an id', encoded: encode([26, 0, short('id'), []]) },
  { what: 'a receipt of 257 bytes', encoded: encode([27, 0, new Uint8Array(257)]) },
  { what: 'a presence of 2,049 bytes', encoded: encode([28, 0, new Uint8Array(2049)]) },
  { what: 'an unknown kind', encoded: encode([29, 0]) },
]

type Entry = Extract<GroupFrame, { kind: 'vector' }>['entries'][number]

const byMemberThenTip = (a: Entry, b: Entry): number =>
  Buffer.compare(a.member, b.member) || Buffer.compare(a.tip, b.tip)

export function joinFrameVectors() {
  const nonce = bytesOf('join nonce').slice(0, 16)
  const { admission } = authors.ada
  const input = shownCardInput(crypto, nonce, club.group, admission)
  const deviceSeed = ada.seeds.device
  const signature = crypto.sign(deviceSeed, input)
  const frames: JoinFrame[] = [
    { kind: 'nonce', nonce },
    { kind: 'request', request: request.bytes },
    { kind: 'cards', group: club.group, cards: [{ admission, signature }] },
    { kind: 'pending' },
    { kind: 'refused', code: 'TICKET_EXPIRED' },
    { kind: 'welcome', admission, sealed: bytesOf('stands for a sealed welcome') },
  ]
  return {
    shownCards: [
      { deviceSeed, nonce, group: club.group, admission, signedInput: input, signature },
    ],
    frames: frames.map((frame) => ({ ...frame, encoded: writeJoinFrame(frame) })),
    bad: [
      { what: 'a nonce of 15 bytes', encoded: encode([0, nonce.slice(1)]) },
      { what: 'no request', encoded: encode([1]) },
      { what: 'a request of 2,049 bytes', encoded: encode([1, new Uint8Array(2049)]) },
      { what: 'nine cards', encoded: encode([2, club.group, nineTimes([admission, signature])]) },
      { what: 'pending with a field', encoded: encode([3, 0]) },
      { what: 'a code of 65 bytes', encoded: encode([4, 'A'.repeat(65)]) },
      { what: 'a welcome for nobody', encoded: encode([5, NONE, NONE]) },
      { what: 'an unknown kind', encoded: encode([6]) },
      { what: 'no array', encoded: encode(3) },
    ].map((one) => ({ ...one, reason: 'join-malformed' })),
  }
}

const nineTimes = <T>(one: T): T[] => Array.from({ length: 9 }, () => one)
