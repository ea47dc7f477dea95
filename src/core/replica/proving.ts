/**
 * Puts together what a stranger needs to see that a member lied: the evidence as a coverer posted it, the
 * AddMember that let the accused in, below a header that its author signed, and the constitution. All of
 * it is in the store; what comes out was verified as a stranger would.
 */
import type { Bytes } from '../../base/bytes.ts'
import { toHex } from '../../base/bytes.ts'
import type { CommandResult } from '../command.ts'
import type { Failure } from '../effect.ts'
import type { Admission } from '../equivocation/proof.ts'
import { encodeProof, verifyProof } from '../equivocation/proof.ts'
import type { RosterChange } from '../membership/roster.ts'
import { failure } from '../failure.ts'
import type { Hex } from '../message/header.ts'
import { numberText } from '../message/header.ts'
import type { ControlEntry } from '../transcript/control-log.ts'
import { parseRecord } from '../transcript/row.ts'
import type { Turn } from '../turn.ts'
import { load } from '../turn.ts'
import type { ControlInfo } from '../validity/context.ts'
import { only } from '../storage.ts'
import { readSide } from './accuse.ts'
import { messageKey } from './rows.ts'
import type { Replica } from './state.ts'

type Proved = CommandResult['prove'] | Failure
type Entry = ControlEntry<ControlInfo>

const unproven = failure(
  'MESSAGE_UNKNOWN',
  'no evidence against that member is held here',
  'a member whom `coterie member list` shows as quarantined can be proven; sync first if it lies elsewhere',
)

const unheld = failure(
  'INTERNAL',
  'what ties the member to its group is not whole in the store',
  'ask another member for the proof',
)

/** The first control messages that say something of a kind about a member. */
const saying = (replica: Replica, is: (change: RosterChange) => boolean): Entry[] =>
  replica.transcript.control.entries.filter(
    ({ info }) => info.kind === 'roster' && info.changes.some(is),
  )

/** The proof against a member, of whatever evidence is held first. */
export const prove = (
  turn: Turn,
  replica: Replica,
  member: Hex,
  then: (turn: Turn, proved: Proved) => void,
): void => {
  const [evidence] = saying(replica, (one) => one.kind === 'accuse' && one.member === member)
  const [add] = saying(replica, (one) => one.kind === 'admit' && one.facts.member === member)
  if (evidence === undefined) return then(turn, unproven)
  readBody(turn, replica, evidence, (later, body) => {
    if (body === undefined) return then(later, unheld)
    const end = (at: Turn, admission: Admission | undefined): void =>
      then(at, proofOf(at, replica, body, admission))
    if (add === undefined) return end(later, undefined)
    readAdmission(later, replica, add, end)
  })
}

const proofOf = (
  turn: Turn,
  { constitution }: Replica,
  evidence: Bytes,
  admission: Admission | undefined,
): Proved => {
  const proof = encodeProof({ constitution: constitution.bytes, admission, evidence })
  const verified = verifyProof(turn.env.crypto, proof)
  if (!verified.ok) return unheld
  const { accused, counter, ids } = verified.value
  const number = numberText(accused.memberGroupId, counter)
  return { member: accused.member, number, ids: ids.map(toHex), proof }
}

const readBody = (
  turn: Turn,
  replica: Replica,
  { line, counter }: Entry,
  then: (turn: Turn, body: Bytes | undefined) => void,
): void => {
  load(turn, [only(messageKey(replica, line, counter))], (later, [rows]) => {
    const [row] = rows ?? []
    const record = row && parseRecord(row.value)
    then(later, record?.ok === true ? record.value.envelope.body : undefined)
  })
}

const readAdmission = (
  turn: Turn,
  replica: Replica,
  add: Entry,
  then: (turn: Turn, admission: Admission | undefined) => void,
): void => {
  const line = replica.transcript.lines[add.line]
  if (line === undefined) return then(turn, undefined)
  readBody(turn, replica, add, (later, body) => {
    if (body === undefined) return then(later, undefined)
    readSide(later, replica, line, add.counter, (at, side) => then(at, side && { side, body }))
  })
}
