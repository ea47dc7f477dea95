/**
 * A proof for strangers: evidence, with what ties the accused to its group. Whoever holds these bytes and
 * nothing else can check that somebody whom a leader of that group let in, or who is one, signed two
 * messages under one number. The constitution names the group by its hash, the leaders by their cards;
 * an AddMember by one of them names everybody else.
 *
 *   [1, constitution, [] | [[header, ...], signature, body], evidence]
 *                          the AddMember, below a header that its author signed
 */
import type { Bytes } from '../../base/bytes.ts'
import { EMPTY, equal } from '../../base/bytes.ts'
import {
  BODY_BYTES_MAX,
  EVIDENCE_BYTES_MAX,
  EVIDENCE_PATH_MAX,
  HEADER_BYTES_MAX,
  PROOF_BYTES_MAX,
} from '../../base/limits.ts'
import type { Result } from '../../base/result.ts'
import { fail, ok } from '../../base/result.ts'
import { encode } from '../../codec/canonical.ts'
import { bytes, bytesUpTo, exactly, list, parse, tuple } from '../../codec/shape.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import type { Constitution } from '../constitution/constitution.ts'
import { parseConstitution } from '../constitution/constitution.ts'
import type { Side } from '../evidence/evidence.ts'
import { chargeHolds, readEvidence, readSide } from '../evidence/evidence.ts'
import { requestFacts, seatFacts } from '../membership/facts.ts'
import type { MemberFacts } from '../membership/roster.ts'
import { parseAdd } from '../message/bodies.ts'
import { bodyHashOf, hexOf } from '../message/header.ts'
import { verifyId } from '../message/message.ts'
import { MessageType } from '../message/type.ts'

/** The AddMember that let the accused in; a leader needs none. */
export interface Admission {
  readonly side: Side
  readonly body: Bytes
}

export interface Proof {
  readonly constitution: Bytes
  readonly admission: Admission | undefined
  readonly evidence: Bytes
}

/** What a proof shows. */
export interface Proven {
  readonly constitution: Constitution
  readonly accused: MemberFacts
  /** The number that was used twice. */
  readonly counter: number
  readonly ids: readonly [Bytes, Bytes]
}

const headers = list(bytesUpTo(HEADER_BYTES_MAX), { max: EVIDENCE_PATH_MAX })
const admissionShape = tuple(headers, bytes(64), bytesUpTo(BODY_BYTES_MAX))
const shape = tuple(
  exactly(1),
  bytesUpTo(BODY_BYTES_MAX),
  list(admissionShape, { max: 1 }),
  bytesUpTo(EVIDENCE_BYTES_MAX),
)

export const encodeProof = ({ constitution, admission, evidence }: Proof): Bytes =>
  encode([
    1,
    constitution,
    admission === undefined
      ? []
      : [[[...admission.side.headers], admission.side.signature, admission.body]],
    evidence,
  ])

/**
 * Checks a proof with nothing but itself. Reasons: `proof-malformed`, those of a constitution (SPEC §4) and
 * of evidence, `proof-group`, `proof-admission`, `evidence-signature`.
 */
export const verifyProof = (crypto: Crypto, encoded: Bytes): Result<Proven> => {
  const parsed = parse(shape, encoded, { maxBytes: PROOF_BYTES_MAX })
  if (!parsed.ok) return fail('proof-malformed')
  const [, constitutionBytes, [added], evidence] = parsed.value
  const constitution = parseConstitution(crypto, constitutionBytes)
  if (!constitution.ok) return constitution
  const charge = readEvidence(crypto, evidence)
  if (!charge.ok) return charge
  if (!equal(charge.value.group, constitution.value.group)) return fail('proof-group')
  const leaders = constitution.value.leaders.map((seat) => seatFacts(crypto, seat))
  const [path, signature, body] = added ?? [[], EMPTY, EMPTY]
  const admission = added && { side: { headers: path, signature }, body }
  const accused =
    leaders.find(({ member }) => member === charge.value.member) ??
    (admission && admitted(crypto, constitution.value, leaders, admission))
  if (accused?.member !== charge.value.member) return fail('proof-admission')
  if (!chargeHolds(crypto, accused.device, charge.value)) return fail('evidence-signature')
  const { counter, ids } = charge.value
  return ok({ constitution: constitution.value, accused, counter, ids })
}

/** Whom an AddMember lets in, if a leader wrote it. */
const admitted = (
  crypto: Crypto,
  { group }: Constitution,
  leaders: readonly MemberFacts[],
  { side, body }: Admission,
): MemberFacts | undefined => {
  const read = readSide(crypto, side)
  if (!read.ok) return undefined
  const { last, signed } = read.value
  const leader = leaders.find(({ member }) => member === hexOf(last.member))
  const holds =
    leader !== undefined &&
    last.type === MessageType.add &&
    equal(last.group, group) &&
    equal(last.bodyHash, bodyHashOf(crypto, body)) &&
    verifyId(crypto, leader.device, signed.id, signed.signature)
  const add = holds ? parseAdd(body) : undefined
  if (add?.ok !== true) return undefined
  const facts = requestFacts(crypto, group, add.value.request)
  return facts.ok ? facts.value : undefined
}
