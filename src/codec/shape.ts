// Readers for positional arrays: a decoder is declared as a tuple of small readers and never throws.
// A reader takes a decoded value and gives a typed one or a short reason with the place in it;
// an array that is longer than its declaration is refused, so nothing unknown is ever carried along.

import { type Bytes, utf8 } from '../base/bytes.ts'
import { INTEGER_MAX } from '../base/limits.ts'
import { type Result, fail, ok } from '../base/result.ts'
import { type DecodeOptions, type Value, decode } from './canonical.ts'

/** Turns a decoded value into a typed one. */
export interface Reader<T> {
  (value: Value): Result<T>
  /** Of a reader that gives the value itself: why it would not. It says so without a new object. */
  readonly refusal?: Refusal
}

type Refusal = (value: Value) => string | undefined

/** What a reader yields. */
export type Read<R> = R extends Reader<infer T> ? T : never

/** How many items a list may have, and whether they must ascend. */
export interface ListOptions<T> {
  /** Items at least. Default: 0. */
  readonly min?: number
  /** Items at most. */
  readonly max: number
  /** Where given, each item must compare greater than the one before. Default: any order. */
  readonly ascending?: (a: T, b: T) => number
}

/** A reader that gives the value itself unless there is a reason against it. */
function keeping<T>(refusal: Refusal): Reader<T> {
  const reader = (value: Value): Result<T> => {
    const reason = refusal(value)
    return reason === undefined ? ok(value as T) : fail(reason)
  }
  return Object.assign(reader, { refusal })
}

/** A whole number in 0 .. max. */
export function uint(max: number): Reader<number> {
  return keeping((value) =>
    typeof value !== 'number' ? 'not a number' : value > max ? 'too large' : undefined,
  )
}

/** A whole number of 32 bits. */
export const u32: Reader<number> = uint(0xffff_ffff)

/** A whole number in 0 .. 2^53-1. */
export const u53: Reader<number> = uint(INTEGER_MAX)

/** 0 for false or 1 for true. */
export const flag: Reader<boolean> = (value) =>
  value === 0 || value === 1 ? ok(value === 1) : fail('not 0 or 1')

/** Exactly this number, such as a version. */
export function exactly<N extends number>(expected: N): Reader<N> {
  return keeping((value) => (value === expected ? undefined : `not ${expected}`))
}

/** A byte string of exactly that length. */
export function bytes(length: number): Reader<Bytes> {
  return keeping((value) =>
    !(value instanceof Uint8Array)
      ? 'not bytes'
      : value.length === length
        ? undefined
        : 'wrong length',
  )
}

/** A byte string of at most that length. */
export function bytesUpTo(max: number): Reader<Bytes> {
  return keeping((value) =>
    !(value instanceof Uint8Array) ? 'not bytes' : value.length <= max ? undefined : 'too long',
  )
}

/** A byte string of exactly that length, or an empty one, which reads as `undefined`. */
export function bytesOrNone(length: number): Reader<Bytes | undefined> {
  const full = bytes(length)
  return (value) =>
    value instanceof Uint8Array && value.length === 0 ? ok(undefined) : full(value)
}

/** What either of two readers takes that give the value itself; where neither does, the second's reason. */
export function either<T, U>(first: Reader<T>, second: Reader<U>): Reader<T | U> {
  const refusal = ({ refusal }: Reader<unknown>, value: Value): string | undefined =>
    refusal === undefined ? 'no such value' : refusal(value)
  return keeping((value) =>
    refusal(first, value) === undefined ? undefined : refusal(second, value),
  )
}

/** A text of at most that many bytes in UTF-8. */
export function textUpTo(maxBytes: number): Reader<string> {
  return keeping((value) => {
    if (typeof value !== 'string') return 'not text'
    const fits = value.length <= maxBytes && utf8(value).length <= maxBytes
    return fits ? undefined : 'too long'
  })
}

/** An array of like items. */
export function list<T>(item: Reader<T>, options: ListOptions<T>): Reader<T[]> {
  const { min = 0, max, ascending } = options
  const size: Refusal = (value) => {
    if (!isArray(value)) return 'not a list'
    if (value.length > max) return 'too many items'
    return value.length < min ? 'too few items' : undefined
  }
  const order = (place: number, before: T, after: T): string | undefined =>
    place > 0 && ascending !== undefined && ascending(before, after) >= 0
      ? within(place, 'out of order')
      : undefined
  const { refusal } = item
  if (refusal !== undefined) {
    return keeping((value) => {
      const wrong = size(value)
      if (wrong !== undefined) return wrong
      const items = value as readonly Value[]
      for (let place = 0; place < items.length; place++) {
        const reason = refusal(items[place] as Value)
        if (reason !== undefined) return within(place, reason)
        const misplaced = order(place, items[place - 1] as T, items[place] as T)
        if (misplaced !== undefined) return misplaced
      }
      return undefined
    })
  }
  return (value) => {
    const wrong = size(value)
    if (wrong !== undefined) return fail(wrong)
    const items: T[] = []
    const given = value as readonly Value[]
    for (let place = 0; place < given.length; place++) {
      const read = item(given[place] as Value)
      if (!read.ok) return fail(within(place, read.error))
      const misplaced = order(place, items[place - 1] as T, read.value)
      if (misplaced !== undefined) return fail(misplaced)
      items.push(read.value)
    }
    return ok(items)
  }
}

/** An array of exactly these fields, in this order. */
export function tuple<T extends readonly unknown[]>(
  ...fields: { readonly [K in keyof T]: Reader<T[K]> }
): Reader<T> {
  const readers: readonly Reader<unknown>[] = fields
  const refusals = readers.map((field) => field.refusal).filter((one) => one !== undefined)
  if (refusals.length === readers.length) {
    return keeping((value) => {
      if (!isArray(value)) return 'not a list'
      if (value.length !== refusals.length) return 'wrong number of fields'
      for (let place = 0; place < refusals.length; place++) {
        const reason = refusals[place]?.(value[place] as Value)
        if (reason !== undefined) return within(place, reason)
      }
      return undefined
    })
  }
  return (value) => {
    if (!isArray(value)) return fail('not a list')
    if (value.length !== readers.length) return fail('wrong number of fields')
    const read: unknown[] = []
    for (let place = 0; place < readers.length; place++) {
      const one = readers[place]?.(value[place] as Value)
      if (one?.ok === false) return fail(within(place, one.error))
      read.push(one?.value)
    }
    return ok(read as unknown as T)
  }
}

/** Whatever another reader gives, turned into something else; the turning cannot fail. */
export function into<T, U>(reader: Reader<T>, build: (value: T) => U): Reader<U> {
  return (value) => {
    const read = reader(value)
    return read.ok ? ok(build(read.value)) : read
  }
}

/** Whatever another reader gives, refused with a reason where the condition does not hold. */
export function where<T>(
  reader: Reader<T>,
  holds: (value: T) => boolean,
  reason: string,
): Reader<T> {
  return (value) => {
    const read = reader(value)
    return !read.ok || holds(read.value) ? read : fail(reason)
  }
}

/** Any value at all, for a field that is looked at later. */
export const anything: Reader<Value> = keeping(() => undefined)

/** Decodes bytes and reads them, in one go. Never throws. */
export function parse<T>(
  reader: Reader<T>,
  encoded: Bytes,
  options: DecodeOptions = {},
): Result<T> {
  const decoded = decode(encoded, options)
  return decoded.ok ? reader(decoded.value) : decoded
}

function isArray(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

/** Puts the place in front of a reason: `[3][0] wrong length`. */
function within(place: number, reason: string): string {
  return reason.startsWith('[') ? `[${place}]${reason}` : `[${place}] ${reason}`
}
