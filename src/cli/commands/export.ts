// `export`: everything held of a group as one file that verifies anywhere, without a node (`verify`).
// Texts stay sealed in it; a second file, only if asked for, holds the keys that open them.

import type { ArchiveLine, ExportFigures } from '../../api/contract.ts'
import { CoterieError } from '../../base/error.ts'
import {
  type CommandSpec,
  type Context,
  type Given,
  argument,
  optionText,
  usage,
} from '../command.ts'
import { fields } from '../output/table.ts'
import { connect } from './connect.ts'

export const exportCommand: CommandSpec = {
  name: 'export',
  summary: 'Write what is held of a group as an archive that verifies by itself.',
  arguments: ['<group>', '[file]'],
  options: [
    {
      flags: '--keys <file>',
      summary: 'also write the keys of all texts readable here: who has both files reads them',
    },
  ],
  examples: [
    'export garden garden.coterie',
    'export garden garden.coterie --keys garden.keys --json',
  ],
  run,
}

async function run(context: Context, given: Given): Promise<void> {
  const file = given.args[1] ?? '-'
  const keysFile = optionText(given, 'keys')
  refuseNonsense(context, file, keysFile)
  const client = await connect(context)
  const files = new Files(file, keysFile)
  try {
    const path = `/v1/groups/${encodeURIComponent(argument(given, 0))}/archive`
    const query: Record<string, string> = keysFile === undefined ? {} : { keys: '1' }
    const figures = await received(context, client.lines<ArchiveLine>(path, query), files)
    await files.finish()
    await told(context, figures, file, keysFile)
  } finally {
    await files.discard()
  }
}

/** A file that is whole at its end, or not there. */
interface NewFile {
  write(bytes: Uint8Array): Promise<void>
  finish(): Promise<void>
  discard(): Promise<void>
}

/** The files under way: made when the first piece is there, so that a refusal touches nothing. */
class Files {
  readonly #names: Readonly<Record<'archive' | 'keys', string | undefined>>
  #made: Partial<Record<'archive' | 'keys', NewFile>> | undefined

  constructor(archive: string, keys: string | undefined) {
    this.#names = { archive: archive === '-' ? undefined : archive, keys }
  }

  /** Where a part goes; undefined for stdout. */
  async target(part: 'archive' | 'keys'): Promise<NewFile | undefined> {
    if (this.#made === undefined) {
      const { newFile } = await import('../../node/archive-file.ts')
      this.#made = {}
      for (const one of ['archive', 'keys'] as const) {
        const name = this.#names[one]
        if (name !== undefined) this.#made[one] = await newFile(name)
      }
    }
    return this.#made[part]
  }

  /** The keys first: an archive under its name is the sign that both are there. */
  async finish(): Promise<void> {
    await this.#made?.keys?.finish()
    await this.#made?.archive?.finish()
  }

  async discard(): Promise<void> {
    await this.#made?.archive?.discard()
    await this.#made?.keys?.discard()
  }
}

function refuseNonsense(context: Context, file: string, keysFile: string | undefined): void {
  if (file === '-' && context.out.json) {
    throw usage('With --json the archive needs a file.', 'Name one: export GROUP FILE --json')
  }
  if (file === '-' && context.out.terminal) {
    throw usage('An archive is nothing for a terminal.', 'Name a file: export GROUP FILE')
  }
  if (keysFile === '-' || keysFile === file) {
    throw usage('Keys go into a file of their own.', 'Name another file with --keys.')
  }
}

async function received(
  context: Context,
  lines: AsyncIterable<ArchiveLine>,
  files: Files,
): Promise<ExportFigures> {
  for await (const line of lines) {
    if (line.part === 'end') return line
    const bytes = new Uint8Array(Buffer.from(line.bytes, 'base64'))
    const target = await files.target(line.part)
    if (target === undefined) await context.out.bytes(bytes)
    else await target.write(bytes)
    if (context.out.closed) break
  }
  throw new CoterieError('DAEMON_UNREACHABLE', 'The daemon stopped before the archive was whole.', {
    hint: 'Start it again and export anew; what was written so far is not an archive.',
  })
}

async function told(
  context: Context,
  figures: ExportFigures,
  file: string,
  keysFile: string | undefined,
): Promise<void> {
  const { group, root, messages, texts, keys, bytes, archive } = figures
  const result = { group, root, messages, texts, keys, bytes, archive }
  if (file !== '-') {
    await context.out.result({ file, keysFile: keysFile ?? null, ...result }, () =>
      fields([
        ['archive', file],
        ['messages', `${messages}, of which ${texts} texts, all sealed`],
        ['root', root],
        ['keys', keysFile === undefined ? 'none written' : `${keysFile}, of ${keys} texts`],
      ]),
    )
  }
  await context.out.talk(
    'Whoever gets the archive sees who belonged, who wrote when and how much, and no text.',
  )
  if (keysFile === undefined) return
  await context.out.talk({
    text: `Whoever gets ${keysFile} as well reads ${keys} texts. It opens nothing that comes later.`,
    style: 'warn',
  })
}
