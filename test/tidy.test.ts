// House rules that a machine can check: sizes, headers, names and leftovers.
// Each rule is a function from a file to its complaints, and each is shown a bad file once, so that a
// rule which no longer sees anything cannot pass.

import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

import ts from 'typescript'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')

const fileLinesMax = 350
const functionLinesMax = 60
const headerLinesMin = 2
const headerLinesMax = 6

interface SourceFile {
  readonly path: string
  readonly text: string
}

type Rule = (file: SourceFile) => string[]

const rules: Record<string, Rule> = {
  'a file has at most 350 lines': ({ path, text }) =>
    lineCount(text) > fileLinesMax ? [`${path}: ${lineCount(text)} lines`] : [],

  'a function has at most 60 lines': (file) =>
    isTest(file)
      ? []
      : functionsOf(file)
          .filter((found) => found.lines > functionLinesMax)
          .map(say),

  'a file opens with two to six lines that say what it is, a test with one to six': (file) => {
    const lines = headerLines(file.text)
    return lines < (isTest(file) ? 1 : headerLinesMin) || lines > headerLinesMax
      ? [`${file.path}: ${lines} lines of header`]
      : []
  },

  'names of files and folders are in kebab-case': ({ path }) =>
    path
      .split('/')
      .every((part) => /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/.test(part))
      ? []
      : [path],

  'nothing is filed under a name that says nothing': ({ path }) =>
    path
      .replace(/\.[a-z.]+$/, '')
      .split('/')
      .filter((part) => /^(utils?|helpers?|commons?|misc|shared|stuff|handlers?)$/.test(part))
      .map((part) => `${path}: ${part}`),

  'only the root has an index, and nothing re-exports wholesale': ({ path, text }) =>
    !path.startsWith('src/') || path === 'src/index.ts'
      ? []
      : basename(path) === 'index.ts' || /^export \* /m.test(text)
        ? [path]
        : [],

  'nothing is left over': ({ path, text }) =>
    text
      .split('\n')
      .filter((line) => leftover.test(line))
      .map((line) => `${path}: ${line.trim()}`),

  'no class is called a manager or a handler': ({ path, text }) =>
    [...text.matchAll(/\bclass (\w*(?:Manager|Handler|Helper|Util)s?)\b/g)].map(
      ([, name]) => `${path}: ${name}`,
    ),
}

const leftover = new RegExp(
  [
    String.raw`\bTO` + String.raw`DO\b`,
    String.raw`\bFIX` + String.raw`ME\b`,
    String.raw`\bX` + String.raw`XX\b`,
    String.raw`@ts-(?:ignore|no` + 'check)',
    String.raw`\bas an` + String.raw`y\b`,
    String.raw`\b(?:describe|test|it)\.(?:on` + 'ly|sk' + String.raw`ip)\(`,
    String.raw`not imple` + 'mented',
  ].join('|'),
)

const checked = ['src', 'test', 'scripts'].flatMap(filesUnder)

describe.each(Object.entries(rules))('%s', (name, rule) => {
  test('holds everywhere', () => {
    expect(checked.flatMap(rule)).toEqual([])
  })

  test('is seen to be broken', () => {
    const bad = broken[name]
    expect(bad).toBeDefined()
    expect(bad === undefined ? [] : rule(bad)).not.toEqual([])
  })
})

test('every file was looked at', () => {
  expect(checked.length).toBeGreaterThan(40)
  expect(checked.some(({ path }) => path === 'src/base/bytes.ts')).toBe(true)
  expect(checked.some(({ path }) => path === 'test/tidy.test.ts')).toBe(true)
})

test('functions of every kind are measured', () => {
  const body = '\n'.repeat(4)
  const text = [
    `function plain() {${body}}`,
    `const arrow = () => {${body}}`,
    `class Thing { method() {${body}} constructor() {${body}} get it() {${body}} }`,
    `const object = { short() {${body}} }`,
  ].join('\n')
  const lines = functionsOf({ path: 'src/base/five.ts', text }).map((found) => found.lines)
  expect(lines).toEqual([5, 5, 5, 5, 5, 5])
})

test('the lowest layers explain themselves in a README', () => {
  const layers = ['base', 'crypto', 'codec'].map((layer) => join(root, 'src', layer, 'README.md'))
  expect(layers.filter((path) => !existsSync(path))).toEqual([])
})

const header = '// One.\n// Two.\n'

const broken: Record<string, SourceFile> = {
  'a file has at most 350 lines': { path: 'src/base/long.ts', text: header + 'x\n'.repeat(349) },
  'a function has at most 60 lines': {
    path: 'src/base/long.ts',
    text: `${header}const long = () => {${'\n'.repeat(60)}}\n`,
  },
  'a file opens with two to six lines that say what it is, a test with one to six': {
    path: 'src/base/bare.ts',
    text: '// One.\n\nexport const one = 1\n',
  },
  'names of files and folders are in kebab-case': { path: 'src/base/camelCase.ts', text: header },
  'nothing is filed under a name that says nothing': { path: 'src/utils/time.ts', text: header },
  'only the root has an index, and nothing re-exports wholesale': {
    path: 'src/base/all.ts',
    text: `${header}export * from './bytes.ts'\n`,
  },
  'nothing is left over': {
    path: 'src/base/half.ts',
    text: `${header}// ${'TO'}${'DO'}: finish\n`,
  },
  'no class is called a manager or a handler': {
    path: 'src/base/vague.ts',
    text: `${header}export class Thing${'Manager'} {}\n`,
  },
}

/** Every TypeScript and JavaScript file under a folder of the repository. */
function filesUnder(folder: string): SourceFile[] {
  const base = join(root, folder)
  return readdirSync(base, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|tsx|js|cjs)$/.test(name) && !name.includes('node_modules'))
    .sort()
    .map((name) => ({ path: `${folder}/${name}`, text: readFileSync(join(base, name), 'utf8') }))
}

function lineCount(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
}

function isTest({ path }: SourceFile): boolean {
  return path.startsWith('test/') || dirname(path).includes('/test')
}

/** Lines of the comment that a file opens with, behind a possible shebang; frames do not count. */
function headerLines(text: string): number {
  const opening = text.replace(/^#!.*\n/, '')
  const block = /^\/\*[\s\S]*?\*\//.exec(opening)?.[0]
  const lines =
    block === undefined
      ? (/^(?:\/\/.*\n)*/.exec(opening)?.[0] ?? '').split('\n')
      : block.split('\n').map((line) => line.replace(/^\s*\/?\*+\/?|\*\/$/g, ''))
  return lines.filter((line) => line.replace(/^\/\//, '').trim() !== '').length
}

interface FoundFunction {
  readonly path: string
  readonly line: number
  readonly lines: number
}

function say({ path, line, lines }: FoundFunction): string {
  return `${path}:${line}: ${lines} lines`
}

/** Every function, method, accessor and constructor with a body, and how many lines it spans. */
function functionsOf({ path, text }: SourceFile): FoundFunction[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, false)
  const found: FoundFunction[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
      const first = source.getLineAndCharacterOfPosition(node.getStart(source)).line
      const last = source.getLineAndCharacterOfPosition(node.getEnd()).line
      found.push({ path, line: first + 1, lines: last - first + 1 })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}
