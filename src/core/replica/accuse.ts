/**
 * Making evidence: a second message under one number was found, and both sides of it are proven from
 * what lies in the store. The proof stands on the second branch and on an attestation of the first, so
 * that both stay what they were for those who heard them.
 */
import type { Bytes } from '../../base/bytes.ts'
import { EVIDENCE_PATH_MAX } from '../../base/limits.ts'
import type { Evidence, Side } from '../evidence/evidence.ts'
import { chargeHolds, encodeEvidence, inOrder, readEvidence } from '../evidence/evidence.ts'
import { isAccused } from '../membership/roster.ts'
import type { Hex } from '../message/header.ts'
import { idOf } from '../message/header.ts'
import { verifyId } from '../message/message.ts'
import { parseRecord } from '../transcript/row.ts'
import type { Line } from '../transcript/transcript.ts'
import { lineHolding } from '../transcript/transcript.ts'
import type { Turn } from '../turn.ts'
import { count, load } from '../turn.ts'
import { keepSide } from './aside.ts'
import { postEvidence } from './author.ts'
import type { Done, Source } from './intake.ts'
import { messageKey } from './rows.ts'
import type { Replica, Suspect } from './state.ts'
import { currentContext, isGone, ownTip } from './state.ts'
import type { Message } from '../message/message.ts'

type CoverFirst = (turn: Turn, replica: Replica, member: Hex, then: (turn: Turn) => void) => void

type Settle = (turn: Turn, replica: Replica, message: Message, source: Source, done: Done) => void

/** Whether this member can say anything about another one now. */
export const mayAccuse = (replica: Replica, member: Hex): boolean =>
  member !== replica.self.member &&
  ownTip(replica) !== undefined &&
  replica.recovery === undefined &&
  !isGone(replica) &&
  !isAccused(currentContext(replica).roster, replica.self.member)

/** Accuses the author of a message that uses a number a second time, and takes that message in. */
export const accuse = (
  turn: Turn,
  replica: Replica,
  suspect: Suspect,
  { coverFirst, settle }: { readonly coverFirst: CoverFirst; readonly settle: Settle },
): void => {
  const { message, source, done } = suspect
  const { member } = message
  const held = rivalOf(replica, message)
  const other = ownSide(turn, replica, message) ?? source.side?.(message)
  if (held === undefined || other === undefined) {
    count(turn, 'forks_unproven')
    return done(turn, { kind: 'pending' })
  }
  replica.accusing.add(member)
  const end: Done = (at, outcome) => {
    replica.accusing.delete(member)
    done(at, outcome)
  }
  readSide(turn, replica, held, message.header.counter, (later, side) => {
    if (side === undefined) {
      count(later, 'forks_unproven')
      return end(later, { kind: 'pending' })
    }
    const body = encodeEvidence(inOrder(later.env.crypto, side, other))
    if (!holds(later, replica, member, body)) {
      count(later, 'forks_unproven')
      return end(later, { kind: 'pending' })
    }
    coverFirst(later, replica, member, (after) => {
      settle(after, replica, message, source, (at, outcome) => {
        // In the same step, so that nothing is ever said in between.
        if (outcome.kind === 'accepted') {
          if (message.signature.length === 0) keepSide(at, replica, message, other)
          post(at, replica, member, body)
        }
        end(at, outcome)
      })
    })
  })
}

/** A peer may have shown a signature that was not checked yet. */
const holds = (turn: Turn, replica: Replica, member: Hex, body: Bytes): boolean => {
  const { crypto } = turn.env
  const charge = readEvidence(crypto, body)
  const device = replica.facts.get(member)?.device
  return charge.ok && device !== undefined && chargeHolds(crypto, device, charge.value)
}

const post = (turn: Turn, replica: Replica, member: Hex, body: Bytes): void => {
  if (replica.accused.has(member)) return
  postEvidence(turn, replica, body, (later, posted) => {
    if (!posted.ok) count(later, 'evidence_failed', posted.error.message)
  })
}

/** The line that holds the other message under the number. */
const rivalOf = ({ transcript }: Replica, { member, header, prev }: Message): Line | undefined => {
  const lines = (transcript.byMember.get(member) ?? [])
    .map((index) => transcript.lines[index])
    .filter((line) => line !== undefined)
  if (prev === undefined) return lines.find((line) => line.first === 0)
  return lines.find((line) => line.first <= header.counter && line.tip.counter >= header.counter)
}

/** A message with its author's own signature proves itself. */
const ownSide = (turn: Turn, replica: Replica, message: Message): Side | undefined => {
  const device = replica.facts.get(message.member)?.device
  const { crypto } = turn.env
  if (device === undefined) return undefined
  if (!verifyId(crypto, device, message.idBytes, message.signature)) return undefined
  return { headers: [message.headerBytes], signature: message.signature }
}

/** The side of a message that is held: from the next header on its line that its author signed. */
export const readSide = (
  turn: Turn,
  replica: Replica,
  line: Line,
  counter: number,
  then: (turn: Turn, side: Side | undefined) => void,
): void => {
  const from = messageKey(replica, line.index, counter)
  const to = messageKey(replica, line.index, counter + EVIDENCE_PATH_MAX)
  load(turn, [{ from, to }], (later, [records]) => {
    const device = replica.facts.get(line.member)?.device
    const headers: Bytes[] = []
    for (const { value } of records ?? []) {
      const record = parseRecord(value)
      if (!record.ok || device === undefined) return then(later, undefined)
      const { header, signature } = record.value.envelope
      headers.unshift(header)
      const { crypto } = later.env
      if (verifyId(crypto, device, idOf(crypto, header), signature)) {
        return then(later, { headers, signature })
      }
    }
    const voucher = replica.vouchers.get(line.index)
    if (voucher === undefined || headers.length === 0) return then(later, undefined)
    const path = [...voucher.headers.toReversed(), ...headers]
    then(later, { headers: path, signature: voucher.signature })
  })
}

/** Accuses those of whom two branches are held already: taken in before this member could speak. */
export const accuseHeld = (turn: Turn, replica: Replica, coverFirst: CoverFirst): void => {
  for (const member of replica.equivocators) {
    const { accused, accusing } = replica
    if (accused.has(member) || accusing.has(member) || !mayAccuse(replica, member)) continue
    const branch = branchOf(replica, member)
    if (branch === undefined) continue
    accusing.add(member)
    const { line, rival, counter } = branch
    readSide(turn, replica, line, counter, (later, one) => {
      readSide(later, replica, rival, counter, (at, two) => {
        if (one === undefined || two === undefined) return count(at, 'forks_unproven')
        const proof: Evidence = inOrder(at.env.crypto, one, two)
        coverFirst(at, replica, member, (after) => {
          post(after, replica, member, encodeEvidence(proof))
          accusing.delete(member)
        })
      })
    })
  }
}

interface Branch {
  readonly line: Line
  readonly rival: Line
  readonly counter: number
}

/** Two lines of somebody with a number in common. */
const branchOf = ({ transcript }: Replica, member: Hex): Branch | undefined => {
  const lines = (transcript.byMember.get(member) ?? [])
    .map((index) => transcript.lines[index])
    .filter((line) => line !== undefined)
  for (const line of lines) {
    const counter = line.first
    for (const other of lines) {
      if (other === line) continue
      const holding = transcript.lines[lineHolding(transcript, other.index, counter)]
      const holds = holding !== undefined && holding.tip.counter >= counter
      if (holds && holding !== line) return { line, rival: holding, counter }
    }
  }
  return undefined
}
