/**
 * The six frames of a hello as bytes: canonical arrays whose first element is the kind, 0 to 5.
 * Even kinds are the dialler's, odd ones the listener's, so that no frame of one side can be taken
 * for one of the other. Tag lists have one of three lengths and ascend strictly: neither their
 * length nor a position tells anything, and no tag stands in one twice.
 */
import { type Bytes, compare } from '../../base/bytes.ts'
import { HELLO_TAG_COUNTS } from '../../base/limits.ts'
import { type Result, fail, ok } from '../../base/result.ts'
import { type Value, encode } from '../../codec/canonical.ts'
import { bytes, exactly, list, tuple, where } from '../../codec/shape.ts'

/** Which end of a channel: the dialler opened it. */
export type Role = 'dialler' | 'listener'

/** The version that a hello opens with. Anything else is refused before it is read further. */
export const helloVersion = 1

/** Bytes of a nonce and of a tag. */
export const helloNonceBytes = 16
export const helloTagBytes = 16
/** Bytes of a sealed proof: a member id, a signature, an authentication tag. */
export const helloBoxBytes = 32 + 64 + 16

/** Groups in one hello at most. */
export const helloGroupsMax = HELLO_TAG_COUNTS.at(-1) ?? 0

export type HelloFrame =
  | { readonly step: 'nonce'; readonly from: Role; readonly nonce: Bytes }
  | { readonly step: 'tags'; readonly from: Role; readonly tags: readonly Bytes[] }
  | { readonly step: 'proofs'; readonly from: Role; readonly boxes: readonly Bytes[] }

const steps = ['nonce', 'tags', 'proofs'] as const

/** Frames of these kinds belong to the hello. */
export function isHelloKind(kind: number): boolean {
  return kind >= 0 && kind < 2 * steps.length
}

/** The bytes of a frame. */
export function writeHelloFrame(frame: HelloFrame): Bytes {
  const kind = 2 * steps.indexOf(frame.step) + (frame.from === 'dialler' ? 0 : 1)
  switch (frame.step) {
    case 'nonce':
      return encode([kind, helloVersion, frame.nonce])
    case 'tags':
      return encode([kind, frame.tags])
    case 'proofs':
      return encode([kind, frame.boxes])
  }
}

const nonceReader = bytes(helloNonceBytes)
const tagsReader = where(
  list(bytes(helloTagBytes), { max: helloGroupsMax, ascending: compare }),
  (tags) => HELLO_TAG_COUNTS.includes(tags.length),
  'unpadded',
)
const boxesReader = list(bytes(helloBoxBytes), { min: 1, max: helloGroupsMax })

/** Reads a decoded frame. A reason is one of `hello-malformed` and `hello-version`. */
export function readHelloFrame(
  value: Value,
): Result<HelloFrame, 'hello-malformed' | 'hello-version'> {
  if (!Array.isArray(value)) return fail('hello-malformed')
  const [kind, version] = value as readonly Value[]
  if (typeof kind !== 'number' || !isHelloKind(kind)) return fail('hello-malformed')
  const from: Role = kind % 2 === 0 ? 'dialler' : 'listener'
  const first = exactly(kind)
  switch (steps[Math.floor(kind / 2)]) {
    case 'nonce': {
      // A later version may have other fields, so its number is looked at before anything else.
      if (typeof version === 'number' && version !== helloVersion) return fail('hello-version')
      const read = tuple(first, exactly(helloVersion), nonceReader)(value)
      return read.ok ? ok({ step: 'nonce', from, nonce: read.value[2] }) : fail('hello-malformed')
    }
    case 'tags': {
      const read = tuple(first, tagsReader)(value)
      return read.ok ? ok({ step: 'tags', from, tags: read.value[1] }) : fail('hello-malformed')
    }
    default: {
      const read = tuple(first, boxesReader)(value)
      return read.ok ? ok({ step: 'proofs', from, boxes: read.value[1] }) : fail('hello-malformed')
    }
  }
}
