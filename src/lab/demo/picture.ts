// The mesh as a drawing in characters: one box for everybody, or two boxes with the cut between them.
// Lines are lists of pieces with a style each; whoever prints them decides about colours.
//
//   ┌ one mesh ────────────────┐        ┌ this side ──────┐ ╳ ┌ that side ──────┐
//   │ ada*  bob*  cyd*  dee ...│        │ ada*  cyd*  dee │ ╳ │ bob*  eli       │

export type Style = 'bold' | 'dim' | 'good' | 'warn' | 'bad' | 'first' | 'second'
export type Piece = string | { readonly text: string; readonly style: Style }

/** One side: who is there and what they hold. */
export interface Side {
  readonly title: string
  readonly style: Style
  readonly people: readonly {
    readonly name: string
    readonly leader: boolean
    /** It said two things under one number, or is about to. */
    readonly liar?: boolean
  }[]
  /** What every node of the side holds: root and number of messages. */
  readonly held: string
  /** The epochs in force there, each in its colour. */
  readonly epochs: readonly { readonly id: string; readonly style: Style }[]
  /** Their latest texts, oldest first. */
  readonly texts: readonly string[]
}

const WIDTH_ALONE = 68
/** Two boxes with the cut between them fit into 80 columns. */
const WIDTH_BESIDE = 33
const INDENT = '  '
const EPOCHS_SHOWN = 2

/** The drawing of one side, or of two with the cut between them. */
export function picture(sides: readonly Side[]): readonly (readonly Piece[])[] {
  const width = sides.length > 1 ? WIDTH_BESIDE : WIDTH_ALONE
  const rows = Math.max(...sides.map((side) => contentOf(side, width).length))
  const boxes = sides.map((side) => box(side, width, rows))
  const lines = boxes[0]?.length ?? 0
  return Array.from({ length: lines }, (_, line) =>
    boxes.flatMap((drawn, place): readonly Piece[] => [
      place === 0 ? INDENT : { text: ' ╳ ', style: 'bad' },
      ...(drawn[line] ?? []),
    ]),
  )
}

function box(side: Side, width: number, rows: number): readonly (readonly Piece[])[] {
  const { title, style } = side
  const content = contentOf(side, width)
  const edge = (text: string): Piece => ({ text, style })
  const inner = Array.from({ length: rows }, (_, row): readonly Piece[] => {
    const pieces = content[row] ?? []
    const used = pieces.reduce((sum, piece) => sum + lengthOf(piece), 0)
    return [edge('│ '), ...pieces, ' '.repeat(Math.max(0, width - used)), edge(' │')]
  })
  return [
    [edge(`┌ ${title} ${'─'.repeat(Math.max(0, width - title.length))}┐`)],
    ...inner,
    [edge(`└${'─'.repeat(width + 2)}┘`)],
  ]
}

function contentOf(side: Side, width: number): readonly (readonly Piece[])[] {
  return [
    ...peopleLines(side, width),
    [{ text: cut(side.held, width), style: 'dim' }],
    epochLine(side),
    ...side.texts.map((text): readonly Piece[] => [cut(text, width)]),
  ]
}

/** A block for each epoch: two colours while two sides have keys of their own, then one. */
function epochLine({ epochs }: Side): readonly Piece[] {
  const shown = epochs.slice(0, EPOCHS_SHOWN)
  return [
    { text: 'epoch', style: 'dim' },
    ...shown.flatMap(({ id, style }): Piece[] => [' ', { text: `■ ${id.slice(0, 8)}`, style }]),
  ]
}

/** Names side by side, in as many lines as they take; a star marks a leader. */
function peopleLines({ people }: Side, width: number): readonly (readonly Piece[])[] {
  const lines: Piece[][] = [[]]
  let used = 0
  for (const { name, leader, liar = false } of people) {
    const text = `${name}${leader ? '*' : ''}`
    if (used + text.length > width) {
      lines.push([])
      used = 0
    }
    lines.at(-1)?.push({ text, style: liar ? 'bad' : 'bold' }, '  ')
    used += text.length + 2
  }
  return lines.map((line) => line.slice(0, -1))
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`
}

function lengthOf(piece: Piece): number {
  return typeof piece === 'string' ? piece.length : piece.text.length
}
