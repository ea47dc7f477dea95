// The layers hold: every import of src/ obeys the table in scripts/layers.cjs.
// Each kind of rule is broken once on purpose, in a small tree of its own, and must be reported;
// the number of modules read is compared with the number of files, so an idle tool cannot pass.

import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { type ICruiseOptions, type ICruiseResult, cruise } from 'dependency-cruiser'
import { afterEach, describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const rules = createRequire(import.meta.url)('../scripts/dependency-cruiser.cjs') as {
  forbidden: unknown[]
  options: ICruiseOptions
}

const planted: string[] = []
afterEach(() => {
  for (const directory of planted.splice(0)) rmSync(directory, { recursive: true })
})

describe('the source', () => {
  const report = check(root)

  test('breaks no rule', async () => {
    const { violations } = (await report).summary
    expect(violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`)).toEqual([])
  })

  test('is read whole', async () => {
    const read = (await report).modules
      .map((module) => module.source)
      .filter((source) => source.startsWith('src/') && source.endsWith('.ts'))
    expect(read.sort()).toEqual(sourceFiles())
    expect(read.length).toBeGreaterThan(15)
  })
})

describe('a planted bad import is reported', () => {
  const cases: [rule: string, file: string, statement: string, target?: string][] = [
    ['base-imports', 'base/bad.ts', "import '../codec/there.ts'"],
    ['base-node', 'base/bad.ts', "import 'node:fs'"],
    ['base-packages', 'base/bad.ts', "import 'cborg'"],
    ['crypto-node', 'crypto/noble.ts', "import 'node:crypto'"],
    ['crypto-packages', 'crypto/bad.ts', "import 'cborg'"],
    ['codec-imports', 'codec/bad.ts', "import type { There } from '../crypto/there.ts'"],
    ['core-imports', 'core/bad.ts', "import '../ports/there.ts'"],
    ['core-packages', 'core/order/bad.ts', "import 'level'"],
    ['core-floor-1-message', 'core/message/bad.ts', "import '../transcript/there.ts'"],
    [
      'core-floor-3-epoch',
      'core/epoch/bad.ts',
      "import type { There } from '../membership/there.ts'",
    ],
    ['core-floor-4-order', 'core/order/bad.ts', "import '../replica.ts'", 'core/replica.ts'],
    ['core-floor-5-replica', 'core/replica.ts', "import './endpoint.ts'", 'core/endpoint.ts'],
    ['core-root-below-floors', 'core/env.ts', "import './message/there.ts'"],
    ['core-folder-unknown', 'core/order/bad.ts', "import '../misplaced/there.ts'"],
    ['ports-types-only', 'ports/bad.ts', "import { there } from '../core/there.ts'"],
    ['adapters-siblings', 'adapters/level/bad.ts', "import '../memory/there.ts'"],
    ['adapters-technology', 'adapters/level/bad.ts', "import 'pino'"],
    ['adapters-named', 'adapters/level/bad.ts', "import '../other/there.ts'"],
    ['node-imports', 'node/bad.ts', "import '../api/there.ts'"],
    ['api-imports', 'api/bad.ts', "import '../core/there.ts'"],
    ['cli-imports', 'cli/bad.ts', "import '../node/there.ts'"],
    ['cli/commands/-dynamic-only', 'cli/commands/bad.ts', "import '../../node/there.ts'"],
    ['lab-imports', 'lab/bad.ts', "import '../node/there.ts'"],
    ['lab-imports', 'lab/bad.ts', "import '../adapters/libp2p/there.ts'"],
    [
      'lab-imports',
      'lab/engine/bad.ts',
      "export const there = () => import('../../node/there.ts')",
    ],
    [
      'lab/engine/inproc/-dynamic-only',
      'lab/engine/inproc/bad.ts',
      "import '../../../node/there.ts'",
    ],
    [
      'lab/engine/inproc/-imports',
      'lab/engine/inproc/bad.ts',
      "export const there = () => import('../../../adapters/level/there.ts')",
    ],
    ['surface', 'index.ts', "import './cli/there.ts'"],
    ['nobody-imports-surface', 'node/bad.ts', "import '../index.ts'", 'index.ts'],
    ['unresolvable', 'base/bad.ts', "import './nowhere.ts'", ''],
    ['undeclared-package', 'adapters/libp2p/bad.ts', "import 'typescript'"],
  ]

  test.each(cases)('%s', async (rule, file, statement, target) => {
    const tree = plant({ [file]: statement, ...answerTo(file, statement, target) })
    expect(await violations(check(tree))).toContain(rule)
  })

  test('circle', async () => {
    const tree = plant({ 'base/a.ts': "import './b.ts'", 'base/b.ts': "import './a.ts'" })
    expect(await violations(check(tree))).toContain('circle')
  })
})

describe('a good import is not reported', () => {
  const cases: [file: string, statement: string, target?: string][] = [
    ['crypto/native.ts', "import 'node:crypto'"],
    ['crypto/noble.ts', "import '@noble/hashes/sha2.js'"],
    ['codec/good.ts', "import { there } from '../base/there.ts'"],
    ['core/order/good.ts', "import { there } from '../epoch/there.ts'"],
    ['core/endpoint.ts', "import './replica.ts'", 'core/replica.ts'],
    ['ports/good.ts', "import type { There } from '../core/there.ts'"],
    ['adapters/level/good.ts', "import 'level'"],
    ['adapters/libp2p/good.ts', "import '@chainsafe/libp2p-gossipsub'"],
    ['cli/commands/good.ts', "export const there = () => import('../../node/there.ts')"],
    ['cli/good.ts', "import type { There } from '../api/contract.ts'", 'api/contract.ts'],
    ['lab/engine/inproc/good.ts', "export const there = () => import('../../../node/there.ts')"],
  ]

  test.each(cases)('%s', async (file, statement, target) => {
    const tree = plant({ [file]: statement, ...answerTo(file, statement, target) })
    expect(await violations(check(tree))).toEqual([])
  })
})

/** Runs the rules over the src/ folder of a tree. */
async function check(baseDir: string): Promise<ICruiseResult> {
  const options = { ...rules.options, baseDir, validate: true, ruleSet: rules }
  const { output } = await cruise(['src'], options as ICruiseOptions)
  if (typeof output === 'string') throw new Error(output)
  return output
}

async function violations(report: Promise<ICruiseResult>): Promise<string[]> {
  return (await report).summary.violations.map(({ rule }) => rule.name)
}

/** The module that a planted relative import is meant to find. */
function answerTo(file: string, statement: string, target?: string): Record<string, string> {
  const specifier = /'(\.[^']+)'/.exec(statement)?.[1]
  const found = target ?? (specifier === undefined ? '' : join(dirname(file), specifier))
  return found === '' ? {} : { [found]: 'export interface There {}\nexport const there = 1\n' }
}

/** Makes a small tree with these files under src/ and our packages. */
function plant(files: Record<string, string>): string {
  const directory = mkdtempSync(join(tmpdir(), 'coterie-layers-'))
  planted.push(directory)
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, 'src', name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))
  symlinkSync(join(root, 'package.json'), join(directory, 'package.json'))
  return directory
}

function sourceFiles(): string[] {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => `src/${name}`)
    .sort()
}
