// The built program, as people run it: daemons as processes, everything else by command. Each step
// leaves the mesh for the next one, so the tests run in order.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const program = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js')
const loopback = '/ip4/127.0.0.1/tcp/0'
const TEST_MS = 60_000

interface Outcome {
  readonly exit: number | null
  readonly out: Record<string, unknown>
  readonly lines: string[]
  readonly stderr: string
}

let root: string
const running = new Map<string, ChildProcess>()
const addresses = new Map<string, string>()

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'coterie-e2e-'))
})

afterAll(async () => {
  await Promise.all([...running.keys()].map((name) => end(name, 'SIGKILL')))
  await rm(root, { recursive: true, force: true })
})

const homeOf = (name: string) => join(root, name)

async function coterie(name: string, argv: readonly string[], stdin = ''): Promise<Outcome> {
  const child = spawn(process.execPath, [program, '--home', homeOf(name), '--json', ...argv])
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()))
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()))
  child.stdin.on('error', () => undefined).end(stdin)
  const [exit] = (await once(child, 'close')) as [number | null]
  const lines = stdout.split('\n').filter((line) => line !== '')
  return { exit, out: JSON.parse(lines[0] ?? '{}') as Outcome['out'], lines, stderr }
}

/** Starts a daemon and waits for its ready line. */
async function up(name: string, ...argv: string[]): Promise<Record<string, unknown>> {
  const all = ['--home', homeOf(name), '--json', 'daemon', '--no-dht', ...argv]
  const child = spawn(process.execPath, [program, ...all], { stdio: ['ignore', 'pipe', 'inherit'] })
  running.set(name, child)
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const ready = JSON.parse(line.toString()) as Record<string, unknown>
  const [address] = ready['listen'] as string[]
  addresses.set(name, address ?? '')
  return ready
}

async function end(name: string, signal: NodeJS.Signals): Promise<number | null> {
  const child = running.get(name)
  running.delete(name)
  if (child === undefined || child.exitCode !== null) return child?.exitCode ?? null
  child.kill(signal)
  const [exit] = (await once(child, 'exit')) as [number | null]
  return exit
}

const rootOf = async (name: string) => (await coterie(name, ['attest', 'garden'])).out['root']
/** Read at one time: an attestation may come any moment. */
const sameRoot = async (a: string, b: string) => (await rootOf(a)) === (await rootOf(b))
const textsOf = async (name: string) =>
  (await coterie(name, ['read', 'garden'])).lines.map((line) => {
    const { final, late, ...same } = JSON.parse(line) as Record<string, unknown>
    void [final, late]
    return same
  })
const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )

describe('one node', { timeout: TEST_MS }, () => {
  test('init prints who it is, once', async () => {
    const first = await coterie('ada', ['init', '--name', 'ada'])
    expect(first.out).toMatchObject({ v: 1, ok: true, name: 'ada' })
    for (const key of ['account', 'device']) expect(first.out[key]).toMatch(/^[0-9a-f]{64}$/)
    const again = await coterie('ada', ['init'])
    expect([again.exit, again.out['ok']]).toEqual([7, false])
  })

  test('a daemon says when it is ready and status finds it', async () => {
    const ready = await up('ada', '--listen', loopback)
    expect(ready).toMatchObject({ ok: true, ready: true, pid: running.get('ada')?.pid })
    const { out } = await coterie('ada', ['status'])
    expect(out).toMatchObject({ name: 'ada', state: 'healthy', peerId: ready['peerId'] })
    expect(out['listen']).toEqual(ready['listen'])
  })

  test('a second daemon on the same data is refused, with the first one named', async () => {
    const { exit, out } = await coterie('ada', ['daemon', '--listen', loopback])
    expect(exit).toBe(7)
    expect(out).toMatchObject({ error: { code: 'DATA_DIR_LOCKED' } })
    expect(JSON.stringify(out)).toContain(String(running.get('ada')?.pid))
  })

  test('a taken port, a newer layout, open keys and no identity are told apart', async () => {
    await coterie('eve', ['init'])
    const port = addresses.get('ada')?.split('/p2p/')[0] ?? ''
    const code = async (...argv: string[]) => {
      const { exit, out } = await coterie('eve', ['daemon', ...argv])
      return [exit, (out['error'] as { code: string } | undefined)?.code]
    }
    expect(await code('--listen', port)).toEqual([7, 'PORT_IN_USE'])
    await chmod(join(homeOf('eve'), 'keys', 'device.key'), 0o644)
    expect(await code('--listen', loopback)).toEqual([7, 'PERMISSION'])
    await writeFile(join(homeOf('eve'), 'FORMAT'), 'coterie-data 99\n')
    expect(await code('--listen', loopback)).toEqual([7, 'FORMAT_TOO_NEW'])
    expect((await coterie('nobody', ['daemon'])).out).toMatchObject({
      error: { code: 'NOT_INITIALISED' },
    })
    expect((await coterie('eve', ['doctor'])).out).toMatchObject({ ok: true, verdict: 'fail' })
  })

  test('SIGTERM ends it well: exit 0, no lock, no note, and status says so', async () => {
    expect(await end('ada', 'SIGTERM')).toBe(0)
    expect(await exists(join(homeOf('ada'), 'LOCK'))).toBe(false)
    expect(await exists(join(homeOf('ada'), 'api.json'))).toBe(false)
    expect((await coterie('ada', ['status'])).exit).toBe(3)
  })
})

describe('a group of three', { timeout: TEST_MS }, () => {
  test('two join with one ticket from stdin', async () => {
    await up('ada', '--listen', loopback)
    expect((await coterie('ada', ['group', 'create', 'garden'])).exit).toBe(0)
    const { out } = await coterie('ada', ['invite', 'garden', '--uses', '2'])
    for (const name of ['bob', 'cem']) {
      await coterie(name, ['init', '--name', name])
      await up(name, '--listen', loopback, '--peer', addresses.get('ada') ?? '')
      const joined = await coterie(name, ['join', '-'], `${String(out['ticket'])}\n`)
      expect([joined.exit, joined.out['name']]).toEqual([0, 'garden'])
    }
    const damaged = await coterie('bob', ['join', 'coterie-ticket-1nonsense'])
    expect(damaged.out).toMatchObject({ error: { code: 'TICKET_INVALID' } })
  })

  test('what one sends all read, in the same order', async () => {
    for (const name of ['ada', 'bob', 'cem']) {
      const sent = await coterie(name, ['send', 'garden', `hello from ${name}`])
      expect(sent.out).toMatchObject({ ok: true, state: 'stored', ack: 'none' })
    }
    await expect.poll(() => textsOf('cem'), { timeout: 15_000 }).toHaveLength(3)
    await expect.poll(() => sameRoot('bob', 'cem'), { timeout: 15_000 }).toBe(true)
    expect(await textsOf('bob')).toEqual(await textsOf('cem'))
  })

  test('a cut by `peer block` is named, both sides live on, and a heal makes them equal', async () => {
    await coterie('ada', ['peer', 'block', '--all'])
    await expect
      .poll(async () => (await coterie('ada', ['status'])).out['state'], { timeout: 25_000 })
      .toBe('alone')
    await coterie('ada', ['send', 'garden'], 'alone\n')
    await coterie('bob', ['send', 'garden', 'without ada'])
    expect(await rootOf('ada')).not.toBe(await rootOf('bob'))
    await coterie('ada', ['peer', 'unblock', '--all'])
    await expect.poll(() => textsOf('ada'), { timeout: 15_000 }).toHaveLength(5)
    await expect.poll(() => sameRoot('ada', 'bob'), { timeout: 15_000 }).toBe(true)
    expect(await textsOf('ada')).toEqual(await textsOf('bob'))
  })

  test('what was confirmed before kill -9 is there after it, under the same numbers', async () => {
    const before = await coterie('cem', ['send', 'garden', 'confirmed'])
    await end('cem', 'SIGKILL')
    await up('cem', '--listen', loopback, '--peer', addresses.get('ada') ?? '')
    const after = await coterie('cem', ['send', 'garden', 'after the crash'])
    expect(after.out['number']).not.toBe(before.out['number'])
    const numbers = (await textsOf('cem')).map(({ number }) => number)
    expect(numbers).toContain(before.out['number'])
    expect(new Set(numbers).size).toBe(numbers.length)
    await expect.poll(() => sameRoot('ada', 'cem'), { timeout: 15_000 }).toBe(true)
  })

  test('read --follow prints what comes and ends with 130 on Ctrl-C', async () => {
    const argv = ['--home', homeOf('bob'), '--json', 'read', 'garden', '--follow', '--limit', '0']
    const child = spawn(process.execPath, [program, ...argv])
    await new Promise((resolve) => setTimeout(resolve, 500))
    await coterie('ada', ['send', 'garden', 'live'])
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    expect(JSON.parse(line.toString())).toMatchObject({ text: 'live', name: 'ada' })
    child.kill('SIGINT')
    expect(await once(child, 'exit')).toEqual([130, null])
  })

  test('a reader that stops reading early is no error', async () => {
    const shell = `"${process.execPath}" "${program}" --home "${homeOf('bob')}" read garden | head -n 1; echo "\${PIPESTATUS[0]}"`
    const child = spawn('bash', ['-c', shell])
    let printed = ''
    child.stdout.on('data', (data: Buffer) => (printed += data.toString()))
    child.stderr.on('data', (data: Buffer) => (printed += data.toString()))
    await once(child, 'close')
    expect(printed.trim().split('\n').at(-1)).toBe('0')
    expect(printed).not.toMatch(/EPIPE|Error/)
  })

  test('the token stands in no command line, log or answer', async () => {
    const note = await readFile(join(homeOf('ada'), 'api.json'), 'utf8')
    const { token } = JSON.parse(note) as { token: string }
    const { lines } = await coterie('ada', ['status'])
    expect(lines.join('')).not.toContain(token)
    for (const name of ['ada', 'bob', 'cem']) expect(await end(name, 'SIGTERM')).toBe(0)
  })
})

test('completion scripts are good shell', { timeout: TEST_MS }, async () => {
  const { out } = await coterie('ada', ['completion', 'bash'])
  const ask = `${String(out['script'])}\nCOMP_WORDS=(coterie peer b); COMP_CWORD=2; _coterie; echo "\${COMPREPLY[@]}"`
  const child = spawn('bash', ['-c', ask])
  const [printed] = (await once(child.stdout, 'data')) as [Buffer]
  expect(printed.toString().trim()).toBe('block')
})
