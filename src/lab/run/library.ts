// Where scenarios come from: those that ship with the program, by name, and files of one's own.
// A file of one's own that has the name of a shipped one is meant when its path says so: `./bridge`.

import { readFileSync, readdirSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

import { stringify } from 'yaml'

import { CoterieError } from '../../base/error.ts'
import type { Scenario } from '../scenario/schema.ts'
import { ScenarioSource } from '../scenario/source.ts'

const folder = fileURLToPath(new URL('../scenarios/', import.meta.url))

export interface Shipped {
  readonly name: string
  readonly title: string
  readonly nodes: number
  readonly groups: number
  readonly protocols: readonly string[]
}

/** Names of the scenarios that ship, in order. */
export function shippedNames(): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort()
}

export function shipped(): Shipped[] {
  return shippedNames().map((name) => {
    const { title, group, protocols } = loadShipped(name)
    const uses = protocols.map(({ use, as }) => as ?? use)
    return { name, title, nodes: group.nodes, groups: group.count, protocols: uses }
  })
}

/** A scenario that ships, by its name; it is known to be good. */
function loadShipped(name: string): Scenario {
  const file = `${folder}${name}.yaml`
  return new ScenarioSource(basename(file), textOf(file, name)).parse()
}

/**
 * The text of a scenario by the name of one that ships, or by its file. A file that is a module makes
 * the scenario: its default export is the object, or a function that gives it.
 *
 * @throws CoterieError SCENARIO_UNKNOWN, or USAGE with line and column
 */
export async function loadSource(nameOrFile: string): Promise<ScenarioSource> {
  const isShipped = /^[a-z0-9-]+$/.test(nameOrFile) && shippedNames().includes(nameOrFile)
  if (isShipped) {
    const file = `${folder}${nameOrFile}.yaml`
    return new ScenarioSource(basename(file), textOf(file, nameOrFile))
  }
  const text = textOf(nameOrFile, nameOrFile)
  if (!MODULE.test(nameOrFile)) return new ScenarioSource(nameOrFile, text)
  return new ScenarioSource(`${nameOrFile} (as YAML)`, stringify(await made(nameOrFile)))
}

const MODULE = /\.(?:mjs|js|mts|ts)$/

/** @throws CoterieError USAGE when the module cannot be loaded, or makes nothing */
async function made(file: string): Promise<object> {
  const wrong = (why: string, cause?: unknown): CoterieError =>
    new CoterieError('USAGE', `${file}: ${why}`, {
      hint: 'A scenario module has a default export: the scenario, or a function that gives it.',
      cause,
    })
  let scenario: unknown
  try {
    const module = (await import(pathToFileURL(resolve(file)).href)) as { default?: unknown }
    const { default: given } = module
    scenario = typeof given === 'function' ? await (given as () => unknown)() : given
  } catch (cause) {
    const typed = /\.m?ts$/.test(file) && /Unknown file extension/.test(String(cause))
    const why = cause instanceof Error ? cause.message : String(cause)
    throw wrong(typed ? 'this Node.js does not load TypeScript: make it .mjs' : why, cause)
  }
  if (typeof scenario === 'object' && scenario !== null) return scenario
  throw wrong('its default export makes no scenario')
}

function textOf(file: string, asked: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'EACCES' || code === 'EPERM') {
      throw new CoterieError('PERMISSION', `"${asked}" may not be read.`, { cause })
    }
    throw new CoterieError('SCENARIO_UNKNOWN', `There is no scenario and no file "${asked}".`, {
      hint: `Scenarios: ${shippedNames().join(', ')}; or the path of a file.`,
      cause,
    })
  }
}
