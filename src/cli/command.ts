// A command as data: its words, its options, two examples and what it does. The parser, the help and
// the completion scripts are made from this; a command file holds one such value and nothing else.

import { CoterieError } from '../base/error.ts'
import type { Output } from './output.ts'

export interface OptionSpec {
  /** As commander reads it: `--limit <number>`, `--json`, `--no-dht`. */
  readonly flags: string
  readonly summary: string
  /** Whether it may be given several times. */
  readonly repeat?: boolean
}

export interface CommandSpec {
  readonly name: string
  readonly summary: string
  /** As commander reads them: `<group>`, `[text]`. */
  readonly arguments?: readonly string[]
  readonly options?: readonly OptionSpec[]
  /** What a person may type, without `coterie`. */
  readonly examples: readonly [string, string]
  readonly commands?: readonly CommandSpec[]
  /** Answers with an exit code, or nothing for 0. */
  run?(context: Context, given: Given): Promise<number | void>
}

/** What was typed after the command. */
export interface Given {
  readonly args: readonly (string | undefined)[]
  readonly options: Readonly<Record<string, unknown>>
}

/** What every command is given. */
export interface Context {
  readonly out: Output
  /** The directory named by --home, if any. */
  readonly home: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly userHome: string
  /** Everything on stdin, as bytes, at most so many. */
  readonly stdin: (bytesMax: number) => Promise<Uint8Array>
  /** Whether a person sits at stdin. */
  readonly stdinIsTerminal: boolean
  /** Aborted by Ctrl-C, by a request to end, and when nobody reads the output. */
  readonly signal: AbortSignal
  /** Every command, for completion scripts. */
  readonly allCommands: () => Promise<readonly CommandSpec[]>
}

/** The argument at a place that the parser guarantees. */
export function argument(given: Given, place: number): string {
  const value = given.args[place]
  if (value === undefined) throw usage('An argument is missing.')
  return value
}

/** The value of an option, if given. */
export function optionText(given: Given, name: string): string | undefined {
  const value = given.options[name]
  return typeof value === 'string' ? value : undefined
}

/** The values of an option that may repeat. */
export function optionList(given: Given, name: string): readonly string[] {
  const value = given.options[name]
  return Array.isArray(value) ? (value as string[]) : []
}

/** Whether a switch was given. */
export function optionFlag(given: Given, name: string): boolean {
  return given.options[name] === true
}

/** A whole number of at least `least`, if given. @throws CoterieError USAGE */
export function optionNumber(given: Given, name: string, least: number): number | undefined {
  const text = optionText(given, name)
  if (text === undefined) return undefined
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least) return value
  throw usage(`--${name} takes a whole number of at least ${least}, not "${text}".`)
}

const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** A duration such as `30s` or `24h` in milliseconds, if given. @throws CoterieError USAGE */
export function optionDuration(given: Given, name: string): number | undefined {
  const text = optionText(given, name)
  if (text === undefined) return undefined
  const [, amount = '', unit = ''] = /^([0-9]{1,9})(ms|s|m|h|d)$/.exec(text) ?? []
  const factor = units[unit]
  if (factor !== undefined) return Number(amount) * factor
  throw usage(`--${name} takes a duration such as 500ms, 30s, 5m, 24h or 7d, not "${text}".`)
}

const SEE_HELP = 'See: coterie -h, or -h after a command.'

/** @returns an error of the one who typed */
export function usage(message: string, hint: string = SEE_HELP): CoterieError {
  return new CoterieError('USAGE', message, { hint })
}
