// Readers for positional arrays: a decoder is declared as a tuple of small readers and never throws.
// A reader takes a decoded value and gives a typed one or a short reason with the place in it;
// an array that is longer than its declaration is refused, so nothing unknown is ever carried along.

import { type Bytes, utf8 } from '../base/bytes.ts'
import { INTEGER_MAX } from '../base/limits.ts'
import { type Result, fail, ok } from '../base/result.ts'
import { type DecodeOptions, type Value, decode } from './canonical.ts'

/** Turns a decoded value into a typed one. */
export type Reader<T> = (value: Value) => Result<T>

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

/** A whole number in 0 .. max. */
export function uint(max: number): Reader<number> {
  return (value) =>
    typeof value !== 'number' ? fail('not a number') : value > max ? fail('too large') : ok(value)
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
  return (value) => (value === expected ? ok(expected) : fail(`not ${expected}`))
}

/** A byte string of exactly that length. */
export function bytes(length: number): Reader<Bytes> {
  return (value) =>
    !(value instanceof Uint8Array)
      ? fail('not bytes')
      : value.length === length
        ? ok(value)
        : fail('wrong length')
}

/** A byte string of at most that length. */
export function bytesUpTo(max: number): Reader<Bytes> {
  return (value) =>
    !(value instanceof Uint8Array)
      ? fail('not bytes')
      : value.length <= max
        ? ok(value)
        : fail('too long')
}

/** A byte string of exactly that length, or an empty one, which reads as `undefined`. */
export function bytesOrNone(length: number): Reader<Bytes | undefined> {
  const full = bytes(length)
  return (value) =>
    value instanceof Uint8Array && value.length === 0 ? ok(undefined) : full(value)
}

/** A text of at most that many bytes in UTF-8. */
export function textUpTo(maxBytes: number): Reader<string> {
  return (value) => {
    if (typeof value !== 'string') return fail('not text')
    const fits = value.length <= maxBytes && utf8(value).length <= maxBytes
    return fits ? ok(value) : fail('too long')
  }
}

/** An array of like items. */
export function list<T>(item: Reader<T>, options: ListOptions<T>): Reader<T[]> {
  const { min = 0, max, ascending } = options
  return (value) => {
    if (!isArray(value)) return fail('not a list')
    if (value.length > max) return fail('too many items')
    if (value.length < min) return fail('too few items')
    const items: T[] = []
    for (let place = 0; place < value.length; place++) {
      const read = item(value[place] as Value)
      if (!read.ok) return within(place, read.error)
      if (
        place > 0 &&
        ascending !== undefined &&
        ascending(items[place - 1] as T, read.value) >= 0
      ) {
        return within(place, 'out of order')
      }
      items.push(read.value)
    }
    return ok(items)
  }
}

/** An array of exactly these fields, in this order. */
export function tuple<T extends readonly unknown[]>(
  ...fields: { readonly [K in keyof T]: Reader<T[K]> }
): Reader<T> {
  return (value) => {
    if (!isArray(value)) return fail('not a list')
    if (value.length !== fields.length) return fail('wrong number of fields')
    const read: unknown[] = []
    for (let place = 0; place < fields.length; place++) {
      const one = (fields[place] as Reader<unknown>)(value[place] as Value)
      if (!one.ok) return within(place, one.error)
      read.push(one.value)
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
export const anything: Reader<Value> = ok

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
function within(place: number, reason: string): { readonly ok: false; readonly error: string } {
  return fail(reason.startsWith('[') ? `[${place}]${reason}` : `[${place}] ${reason}`)
}
