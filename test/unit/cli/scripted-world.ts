// One run of the command line against buffers instead of a process.
import { type World, run } from '../../../src/cli/run.ts'

export interface Outcome {
  readonly exit: number
  readonly stdout: string
  readonly stderr: string
}

export interface Staged {
  readonly stdin?: Uint8Array
  readonly env?: Record<string, string>
  readonly userHome?: string
  readonly interrupted?: AbortSignal
  readonly terminal?: boolean
  /** Writes to stdout after which nobody reads any more. Default: always somebody. */
  readonly stdoutWritesMax?: number
}

const textOf = (written: string | Uint8Array): string =>
  typeof written === 'string' ? written : new TextDecoder().decode(written)

/** Runs `coterie` with these words. */
export async function type(argv: readonly string[], staged: Staged = {}): Promise<Outcome> {
  const written = { stdout: '', stderr: '' }
  let left = staged.stdoutWritesMax ?? Number.POSITIVE_INFINITY
  const world: World = {
    stdout: {
      isTTY: staged.terminal,
      write(text, done) {
        left -= 1
        if (left < 0) return done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
        written.stdout += textOf(text)
        done()
      },
    },
    stderr: {
      isTTY: staged.terminal,
      write(text, done) {
        written.stderr += textOf(text)
        done()
      },
    },
    stdin: () => Promise.resolve(staged.stdin ?? new Uint8Array(0)),
    stdinIsTerminal: false,
    env: { COTERIE_HOME: '/nonexistent/coterie', ...staged.env },
    userHome: staged.userHome ?? '/nonexistent',
    version: '9.9.9',
    interrupted: staged.interrupted ?? new AbortController().signal,
  }
  const exit = await run(argv, world)
  return { exit, ...written }
}

/** The lines of stdout as values. */
export function objects(outcome: Outcome): Record<string, unknown>[] {
  const lines = outcome.stdout.split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}
