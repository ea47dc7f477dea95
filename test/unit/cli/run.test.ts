// Whatever is typed, the command line ends with a code of the table, never with a stack trace, and
// with --json says everything, mistakes included, as one object.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startDaemon, type Daemon } from '../../../src/api/daemon.ts'
import { errorTable } from '../../../src/base/error.ts'
import { commandNames, loadCommands } from '../../../src/cli/catalogue.ts'
import type { CommandSpec } from '../../../src/cli/command.ts'
import { configDefaults } from '../../../src/node/config.ts'
import { resolvePaths } from '../../../src/node/paths.ts'
import { groupId, type ScriptedEndpoint, startScripted } from '../node/scripted-endpoint.ts'
import { objects, type } from './scripted-world.ts'

/** Commands that run for long; what they are given is parsed by the same parser. */
const longRunning = ['daemon', 'demo', 'watch']

const exits = new Set([0, 130, ...Object.values(errorTable).map(({ exit }) => exit)])

let home: string
let daemon: Daemon
let endpoint: ScriptedEndpoint

/** A group that the node still asks to be let into. */
const joining = {
  group: 'cd'.repeat(32),
  expires: 1_800_000_000_000,
  why: 'no introducer was reached yet',
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'coterie-cli-'))
  const paths = resolvePaths({ home, env: {}, userHome: home })
  const scripted = await startScripted({ joins: [joining] })
  endpoint = scripted.endpoint
  const startNode = () => Promise.resolve(scripted.node)
  daemon = await startDaemon({ paths, config: configDefaults, startNode })
})

afterAll(async () => {
  await daemon.stop()
  await rm(home, { recursive: true, force: true })
})

/** With a daemon that answers. */
const here = (...argv: string[]) => type(argv, { env: { COTERIE_HOME: home } })

describe('anything typed', () => {
  const words = fc.oneof(
    fc.constantFrom(...commandNames.filter((name) => !longRunning.includes(name))),
    fc.constantFrom('list', 'show', 'create', 'add', 'block', 'get', 'set', 'accept', 'paths'),
    fc.constantFrom(
      '--json',
      '--home',
      '--quiet',
      '-h',
      '--help',
      '--',
      '-',
      '-V',
      '--all',
      '--ack',
    ),
    fc.constantFrom('--limit', '--since', '--wait', '--type', '--expires', '--uses', '--timeout'),
    fc.constantFrom('garden', groupId, '30s', '-1', 'none', 'constructor', '__proto__', ''),
    fc.string({ unit: 'binary', maxLength: 20 }),
  )
  // `init` and `config set` write below --home: there nothing can be written.
  const typed = fc
    .array(words, { maxLength: 7 })
    .map((argv) =>
      argv.map((word, place) => (argv[place - 1] === '--home' ? '/dev/null/nowhere' : word)),
    )

  test('ends with a code of the table and without a stack', async () => {
    await fc.assert(
      fc.asyncProperty(typed, async (argv) => {
        const outcome = await type(argv, { env: { COTERIE_HOME: '/dev/null/nowhere' } })
        expect(exits).toContain(outcome.exit)
        expect(outcome.stderr + outcome.stdout).not.toMatch(/\n\s+at .*:\d+:\d+/)
        expect(outcome.stderr + outcome.stdout).not.toContain('INTERNAL')
        if (outcome.exit !== 0) expect(outcome.stdout + outcome.stderr).not.toBe('')
      }),
      { numRuns: 400 },
    )
  })

  test('with --json gives only objects, and exactly one when it fails', async () => {
    await fc.assert(
      fc.asyncProperty(typed, async (argv) => {
        const outcome = await type(['--json', ...argv], {
          env: { COTERIE_HOME: '/dev/null/nowhere' },
        })
        const given = objects(outcome)
        for (const object of given) expect(object['v']).toBe(1)
        if (outcome.exit === 0 || outcome.exit === 7) return
        expect(given).toHaveLength(1)
        const { code } = given[0]?.['error'] as { code: keyof typeof errorTable }
        expect(errorTable[code].exit).toBe(outcome.exit)
      }),
      { numRuns: 400 },
    )
  })

  test('and with a daemon that answers', async () => {
    await fc.assert(
      fc.asyncProperty(typed, async (argv) => {
        const safe = argv.filter((word) => word !== '--follow')
        const outcome = await here('--json', ...safe)
        expect(exits).toContain(outcome.exit)
        for (const object of objects(outcome)) expect(object['v']).toBe(1)
      }),
      { numRuns: 200 },
    )
  })
})

describe('every command', () => {
  test('has help with two examples that parse', async () => {
    const each = async (spec: CommandSpec, path: readonly string[]): Promise<void> => {
      const full = [...path, spec.name]
      const help = await type([...full, '-h'])
      expect([full, help.exit]).toEqual([full, 0])
      for (const example of spec.examples) {
        expect(help.stdout).toContain(`coterie ${example}`)
        expect(example.startsWith(full[0] ?? '')).toBe(true)
        const argv =
          example
            .split(/ [<>] /)[0]
            ?.replaceAll('"', '')
            .split(' ') ?? []
        const tried = await type([...argv, '--help'])
        expect([example, tried.exit]).toEqual([example, 0])
      }
      for (const child of spec.commands ?? []) await each(child, full)
    }
    for (const spec of await loadCommands(undefined)) await each(spec, [])
  })

  test('that needs a daemon says how to start one', async () => {
    const commands = [
      ['status'],
      ['card'],
      ['group', 'list'],
      ['group', 'create', 'g'],
      ['group', 'show', 'g'],
      ['invite', 'g'],
      ['join', 't'],
      ['member', 'list', 'g'],
      ['member', 'accept', 'g', 'r'],
      ['group', 'rename', 'g', 'n'],
      ['group', 'topic', 'g', ''],
      ['member', 'mute', 'g', 'm'],
      ['member', 'unmute', 'g', 'm'],
      ['member', 'restrict', 'g', '--all', '--types', 'any'],
      ['hide', 'g', 'm'],
      ['unhide', 'g', 'm'],
      ['send', 'g', 't'],
      ['read', 'g'],
      ['attest', 'g'],
      ['peer', 'list'],
      ['peer', 'add', '/ip4/1.2.3.4/tcp/5'],
      ['peer', 'block', 'p'],
      ['peer', 'unblock', '--all'],
      ['peer', 'ping', 'p'],
      ['sync', 'g'],
    ]
    for (const argv of commands) {
      const outcome = await type([...argv, '--json'])
      expect([argv, outcome.exit]).toEqual([argv, 3])
      const error = objects(outcome)[0]?.['error']
      expect(error).toMatchObject({ code: 'DAEMON_UNREACHABLE' })
      expect(JSON.stringify(error)).toContain('coterie daemon --home /nonexistent/coterie')
    }
  })
})

describe('global options', () => {
  test('stand before or after the command', async () => {
    for (const argv of [
      ['--json', '--home', home, 'group', 'list'],
      ['group', '--json', 'list', '--home', home],
      ['group', 'list', `--home=${home}`, '--json'],
    ]) {
      const outcome = await type(argv, { env: { COTERIE_HOME: '/elsewhere' } })
      expect(objects(outcome)).toMatchObject([{ ok: true, groups: [{ name: 'garden' }] }])
    }
  })

  test('help and version are JSON too', async () => {
    expect(objects(await type(['--version', '--json']))).toEqual([
      { v: 1, ok: true, version: '9.9.9' },
    ])
    expect(objects(await type(['send', '-h', '--json']))).toMatchObject([{ v: 1, ok: true }])
  })

  test('--quiet leaves remarks out', async () => {
    expect((await here('card')).stderr).not.toBe('')
    expect((await here('card', '--quiet')).stderr).toBe('')
  })
})

describe('with a daemon', () => {
  test('results are the shapes that scripts rely on', async () => {
    const one = async (...argv: string[]) => objects(await here('--json', ...argv))[0]
    expect(await one('send', 'garden', 'hi')).toMatchObject({
      number: expect.stringMatching(/^[0-9a-f]{8}:[0-9]+$/) as string,
      draft: null,
      ack: 'none',
      state: 'stored',
      ackedBy: [],
    })
    expect(await one('status')).toMatchObject({ name: 'ada', state: 'healthy', peers: [] })
    expect(await one('status')).toMatchObject({ joins: [joining] })
    expect((await here('status')).stdout).toMatch(
      /^cdcdcdcd +2\d{3}-.* no introducer was reached yet$/m,
    )
    expect(await one('invite', 'garden', '--uses', '2')).toMatchObject({ uses: 2 })
    expect(await one('join', 'x')).toMatchObject({ group: groupId, name: 'garden' })
    expect(await one('member', 'list', 'garden')).toMatchObject({
      members: [{ memberGroupId: 'aaaaaaaa' }, {}, {}],
      requests: [{ name: 'dora' }],
    })
    expect(await one('attest', 'garden', '--post')).toMatchObject({ number: 'aaaaaaaa:9' })
    expect(await one('peer', 'block', '--all')).toMatchObject({ blocked: [] })
  })

  test('leaders moderate; a list of types names what is shown, and any names all', async () => {
    const before = endpoint.commands.length
    const lines = [
      ['group', 'rename', 'garden', 'orchard'],
      ['group', 'topic', 'garden', ''],
      ['member', 'mute', 'garden', 'name-b'],
      ['member', 'restrict', 'garden', 'name-b', '--types', 'text/plain, image/*'],
      ['member', 'restrict', 'garden', '--all', '--types', 'any'],
      ['unhide', 'garden', 'c'.repeat(64)],
    ]
    for (const argv of lines) {
      const outcome = await here('--json', ...argv)
      expect(objects(outcome)).toMatchObject([{ ok: true, changed: true, group: groupId }])
    }
    const writes = endpoint.commands.slice(before).map((command) => Object(command) as object)
    expect(writes).toMatchObject([
      { write: { kind: 'name', name: 'orchard' } },
      { write: { kind: 'topic', topic: '' } },
      { write: { kind: 'mute', member: 'b'.repeat(64), on: true } },
      { write: { kind: 'types', member: 'b'.repeat(64), types: ['text/plain', 'image/*'] } },
      { write: { kind: 'types', member: '', types: [] } },
      { write: { kind: 'hide', message: 'c'.repeat(64), on: false } },
    ])
    for (const argv of [['name-b', '--all', '--types', 'any'], ['--types', 'any'], ['name-b']]) {
      expect((await here('member', 'restrict', 'garden', ...argv)).exit).toBe(2)
    }
  })

  test('text comes from stdin without its last line end, tickets with `-`', async () => {
    const stdin = new TextEncoder().encode('two\nlines\n')
    await type(['send', 'garden'], { stdin, env: { COTERIE_HOME: home } })
    await type(['join', '-'], { stdin, env: { COTERIE_HOME: home } })
    const [sent, joined] = endpoint.commands.slice(-2)
    expect(sent).toMatchObject({ kind: 'send', payload: stdin.subarray(0, 9) })
    expect(joined).toMatchObject({ kind: 'join', ticket: 'two\nlines', waitMs: 30_000 })
  })

  test('a text that is not UTF-8, empty or too large is refused', async () => {
    const send = async (stdin: Uint8Array) =>
      objects(await type(['send', 'garden', '--json'], { stdin, env: { COTERIE_HOME: home } }))[0]
    expect(await send(Uint8Array.of(0xff))).toMatchObject({ error: { code: 'USAGE' } })
    expect(await send(new Uint8Array(0))).toMatchObject({ error: { code: 'USAGE' } })
    const large = new Uint8Array(61_441).fill(0x61)
    expect(await send(large)).toMatchObject({ error: { code: 'TEXT_TOO_LARGE' } })
    expect(await send(large.subarray(1))).toMatchObject({ ok: true })
  })

  test('an ack that nobody knows is refused; one whose receipts are late is unknown and exit 6', async () => {
    const before = endpoint.commands.length
    expect((await here('send', 'garden', 'x', '--ack', 'some')).exit).toBe(2)
    expect(endpoint.commands).toHaveLength(before)
    expect((await here('send', 'garden', 'x', '--ack', 'none')).exit).toBe(0)
    endpoint.receipts = { acknowledged: false, ackedBy: [] }
    const late = await here('--json', 'send', 'garden', 'x', '--ack', 'quorum', '--timeout', '1s')
    expect(late.exit).toBe(6)
    expect(objects(late)[0]).toMatchObject({ ok: true, ack: 'quorum', state: 'unknown' })
    endpoint.receipts = { acknowledged: true, ackedBy: ['a'.repeat(64)] }
    const inTime = await here('--json', 'send', 'garden', 'x', '--ack', 'all')
    expect(inTime.exit).toBe(0)
    expect(objects(inTime)[0]).toMatchObject({ state: 'acknowledged', ackedBy: ['a'.repeat(64)] })
    expect(endpoint.commands.at(-1)).toMatchObject({ ack: 'all', timeoutMs: 5_000 })
    endpoint.receipts = {}
  })

  test('errors of the daemon come with their own exit', async () => {
    expect((await here('read', 'nothing')).exit).toBe(4)
    expect((await here('read', 'garden', '--since', 'f'.repeat(64))).exit).toBe(4)
    expect((await here('peer', 'ping', 'nobody')).exit).toBe(4)
  })

  test('a note that a killed daemon left is no daemon, whoever listens there now', async () => {
    const stale = await mkdtemp(join(tmpdir(), 'coterie-stale-'))
    const note = { v: 1, pid: 1, token: 'of-another', started: 0 }
    for (const api of [daemon.api, 'http://127.0.0.1:1', `unix:${stale}/none.sock`]) {
      await writeFile(join(stale, 'api.json'), JSON.stringify({ ...note, api }))
      const outcome = await type(['status', '--json'], { env: { COTERIE_HOME: stale } })
      expect([api, outcome.exit]).toEqual([api, 3])
    }
    await rm(stale, { recursive: true })
  })

  test('a reader that goes away ends a stream quietly', async () => {
    for (let count = 0; count < 5; count++) await here('send', 'garden', `text ${count}`)
    const outcome = await type(['read', 'garden', '--follow'], {
      env: { COTERIE_HOME: home },
      stdoutWritesMax: 2,
    })
    expect([outcome.exit, outcome.stderr]).toEqual([0, ''])
    expect(outcome.stdout.split('\n')).toHaveLength(3)
  })

  test('an interrupt ends it with 130', async () => {
    const interrupted = new AbortController()
    const following = type(['read', 'garden', '--follow', '--json'], {
      env: { COTERIE_HOME: home },
      interrupted: interrupted.signal,
    })
    setTimeout(() => interrupted.abort(), 200)
    expect((await following).exit).toBe(130)
  })
})
