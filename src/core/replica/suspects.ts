/**
 * What the intake does not take in by itself: a second message under one number, evidence, and whatever
 * somebody accused says. Each waits here until the step is over; then evidence is posted, with an
 * attestation before it of all that was heard of the accused (*cover first*), or the message is set
 * aside until a valid message of somebody else builds on it.
 */
import type { Hex } from '../message/header.ts'
import { readEvidence } from '../evidence/evidence.ts'
import type { Message } from '../message/message.ts'
import { rowById } from '../transcript/transcript.ts'
import type { Turn } from '../turn.ts'
import { count } from '../turn.ts'
import { isHeard } from '../validity/quarantine.ts'
import { accuse, accuseHeld, mayAccuse } from './accuse.ts'
import { releaseUpon, setAside } from './aside.ts'
import { postAttest } from './author.ts'
import type { Done, Source } from './intake.ts'
import { takeSettled as settle } from './intake.ts'
import { noteRolledBack } from './recovery.ts'
import type { Replica, Suspect } from './state.ts'
import { courtOf, currentContext } from './state.ts'
import { isSuspended } from './suspicion.ts'

/** Answers all that the step left; each may leave more. */
export const answerSuspects = (turn: Turn, replica: Replica): void => {
  for (let next = replica.suspects.shift(); next !== undefined; next = replica.suspects.shift()) {
    answer(turn, replica, next)
  }
  if (replica.equivocators.size > replica.accused.size) accuseHeld(turn, replica, coverFirst)
}

const answer = (turn: Turn, replica: Replica, suspect: Suspect): void => {
  const { message, source, done } = suspect
  if (suspect.why === 'waiting') return releaseUpon(turn, replica, message.id, settle)
  if (message.member === replica.self.member) {
    noteRolledBack(turn, replica)
    return putAside(turn, replica, suspect)
  }
  if (isSuspended(replica, message.member)) return putAside(turn, replica, suspect)
  if (suspect.why === 'evidence') return takeEvidence(turn, replica, message, source, done)
  if (!mayAccuse(replica, message.member)) return settle(turn, replica, message, source, done)
  accuse(turn, replica, suspect, { coverFirst, settle })
}

const putAside = (turn: Turn, replica: Replica, suspect: Suspect): void => {
  const { message, done } = suspect
  if (rowById(replica.transcript, message.id) !== undefined) {
    return done(turn, { kind: 'duplicate' })
  }
  if (!setAside(replica, suspect, turn.env.nowMs)) count(turn, 'messages_dropped', 'aside-full')
  done(turn, { kind: 'pending' })
  releaseUpon(turn, replica, message.id, settle)
}

/** Nothing that was taken in of the accused may be left without a cover that knew of no evidence. */
const takeEvidence = (
  turn: Turn,
  replica: Replica,
  message: Message,
  source: Source,
  done: Done,
): void => {
  const charge = readEvidence(turn.env.crypto, message.body)
  const member = charge.ok ? charge.value.member : ''
  if (member === replica.self.member) noteRolledBack(turn, replica)
  if (!mayAccuse(replica, member)) return settle(turn, replica, message, source, done)
  replica.accusing.add(member)
  coverFirst(turn, replica, member, (later) => {
    settle(later, replica, message, source, (after, outcome) => {
      replica.accusing.delete(member)
      done(after, outcome)
    })
  })
}

/** Attests what was heard of somebody, unless a coverer has said so already. */
const coverFirst = (
  turn: Turn,
  replica: Replica,
  member: Hex,
  then: (turn: Turn) => void,
): void => {
  const { frontier } = currentContext(replica)
  if (isHeard(courtOf(turn, replica), member, frontier)) return then(turn)
  postAttest(turn, replica, (later, posted) => {
    if (!posted.ok) count(later, 'covers_failed', posted.error.code)
    then(later)
  })
}
