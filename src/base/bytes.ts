// Byte strings and their few spellings: hex, base64url, UTF-8, big-endian integers.
// Every function is total over its stated domain and returns fresh bytes, never a view of its input;
// short ones may lie side by side in a block that they share, so their `buffer` is not theirs alone.
// Works alike in Node and in browsers, so there is no Node buffer anywhere.

/** A string of bytes. Treated as immutable once it has been handed on. */
export type Bytes = Uint8Array

/** The empty byte string, shared. */
export const EMPTY: Bytes = new Uint8Array(0)

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const hexOfByte: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
)

const nibbleOfCode = digitTable('0123456789abcdef')
for (let digit = 10; digit < 16; digit++) nibbleOfCode[55 + digit] = digit

const base64urlAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const sextetOfCode = digitTable(base64urlAlphabet)

/** Bytes of a block that short byte strings share. */
const BLOCK_BYTES = 8_192
/** Longer ones get memory of their own, so that one that is kept holds little else. */
const SHARED_BYTES_MAX = 1_024

let block = EMPTY
let blockUsed = BLOCK_BYTES

/**
 * Fresh bytes, all zero. Memory outside the heap costs some 0.4 us each time it is asked for, more
 * than filling it, and inside it a collector has to move twice as much; so short byte strings are
 * cut from a block, as Node does for its buffers. What is kept for long is better made by itself.
 */
export function fresh(length: number): Bytes {
  if (length === 0) return EMPTY
  if (length > SHARED_BYTES_MAX) return new Uint8Array(length)
  if (blockUsed + length > BLOCK_BYTES) {
    block = new Uint8Array(BLOCK_BYTES)
    blockUsed = 0
  }
  const start = blockUsed
  blockUsed += length
  return block.subarray(start, blockUsed)
}

/** A copy, without Node's buffer around it. Not slice(): of such a buffer that is a view. */
export function copyOf(bytes: Bytes): Bytes {
  const copy = fresh(bytes.length)
  copy.set(bytes)
  return copy
}

/** Joins byte strings, in order, into one new byte string. */
export function concat(...parts: readonly Bytes[]): Bytes {
  let length = 0
  for (const part of parts) length += part.length
  const joined = fresh(length)
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

/** Whether two byte strings are the same. Stops at the first difference: not for comparing secrets. */
export function equal(a: Bytes, b: Bytes): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false
  return true
}

/** Whether two byte strings are the same, in time that depends on their length alone: for tags. */
export function equalSecret(a: Bytes, b: Bytes): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let index = 0; index < a.length; index++) difference |= (a[index] ?? 0) ^ (b[index] ?? 0)
  return difference === 0
}

/** Lexicographic order: negative, zero or positive. A proper prefix sorts before its extension. */
export function compare(a: Bytes, b: Bytes): number {
  const shared = Math.min(a.length, b.length)
  for (let index = 0; index < shared; index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

const digitCodes = utf8('0123456789abcdef')
const idCodes = new Array<number>(64).fill(0)
const shortCodes = new Array<number>(16).fill(0)

/** Lower-case hexadecimal, two digits a byte. */
export function toHex(bytes: Bytes): string {
  if (bytes.length === 32) return inOnePiece(bytes, idCodes)
  if (bytes.length === 8) return inOnePiece(bytes, shortCodes)
  let hex = ''
  for (let index = 0; index < bytes.length; index++) hex += hexOfByte[bytes[index] ?? 0]
  return hex
}

/** Ids and their beginnings become keys of maps, and a text put together from pieces is flattened there first. */
function inOnePiece(id: Bytes, codes: number[]): string {
  for (let index = 0; index < id.length; index++) {
    const byte = id[index] ?? 0
    codes[2 * index] = digitCodes[byte >>> 4] ?? 0
    codes[2 * index + 1] = digitCodes[byte & 15] ?? 0
  }
  return String.fromCharCode.apply(null, codes)
}

/** Reads hexadecimal of either case; `undefined` for an odd length or any other character. */
export function fromHex(hex: string): Bytes | undefined {
  if (hex.length % 2 !== 0) return undefined
  const bytes = new Uint8Array(hex.length / 2)
  for (let index = 0; index < bytes.length; index++) {
    const high = nibbleOfCode[hex.charCodeAt(2 * index)] ?? -1
    const low = nibbleOfCode[hex.charCodeAt(2 * index + 1)] ?? -1
    if (high < 0 || low < 0) return undefined
    bytes[index] = high * 16 + low
  }
  return bytes
}

/** The UTF-8 bytes of a text. A lone surrogate becomes U+FFFD, as the Encoding Standard has it. */
export function utf8(text: string): Bytes {
  return encoder.encode(text)
}

/** Reads UTF-8; `undefined` where the bytes are not well-formed. A byte order mark is kept. */
export function text(bytes: Bytes): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

/** Four bytes, big-endian, of an integer in 0 .. 2^32-1. */
export function u32(value: number): Bytes {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
    throw new RangeError(`not a 32-bit unsigned integer: ${value}`)
  }
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
}

/** Writes four bytes, big-endian, of an integer in 0 .. 2^32-1, where the caller has made room. */
export function writeU32(target: Bytes, offset: number, value: number): void {
  target[offset] = value >>> 24
  target[offset + 1] = value >>> 16
  target[offset + 2] = value >>> 8
  target[offset + 3] = value
}

/** Eight bytes, big-endian, of an integer in 0 .. 2^53-1. */
export function u64(value: number): Bytes {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`not a safe unsigned integer: ${value}`)
  }
  const high = Math.floor(value / 0x1_0000_0000)
  const low = value >>> 0
  return Uint8Array.of(
    high >>> 24,
    high >>> 16,
    high >>> 8,
    high,
    low >>> 24,
    low >>> 16,
    low >>> 8,
    low,
  )
}

/** Reads four bytes, big-endian, at an offset that the caller knows to be inside. */
export function readU32(bytes: Bytes, offset: number): number {
  const first = bytes[offset]
  const second = bytes[offset + 1]
  const third = bytes[offset + 2]
  const fourth = bytes[offset + 3]
  if (first === undefined || second === undefined || third === undefined || fourth === undefined) {
    throw new RangeError(`no four bytes at offset ${offset}`)
  }
  return first * 0x100_0000 + ((second << 16) | (third << 8) | fourth)
}

/** Base64url (RFC 4648 section 5) without padding. */
export function toBase64url(bytes: Bytes): string {
  let encoded = ''
  let bits = 0
  let held = 0
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xffff
    bits += 8
    while (bits >= 6) {
      bits -= 6
      encoded += base64urlAlphabet[(held >>> bits) & 63]
    }
  }
  return bits === 0 ? encoded : encoded + base64urlAlphabet[(held << (6 - bits)) & 63]
}

/** Reads unpadded base64url; `undefined` unless the text is the one spelling of its bytes. */
export function fromBase64url(encoded: string): Bytes | undefined {
  if (encoded.length % 4 === 1) return undefined
  const bytes = new Uint8Array(Math.floor((encoded.length * 3) / 4))
  let length = 0
  let bits = 0
  let held = 0
  for (let index = 0; index < encoded.length; index++) {
    const sextet = sextetOfCode[encoded.charCodeAt(index)] ?? -1
    if (sextet < 0) return undefined
    held = ((held << 6) | sextet) & 0xffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    bytes[length++] = held >>> bits
  }
  const leftover = held & ((1 << bits) - 1)
  return leftover === 0 ? bytes : undefined
}

/** A table from ASCII code to digit value, -1 where the character is no digit. */
function digitTable(alphabet: string): Int8Array {
  const table = new Int8Array(128).fill(-1)
  for (let digit = 0; digit < alphabet.length; digit++) table[alphabet.charCodeAt(digit)] = digit
  return table
}
