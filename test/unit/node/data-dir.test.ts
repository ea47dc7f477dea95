// A data directory is made whole or not at all, is opened by one process at a time, is refused while
// others may read its keys, and is brought forward step by step or left alone.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemRandom } from '../../../src/adapters/system/random.ts'
import { initialise, isInitialised, openDataDir, readKeys } from '../../../src/node/data-dir.ts'
import { type Migration, checkFormat, readFormat, writeFormat } from '../../../src/node/format.ts'
import { type ProcessView, readLock, takeLock } from '../../../src/node/lock.ts'
import { type Paths, resolvePaths } from '../../../src/node/paths.ts'

let home: string
let paths: Paths

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'coterie-data-'))
  paths = resolvePaths({ home, env: {}, userHome: home })
})

afterEach(() => rm(home, { recursive: true, force: true }))

describe('init', () => {
  test('makes four different keys that only the owner may read', async () => {
    expect(await isInitialised(paths)).toBe(false)
    const keys = await initialise(paths, systemRandom)
    expect(await isInitialised(paths)).toBe(true)
    expect(await readKeys(paths)).toEqual(keys)
    expect(new Set(Object.values(keys).map((key) => key.join())).size).toBe(4)
    expect((await stat(paths.keys)).mode & 0o777).toBe(0o700)
    for (const file of await readdir(paths.keys)) {
      const found = await stat(join(paths.keys, file))
      // The wrapping keys fill a file of their own.
      const size = file === 'keyring' ? expect.any(Number) : 32
      expect([file, found.mode & 0o777, found.size]).toEqual([file, 0o600, size])
    }
  })

  test('never touches an identity that is there', async () => {
    const keys = await initialise(paths, systemRandom)
    await expect(initialise(paths, systemRandom)).rejects.toMatchObject({
      code: 'ALREADY_INITIALISED',
    })
    expect(await readKeys(paths)).toEqual(keys)
  })

  test('refuses a store whose keys are gone: nothing in it could be opened', async () => {
    await mkdir(paths.store)
    await expect(initialise(paths, systemRandom)).rejects.toMatchObject({
      code: 'ALREADY_INITIALISED',
    })
  })

  test('leaves nothing that counts when it fails on the way', async () => {
    let calls = 0
    const failing = (length: number) => {
      calls += 1
      return calls === 4 ? new Uint8Array(0).fill(length) : systemRandom(length)
    }
    await mkdir(paths.format)
    await expect(initialise(paths, failing)).rejects.toThrow()
    expect(await isInitialised(paths)).toBe(false)
    expect((await readdir(home)).filter((name) => name.startsWith('keys'))).toEqual([])
  })
})

describe('open', () => {
  test('needs an identity', async () => {
    await expect(openDataDir(paths)).rejects.toMatchObject({ code: 'NOT_INITIALISED' })
  })

  test('is refused while other users may read a key', async () => {
    await initialise(paths, systemRandom)
    const key = join(paths.keys, 'device.key')
    await chmod(key, 0o640)
    await expect(openDataDir(paths)).rejects.toMatchObject({ code: 'PERMISSION' })
    await chmod(key, 0o600)
    await (await openDataDir(paths)).close()
    expect(await readLock(paths.lock)).toBeUndefined()
  })

  test('is refused while another process has it, with that process named', async () => {
    await initialise(paths, systemRandom)
    const first = await openDataDir(paths)
    await expect(openDataDir(paths)).rejects.toMatchObject({
      code: 'DATA_DIR_LOCKED',
      message: expect.stringContaining(String(process.pid)) as string,
    })
    await first.close()
    await (await openDataDir(paths)).close()
  })

  test('a damaged key is not used', async () => {
    await initialise(paths, systemRandom)
    await writeFile(join(paths.keys, 'account.key'), 'short')
    await expect(openDataDir(paths)).rejects.toThrow(/damaged/)
  })
})

describe('lock', () => {
  test('a lock that a killed process left is taken over', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    await once(child, 'spawn')
    const pid = child.pid ?? 0
    const alive: ProcessView = { pid, startOf: () => Promise.resolve('then') }
    await takeLock(paths.lock, alive)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const lock = await takeLock(paths.lock)
    expect((await readLock(paths.lock))?.pid).toBe(process.pid)
    await lock.release()
  })

  test('a process that was killed and not yet buried does not lock', async () => {
    // The inner shell is replaced by a program that never waits for its child.
    const parent = spawn('sh', ['-c', 'sh -c "exit 0" & echo $!; exec sleep 30'])
    const [line] = (await once(parent.stdout, 'data')) as [Buffer]
    const pid = Number(line.toString())
    await expect
      .poll(() => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z'))
      .toMatch(/\) Z/)
    await writeFile(paths.lock, JSON.stringify({ pid, started: '', nonce: 'dead' }))
    await (await takeLock(paths.lock)).release()
    parent.kill('SIGKILL')
  })

  test('a process number that was given to another program since does not lock', async () => {
    const before: ProcessView = { pid: 77, startOf: () => Promise.resolve('boot/1') }
    const after: ProcessView = { pid: 78, startOf: () => Promise.resolve('boot/2') }
    await takeLock(paths.lock, before)
    await expect(takeLock(paths.lock, before)).rejects.toMatchObject({ code: 'DATA_DIR_LOCKED' })
    await expect(takeLock(paths.lock, after)).resolves.toMatchObject({ owner: { pid: 78 } })
  })

  test('a damaged lock file is taken over', async () => {
    await writeFile(paths.lock, 'torn')
    await (await takeLock(paths.lock)).release()
    expect(await readdir(home)).toEqual([])
  })

  test('of many that take over a dead lock at once, one wins', async () => {
    for (let round = 0; round < 20; round++) {
      const dead = { pid: 2 ** 22 + 1, started: 'gone', nonce: 'dead' }
      await writeFile(paths.lock, JSON.stringify(dead))
      const tries = Array.from({ length: 8 }, () => takeLock(paths.lock))
      const won = (await Promise.allSettled(tries)).filter(({ status }) => status === 'fulfilled')
      expect(won).toHaveLength(1)
      await rm(paths.lock)
    }
  })

  test('release leaves the lock of another alone', async () => {
    const lock = await takeLock(paths.lock)
    await writeFile(paths.lock, JSON.stringify({ pid: 1, started: '', nonce: 'other' }))
    await lock.release()
    expect((await readLock(paths.lock))?.nonce).toBe('other')
  })
})

describe('format', () => {
  const steps = (log: string[], failAt = 0): Migration[] =>
    [1, 2, 3].map((from) => ({
      from,
      summary: `from ${from}`,
      run: async () => {
        log.push(`run ${from}`)
        if (from === failAt) throw new Error('power cut')
      },
    }))
  const check = (version: number, list: readonly Migration[]) =>
    checkFormat({ file: paths.format, dataDirectory: home, version, steps: list })

  test('the same version needs nothing', async () => {
    await writeFormat(paths.format, 4)
    expect(await check(4, [])).toEqual([])
  })

  test('a newer version is refused and left alone', async () => {
    await writeFormat(paths.format, 9)
    await expect(check(4, steps([]))).rejects.toMatchObject({ code: 'FORMAT_TOO_NEW' })
    expect(await readFile(paths.format, 'utf8')).toBe('coterie-data 9\n')
  })

  test('an older version goes forward one step at a time', async () => {
    const log: string[] = []
    await writeFormat(paths.format, 2)
    await check(4, steps(log))
    expect(log).toEqual(['run 2', 'run 3'])
    expect(await readFormat(paths.format)).toBe(4)
  })

  test('a step that was cut short is repeated, a finished one is not', async () => {
    const log: string[] = []
    await writeFormat(paths.format, 1)
    await expect(check(4, steps(log, 2))).rejects.toThrow('power cut')
    await check(4, steps(log))
    expect(log).toEqual(['run 1', 'run 2', 'run 2', 'run 3'])
  })

  test('a version from which no way leads is an error, as is a damaged file', async () => {
    await writeFormat(paths.format, 1)
    await expect(check(3, steps([]).slice(1))).rejects.toThrow(/No way/)
    for (const content of ['', 'coterie-data', 'coterie-data 0', 'coterie-data 1e9', '7']) {
      await writeFile(paths.format, content)
      await expect(check(3, [])).rejects.toThrow(/damaged/)
    }
  })
})
