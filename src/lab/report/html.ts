// Markup made safe by construction: whatever is put into a template is escaped unless it is markup
// itself. Names of nodes, phases and protocols come from files that people write.

/** Text that may stand in a page as it is. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type Piece = string | number | Markup | readonly Piece[] | undefined

/** `html\`<td>${value}</td>\``: escapes values, joins lists, leaves out undefined. */
export function html(parts: TemplateStringsArray, ...values: readonly Piece[]): Markup {
  return new Markup(parts.reduce((all, part, index) => all + textOf(values[index - 1]) + part, ''))
}

function textOf(piece: Piece): string {
  if (piece === undefined) return ''
  if (piece instanceof Markup) return piece.text
  if (typeof piece === 'string' || typeof piece === 'number') return escaped(String(piece))
  return piece.map(textOf).join('')
}

const signs: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => signs[sign] ?? sign)
