// The table of attacks says what is tested, and nothing else: each of the sixty-three once, in order, every
// file there, every test in it under the title that is named, and its case where one is named.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { titlesIn } from '../../support/titles.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const text = readFileSync(join(root, 'src', 'core', 'ATTACKS.md'), 'utf8')

/** So many attacks are numbered. */
const NUMBERED = 63

interface Row {
  /** Nothing for those beside the numbered ones. */
  readonly number: number | undefined
  readonly cells: readonly string[]
  readonly tests: readonly string[]
}

/** Every row of every table in which an attack stands. */
const rowsOf = (markdown: string): Row[] =>
  markdown
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (#|---|what is tried) \|/.test(line))
    .map((line) => {
      const cells = line.slice(2, -2).split(' | ')
      const number = /^\d+$/.test(cells[0] ?? '') ? Number(cells[0]) : undefined
      return { number, cells, tests: (cells.at(-1) ?? '').split('<br>') }
    })

/** A test as the table names it: file, title, and a case in brackets. */
const reference = /^`([a-z0-9/-]+)`: (.+?)(?: \[([^[\]]+)\])?$/

const titles = new Map<string, ReadonlySet<string>>()

const sourceOf = (path: string): string => readFileSync(join(root, 'test', path), 'utf8')

const titlesOf = (path: string): ReadonlySet<string> => {
  const known = titles.get(path) ?? new Set(titlesIn(sourceOf(path)).map(({ title }) => title))
  titles.set(path, known)
  return known
}

/** The file and the files that it takes its cases from. */
const casesOf = (path: string): string => {
  const source = sourceOf(path)
  const vectors = [...source.matchAll(/vectors\/([a-z-]+\.json)/g)].map(([, name = '']) => name)
  return [source, ...vectors.map((name) => sourceOf(join('vectors', name)))].join('\n')
}

/** What is wrong with the name of a test, or nothing. */
const wrongTest = (named: string): string[] => {
  const [, file = '', title = '', one] = reference.exec(named) ?? []
  const path = `${file}.test.ts`
  if (file === '') return [`${named}: names no test`]
  if (!existsSync(join(root, 'test', path))) return [`${path}: is not there`]
  if (!titlesOf(path).has(title)) return [`${path}: has no test '${title}'`]
  const isCase = one === undefined || new RegExp(`['"]${escaped(one)}['"]`).test(casesOf(path))
  return isCase ? [] : [`${path}: has no case '${one}'`]
}

const escaped = (plain: string): string => plain.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)

/** What is wrong with the table. */
const wrong = (markdown: string): string[] => {
  const rows = rowsOf(markdown)
  const numbers = rows.flatMap(({ number }) => number ?? [])
  const wanted = Array.from({ length: NUMBERED }, (_, i) => i + 1)
  return [
    ...(numbers.join() === wanted.join() ? [] : [`numbers: ${numbers.join()}`]),
    ...rows
      .filter(({ number, cells }) => cells.length !== (number === undefined ? 3 : 4))
      .map(({ cells }) => `cells: ${cells.join(' | ')}`),
    ...rows
      .filter(({ cells }) => cells.some((cell) => cell.trim().length < 3 && !/^\d+$/.test(cell)))
      .map(({ cells }) => `empty: ${cells.join(' | ')}`),
    ...rows.flatMap(({ tests }) => tests.flatMap(wrongTest)),
  ]
}

test('the table names every attack once, and only tests that are there', () => {
  expect(wrong(text)).toEqual([])
  expect(rowsOf(text).length).toBeGreaterThan(NUMBERED + 10)
})

describe('a wrong row is seen', () => {
  const row = (number: number): string =>
    text.split('\n').find((line) => line.startsWith(`| ${String(number)} | `)) ?? ''

  test.each<[string, (whole: string) => string, RegExp]>([
    ['an attack left out', (whole) => whole.replace(`${row(17)}\n`, ''), /^numbers: /],
    ['an attack twice', (whole) => whole.replace(row(3), `${row(3)}\n${row(3)}`), /^numbers: /],
    [
      'a file that is not there',
      (whole) => whole.replace('`property/odd-claims`', '`property/no-claims`'),
      /is not there$/,
    ],
    [
      'a test that is not there',
      (whole) => whole.replace(': is no evidence against', ': is evidence against'),
      /has no test/,
    ],
    [
      'a block for a test',
      (whole) =>
        whole.replace(
          ': is no evidence against its author',
          ': a message that its author signed twice',
        ),
      /has no test/,
    ],
    [
      'a case that is not there',
      (whole) => whole.replace('[a field too many]', '[no such case]'),
      /has no case/,
    ],
    [
      'no test at all',
      (whole) => whole.replace(row(63), row(63).replace(/`unit.*$/, 'see there |')),
      /names no test/,
    ],
    [
      'a cell too few',
      (whole) => whole.replace(row(63), row(63).replace(/ \| [^|]* \|$/, ' |')),
      /^cells: /,
    ],
  ])('%s', (_, spoil, complaint) => {
    const spoilt = spoil(text)
    expect(spoilt).not.toBe(text)
    expect(wrong(spoilt).some((one) => complaint.test(one))).toBe(true)
  })
})

test('what is skipped is no test, and a title is read as it is written', () => {
  const source = [
    `test${'.'}skip('not run', () => {})`,
    `describe('block', () => { it('one', () => {}) })`,
    `test.each([1])('each %i', () => {})`,
    'test.each`a`(`table`, () => {})',
    `describe${'.'}skip('closed', () => { test('inside', () => {}) })`,
  ].join('\n')
  expect(titlesIn(source).map(({ title }) => title)).toEqual(['one', 'each %i', 'table'])
})
