// The one encoding of everything hashed, signed, sent or stored: a profile of deterministic CBOR
// (RFC 8949 section 4.2.1) with unsigned integers up to 2^53-1, byte strings, NFC text and arrays of
// definite length, nothing else. Bytes are accepted iff encoding what they mean gives them back.
// cborg decodes; a scan before it enforces every bound while nothing has been allocated yet.
// The encoder is our own: it alone knows the profile's refusals, and on a header of 283 bytes it
// measured 0.9 us against 1.4 us, on an epoch of 256 recipients 20 us against 46 us.

import { decode as decodeCbor } from 'cborg'

import { type Bytes, equal } from '../base/bytes.ts'
import { ENCODED_BYTES_MAX, INTEGER_MAX, ITEMS_MAX, NESTING_MAX } from '../base/limits.ts'
import { type Result, fail, ok } from '../base/result.ts'

/** What can be encoded. Numbers are whole and in 0 .. 2^53-1; text is NFC. */
export type Value = number | string | Bytes | readonly Value[]

/** Bounds on what is decoded. */
export interface DecodeOptions {
  /** Bytes at most. Default: the largest message. */
  readonly maxBytes?: number
  /** Arrays within arrays at most. Default: NESTING_MAX. */
  readonly maxDepth?: number
}

const UINT = 0
const BYTES = 2
const TEXT = 3
const ARRAY = 4

const encoder = new TextEncoder()

/**
 * Encodes a value.
 *
 * @throws RangeError for a number or text outside the profile: a defect of the caller
 */
export function encode(value: Value): Bytes {
  const encoded = new Uint8Array(encodedLength(value))
  write(value, encoded, 0)
  return encoded
}

/** Decodes bytes from anywhere. Never throws; the reason of a refusal is a few words. */
export function decode(bytes: Bytes, options: DecodeOptions = {}): Result<Value> {
  const { maxBytes = ENCODED_BYTES_MAX, maxDepth = NESTING_MAX } = options
  if (bytes.length > maxBytes) return fail('too many bytes')
  const refusal = scan(bytes, maxDepth)
  if (refusal !== undefined) return fail(refusal)
  try {
    const value = decodeCbor(bytes, decoderOptions) as Value
    return equal(encode(value), bytes) ? ok(value) : fail('not canonical')
  } catch {
    return fail('not canonical')
  }
}

const decoderOptions = Object.freeze({
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowBigInt: false,
})

/**
 * Walks over the heads alone: one item, of the four kinds allowed, that ends where the bytes end.
 * It makes room for nothing, so a length that is announced and not there costs nothing.
 */
function scan(bytes: Bytes, maxDepth: number): string | undefined {
  const open: number[] = []
  let items = 0
  let offset = 0
  let left = 1
  while (left > 0) {
    if (++items > ITEMS_MAX) return 'too many items'
    const head = bytes[offset]
    if (head === undefined) return 'cut short'
    const kind = head >>> 5
    const short = head & 31
    if ((kind !== UINT && kind !== BYTES && kind !== TEXT && kind !== ARRAY) || short > 27) {
      return 'kind not allowed'
    }
    const width = short < 24 ? 0 : 1 << (short - 24)
    const argument = width === 0 ? short : readUint(bytes, offset + 1, width)
    if (argument === undefined) return 'cut short'
    offset += 1 + width
    left--
    if (kind === BYTES || kind === TEXT) offset += argument
    if (offset > bytes.length) return 'cut short'
    if (kind === ARRAY && argument > 0) {
      if (open.length + 1 > maxDepth) return 'nested too deep'
      open.push(left)
      left = argument
    }
    while (left === 0 && open.length > 0) left = open.pop() ?? 0
  }
  return offset === bytes.length ? undefined : 'trailing bytes'
}

/** A big-endian integer of 1, 2, 4 or 8 bytes; `undefined` where the bytes end too early. */
function readUint(bytes: Bytes, offset: number, width: number): number | undefined {
  if (offset + width > bytes.length) return undefined
  let value = 0
  for (let index = offset; index < offset + width; index++)
    value = value * 256 + (bytes[index] ?? 0)
  return value
}

function encodedLength(value: Value): number {
  if (typeof value === 'number') return headLength(value)
  if (typeof value === 'string') {
    const length = utf8Length(value)
    return headLength(length) + length
  }
  if (value instanceof Uint8Array) return headLength(value.length) + value.length
  let length = headLength(value.length)
  for (const item of value) length += encodedLength(item)
  return length
}

function headLength(argument: number): number {
  if (argument < 24) return 1
  if (argument < 0x100) return 2
  if (argument < 0x1_0000) return 3
  return argument < 0x1_0000_0000 ? 5 : 9
}

/** Writes a value at an offset and returns the offset behind it. */
function write(value: Value, target: Bytes, offset: number): number {
  if (typeof value === 'number') return writeHead(UINT, value, target, offset)
  if (typeof value === 'string') {
    const start = writeHead(TEXT, utf8Length(value), target, offset)
    return start + encoder.encodeInto(value, target.subarray(start)).written
  }
  if (value instanceof Uint8Array) {
    const start = writeHead(BYTES, value.length, target, offset)
    target.set(value, start)
    return start + value.length
  }
  let end = writeHead(ARRAY, value.length, target, offset)
  for (const item of value) end = write(item, target, end)
  return end
}

/** Writes a kind with its argument in the fewest bytes. */
function writeHead(kind: number, argument: number, target: Bytes, offset: number): number {
  if (!Number.isInteger(argument) || argument < 0 || argument > INTEGER_MAX) {
    throw new RangeError(`outside the encoding: ${argument}`)
  }
  const major = kind << 5
  const length = headLength(argument)
  if (length === 1) {
    target[offset] = major | argument
    return offset + 1
  }
  target[offset] = major | (length === 2 ? 24 : length === 3 ? 25 : length === 5 ? 26 : 27)
  let rest = argument
  for (let index = offset + length - 1; index > offset; index--) {
    target[index] = rest % 256
    rest = Math.floor(rest / 256)
  }
  return offset + length
}

/** Bytes of a text in UTF-8. Refuses what has another spelling: not NFC, or a lone surrogate. */
function utf8Length(value: string): number {
  let length = value.length
  let plain = true
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index)
    if (code < 0x80) continue
    plain = false
    length += code < 0x800 ? 1 : 2
    if (code >= 0xd800 && code < 0xdc00) {
      // A pair of surrogates is four bytes together: two units and two more.
      const next = value.charCodeAt(++index)
      if (!(next >= 0xdc00 && next < 0xe000)) throw new RangeError('text with a lone surrogate')
    } else if (code >= 0xdc00 && code < 0xe000) {
      throw new RangeError('text with a lone surrogate')
    }
  }
  if (!plain && value.normalize('NFC') !== value) throw new RangeError('text that is not NFC')
  return length
}
