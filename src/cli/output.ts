// The only place that prints. Results go to stdout, talk to stderr; with --json a result or an error
// is one JSON object a line on stdout. Every text passes `visible` on its way to a terminal, and
// colours are added after that: nothing that came from a peer can bring an escape of its own.

import type { CoterieError } from '../base/error.ts'
import { type Line, type Piece, type Style, isList, textOf } from './output/table.ts'
import { visible } from './output/visible.ts'

/** Where text goes: a process stream, or a buffer in a test. */
export interface Sink {
  /** Calls `done` when the text has been handed on, or could not be. */
  write(text: string | Uint8Array, done: (error?: Error | null) => void): unknown
  readonly isTTY?: boolean | undefined
}

export interface OutputOptions {
  readonly json: boolean
  /** Whether talk is left out. */
  readonly quiet: boolean
  readonly stdout: Sink
  readonly stderr: Sink
  readonly env: Readonly<Record<string, string | undefined>>
  /** Called once when nobody reads stdout any more. */
  readonly onClosed: () => void
}

const sgr: Readonly<Record<Style, string>> = {
  bold: '1',
  dim: '2',
  good: '32',
  warn: '33',
  bad: '31',
  first: '36',
  second: '35',
}

export class Output {
  readonly #options: OutputOptions
  #closed = false

  constructor(options: OutputOptions) {
    this.#options = options
  }

  get json(): boolean {
    return this.#options.json
  }

  /** True once nobody reads stdout any more: a stream may stop then. */
  get closed(): boolean {
    return this.#closed
  }

  /** A result, or one of a stream of them. @param lines how it looks for people */
  async result(value: object, lines: () => readonly Line[]): Promise<void> {
    if (this.json) return this.#print(`${JSON.stringify({ v: 1, ok: true, ...value })}\n`)
    const colour = this.#colour(this.#options.stdout)
    const text = lines().map((line) => `${paint(line, colour)}\n`)
    return this.#print(text.join(''))
  }

  /** Text of our own that is a document, such as help or a completion script. */
  async document(name: string, text: string): Promise<void> {
    if (this.json) return this.#print(`${JSON.stringify({ v: 1, ok: true, [name]: text })}\n`)
    return this.#print(text.endsWith('\n') ? text : `${text}\n`)
  }

  /** Whether a person looks at stdout. */
  get terminal(): boolean {
    return this.#options.stdout.isTTY === true
  }

  /** Part of a file that somebody wants on stdout, as it is. */
  async bytes(part: Uint8Array): Promise<void> {
    await this.#print(part)
  }

  /** Something beside the result: progress, a remark. */
  async talk(line: Line): Promise<void> {
    if (this.#options.quiet) return
    await this.#tell(`${paint(line, this.#colour(this.#options.stderr))}\n`)
  }

  /** Why a command was not done. */
  async failure(error: CoterieError): Promise<void> {
    const { code, message, hint = '' } = error
    if (this.json) {
      const body = { v: 1, ok: false, error: { code, message, hint } }
      return this.#print(`${JSON.stringify(body)}\n`)
    }
    const colour = this.#colour(this.#options.stderr)
    const first: Line = [{ text: `coterie: ${code}`, style: 'bad' }, `: ${message}`]
    const next: Line = [{ text: 'next: ', style: 'dim' }, hint]
    const lines = hint === '' ? [first] : [first, next]
    await this.#tell(lines.map((line) => `${paint(line, colour)}\n`).join(''))
  }

  #colour(sink: Sink): boolean {
    const { env } = this.#options
    const refused = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb'
    return sink.isTTY === true && !refused
  }

  /** Waits until the text was taken, so that a slow reader slows us and costs no memory. */
  async #print(text: string | Uint8Array): Promise<void> {
    if (this.#closed || text.length === 0) return
    const error = await write(this.#options.stdout, text)
    if (error === undefined || this.#closed) return
    this.#closed = true
    this.#options.onClosed()
  }

  async #tell(text: string): Promise<void> {
    await write(this.#options.stderr, text)
  }
}

function write(sink: Sink, text: string | Uint8Array): Promise<Error | undefined> {
  return new Promise((resolve) => {
    try {
      sink.write(text, (error) => resolve(error ?? undefined))
    } catch (error) {
      resolve(error as Error)
    }
  })
}

function paint(line: Line, colour: boolean): string {
  const pieces = isList(line) ? line : [line]
  return pieces.map((piece) => paintPiece(piece, colour)).join('')
}

function paintPiece(piece: Piece, colour: boolean): string {
  const text = visible(textOf(piece))
  if (!colour || typeof piece === 'string' || text === '') return text
  return `\u001b[${sgr[piece.style]}m${text}\u001b[0m`
}
