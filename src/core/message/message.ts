/**
 * One message as it travels and as it is kept: header, signature, body, with the id computed once.
 * The received bytes are the truth: they are stored as they came and never encoded anew.
 */
import type { Bytes } from '../../base/bytes.ts'
import { EMPTY, equal } from '../../base/bytes.ts'
import { BODY_BYTES_MAX, EPOCH_MESSAGE_BYTES_MAX } from '../../base/limits.ts'
import { fail, ok } from '../../base/result.ts'
import type { Result } from '../../base/result.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import { labelled, labels } from '../../crypto/label.ts'
import type { Header, HeaderDraft, Hex } from './header.ts'
import { bodyHashOf, encodeHeader, encodePrefix, hexOf, idOf, parseHeader } from './header.ts'
import { MessageType } from './type.ts'

export interface Message {
  readonly header: Header
  readonly headerBytes: Bytes
  readonly idBytes: Bytes
  readonly id: Hex
  readonly member: Hex
  /** Id of the author's message before; undefined for counter 0. */
  readonly prev: Hex | undefined
  /** Ids of the dependencies, in the header's order. */
  readonly deps: readonly Hex[]
  /** Id of the epoch that seals the body, or ''. */
  readonly epoch: Hex
  /** 64 bytes, or empty where a later message of the same chain vouches for this one. */
  readonly signature: Bytes
  readonly body: Bytes
}

/** What travels where a message travels alone. */
export interface Envelope {
  readonly header: Bytes
  readonly signature: Bytes
  readonly body: Bytes
}

/** Bytes that a body of a type may have. */
export const bodyLimit = (type: number): number =>
  type === MessageType.epoch ? EPOCH_MESSAGE_BYTES_MAX : BODY_BYTES_MAX

/** Reads a message that travelled alone; the signature is not checked here. */
export const parseMessage = (crypto: Crypto, wire: Envelope): Result<Message> => {
  const header = parseHeader(wire.header)
  if (!header.ok) return header
  const { type, bodyLength, bodyHash } = header.value
  if (wire.body.length > bodyLimit(type)) return fail('body-too-large')
  if (wire.body.length !== bodyLength) return fail('body-length')
  if (wire.signature.length !== 64 && wire.signature.length !== 0) return fail('signature-length')
  if (!equal(bodyHashOf(crypto, wire.body), bodyHash)) return fail('body-hash')
  const names = namesOf(header.value)
  return ok(assemble(crypto, header.value, wire.header, wire.signature, wire.body, names))
}

/** The ids in a header as they are looked up: whoever has them already need not spell them again. */
export type HeaderNames = Pick<Message, 'member' | 'prev' | 'deps' | 'epoch'>

const namesOf = (header: HeaderDraft): HeaderNames => ({
  member: hexOf(header.member),
  prev: header.counter === 0 ? undefined : hexOf(header.prev),
  deps: header.deps.map(hexOf),
  epoch: hexOf(header.epoch),
})

const assemble = (
  crypto: Crypto,
  header: Header,
  headerBytes: Bytes,
  signature: Bytes,
  body: Bytes,
  { member, prev, deps, epoch }: HeaderNames,
): Message => {
  const idBytes = idOf(crypto, headerBytes)
  const id = hexOf(idBytes)
  return { header, headerBytes, idBytes, id, member, prev, deps, epoch, signature, body }
}

export type { HeaderDraft }

/** Field by field, as `assemble` makes it: a spread is an object of another kind to the engine. */
export const withSignature = (message: Message, signature: Bytes): Message => {
  const { header, headerBytes, idBytes, id, member, prev, deps, epoch, body } = message
  return { header, headerBytes, idBytes, id, member, prev, deps, epoch, signature, body }
}

/** Rebuilds a message from its parts; the signature may be empty. */
export const buildMessage = (
  crypto: Crypto,
  draft: HeaderDraft,
  body: Bytes,
  signature: Bytes = EMPTY,
  names: HeaderNames = namesOf(draft),
): Message => {
  // Field by field: a spread of sixteen fields costs more than the hash of the body.
  const header: Header = {
    type: draft.type,
    group: draft.group,
    member: draft.member,
    memberGroupId: draft.memberGroupId,
    counter: draft.counter,
    prev: draft.prev,
    deps: draft.deps,
    lamport: draft.lamport,
    epoch: draft.epoch,
    gen: draft.gen,
    salt: draft.salt,
    sent: draft.sent,
    keyCommit: draft.keyCommit,
    bodyLength: body.length,
    bodyHash: bodyHashOf(crypto, body),
  }
  return assemble(crypto, header, encodeHeader(header), signature, body, names)
}

/** The prefix bytes of a draft: the associated data of a sealed body. */
export const prefixOf = (draft: HeaderDraft): Bytes => encodePrefix(draft)

const signatureInput = (idBytes: Bytes): Bytes => labelled(labels.messageSig, idBytes)

/** Builds and signs in one go. */
export const signMessage = (
  crypto: Crypto,
  deviceSeed: Bytes,
  draft: HeaderDraft,
  body: Bytes,
): Message => {
  const unsigned = buildMessage(crypto, draft, body)
  return withSignature(unsigned, crypto.sign(deviceSeed, signatureInput(unsigned.idBytes)))
}

/** Checks a signature over an id with the author's admitted device key. */
export const verifyId = (
  crypto: Crypto,
  devicePublic: Bytes,
  idBytes: Bytes,
  signature: Bytes,
): boolean =>
  signature.length === 64 && crypto.verify(devicePublic, signatureInput(idBytes), signature)
