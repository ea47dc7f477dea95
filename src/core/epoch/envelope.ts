/**
 * The outer seal of live pushes: whoever lacks the epoch's env key learns neither group nor author,
 * only a size out of nine. The hint lets a receiver find the key without trying all; a repeated salt
 * apart, no two envelopes look alike.
 *
 *   hint 8 | salt 16 | AEAD(length u32 | [0, [[header, signature, body], ...], told] or [1, presence] | zeros)
 */
import { type Bytes, concat, equal, readU32, u32 } from '../../base/bytes.ts'
import {
  BODY_BYTES_MAX,
  ENVELOPE_BYTES_MAX,
  ENVELOPE_BYTES_MIN,
  ENVELOPE_TOLD_MAX,
  HEADER_BYTES_MAX,
  NOTE_BYTES_MAX,
  RUN_MESSAGES_MAX,
} from '../../base/limits.ts'
import { type Result, fail, ok } from '../../base/result.ts'
import { encode } from '../../codec/canonical.ts'
import {
  anything,
  bytes,
  bytesUpTo,
  exactly,
  list,
  parse,
  tuple,
  u32 as number32,
} from '../../codec/shape.ts'
import { type Crypto, HASH_BYTES, NONCE_BYTES, TAG_BYTES } from '../../crypto/crypto.ts'
import { labelled, labels } from '../../crypto/label.ts'
import type { Entropy } from '../identity/hedged.ts'

/** A message as it is pushed. */
export interface PushedMessage {
  readonly header: Bytes
  readonly signature: Bytes
  readonly body: Bytes
}

export type EnvelopeContent =
  | {
      readonly kind: 'messages'
      readonly messages: readonly PushedMessage[]
      /** memberGroupIds, ascending: whom the writer reaches itself, and itself. */
      readonly told: readonly number[]
    }
  | { readonly kind: 'presence'; readonly presence: Bytes }

const HINT_BYTES = 8
const SALT_BYTES = 16
const HEAD_BYTES = HINT_BYTES + SALT_BYTES
const LENGTH_BYTES = 4
const OVERHEAD_BYTES = HEAD_BYTES + LENGTH_BYTES + TAG_BYTES

const messageShape = tuple(bytesUpTo(HEADER_BYTES_MAX), bytes(64), bytesUpTo(2 * BODY_BYTES_MAX))
const contentShape = list(anything, { min: 2, max: 3 })
const messagesShape = tuple(
  exactly(0),
  list(messageShape, { min: 1, max: RUN_MESSAGES_MAX }),
  list(number32, { min: 0, max: ENVELOPE_TOLD_MAX }),
)
const presenceShape = tuple(exactly(1), bytesUpTo(NOTE_BYTES_MAX))

/** The plaintext of an envelope. */
export function encodeEnvelopeContent(content: EnvelopeContent): Bytes {
  if (content.kind === 'presence') return encode([1, content.presence])
  const { messages, told } = content
  return encode([0, messages.map((one) => [one.header, one.signature, one.body]), [...told]])
}

function parseContent(encoded: Bytes): Result<EnvelopeContent> {
  const parts = parse(contentShape, encoded)
  if (!parts.ok) return fail('envelope-malformed')
  if (parts.value[0] === 1) {
    const read = presenceShape([...parts.value])
    return read.ok ? ok({ kind: 'presence', presence: read.value[1] }) : fail('envelope-malformed')
  }
  const read = messagesShape([...parts.value])
  if (!read.ok || !isAscending(read.value[2])) return fail('envelope-malformed')
  const [, list, told] = read.value
  const messages = list.map(([header, signature, body]) => ({ header, signature, body }))
  return ok({ kind: 'messages', messages, told })
}

const isAscending = (numbers: readonly number[]): boolean =>
  numbers.every((number, i) => i === 0 || number > (numbers[i - 1] ?? 0))

/** The least allowed size that holds a plaintext, or `undefined` where none does. */
export function envelopeSizeFor(contentBytes: number): number | undefined {
  let size = ENVELOPE_BYTES_MIN
  while (size < contentBytes + OVERHEAD_BYTES) size *= 2
  return size > ENVELOPE_BYTES_MAX ? undefined : size
}

/** Seals content under an epoch's env key. Reason: `envelope-too-large`, for anti-entropy only then. */
export function sealEnvelope(env: Entropy, envKey: Bytes, content: EnvelopeContent): Result<Bytes> {
  const encoded = encodeEnvelopeContent(content)
  const size = envelopeSizeFor(encoded.length)
  const tooMany = content.kind === 'messages' && content.messages.length > RUN_MESSAGES_MAX
  if (size === undefined || tooMany) return fail('envelope-too-large')
  const padded = new Uint8Array(size - HEAD_BYTES - TAG_BYTES)
  padded.set(u32(encoded.length))
  padded.set(encoded, LENGTH_BYTES)
  const salt = env.random(SALT_BYTES)
  const head = concat(hintOf(env.crypto, envKey, salt), salt)
  const { key, nonce } = keysOf(env.crypto, envKey, salt)
  return ok(concat(head, env.crypto.aeadSeal(key, nonce, head, padded)))
}

/** The hint of an env key and a salt: 8 bytes. */
export function hintOf(crypto: Crypto, envKey: Bytes, salt: Bytes): Bytes {
  return crypto.hmac(envKey, labelled(labels.hint, salt)).slice(0, HINT_BYTES)
}

/** Whether an envelope was probably sealed under an env key: one HMAC. */
export function envelopeFits(crypto: Crypto, envKey: Bytes, envelope: Bytes): boolean {
  if (!isEnvelopeSize(envelope.length)) return false
  const salt = envelope.subarray(HINT_BYTES, HEAD_BYTES)
  return equal(hintOf(crypto, envKey, salt), envelope.subarray(0, HINT_BYTES))
}

/**
 * Opens an envelope. Reasons: `envelope-size`, `envelope-hint` (another key: ignore),
 * `envelope-unopenable`, `envelope-padding`, `envelope-malformed` (reject).
 */
export function openEnvelope(
  crypto: Crypto,
  envKey: Bytes,
  envelope: Bytes,
): Result<EnvelopeContent> {
  if (!isEnvelopeSize(envelope.length)) return fail('envelope-size')
  if (!envelopeFits(crypto, envKey, envelope)) return fail('envelope-hint')
  return openFitting(crypto, envKey, envelope)
}

/** The same for an envelope that fits, as `envelopeFits` has said. */
export function openFitting(
  crypto: Crypto,
  envKey: Bytes,
  envelope: Bytes,
): Result<EnvelopeContent> {
  const head = envelope.subarray(0, HEAD_BYTES)
  const { key, nonce } = keysOf(crypto, envKey, head.subarray(HINT_BYTES))
  const padded = crypto.aeadOpen(key, nonce, head, envelope.subarray(HEAD_BYTES))
  if (padded === undefined) return fail('envelope-unopenable')
  const length = readU32(padded, 0)
  // One content has one size and one padding, or sizes would carry messages of their own.
  if (envelopeSizeFor(length) !== envelope.length) return fail('envelope-padding')
  const end = LENGTH_BYTES + length
  if (padded.subarray(end).some((byte) => byte !== 0)) return fail('envelope-padding')
  return parseContent(padded.slice(LENGTH_BYTES, end))
}

function isEnvelopeSize(length: number): boolean {
  const steps = Math.log2(length / ENVELOPE_BYTES_MIN)
  return Number.isInteger(steps) && steps >= 0 && length <= ENVELOPE_BYTES_MAX
}

function keysOf(crypto: Crypto, envKey: Bytes, salt: Bytes): { key: Bytes; nonce: Bytes } {
  const length = HASH_BYTES + NONCE_BYTES
  const expanded = crypto.hkdfExpand(envKey, labelled(labels.env, salt), length)
  return { key: expanded.slice(0, HASH_BYTES), nonce: expanded.slice(HASH_BYTES) }
}
