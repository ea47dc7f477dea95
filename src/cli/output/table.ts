// Plain tables: columns as wide as their widest cell, two blanks between, no frames, so that they
// read well and still cut well with `awk`. Cells are made safe here, before they are measured.

import { visible } from './visible.ts'

/** How a piece of text looks where colours are wanted. */
export type Style = 'bold' | 'dim' | 'good' | 'warn' | 'bad' | 'first' | 'second'

/** A piece of a line: text, perhaps with a style. Never holds escapes of its own. */
export type Piece = string | { readonly text: string; readonly style: Style }

/** A line of output. */
export type Line = Piece | readonly Piece[]

const GAP = '  '

/** Lines of a table with a heading. Every row has as many cells as the heading. */
export function table(heading: readonly string[], rows: readonly (readonly Piece[])[]): Line[] {
  const shown = rows.map((row) => row.map(safe))
  const widths = heading.map((title, column) =>
    Math.max(width(title), ...shown.map((row) => width(textOf(row[column] ?? '')))),
  )
  const headLine = padded(
    heading.map((title) => ({ text: title.toUpperCase(), style: 'dim' as const })),
    widths,
  )
  return [headLine, ...shown.map((row) => padded(row, widths))]
}

/** Lines of names and values, the values aligned. */
export function fields(pairs: readonly (readonly [string, Piece | readonly Piece[]])[]): Line[] {
  const widest = Math.max(0, ...pairs.map(([name]) => width(name)))
  return pairs.map(([name, value]) => [
    { text: `${name}:`.padEnd(widest + 1), style: 'dim' },
    ' ',
    ...(isList(value) ? value : [value]),
  ])
}

/** Columns that a terminal needs for a text. */
export function width(text: string): number {
  let columns = 0
  for (const character of text) columns += columnsOf(character)
  return columns
}

export function textOf(piece: Piece): string {
  return typeof piece === 'string' ? piece : piece.text
}

export function isList(line: Line): line is readonly Piece[] {
  return Array.isArray(line)
}

function safe(piece: Piece): Piece {
  const text = visible(textOf(piece))
  return typeof piece === 'string' ? text : { ...piece, text }
}

function padded(row: readonly Piece[], widths: readonly number[]): Line {
  const last = row.length - 1
  return row.flatMap((piece, column): Piece[] => {
    if (column === last) return [piece]
    const missing = (widths[column] ?? 0) - width(textOf(piece))
    return [piece, ' '.repeat(Math.max(0, missing)) + GAP]
  })
}

/** Combining marks take no column, East Asian wide characters and emoji take two. */
function columnsOf(character: string): number {
  if (/^[\p{Mn}\p{Me}\u200c\u200d\ufe0e\ufe0f]$/u.test(character)) return 0
  return /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]$|^\p{Emoji_Presentation}$/u.test(
    character,
  )
    ? 2
    : 1
}
