// Makes a text from somewhere else safe to show on a terminal: what would move the cursor, change
// colours, break a line or turn the direction of writing is spelt out instead of obeyed.

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/**
 * C0, DEL and C1 controls; soft hyphen; marks, embeddings, overrides and isolates of the bidirectional
 * algorithm; line and paragraph separators; zero-width space and joiners of lines; byte order mark;
 * annotations; tags; lone surrogates. Joiners of emoji and of scripts (200C, 200D) stay.
 */
const unsafe =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|\p{Surrogate}/gu

/** The text with everything unsafe spelt out, such as `\x1b` or `\u{202e}`. */
export function visible(text: string): string {
  return text.replace(unsafe, (character) => {
    const known = named[character]
    if (known !== undefined) return known
    const code = character.codePointAt(0) ?? 0
    const digits = code.toString(16)
    return code < 0x100 ? `\\x${digits.padStart(2, '0')}` : `\\u{${digits}}`
  })
}
