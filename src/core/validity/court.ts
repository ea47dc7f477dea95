/**
 * What judging needs besides the message itself: the primitives, the group's facts, the transcript.
 * All three are the same on every node that holds the same past.
 */
import type { Crypto } from '../../crypto/crypto.ts'
import type { Transcript } from '../transcript/transcript.ts'
import type { ControlInfo, Jurisdiction } from './context.ts'

export interface Court {
  readonly crypto: Crypto
  readonly jurisdiction: Jurisdiction
  readonly transcript: Transcript<ControlInfo>
}
