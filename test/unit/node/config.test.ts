// Settings: flag over environment over file over default, each with its origin; what is wrong is said
// with its place; a rewrite keeps comments.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { addressProblem } from '../../../src/node/address.ts'
import {
  configDefaults,
  configKeys,
  loadConfig,
  parseSetting,
  setSetting,
  settingName,
} from '../../../src/node/config.ts'
import { resolvePaths } from '../../../src/node/paths.ts'

let home: string
let file: string

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'coterie-config-'))
  file = join(home, 'config.yaml')
})

afterEach(() => rm(home, { recursive: true, force: true }))

describe('precedence', () => {
  test('without anything the defaults hold', async () => {
    const { values, origins } = await loadConfig({ file, env: {} })
    expect(values).toEqual(configDefaults)
    expect(new Set(Object.values(origins))).toEqual(new Set(['default']))
  })

  test('flag over environment over file over default', async () => {
    await writeFile(file, 'name: file\napi: 127.0.0.1:1\nlog: error\n')
    const env = { COTERIE_NAME: 'environment', COTERIE_API: '127.0.0.1:2', COTERIE_DHT: '' }
    const { values, origins } = await loadConfig({ file, env, flags: { name: 'flag' } })
    expect(values).toMatchObject({ name: 'flag', api: '127.0.0.1:2', log: 'error', dht: true })
    expect(origins).toMatchObject({
      name: 'flag',
      api: 'environment',
      log: 'file',
      dht: 'default',
    })
  })

  test('every setting can be given by environment', async () => {
    const env = {
      COTERIE_NAME: 'eve',
      COTERIE_LISTEN: '/ip4/127.0.0.1/tcp/1, /ip6/::1/tcp/2',
      COTERIE_API: 'unix:/tmp/a.sock',
      COTERIE_PEERS: '/dns4/example.org/tcp/4001',
      COTERIE_MDNS: 'yes',
      COTERIE_DHT: 'off',
      COTERIE_ARCHIVE: 'off',
      COTERIE_LOG: 'debug',
    }
    const { values, origins } = await loadConfig({ file, env })
    expect(values.listen).toEqual(['/ip4/127.0.0.1/tcp/1', '/ip6/::1/tcp/2'])
    expect(values).toMatchObject({ mdns: true, dht: false })
    for (const key of configKeys) expect([key, origins[key]]).toEqual([key, 'environment'])
  })
})

describe('mistakes', () => {
  test.each([
    ['nmae: ada', /nmae/],
    ['name: 7', /name/],
    ['name: ""', /name/],
    ['name: "a\\u202eb"', /direction/],
    ['listen: [/tcp/1]', /listen\.0/],
    ['listen: []', /listen/],
    ['api: 0.0.0.0:80', /loopback/],
    ['api: 127.0.0.1:99999', /loopback/],
    ['log: loud', /log/],
    ['- a list', /name: value/],
    ['name: [', /config\.yaml/],
    ['a: &x [1]\nb: *x', /config\.yaml/],
  ])('%j is an error that names the place', async (content, words) => {
    await writeFile(file, content)
    const loading = loadConfig({ file, env: {} })
    await expect(loading).rejects.toMatchObject({ code: 'USAGE' })
    await expect(loading).rejects.toThrow(words)
  })

  test('so is a wrong value in the environment', async () => {
    await expect(loadConfig({ file, env: { COTERIE_MDNS: 'perhaps' } })).rejects.toThrow(/mdns/)
  })

  test('an unknown setting lists those that exist', () => {
    expect(() => settingName('colour')).toThrow(/no setting/)
    expect(settingName('mdns')).toBe('mdns')
    expect(() => settingName('toString')).toThrow(/no setting/)
  })
})

describe('changes', () => {
  test('keep comments and everything else', async () => {
    await writeFile(
      file,
      '# mine\nname: ada # her name\n\n# where\nlisten:\n  - /ip4/1.2.3.4/tcp/5\n',
    )
    await setSetting(file, 'name', 'bob')
    await setSetting(file, 'mdns', true)
    expect(await readFile(file, 'utf8')).toBe(
      '# mine\nname: bob # her name\n\n# where\nlisten:\n  - /ip4/1.2.3.4/tcp/5\nmdns: true\n',
    )
  })

  test('a file of nothing but comments keeps them', async () => {
    await writeFile(file, '# later\n')
    await setSetting(file, 'name', 'bob')
    const content = await readFile(file, 'utf8')
    expect(content).toContain('# later')
    expect((await loadConfig({ file, env: {} })).values.name).toBe('bob')
  })

  test('a wrong value changes nothing', async () => {
    await writeFile(file, 'name: ada\n')
    await expect(setSetting(file, 'listen', ['nonsense'])).rejects.toMatchObject({ code: 'USAGE' })
    expect(await readFile(file, 'utf8')).toBe('name: ada\n')
  })

  test('values are read as people type them', () => {
    expect(parseSetting('peers', '')).toEqual([])
    expect(parseSetting('peers', '/a, /b')).toEqual(['/a', '/b'])
    expect(parseSetting('mdns', 'on')).toBe(true)
    expect(parseSetting('name', 'true')).toBe('true')
  })
})

test.each([
  ['/ip4/192.0.2.7/tcp/4001', true],
  ['/ip6/::1/tcp/0', true],
  ['/dns4/example.org/tcp/443/p2p/12D3KooWKuRQtMuAiMkuMsrpmsCe1xTmS2VFCMU8egkN3wRmtdit', true],
  ['/ip4/192.0.2.7', false],
  ['/ip4/192.0.2.777/tcp/1', false],
  ['/ip4/192.0.2.7/tcp/65536', false],
  ['/ip4/192.0.2.7/tcp', false],
  ['/toString/1', false],
  ['192.0.2.7:4001', false],
  ['/', false],
  ['', false],
])('the address %j is usable: %j', (text, usable) => {
  expect(addressProblem(text) === undefined).toBe(usable)
})

describe('paths', () => {
  test('follow the XDG directories and ignore relative ones', () => {
    const env = { XDG_CONFIG_HOME: '/c', XDG_DATA_HOME: 'relative', XDG_RUNTIME_DIR: '/run/user/1' }
    const paths = resolvePaths({ env, userHome: '/home/ada' })
    expect(paths).toMatchObject({
      config: '/c/coterie/config.yaml',
      data: '/home/ada/.local/share/coterie',
      keys: '/home/ada/.local/share/coterie/keys',
      api: '/run/user/1/coterie/api.json',
    })
  })

  test('lie under one directory with a home, the flag before the environment', () => {
    const env = { COTERIE_HOME: '/env', XDG_CONFIG_HOME: '/c' }
    expect(resolvePaths({ env, userHome: '/h' }).config).toBe('/env/config.yaml')
    const flag = resolvePaths({ home: '/flag', env, userHome: '/h' })
    expect([flag.config, flag.data, flag.api]).toEqual([
      '/flag/config.yaml',
      '/flag',
      '/flag/api.json',
    ])
  })
})
