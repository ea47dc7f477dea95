// Builds the parser from the commands as data. Parsing never prints and never ends the process: help
// comes back as text, a mistake as a USAGE error that names the help to look at.

import { Command, CommanderError, Option } from 'commander'
import { CoterieError } from '../base/error.ts'
import type { CommandSpec, Given, OptionSpec } from './command.ts'

/** What parsing found. */
export type Parsed =
  | {
      readonly kind: 'run'
      readonly spec: CommandSpec
      readonly given: Given
      readonly globals: Globals
    }
  | { readonly kind: 'text'; readonly name: 'help' | 'version'; readonly text: string }

/** Options that stand before or after the command. */
export interface Globals {
  readonly home: string | undefined
  readonly json: boolean
  readonly quiet: boolean
}

export const globalOptions: readonly OptionSpec[] = [
  { flags: '--home <directory>', summary: 'use this directory for everything (or COTERIE_HOME)' },
  { flags: '--json', summary: 'one JSON object, or one a line, errors included' },
  { flags: '--quiet', summary: 'no remarks on stderr' },
]

/** Parses what was typed. @throws CoterieError USAGE */
export function parse(
  argv: readonly string[],
  specs: readonly CommandSpec[],
  version: string,
): Parsed {
  const printed: string[] = []
  const complaints: string[] = []
  let found: Omit<Extract<Parsed, { kind: 'run' }>, 'globals' | 'kind'> | undefined

  const root = prepared(new Command('coterie'), printed, complaints)
    .description('A group-messaging mesh node without servers.')
    .version(version, '-V, --version', 'print the version')
    .addHelpText('after', helpTail('', ['init --name ada', 'status --json']))
  for (const option of globalOptions) root.addOption(optionOf(option))
  for (const spec of specs) {
    root.addCommand(
      commandOf(spec, '', { printed, complaints }, (chosen, given) => {
        found = { spec: chosen, given }
      }),
    )
  }
  try {
    root.parse(argv, { from: 'user' })
  } catch (error) {
    return fromCommander(error, printed, complaints)
  }
  if (found === undefined) throw new CoterieError('INTERNAL', 'The parser chose no command.')
  const { home, json, quiet } = root.opts<{ home?: string; json?: true; quiet?: true }>()
  return { kind: 'run', ...found, globals: { home, json: json === true, quiet: quiet === true } }
}

type Choose = (spec: CommandSpec, given: Given) => void

interface Captured {
  readonly printed: string[]
  readonly complaints: string[]
}

function commandOf(spec: CommandSpec, path: string, captured: Captured, choose: Choose): Command {
  const full = `${path}${spec.name}`
  const command = prepared(new Command(spec.name), captured.printed, captured.complaints)
    .description(spec.summary)
    .addHelpText('after', helpTail(full, spec.examples))
  for (const syntax of spec.arguments ?? []) command.argument(syntax)
  for (const option of spec.options ?? []) command.addOption(optionOf(option))
  for (const child of spec.commands ?? []) {
    command.addCommand(commandOf(child, `${full} `, captured, choose))
  }
  if (spec.run === undefined) return command
  const places = (spec.arguments ?? []).length
  return command.action((...all: unknown[]) => {
    const args = all
      .slice(0, places)
      .map((value) => (typeof value === 'string' ? value : undefined))
    choose(spec, { args, options: command.opts() })
  })
}

function prepared(command: Command, printed: string[], complaints: string[]): Command {
  return command
    .exitOverride()
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .showSuggestionAfterError(true)
    .configureOutput({
      writeOut: (text) => void printed.push(text),
      writeErr: (text) => void complaints.push(text),
      outputError: (text, write) => write(text),
      getOutHelpWidth: () => 100,
      getErrHelpWidth: () => 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
}

function optionOf({ flags, summary, repeat = false }: OptionSpec): Option {
  const option = new Option(flags, summary)
  if (!repeat) return option
  return option.default([], '').argParser<string[]>((value, before) => [...before, value])
}

function helpTail(path: string, examples: readonly string[]): string {
  const shared = path === '' ? [] : ['', 'Global options (before or after the command):']
  const rows =
    path === '' ? [] : globalOptions.map(({ flags, summary }) => `  ${flags.padEnd(20)}${summary}`)
  const shown = examples.map((example) => `  coterie ${example}`)
  return [...shared, ...rows, '', 'Examples:', ...shown].join('\n')
}

function fromCommander(error: unknown, printed: string[], complaints: string[]): Parsed {
  if (!(error instanceof CommanderError)) throw error
  if (error.code === 'commander.helpDisplayed') {
    return { kind: 'text', name: 'help', text: printed.join('') }
  }
  if (error.code === 'commander.version') {
    return { kind: 'text', name: 'version', text: printed.join('').trim() }
  }
  if (error.code === 'commander.help') {
    const names = /^Usage: (.*?) \[options\]/.exec(complaints.join(''))?.[1] ?? 'coterie'
    throw new CoterieError('USAGE', 'A command is missing.', { hint: `See: ${names} -h` })
  }
  const said = complaints
    .join('')
    .trim()
    .replace(/^error: /, '')
    .replaceAll('\n', ' ')
    .replace(/\.?$/, '.')
  throw new CoterieError('USAGE', `${said.charAt(0).toUpperCase()}${said.slice(1)}`, {
    hint: 'See: coterie -h, or -h after a command.',
  })
}
