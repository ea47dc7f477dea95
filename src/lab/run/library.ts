// Where scenarios come from: those that ship with the program, by name, and files of one's own.
// A file of one's own that has the name of a shipped one is meant when its path says so: `./bridge`.

import { readFileSync, readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'

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

export interface Loaded {
  readonly source: ScenarioSource
  readonly scenario: Scenario
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
    const { title, group, protocols } = loadScenario(name).scenario
    const uses = protocols.map(({ use, as }) => as ?? use)
    return { name, title, nodes: group.nodes, groups: group.count, protocols: uses }
  })
}

/**
 * A scenario by the name of one that ships, or by its file.
 *
 * @throws CoterieError SCENARIO_UNKNOWN, or USAGE with line and column
 */
export function loadScenario(nameOrFile: string): Loaded {
  const isShipped = /^[a-z0-9-]+$/.test(nameOrFile) && shippedNames().includes(nameOrFile)
  const file = isShipped ? `${folder}${nameOrFile}.yaml` : nameOrFile
  const source = new ScenarioSource(
    isShipped ? basename(file) : nameOrFile,
    textOf(file, nameOrFile),
  )
  return { source, scenario: source.parse() }
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
