// One run of the command line, from what was typed to an exit code, without touching the process:
// tests call it with buffers. Whatever goes wrong ends as an error object and a code of the table.

import { CoterieError } from '../base/error.ts'
import { commandNames, loadCommands } from './catalogue.ts'
import type { Context } from './command.ts'
import { DONE, INTERRUPTED, exitOf } from './exit-code.ts'
import { Output, type Sink } from './output.ts'
import { parse } from './program.ts'

/** The world around one run. */
export interface World {
  readonly stdout: Sink
  readonly stderr: Sink
  readonly stdin: (bytesMax: number) => Promise<Uint8Array>
  readonly stdinIsTerminal: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  readonly userHome: string
  readonly version: string
  /** Aborted when the person or the system wants an end. */
  readonly interrupted: AbortSignal
}

/** Runs one command line. Never throws. @returns the exit code */
export async function run(argv: readonly string[], world: World): Promise<number> {
  const closed = new AbortController()
  const early = createOutput(world, wantsJson(argv), false, closed)
  try {
    const parsed = parse(argv, await loadCommands(firstWord(argv)), world.version)
    if (parsed.kind === 'text') {
      await early.document(parsed.name, parsed.text)
      return DONE
    }
    const { globals, spec, given } = parsed
    const out = createOutput(world, globals.json, globals.quiet, closed)
    const context: Context = {
      out,
      home: globals.home,
      env: world.env,
      userHome: world.userHome,
      stdin: world.stdin,
      stdinIsTerminal: world.stdinIsTerminal,
      signal: AbortSignal.any([world.interrupted, closed.signal]),
      allCommands: () => loadCommands(undefined),
    }
    return (await spec.run?.(context, given)) ?? DONE
  } catch (error) {
    if (world.interrupted.aborted) return INTERRUPTED
    if (closed.signal.aborted) return DONE
    const known = asCoterieError(error, world.env)
    await early.failure(known)
    return exitOf(known.code)
  }
}

/** Whether JSON is wanted, also when the rest cannot be parsed. */
export function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return (end < 0 ? argv : argv.slice(0, end)).includes('--json')
}

/** The name of the command, as far as it can be told without a parser; only used to load less. */
function firstWord(argv: readonly string[]): string | undefined {
  for (let place = 0; place < argv.length; place++) {
    const word = argv[place] ?? ''
    if (word === '--home') place += 1
    else if (!word.startsWith('-')) return commandNames.includes(word) ? word : undefined
  }
  return undefined
}

function createOutput(
  world: World,
  json: boolean,
  quiet: boolean,
  closed: AbortController,
): Output {
  const { stdout, stderr, env } = world
  return new Output({ json, quiet, stdout, stderr, env, onClosed: () => closed.abort() })
}

function asCoterieError(error: unknown, env: World['env']): CoterieError {
  if (error instanceof CoterieError) return error
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  const detail = env['COTERIE_DEBUG'] === '1' ? ` ${stack ?? ''}` : ''
  return new CoterieError('INTERNAL', `${message}${detail}`, {
    hint: 'Please report this; COTERIE_DEBUG=1 shows where it happened.',
    cause: error,
  })
}
