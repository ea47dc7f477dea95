// Bytes that only a passphrase opens: the identity of a locked node, an account that was exported.
// Every guess costs 128 MiB and half a second.
//
//   version 1 | log2 N 1 | salt 16 | nonce 12 | AEAD(key, content)
//   key = HKDF(salt, scrypt(passphrase, salt), label), and all before the AEAD is bound in

import { scrypt } from 'node:crypto'
import { concat } from '../base/bytes.ts'
import type { Bytes } from '../base/bytes.ts'
import { NONCE_BYTES, TAG_BYTES } from '../crypto/crypto.ts'
import type { Crypto } from '../crypto/crypto.ts'
import { type Label, prefixOf } from '../crypto/label.ts'

const VERSION = 1
const SALT_BYTES = 16
const HEAD_BYTES = 2 + SALT_BYTES

/** 128 MiB and half a second for each guess: what one may ask of a start, and of every guess. */
export const SCRYPT_LOG_N = 17
/** More than this is no work that a start should be asked for, whoever wrote the file: 4 GiB. */
export const SCRYPT_LOG_N_MAX = 22
const SCRYPT_BLOCK = 8

/** What locks and unlocks a box. */
export interface Lock {
  readonly crypto: Crypto
  /** What the box is for: one made for another purpose does not open. */
  readonly label: Label
  readonly passphrase: Bytes
}

/** A passphrase as 32 bytes that are as hard to guess as scrypt makes it. */
export function stretched(passphrase: Bytes, salt: Bytes, logN: number): Promise<Bytes> {
  const [N, r, p] = [2 ** logN, SCRYPT_BLOCK, 1]
  return new Promise((resolve, reject) => {
    scrypt(passphrase, salt, 32, { N, r, p, maxmem: 256 * N * r }, (error, made) => {
      if (error === null) resolve(new Uint8Array(made))
      else reject(error)
    })
  })
}

/** Locks some bytes. @param logN log2 of the work of scrypt, less in tests */
export async function lockBox(
  lock: Lock,
  content: Bytes,
  random: (length: number) => Bytes,
  logN = SCRYPT_LOG_N,
): Promise<Bytes> {
  const head = concat(Uint8Array.of(VERSION, logN), random(SALT_BYTES))
  const nonce = random(NONCE_BYTES)
  const key = await keyOf(lock, head)
  return concat(head, nonce, lock.crypto.aeadSeal(key, nonce, head, content))
}

/** Why a box stays shut. */
export type BoxError = 'damaged' | 'newer' | 'passphrase'

/** What a box holds, or why it stays shut: a wrong passphrase and a changed box look alike. */
export async function openBox(lock: Lock, box: Bytes): Promise<Bytes | BoxError> {
  const [version = 0, logN = 0] = box
  if (box.length < HEAD_BYTES + NONCE_BYTES + TAG_BYTES || version === 0) return 'damaged'
  if (version !== VERSION || logN > SCRYPT_LOG_N_MAX) return 'newer'
  const head = box.slice(0, HEAD_BYTES)
  const nonce = box.subarray(HEAD_BYTES, HEAD_BYTES + NONCE_BYTES)
  const key = await keyOf(lock, head)
  const sealed = box.subarray(HEAD_BYTES + NONCE_BYTES)
  return lock.crypto.aeadOpen(key, nonce, head, sealed) ?? 'passphrase'
}

async function keyOf({ crypto, label, passphrase }: Lock, head: Bytes): Promise<Bytes> {
  const salt = head.subarray(2)
  const secret = await stretched(passphrase, salt, head[1] ?? 0)
  return crypto.hkdfExpand(crypto.hkdfExtract(salt, secret), prefixOf(label), 32)
}
