// Vectors of evidence and of proofs: an author of the message vectors who used a number twice, a member who
// did, how both are shown to members (type 11) and to strangers, and what shows nothing.

import type { Bytes } from '../../src/base/bytes.ts'
import { encode } from '../../src/codec/canonical.ts'
import type { Proof } from '../../src/core/equivocation/proof.ts'
import { encodeProof, verifyProof } from '../../src/core/equivocation/proof.ts'
import type { Side } from '../../src/core/evidence/evidence.ts'
import { encodeEvidence, inOrder, readEvidence } from '../../src/core/evidence/evidence.ts'
import type { Message } from '../../src/core/message/message.ts'
import { MessageType } from '../../src/core/message/type.ts'
import { verdictOn } from './ledger.ts'
import { wireOf } from './message.ts'
import { NONE, bytesOf, club, crypto, lastFlipped, valueOf, withField } from './people.ts'
import type { Author } from './transcript.ts'
import { at, authors, draftOn, ledger, signed, standOn } from './transcript.ts'

/** A side: headers from a signed one down to the one in dispute. */
const side = (...messages: readonly [Message, ...Message[]]): Side => ({
  headers: messages.map(({ headerBytes }) => headerBytes),
  signature: messages[0].signature,
})

const evidenceOf = (a: Side, b: Side): Bytes => encodeEvidence(inOrder(crypto, a, b))

/** Written as it stands, in whatever order. */
const asWritten = (a: Side, b: Side): Bytes => encodeEvidence({ sides: [a, b] })

/** Two plain messages of the member under one number. */
const [one, other] = [1, 2].map((byte) =>
  signed(authors.cleo, draftOn(standOn(authors.cleo, at.plain, []), 200), Uint8Array.of(byte)),
) as [Message, Message]

const ofLeader = evidenceOf(side(at.bob5), side(at.fork))
const ofMember = evidenceOf(side(one), side(other))

const charges = [
  { what: 'two signed headers', encoded: ofLeader },
  { what: 'one below a later header', encoded: evidenceOf(side(at.bob6, at.bob5), side(at.fork)) },
  { what: 'of a member', encoded: ofMember },
].map(({ what, encoded }) => {
  const { group, memberBytes, counter, ids, signed: over } = valueOf(readEvidence(crypto, encoded))
  return { what, group, member: memberBytes, counter, ids, signed: over, encoded }
})

/** An Evidence message on the last of the transcript. */
function evidenceMessage(author: Author, prev: Message, body: Bytes) {
  const stand = standOn(author, prev, [])
  const message = signed(author, draftOn(stand, MessageType.evidence), body)
  const { header, signature } = wireOf(message)
  return {
    header,
    signature,
    body,
    id: message.idBytes,
    reason: verdictOn(ledger, wireOf(message)),
  }
}

/** The same two headers said of another group. */
function elsewhere(): Bytes {
  const pair = [at.bob5, at.fork].map(({ header, body }) => {
    const { bodyLength: _, bodyHash: __, ...draft } = header
    return signed(authors.bob, { ...draft, group: bytesOf('other') }, body)
  }) as [Message, Message]
  return evidenceOf(side(pair[0]), side(pair[1]))
}

function messages() {
  const say = (what: string, body: Bytes) => ({
    what,
    ...evidenceMessage(authors.ada, at.after, body),
  })
  const forged = { ...side(at.fork), signature: at.bob5.signature }
  return [
    say('evidence', ofLeader),
    say('evidence against a member', ofMember),
    say('evidence with a foreign signature', evidenceOf(side(at.bob5), forged)),
    say('evidence of another group', elsewhere()),
    { what: 'evidence against oneself', ...evidenceMessage(authors.bob, at.bob6, ofLeader) },
  ]
}

const admission = (...headers: readonly [Message, ...Message[]]) => ({
  side: side(...headers),
  body: at.add.body,
})

type Told = Proof & { readonly what: string }

const proofs: readonly [Told, Told, Told] = [
  { what: 'of a leader', constitution: club.bytes, admission: undefined, evidence: ofLeader },
  {
    what: 'of a member',
    constitution: club.bytes,
    admission: admission(at.add),
    evidence: ofMember,
  },
  {
    what: 'of a member, by an AddMember below a later header',
    constitution: club.bytes,
    admission: admission(at.second.message, at.add),
    evidence: ofMember,
  },
]

function badProofs() {
  const [leader, member] = proofs
  const encoded = encodeProof(leader)
  const changed = { side: side(at.add), body: lastFlipped(at.add.body) }
  const forged = { ...side(other), signature: one.signature }
  return [
    { what: 'version 2', encoded: withField(encoded, 0, 2) },
    { what: 'a field less', encoded: encode([1, leader.constitution, []]) },
    {
      what: 'another group',
      encoded: encodeProof({ ...leader, constitution: withField(club.bytes, 4, 'other') }),
    },
    {
      what: 'a member without an AddMember',
      encoded: encodeProof({ ...member, admission: undefined }),
    },
    {
      what: 'an AddMember that was changed',
      encoded: encodeProof({ ...member, admission: changed }),
    },
    {
      what: 'a foreign signature',
      encoded: encodeProof({ ...member, evidence: evidenceOf(side(one), forged) }),
    },
    {
      what: 'one message twice',
      encoded: encodeProof({ ...leader, evidence: asWritten(side(one), side(one)) }),
    },
  ].map((bad) => ({ ...bad, reason: reasonOf(verifyProof(crypto, bad.encoded)) }))
}

function badEvidence() {
  const [low, high] = inOrder(crypto, side(at.bob5), side(at.fork)).sides
  return [
    { what: 'one side', encoded: encode([[[...low.headers], low.signature]]) },
    { what: 'no header', encoded: asWritten({ headers: [], signature: low.signature }, high) },
    { what: 'headers that do not follow', encoded: asWritten(side(at.bob6, at.bob4), high) },
    { what: 'the sides the other way about', encoded: asWritten(high, low) },
    { what: 'two authors', encoded: evidenceOf(side(at.bob5), side(at.ada2)) },
    { what: 'two numbers', encoded: evidenceOf(side(at.bob5), side(at.bob4)) },
    { what: 'half a signature', encoded: asWritten({ ...low, signature: NONE }, high) },
  ].map((bad) => ({ ...bad, reason: reasonOf(readEvidence(crypto, bad.encoded)) }))
}

function reasonOf(outcome: { ok: true } | { ok: false; error: string }): string {
  if (outcome.ok) throw new Error('a bad vector was taken')
  return outcome.error
}

export function evidenceVectors() {
  return {
    devices: Object.values(authors).map(({ person, member }) => ({
      name: person.name,
      member,
      deviceSeed: person.seeds.device,
    })),
    charges,
    messages: messages(),
    proofs: proofs.map((proof) => {
      const encoded = encodeProof(proof)
      const { accused, counter, ids, constitution } = valueOf(verifyProof(crypto, encoded))
      return {
        what: proof.what,
        group: constitution.group,
        member: accused.memberBytes,
        device: accused.device,
        counter,
        ids,
        evidence: proof.evidence,
        encoded,
      }
    }),
    badEvidence: badEvidence(),
    badProofs: badProofs(),
  }
}
