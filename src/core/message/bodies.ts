/**
 * The public bodies, field by field. Objects that other ideas own (a join request, a constitution,
 * an epoch) travel here as opaque bytes and are read where they belong.
 */
import type { Bytes } from '../../base/bytes.ts'
import { EMPTY } from '../../base/bytes.ts'
import { BODY_BYTES_MAX, MEMBERS_MAX, TEXT_FIELD_BYTES_MAX } from '../../base/limits.ts'
import type { Result } from '../../base/result.ts'
import { fail, ok } from '../../base/result.ts'
import { encode } from '../../codec/canonical.ts'
import {
  bytes,
  bytesOrNone,
  bytesUpTo,
  flag,
  list,
  parse,
  textUpTo,
  tuple,
  u32,
  uint,
} from '../../codec/shape.ts'

/** Type 0. `admission` is the hash of the join request or card that `prev` names too. */
export interface JoinBody {
  readonly admission: Bytes
  readonly prekey: Bytes
}
/** Type 1. */
export interface GenesisBody {
  readonly constitution: Bytes
  readonly prekey: Bytes
}
/** Type 3: the comparable statement of the author's past. */
export interface AttestBody {
  readonly membershipHash: Bytes
  readonly count: number
  readonly view: Bytes
}
/** Type 4. */
export interface AddBody {
  readonly request: Bytes
  readonly view: Bytes
}
/** Whom a Remove names. */
export const RemoveScope = {
  /** One member, for ever. */
  member: 1,
  /** Every member of an account whose Add does not build on the Remove. */
  account: 2,
} as const
/** Type 5. */
export interface RemoveBody {
  readonly scope: number
  /** A memberId or an account, by scope. */
  readonly target: Bytes
  /** The Evidence message that caused it, or empty. */
  readonly evidence: Bytes
  readonly view: Bytes
}
/** Type 6. */
export interface LeaveBody {
  readonly reason: string
}
/** Type 7: epochs are sealed to a dormant member no more, until it posts a prekey. */
export interface DormantBody {
  readonly member: Bytes
  readonly on: boolean
}
/** Why somebody asks for a new epoch. */
export const RekeyCode = { compromise: 1, complaint: 2, manual: 3, age: 4 } as const
/** Type 10. `epoch` is the one complained about, and empty for every other reason. */
export interface RekeyRequestBody {
  readonly code: number
  readonly epoch: Bytes
}
/** Type 8. `seals` stand in the order of the epoch's recipients. */
export interface EpochMessageBody {
  readonly epoch: Bytes
  readonly seals: readonly Bytes[]
  readonly view: Bytes
}
/** Type 9. */
export interface PrekeyBody {
  readonly prekey: Bytes
  readonly mailbox: Bytes
}

/** An HPKE encapsulation and 32 sealed bytes with their tag. */
const SEAL_BYTES = 80

const joinShape = tuple(bytes(32), bytes(32))
const genesisShape = tuple(bytesUpTo(BODY_BYTES_MAX), bytes(32))
const attestShape = tuple(bytes(32), u32, bytes(32))
const addShape = tuple(bytesUpTo(BODY_BYTES_MAX), bytes(32))
const removeShape = tuple(uint(2), bytes(32), bytesOrNone(32), bytes(32))
const leaveShape = tuple(textUpTo(TEXT_FIELD_BYTES_MAX))
const dormantShape = tuple(bytes(32), flag)
const rekeyShape = tuple(uint(RekeyCode.age), bytesOrNone(32))
const epochShape = tuple(
  bytesUpTo(2 * BODY_BYTES_MAX),
  list(bytes(SEAL_BYTES), { max: MEMBERS_MAX }),
  bytes(32),
)
const prekeyShape = tuple(bytes(32), bytesUpTo(256))

export const encodeJoin = (body: JoinBody): Bytes => encode([body.admission, body.prekey])
export const encodeGenesis = (body: GenesisBody): Bytes => encode([body.constitution, body.prekey])
export const encodeAttest = (body: AttestBody): Bytes =>
  encode([body.membershipHash, body.count, body.view])
export const encodeAdd = (body: AddBody): Bytes => encode([body.request, body.view])
export const encodeRemove = (body: RemoveBody): Bytes =>
  encode([body.scope, body.target, body.evidence, body.view])
export const encodeLeave = (body: LeaveBody): Bytes => encode([body.reason])
export const encodeDormant = (body: DormantBody): Bytes => encode([body.member, body.on ? 1 : 0])
export const encodeRekeyRequest = (body: RekeyRequestBody): Bytes => encode([body.code, body.epoch])
export const encodeEpochMessage = (body: EpochMessageBody): Bytes =>
  encode([body.epoch, [...body.seals], body.view])
export const encodePrekey = (body: PrekeyBody): Bytes => encode([body.prekey, body.mailbox])

const malformed = fail('body-malformed')

export const parseJoin = (body: Bytes): Result<JoinBody> => {
  const parsed = parse(joinShape, body)
  return parsed.ok ? ok({ admission: parsed.value[0], prekey: parsed.value[1] }) : malformed
}

export const parseGenesis = (body: Bytes): Result<GenesisBody> => {
  const parsed = parse(genesisShape, body)
  return parsed.ok ? ok({ constitution: parsed.value[0], prekey: parsed.value[1] }) : malformed
}

export const parseAttest = (body: Bytes): Result<AttestBody> => {
  const parsed = parse(attestShape, body)
  if (!parsed.ok) return malformed
  return ok({ membershipHash: parsed.value[0], count: parsed.value[1], view: parsed.value[2] })
}

export const parseAdd = (body: Bytes): Result<AddBody> => {
  const parsed = parse(addShape, body)
  return parsed.ok ? ok({ request: parsed.value[0], view: parsed.value[1] }) : malformed
}

export const parseRemove = (body: Bytes): Result<RemoveBody> => {
  const parsed = parse(removeShape, body)
  if (!parsed.ok || parsed.value[0] === 0) return malformed
  const [scope, target, evidence, view] = parsed.value
  return ok({ scope, target, evidence: evidence ?? EMPTY, view })
}

export const parseLeave = (body: Bytes): Result<LeaveBody> => {
  const parsed = parse(leaveShape, body)
  return parsed.ok ? ok({ reason: parsed.value[0] }) : malformed
}

export const parseDormant = (body: Bytes): Result<DormantBody> => {
  const parsed = parse(dormantShape, body)
  return parsed.ok ? ok({ member: parsed.value[0], on: parsed.value[1] }) : malformed
}

export const parseRekeyRequest = (body: Bytes): Result<RekeyRequestBody> => {
  const parsed = parse(rekeyShape, body)
  if (!parsed.ok) return malformed
  const [code, epoch = EMPTY] = parsed.value
  const complains = code === RekeyCode.complaint
  return code === 0 || complains !== epoch.length > 0 ? malformed : ok({ code, epoch })
}

export const parseEpochMessage = (body: Bytes): Result<EpochMessageBody> => {
  const parsed = parse(epochShape, body)
  if (!parsed.ok) return malformed
  return ok({ epoch: parsed.value[0], seals: parsed.value[1], view: parsed.value[2] })
}

export const parsePrekey = (body: Bytes): Result<PrekeyBody> => {
  const parsed = parse(prekeyShape, body)
  return parsed.ok ? ok({ prekey: parsed.value[0], mailbox: parsed.value[1] }) : malformed
}
