/**
 * The proof that somebody lied: two headers of one author under one counter, each signed, or reached
 * from a signed one by ids that chain. Headers tell no content, and nothing here needs more than the
 * author's device key, so anybody can check it anywhere. After SUNDR and the chat-log blame of np1sec.
 *
 *   side   head* -> ... -> header under the counter       * signed; each names the next as its prev
 *   body   [side, side]   both end under one counter, with different ids
 */
import type { Bytes } from '../../base/bytes.ts'
import { compare, equal } from '../../base/bytes.ts'
import { EVIDENCE_BYTES_MAX, EVIDENCE_PATH_MAX, HEADER_BYTES_MAX } from '../../base/limits.ts'
import type { Result } from '../../base/result.ts'
import { fail, ok } from '../../base/result.ts'
import { encode } from '../../codec/canonical.ts'
import { bytes, bytesUpTo, list, parse, tuple } from '../../codec/shape.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import type { Header, Hex } from '../message/header.ts'
import { hexOf, idOf, parseHeader } from '../message/header.ts'
import { verifyId } from '../message/message.ts'

/** One of the two: headers from a signed one down to the one in dispute, and that signature. */
export interface Side {
  readonly headers: readonly Bytes[]
  readonly signature: Bytes
}

/** The two sides, by the id of the header in dispute. */
export interface Evidence {
  readonly sides: readonly [Side, Side]
}

/** What a well-formed proof says; whether the signatures hold is asked apart. */
export interface Charge {
  readonly group: Bytes
  /** Who is accused. */
  readonly member: Hex
  readonly memberBytes: Bytes
  readonly counter: number
  /** The ids in dispute, ascending. */
  readonly ids: readonly [Bytes, Bytes]
  /** What each signature is over. */
  readonly signed: readonly [SignedId, SignedId]
}

export interface SignedId {
  readonly id: Bytes
  readonly signature: Bytes
}

const sideShape = tuple(list(bytesUpTo(HEADER_BYTES_MAX), { max: EVIDENCE_PATH_MAX }), bytes(64))
const shape = tuple(sideShape, sideShape)

export const encodeEvidence = ({ sides }: Evidence): Bytes =>
  encode(sides.map(({ headers, signature }) => [[...headers], signature]))

/** The id in dispute of a side: that of its last header. */
export const disputed = (crypto: Crypto, { headers }: Side): Bytes =>
  idOf(crypto, headers.at(-1) ?? new Uint8Array())

/** Two sides in the order in which they are written. */
export const inOrder = (crypto: Crypto, a: Side, b: Side): Evidence => ({
  sides: compare(disputed(crypto, a), disputed(crypto, b)) < 0 ? [a, b] : [b, a],
})

export interface ReadSide {
  readonly last: Header
  readonly id: Bytes
  readonly signed: SignedId
}

/** Each header is the one that the header before it names as its author's message before. */
export const readSide = (crypto: Crypto, { headers, signature }: Side): Result<ReadSide> => {
  let above: Header | undefined
  let id: Bytes | undefined
  let signed: Bytes | undefined
  for (const encoded of headers) {
    const header = parseHeader(encoded)
    if (!header.ok) return header
    id = idOf(crypto, encoded)
    const follows =
      above === undefined ||
      (equal(above.prev, id) &&
        equal(above.member, header.value.member) &&
        above.counter === header.value.counter + 1)
    if (!follows) return fail('evidence-path')
    above = header.value
    signed ??= id
  }
  if (above === undefined || id === undefined || signed === undefined) return fail('evidence-path')
  return ok({ last: above, id, signed: { id: signed, signature } })
}

/** Reads a proof and checks all of it but the signatures. */
export const readEvidence = (crypto: Crypto, body: Bytes): Result<Charge> => {
  const parsed = parse(shape, body, { maxBytes: EVIDENCE_BYTES_MAX })
  if (!parsed.ok) return fail('body-malformed')
  const sides = parsed.value.map(([headers, signature]) => readSide(crypto, { headers, signature }))
  const [a, b] = sides
  if (a?.ok !== true) return a ?? fail('body-malformed')
  if (b?.ok !== true) return b ?? fail('body-malformed')
  const [one, two] = [a.value, b.value]
  const paired =
    equal(one.last.member, two.last.member) &&
    equal(one.last.group, two.last.group) &&
    one.last.counter === two.last.counter &&
    compare(one.id, two.id) < 0
  if (!paired) return fail('evidence-pair')
  return ok({
    group: one.last.group,
    member: hexOf(one.last.member),
    memberBytes: one.last.member,
    counter: one.last.counter,
    ids: [one.id, two.id],
    signed: [one.signed, two.signed],
  })
}

/** Whether the accused signed both sides. */
export const chargeHolds = (crypto: Crypto, device: Bytes, { signed }: Charge): boolean =>
  signed.every(({ id, signature }) => verifyId(crypto, device, id, signature))
