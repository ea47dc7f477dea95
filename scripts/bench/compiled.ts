// The sources as they ship, for the processes that are measured: plain JavaScript as the TypeScript
// compiler emits it. (tsx, which runs the bench itself, gives every closure a name while the program
// runs; that costs a measured program up to a third.) Also gives profiles their function names.

import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import ts from 'typescript'

const root = join(import.meta.dirname, '..', '..')
const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
}

/** Compiles `src` and this folder; returns where they lie now, inside this package. */
export function compiled(): string {
  const target = join(root, 'node_modules', '.cache', `coterie-bench-${process.pid}`)
  for (const folder of ['src', 'scripts/bench']) {
    for (const name of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (name.endsWith('.ts')) compile(join(folder, name), target)
    }
  }
  process.on('exit', () => rmSync(target, { recursive: true, force: true }))
  return target
}

function compile(path: string, target: string): void {
  const source = readFileSync(join(root, path), 'utf8')
  const { outputText } = ts.transpileModule(source, { compilerOptions, fileName: path })
  const file = join(target, path.replace(/\.ts$/, '.js'))
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, outputText)
}
