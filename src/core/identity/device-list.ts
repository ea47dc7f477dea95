/**
 * An account's statement of its devices: each device key with the transport key it speaks under.
 * Lists form a hash chain with ascending `seq`. All keys in a list differ, so that a signature of
 * one role never stands for another, and all are admitted by the one predicate.
 *
 *   [1, account, seq, prev|h'', [[device, transport, notAfter], ...], signature]
 */
import { type Bytes, EMPTY, compare, equal } from '../../base/bytes.ts'
import { DEVICES_PER_ACCOUNT_MAX, NOTE_BYTES_MAX } from '../../base/limits.ts'
import { type Result, fail, ok } from '../../base/result.ts'
import { type Value, encode } from '../../codec/canonical.ts'
import { bytes, bytesOrNone, exactly, list, parse, tuple, u53 } from '../../codec/shape.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import { hash } from '../../crypto/hash.ts'
import { labels } from '../../crypto/label.ts'
import { signLabelled, verifyLabelled } from '../signed.ts'

export interface Device {
  /** Ed25519: signs messages. */
  readonly device: Bytes
  /** Ed25519: the libp2p identity. */
  readonly transport: Bytes
  /** Milliseconds UTC after which the account no longer vouches for it; 0 = no end. A claim: no rule reads it. */
  readonly notAfter: number
}

export interface DeviceList {
  readonly account: Bytes
  readonly seq: number
  /** Hash of the list before, or empty at seq 0. */
  readonly prev: Bytes
  /** By device key, ascending. */
  readonly devices: readonly Device[]
}

const deviceShape = tuple(bytes(32), bytes(32), u53)
const shape = tuple(
  exactly(1),
  bytes(32),
  u53,
  bytesOrNone(32),
  list(deviceShape, {
    min: 1,
    max: DEVICES_PER_ACCOUNT_MAX,
    ascending: (a, b) => compare(a[0], b[0]),
  }),
  bytes(64),
)

function contentValues(content: DeviceList): Value[] {
  const devices = content.devices.map((one) => [one.device, one.transport, one.notAfter])
  return [1, content.account, content.seq, content.prev, devices]
}

/** Signs a list; `devices` come in any order. */
export function signDeviceList(
  crypto: Crypto,
  accountSeed: Bytes,
  content: Omit<DeviceList, 'account'>,
): Bytes {
  const devices = [...content.devices].sort((a, b) => compare(a.device, b.device))
  const account = crypto.edPublicKey(accountSeed)
  const values = contentValues({ ...content, account, devices })
  return encode([
    ...values,
    signLabelled(crypto, labels.deviceListSig, accountSeed, encode(values)),
  ])
}

/**
 * Reads a list and checks everything that it alone decides. Reasons: `device-list-malformed`,
 * `device-list-chain`, `device-list-keys`, `device-list-signature`, `key-not-admitted`.
 */
export function parseDeviceList(crypto: Crypto, encoded: Bytes): Result<DeviceList> {
  const parsed = parse(shape, encoded, { maxBytes: NOTE_BYTES_MAX })
  if (!parsed.ok) return fail('device-list-malformed')
  const [, account, seq, prev = EMPTY, rows, signature] = parsed.value
  const devices = rows.map(([device, transport, notAfter]) => ({ device, transport, notAfter }))
  const content = { account, seq, prev, devices }
  if ((seq === 0) !== (prev.length === 0)) return fail('device-list-chain')
  const keys = [account, ...devices.flatMap((one) => [one.device, one.transport])]
  if (!allDiffer(keys)) return fail('device-list-keys')
  if (!crypto.admitKey(account)) return fail('key-not-admitted')
  const signed = encode(contentValues(content))
  if (!verifyLabelled(crypto, labels.deviceListSig, account, signed, signature)) {
    return fail('device-list-signature')
  }
  return keys.every((key) => crypto.admitKey(key)) ? ok(content) : fail('key-not-admitted')
}

/** What the next list names as `prev`. */
export function deviceListHash(crypto: Crypto, encoded: Bytes): Bytes {
  return hash(crypto, labels.deviceList, encoded)
}

/** The entry of a device key. */
export function deviceOf(content: DeviceList, device: Bytes): Device | undefined {
  return content.devices.find((one) => equal(one.device, device))
}

/** Whether no two of these are equal. */
export function allDiffer(keys: readonly Bytes[]): boolean {
  const sorted = [...keys].sort(compare)
  return sorted.every((key, place) => place === 0 || compare(key, sorted[place - 1] ?? EMPTY) !== 0)
}

/**
 * The list after another, with one device more. Its seq is the time, as whoever brings an account back
 * twice from one file must not sign two lists of one seq: that would look like a liar. The devices
 * before stay in it, as they may still be in use; beyond the limit only the new one does.
 */
export function nextDeviceList(
  crypto: Crypto,
  accountSeed: Bytes,
  before: Bytes,
  added: Device,
  wallMs: number,
): Result<Bytes> {
  const last = parseDeviceList(crypto, before)
  if (!last.ok) return last
  const { seq, devices } = last.value
  const full = devices.length >= DEVICES_PER_ACCOUNT_MAX
  return ok(
    signDeviceList(crypto, accountSeed, {
      seq: Math.max(seq + 1, Math.floor(wallMs)),
      prev: deviceListHash(crypto, before),
      devices: full ? [added] : [...devices, added],
    }),
  )
}
