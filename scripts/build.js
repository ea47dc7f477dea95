// Builds src/ into dist/ with the TypeScript compiler and makes the command executable.
// Keeps dist/ a mirror of src/: an output whose source is gone is deleted, nothing else is touched.
// Does nothing where there is no source, so that it is safe as a `prepare` step anywhere.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const source = join(root, 'src')
const output = join(root, 'dist')
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')

/** Folders whose files are read when the program runs. */
const dataFolders = [join('lab', 'scenarios')]

const hasSource =
  existsSync(source) &&
  readdirSync(source, { recursive: true }).some((name) => name.endsWith('.ts'))

if (hasSource && existsSync(compiler)) {
  deleteOrphans()
  const compiled = spawnSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.json')], {
    cwd: root,
    stdio: 'inherit',
  })
  const command = join(output, 'cli', 'main.js')
  if (existsSync(command)) chmodSync(command, 0o755)
  for (const folder of dataFolders) copyData(folder)
  process.exitCode = compiled.status ?? 1
} else if (hasSource) {
  console.error('coterie: the compiler is not installed here. Run: npm ci')
  process.exitCode = 1
}

/** Deletes every output in dist/ that no longer has a source in src/. */
function deleteOrphans() {
  if (!existsSync(output)) return
  for (const name of readdirSync(output, { recursive: true })) {
    const origin = name.replace(/(\.d\.ts|\.js)$/, '.ts')
    if (origin !== name && !existsSync(join(source, origin))) rmSync(join(output, name))
  }
}

/** Makes a folder in dist/ equal to that in src/. */
function copyData(folder) {
  rmSync(join(output, folder), { recursive: true, force: true })
  cpSync(join(source, folder), join(output, folder), { recursive: true })
}
