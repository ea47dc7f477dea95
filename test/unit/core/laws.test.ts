// The list of laws (test/property/README.md) names files that are there, and each law a fault that breaks it.
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
const text = readFileSync(join(root, 'property', 'README.md'), 'utf8')

const namesIn = (cell: string): string[] =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)

const isThere = (name: string): boolean =>
  [name, `property/${name}`].some((path) => existsSync(join(root, `${path}.test.ts`)))

/** What is wrong with the list. */
const wrong = (markdown: string): string[] => {
  const rows = markdown
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (invariant|---) \|/.test(line))
    .map((line) => line.slice(2, -2).split(' | '))
  const numbers = rows.flatMap(([law = '']) =>
    [...law.matchAll(/\bI(\d+)\b/g)].map((at) => Number(at[1])),
  )
  const wanted = Array.from({ length: 42 - 16 + 1 }, (_, i) => 16 + i)
  return [
    ...wanted.filter((law) => !numbers.includes(law)).map((law) => `I${String(law)}: not named`),
    ...rows.flatMap(([law = '', held = '', fault = '']) => {
      const files = namesIn(held)
      // A fault in the same file may name it by the end of its path.
      const known = new Set(files.map((name) => basename(name)))
      const faulty = namesIn(fault).filter((name) => !known.has(name) && !isThere(name))
      const none = !/same files?/.test(fault) && namesIn(fault).length === 0
      return [
        ...files.filter((name) => !isThere(name)),
        ...faulty,
        ...(files.length === 0 ? [`${law}: held by nothing`] : []),
        ...(none ? [`${law}: no fault`] : []),
      ]
    }),
  ]
}

test('every law from I16 to I42 is named, with files that are there and a fault', () => {
  expect(wrong(text)).toEqual([])
})

test.each([
  ['a law left out', text.replace(/\| I27 .*\n/, '')],
  ['a file that is not there', text.replace('`election-storm`', '`election-calm`')],
  ['a law without a fault', text.replace(/(\| I30 .*\| ).* \|/, '$1none |')],
])('%s is seen', (_, spoilt) => {
  expect(spoilt).not.toBe(text)
  expect(wrong(spoilt)).not.toEqual([])
})
