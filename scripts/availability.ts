// Writes the table of what works where into README.md, from src/core/availability.ts.
// Run: npx tsx scripts/availability.ts; test/property/availability.test.ts fails where the two differ.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { availabilityLines } from '../src/core/availability.ts'

export const document = join(import.meta.dirname, '..', 'README.md')

/** The document with the table in the place of the one that stands there. @throws Error where none does */
export function withTable(text: string): string {
  const lines = text.split('\n')
  const [heading = ''] = availabilityLines()
  const from = lines.indexOf(heading)
  if (from < 0) throw new Error('the document has no table of what works where')
  const length = lines.slice(from).findIndex((line) => !line.startsWith('|'))
  return lines.toSpliced(from, length, ...availabilityLines()).join('\n')
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(document, withTable(readFileSync(document, 'utf8')))
}
