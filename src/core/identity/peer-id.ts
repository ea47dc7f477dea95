/**
 * The libp2p peer id of a transport key, without libp2p: base58btc of an identity multihash over the
 * protobuf of an Ed25519 public key, 38 bytes in all. One key has exactly one such text.
 * Source: the libp2p peer id specification; base58btc as Bitcoin spells it.
 */
import { type Bytes, concat, equal } from '../../base/bytes.ts'

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** Identity multihash of 36 bytes; field 1 key type Ed25519; field 2 of 32 bytes. */
const head: Bytes = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20)
const KEY_BYTES = 32
/** 38 bytes, one of them a leading zero, need 52 digits at most. */
const TEXT_MAX = 52

/** `12D3KooW...`, as libp2p prints it. The key has 32 bytes. */
export function peerIdOf(transportPublic: Bytes): string {
  if (transportPublic.length !== KEY_BYTES) throw new RangeError('a transport key has 32 bytes')
  return base58(concat(head, transportPublic))
}

/** The transport key inside a peer id; `undefined` for any other text or kind of key. */
export function transportKeyOf(peerId: string): Bytes | undefined {
  const bytes = fromBase58(peerId)
  if (bytes === undefined || !equal(bytes.subarray(0, head.length), head)) return undefined
  return bytes.length === head.length + KEY_BYTES ? bytes.slice(head.length) : undefined
}

function base58(bytes: Bytes): string {
  let value = 0n
  for (const byte of bytes) value = value * 256n + BigInt(byte)
  let digits = ''
  for (; value > 0n; value /= 58n) digits = `${ALPHABET[Number(value % 58n)] ?? ''}${digits}`
  const zeros = bytes.findIndex((byte) => byte !== 0)
  return '1'.repeat(zeros < 0 ? bytes.length : zeros) + digits
}

function fromBase58(text: string): Bytes | undefined {
  if (text.length > TEXT_MAX) return undefined
  let value = 0n
  for (const character of text) {
    const digit = ALPHABET.indexOf(character)
    if (digit < 0) return undefined
    value = value * 58n + BigInt(digit)
  }
  const bytes: number[] = []
  for (; value > 0n; value /= 256n) bytes.unshift(Number(value % 256n))
  const digit = [...text].findIndex((character) => character !== '1')
  const zeros = digit < 0 ? text.length : digit
  return Uint8Array.of(...new Array<number>(zeros).fill(0), ...bytes)
}
