// The report of a run: equal runs give equal bytes, nothing is loaded from outside, nothing of the
// machine is in it, what people wrote cannot break out of the page, and the picture tells what happened.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { readReport } from '../../../../src/lab/report/source.ts'
import { filesOf, writeReport } from '../../../../src/lab/report/report.ts'
import { runScenario } from '../../../../src/lab/run/lab.ts'
import { text } from '../run/short-split.ts'

const base = mkdtempSync(join(tmpdir(), 'report-'))
const evil = text.replace('A short split', 'A <script>alert(1)</script> split')

async function run(name: string): Promise<string> {
  const file = join(base, 'split.yaml')
  writeFileSync(file, evil)
  const out = join(base, name)
  await runScenario(file, { out, signal: new AbortController().signal, progress: () => {} })
  return out
}

const page = (dir: string) => readFileSync(join(dir, 'report.html'), 'utf8')

let one = ''
let other = ''

beforeAll(async () => {
  one = await run('one')
  other = await run('a-folder-of-another-name')
}, 240_000)

afterAll(() => rmSync(base, { recursive: true, force: true }))

test('is the same to the last byte for the same run in another folder', async () => {
  const files = filesOf(await readReport(one))
  const again = filesOf(await readReport(other))
  expect([...again.keys()]).toEqual([...files.keys()])
  for (const [file, content] of files) expect(again.get(file) === content, file).toBe(true)
  expect(files.get('report.html')).toBe(page(one))
})

test('written once more it is as the run left it', async () => {
  const before = page(one)
  await writeReport(one)
  expect(page(one)).toBe(before)
})

test('loads nothing and tells nothing of the machine', () => {
  const html = page(one)
  expect(html).not.toMatch(/(src|href)\s*=\s*"(?!#)/)
  expect(html).not.toMatch(/url\(|@import|<script|<link|<iframe/)
  expect(html.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:/)
  expect(html).toContain("default-src 'none'")
  expect(html).not.toContain(base)
  expect(html).not.toContain(process.versions.node)
})

test('shows what people wrote as text', () => {
  expect(page(one)).toContain('A &lt;script&gt;alert(1)&lt;/script&gt; split')
})

test('holds every protocol, every phase, the witnesses of what broke, and how to repeat it', () => {
  const html = page(one)
  for (const name of ['coterie', 'ideal', 'managed', 'direct']) {
    expect(html).toContain(`What each node did under ${name}, over time`)
  }
  for (const title of ['Before', 'While p1 lasted', 'After p1'])
    expect(html).toContain(`<h3>${title}`)
  expect(html).toContain('id="witness-direct-C1"')
  expect(html).toContain('href="#witness-direct-C1"')
  expect(html).not.toContain('id="witness-coterie-')
  expect(html).toContain('coterie lab run repeats --seed &quot;one&quot; --engine sim')
  const digest = (JSON.parse(readFileSync(join(one, 'verdict.json'), 'utf8')) as { digest: string })
    .digest
  expect(html).toContain(digest)
})

test('of a run in which only a core is healed it tells of no heal, and how long the chaos was', async () => {
  const out = join(base, 'core')
  const quietly = { signal: new AbortController().signal, progress: () => {} }
  await runScenario('liveness', { out, seed: 's/1', protocols: ['coterie'], ...quietly })
  const html = page(out).replace(/\s+/g, ' ')
  expect(html).toMatch(
    /In this run chaos \([a-z]+\) lasted for 3\d(\.\d)? s; then a core was healed/,
  )
  expect(html).toContain('in the end all of the core were the same')
  for (const words of ['after the heal', 'read again after', 'The heal of', 'for never']) {
    expect(html).not.toContain(words)
  }
  expect(page(one)).toContain('read again after')
}, 60_000)

test('each link inside the page leads somewhere', () => {
  const html = page(one)
  const ids = new Set([...html.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]))
  const links = [...html.matchAll(/href="#([^"]+)"/g)].map((match) => match[1])
  expect(links.length).toBeGreaterThan(10)
  expect(links.filter((link) => !ids.has(link))).toEqual([])
})

test('says every number of the tables in the files for machines too', async () => {
  const source = await readReport(one)
  const csv = filesOf(source).get('metrics.csv') ?? ''
  expect(csv.split('\n')[0]).toBe('protocol,phase,metric,value')
  expect(csv).toMatch(/^direct,after-p1,heal_read,never$/m)
  const loss = source.protocols.find(({ name }) => name === 'direct')?.phases['p1']?.['lost']
  expect(csv).toContain(`direct,p1,lost,${loss}\n`)
})
