// An account that goes to another device: locked, whole or refused with the reason, and on the new
// device a new device key on a list that builds on the last one. A locked node's seeds are nowhere in
// its files.
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createSystemCrypto } from '../../../src/adapters/system/crypto.ts'
import { systemRandom } from '../../../src/adapters/system/random.ts'
import { toHex, utf8 } from '../../../src/base/bytes.ts'
import { deviceListHash, parseDeviceList } from '../../../src/core/identity/device-list.ts'
import { accountText, parseAccountText, writeAccountFile } from '../../../src/node/account-file.ts'
import { initialise, openDataDir, readAccount, readKeys } from '../../../src/node/data-dir.ts'
import { type Paths, resolvePaths } from '../../../src/node/paths.ts'

const crypto = createSystemCrypto()
const words = utf8('six words of mine')
const logN = 10
let home: string

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'coterie-account-'))
})

afterEach(() => rm(home, { recursive: true, force: true }))

const at = (name: string): Paths =>
  resolvePaths({ home: join(home, name), env: {}, userHome: home })

const exported = async (paths: Paths, passphrase?: Uint8Array): Promise<string> =>
  accountText({ ...(await readAccount(paths, passphrase)), name: 'ada' }, words, logN)

const listOf = (encoded: Uint8Array) => {
  const list = parseDeviceList(crypto, encoded)
  if (!list.ok) throw new Error(list.error)
  return list.value
}

describe('an exported account', () => {
  test('is the same account on another device, whose list builds on the last one', async () => {
    const first = await initialise(at('one'), systemRandom)
    const account = await parseAccountText(await exported(at('one')), words)
    expect(account).toMatchObject({ name: 'ada', seed: first.account })
    const second = await initialise(at('two'), systemRandom, {
      account: { ...account, wallMs: 5_000 },
    })
    expect(second.account).toEqual(first.account)
    expect(second.device).not.toEqual(first.device)
    expect(second.transport).not.toEqual(first.transport)
    const { deviceList } = await readAccount(at('two'))
    const list = listOf(deviceList)
    expect(list.seq).toBe(5_000)
    expect(toHex(list.prev)).toBe(toHex(deviceListHash(crypto, account.deviceList)))
    const devices = list.devices.map(({ device }) => toHex(device))
    expect(devices).toContain(toHex(crypto.edPublicKey(second.device)))
    expect(devices).toContain(toHex(crypto.edPublicKey(first.device)))
    const opened = await openDataDir(at('two'))
    expect(opened.deviceList).toEqual(deviceList)
    await opened.close()
  })

  test('brought back twice never gives two lists of one seq', async () => {
    await initialise(at('one'), systemRandom)
    const account = await parseAccountText(await exported(at('one')), words)
    const seqs: number[] = []
    for (const [name, wallMs] of [
      ['two', 5_000],
      ['three', 5_001],
    ] as const) {
      await initialise(at(name), systemRandom, { account: { ...account, wallMs } })
      seqs.push(listOf((await readAccount(at(name))).deviceList).seq)
    }
    expect(new Set(seqs).size).toBe(2)
  })

  test('outlives more devices than a list can name', async () => {
    await initialise(at('0'), systemRandom)
    for (let i = 1; i <= 9; i++) {
      const account = await readAccount(at(String(i - 1)))
      await initialise(at(String(i)), systemRandom, { account: { ...account, wallMs: i } })
    }
    const { devices, seq } = listOf((await readAccount(at('9'))).deviceList)
    expect(seq).toBe(9)
    const own = toHex(crypto.edPublicKey((await readKeys(at('9'))).device))
    expect(devices.map(({ device }) => toHex(device))).toContain(own)
  })

  test('opens to its passphrase only, and to no part of itself', async () => {
    await initialise(at('one'), systemRandom)
    const text = await exported(at('one'))
    const { seed } = await readAccount(at('one'))
    expect(Buffer.from(text.slice(17), 'base64url').includes(Buffer.from(seed))).toBe(false)
    await expect(parseAccountText(text, utf8('six words'))).rejects.toMatchObject({
      code: 'PERMISSION',
    })
    for (const damaged of [text.slice(0, -3), text.replace(/.{4}$/, 'AAAA'), `${text}x`]) {
      await expect(parseAccountText(damaged, words)).rejects.toMatchObject({
        code: 'ARCHIVE_INVALID',
      })
    }
    for (const other of ['', 'coterie-ticket-1abc', 'hello', '{}']) {
      await expect(parseAccountText(other, words)).rejects.toMatchObject({
        code: 'ARCHIVE_INVALID',
        message: 'This is no account file.',
      })
    }
    const newer = text.replace('account-1', 'account-2')
    await expect(parseAccountText(newer, words)).rejects.toMatchObject({ code: 'FORMAT_TOO_NEW' })
    expect((await parseAccountText(`  ${text}\n`, words)).seed).toEqual(seed)
  })

  test('overwrites nothing and is for its owner alone', async () => {
    const file = join(home, 'ada.account')
    await writeAccountFile(file, 'text')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    await expect(writeAccountFile(file, 'other')).rejects.toMatchObject({ code: 'USAGE' })
    expect(await readFile(file, 'utf8')).toBe('text\n')
    const nowhere = join(home, 'none', 'ada.account')
    await expect(writeAccountFile(nowhere, 'text')).rejects.toMatchObject({ code: 'PERMISSION' })
  })
})

describe('the seeds of a node with a passphrase', () => {
  const found = async (paths: Paths, seed: Uint8Array): Promise<string[]> => {
    const files = await readdir(paths.keys)
    const contents = await Promise.all(files.map((file) => readFile(join(paths.keys, file))))
    return files.filter((_, i) => contents[i]?.includes(Buffer.from(seed)))
  }

  test('are in none of its files', async () => {
    const open = await initialise(at('open'), systemRandom)
    expect(await found(at('open'), open.account)).toEqual(['account.key'])
    const locked = await initialise(at('locked'), systemRandom, { passphrase: words, logN })
    for (const seed of [locked.account, locked.device, locked.transport]) {
      expect(await found(at('locked'), seed)).toEqual([])
    }
    expect(await readKeys(at('locked'), words)).toEqual(locked)
  })

  test('open to it alone, and the directory is free again after a refusal', async () => {
    await initialise(at('locked'), systemRandom, { passphrase: words, logN })
    for (const wrong of [undefined, utf8('other words'), new Uint8Array()]) {
      await expect(openDataDir(at('locked'), wrong)).rejects.toMatchObject({ code: 'PERMISSION' })
    }
    await (await openDataDir(at('locked'), words)).close()
    await expect(readAccount(at('locked'))).rejects.toMatchObject({ code: 'PERMISSION' })
    await expect(readAccount(at('nowhere'))).rejects.toMatchObject({ code: 'NOT_INITIALISED' })
    expect(await exported(at('locked'), words)).toMatch(/^coterie-account-1/)
  })

  test('that are damaged are not used', async () => {
    await initialise(at('locked'), systemRandom, { passphrase: words, logN })
    const file = join(at('locked').keys, 'identity')
    const content = await readFile(file)
    await writeFile(file, content.subarray(0, 20))
    await expect(readKeys(at('locked'), words)).rejects.toMatchObject({ code: 'INTERNAL' })
    await writeFile(file, Buffer.concat([Uint8Array.of(9), content.subarray(1)]))
    await expect(readKeys(at('locked'), words)).rejects.toMatchObject({ code: 'FORMAT_TOO_NEW' })
  })
})
