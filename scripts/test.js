// The one test command: lint, layers, format, build, types of the tests, then all tests.
// Stops at the first step that fails and says which command repeats just that step.
// Builds first, so that the tests which start the real program never see an old one.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

const steps = ['lint', 'layers', 'format:check', 'build', 'typecheck', 'vitest']

if (!existsSync(join(root, 'node_modules', 'vitest'))) {
  console.log('== npm ci (the packages are not installed yet)')
  const install = spawnSync('npm', ['ci'], { cwd: root, stdio: 'inherit' })
  if (install.status !== 0) {
    console.error('coterie: the packages could not be installed. Run: npm ci')
    process.exit(1)
  }
}

for (const step of steps) {
  const startedMs = performance.now()
  console.log(`\n== ${step}`)
  const run = spawnSync('npm', ['run', '--silent', step], { cwd: root, stdio: 'inherit' })
  if (run.status !== 0) {
    console.error(`\ncoterie: the step '${step}' failed. Repeat it alone with: npm run ${step}`)
    process.exit(1)
  }
  console.log(`== ${step} passed in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)
}
