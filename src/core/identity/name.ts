/**
 * Which names of members and groups are allowed, and which topics. A name is a claim and never unique; it is fixed
 * when it is signed, so every reader must agree on what a name is, byte for byte.
 */
import { utf8 } from '../../base/bytes.ts'
import { NAME_BYTES_MAX, TEXT_FIELD_BYTES_MAX } from '../../base/limits.ts'
import { type Result, fail, ok } from '../../base/result.ts'

/** C0 and C1 controls, and the two separators that terminals and logs take for line ends. */
const isControl = (code: number): boolean =>
  code < 0x20 || (code >= 0x7f && code < 0xa0) || code === 0x2028 || code === 0x2029

/** Marks, embeddings, overrides and isolates of the Unicode bidirectional algorithm. */
const isBidi = (code: number): boolean =>
  code === 0x061c ||
  code === 0x200e ||
  code === 0x200f ||
  (code >= 0x202a && code <= 0x202e) ||
  (code >= 0x2066 && code <= 0x2069)

/** The name itself, or why it is none: `name-length`, `name-surrogate`, `name-control`, `name-bidi`, `name-not-nfc`. */
export function checkName(name: string): Result<string> {
  if (name.length === 0 || utf8(name).length > NAME_BYTES_MAX) return fail('name-length')
  return checkCharacters(name)
}

/** The topic itself, or why it is none: the reasons of a name. It may be empty, and longer than a name. */
export function checkTopic(topic: string): Result<string> {
  return utf8(topic).length > TEXT_FIELD_BYTES_MAX ? fail('name-length') : checkCharacters(topic)
}

function checkCharacters(name: string): Result<string> {
  for (const character of name) {
    const code = character.codePointAt(0) ?? 0
    if (code >= 0xd800 && code <= 0xdfff) return fail('name-surrogate')
    if (isControl(code)) return fail('name-control')
    if (isBidi(code)) return fail('name-bidi')
  }
  return name.normalize('NFC') === name ? ok(name) : fail('name-not-nfc')
}

/** Throws where one of our own names was not checked before it was signed. */
export function assertName(name: string): void {
  const checked = checkName(name)
  if (!checked.ok) throw new RangeError(`not a name (${checked.error})`)
}
