/**
 * A receipt: a member's signed word that it holds a message, body and all, durably. Off the transcript; any
 * member passes it on, and whoever asked for it keeps it as proof.
 *
 *   [group, member, id, view, signature]
 */
import type { Bytes } from '../../base/bytes.ts'
import { RECEIPT_BYTES_MAX } from '../../base/limits.ts'
import { type Result, fail, ok } from '../../base/result.ts'
import { encode } from '../../codec/canonical.ts'
import { bytes, parse, tuple } from '../../codec/shape.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import { labels } from '../../crypto/label.ts'
import { signLabelled, verifyLabelled } from '../signed.ts'

export interface Receipt {
  readonly group: Bytes
  readonly member: Bytes
  /** The message: its id, never its number, as an equivocator has two under one. */
  readonly id: Bytes
  /** The view over everything that the member held then. */
  readonly view: Bytes
}

const shape = tuple(bytes(32), bytes(32), bytes(32), bytes(32), bytes(64))

const contentOf = ({ group, member, id, view }: Receipt): Bytes => encode([group, member, id, view])

export function signReceipt(crypto: Crypto, deviceSeed: Bytes, receipt: Receipt): Bytes {
  const { group, member, id, view } = receipt
  const signature = signLabelled(crypto, labels.receiptSig, deviceSeed, contentOf(receipt))
  return encode([group, member, id, view, signature])
}

/** Reads a receipt; the signature is not checked here. Reason: `receipt-malformed`. */
export function parseReceipt(encoded: Bytes): Result<Receipt> {
  const parsed = parse(shape, encoded, { maxBytes: RECEIPT_BYTES_MAX })
  if (!parsed.ok) return fail('receipt-malformed')
  const [group, member, id, view] = parsed.value
  return ok({ group, member, id, view })
}

/** Whether a receipt that parses was signed by a device key. */
export function receiptHolds(crypto: Crypto, device: Bytes, encoded: Bytes): boolean {
  const parsed = parse(shape, encoded, { maxBytes: RECEIPT_BYTES_MAX })
  if (!parsed.ok) return false
  const [group, member, id, view, signature] = parsed.value
  const content = contentOf({ group, member, id, view })
  return verifyLabelled(crypto, labels.receiptSig, device, content, signature)
}
