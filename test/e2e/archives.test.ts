// Archives of a real group by the command line: written by a daemon, verified by processes that know no
// daemon and no home, with and without keys; whatever is wrong with a file ends as one clear error.
import { execFile } from 'node:child_process'
import { readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join as pathOf } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type TestNode,
  cleanEnv,
  coterie,
  equal,
  gardenOfTwo,
  makeRoot,
  program,
  removeRoot,
  stopAll,
  until,
} from '../support/daemons.ts'

const WAIT_MS_MAX = 30_000
const TEST_MS_MAX = 90_000

let root = ''
let ada: TestNode
let bob: TestNode
const at = (name: string): string => pathOf(root, name)

beforeAll(async () => {
  root = await makeRoot()
  ;[ada, bob] = await gardenOfTwo(root)
  for (const text of ['one', 'two', 'three']) await bob.run(['send', 'garden', text])
  await ada.run(['send', 'garden', 'four'])
  await until('all alike', WAIT_MS_MAX, () => equal([ada, bob]))
}, TEST_MS_MAX)

afterAll(async () => {
  await stopAll()
  await removeRoot(root)
})

/** Verifies in a process that has no home. */
const verify = (...words: string[]) => coterie(['--home', at('nowhere'), 'verify', ...words])

test(
  'an archive verifies without a node and gives the root that nodes print',
  { timeout: TEST_MS_MAX },
  async () => {
    let attested: unknown
    let exported: Record<string, unknown> = {}
    // An attestation may come any moment, and then they speak of two transcripts.
    await until('nothing comes in between', WAIT_MS_MAX, async () => {
      await rm(at('a.coterie'), { force: true })
      ;({ root: attested } = await bob.run(['attest', 'garden']))
      exported = await ada.run(['export', 'garden', at('a.coterie')])
      const after = await Promise.all([ada, bob].map((node) => node.group()))
      return after.every((group) => group.root === attested)
    })
    expect(exported).toMatchObject({ texts: 4, root: attested, keysFile: null, keys: 0 })
    expect((await stat(at('a.coterie'))).mode & 0o777).toBe(0o600)
    const { code, rows } = await verify(at('a.coterie'))
    expect(code).toBe(0)
    expect(rows).toHaveLength(1)
    const states = { kind: 'archive', root: attested, texts: 4, opened: null, evidence: 0 }
    expect(rows[0]).toMatchObject({ ...states, archive: exported['archive'], name: 'garden' })
    const members = rows[0]?.['members'] as { name: string; state: string }[]
    expect(members.map(({ name, state }) => `${name} ${state}`).sort()).toEqual([
      'ada active',
      'bob active',
    ])
    expect((await readFile(at('a.coterie'))).includes('three')).toBe(false)
    await expect(stat(at('nowhere'))).rejects.toThrow()
  },
)

test(
  'keys are a file of their own; with both the texts are read in their order',
  { timeout: TEST_MS_MAX },
  async () => {
    const exported = await bob.run([
      ...['export', 'garden', at('b.coterie'), '--keys', at('b.keys')],
    ])
    expect(exported).toMatchObject({ texts: 4, keys: 4 })
    expect((await stat(at('b.keys'))).mode & 0o777).toBe(0o600)
    const { code, rows } = await verify(at('b.coterie'), '--keys', at('b.keys'), '--texts')
    expect(code).toBe(0)
    const shown = await ada.read('garden')
    expect(rows.slice(0, -1).map(({ id, text, name }) => [id, text, name])).toEqual(
      shown.map(({ id, text, name }) => [id, text, name]),
    )
    expect(rows.at(-1)).toMatchObject({ kind: 'archive', opened: 4 })
    const mixed = await verify(at('b.keys'))
    expect([mixed.code, mixed.rows[0]?.error?.code]).toEqual([5, 'ARCHIVE_INVALID'])
  },
)

test('a pipe takes the archive as it is', { timeout: TEST_MS_MAX }, async () => {
  const run = promisify(execFile)
  const words = [program, '--home', ada.home, 'export', 'garden']
  const { stdout, stderr } = await run(process.execPath, words, {
    env: cleanEnv,
    encoding: 'buffer',
  })
  expect(stderr.toString()).toContain('no text')
  await writeFile(at('piped.coterie'), stdout)
  expect((await verify(at('piped.coterie'))).code).toBe(0)
})

test(
  'what is wrong is said once, and nothing is left behind',
  { timeout: TEST_MS_MAX },
  async () => {
    await ada.run(['export', 'garden', at('c.coterie'), '--keys', at('c.keys')])
    const whole = await readFile(at('c.coterie'))
    await writeFile(at('short'), whole.subarray(0, whole.length - 40))
    await writeFile(
      at('flipped'),
      whole.map((byte, i) => (i === 700 ? byte ^ 4 : byte)),
    )
    await writeFile(at('foreign'), 'dear diary\n')
    await writeFile(
      at('newer'),
      Buffer.concat([Buffer.from('coterie-archive-2\n'), whole.subarray(18)]),
    )
    const refusals: [string[], number, string][] = [
      [['short'], 5, 'ARCHIVE_INVALID'],
      [['flipped'], 5, 'ARCHIVE_INVALID'],
      [['foreign'], 5, 'ARCHIVE_INVALID'],
      [['newer'], 7, 'FORMAT_TOO_NEW'],
      [['missing'], 7, 'PERMISSION'],
      [['c.coterie', '--keys', at('flipped')], 5, 'ARCHIVE_INVALID'],
      [['c.coterie', '--texts'], 2, 'USAGE'],
    ]
    for (const [[file = '', ...words], exit, error] of refusals) {
      const { code, rows } = await verify(at(file), ...words)
      expect([file, code, rows[0]?.error?.code]).toEqual([file, exit, error])
      expect(rows[0]?.error?.hint).not.toBe('')
    }
    for (const words of [
      ['garden', at('c.coterie')],
      ['garden', at('new'), '--keys', at('c.keys')],
      ['garden', at('new'), '--keys', at('new')],
      ['garden', '-'],
    ]) {
      const { code } = await ada.try(['export', ...words])
      expect(code).toBe(2)
    }
    expect((await ada.try(['export', 'nothing', at('new')])).code).toBe(4)
    expect((await readdir(root)).filter((name) => /^new$|part/.test(name))).toEqual([])
  },
)
