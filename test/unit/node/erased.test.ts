// I32: after a prekey and an epoch were erased and the keyring was rewritten, no byte of any file of the
// data directory gives them back, also to somebody who has every key that still lies there. LevelDB
// keeps what was deleted in its files for long: that is why wrapping keys are destroyed.
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openLevelStore } from '../../../src/adapters/level/store.ts'
import { createSystemCrypto } from '../../../src/adapters/system/crypto.ts'
import { systemRandom } from '../../../src/adapters/system/random.ts'
import type { Bytes } from '../../../src/base/bytes.ts'
import { equal, toHex } from '../../../src/base/bytes.ts'
import { SecretKind, secretKey } from '../../../src/core/replica/state.ts'
import type { Effect } from '../../../src/core/effect.ts'
import type { Input } from '../../../src/core/input.ts'
import { silentTelemetry } from '../../../src/adapters/telemetry/silent.ts'
import { createSystemClock } from '../../../src/adapters/system/clock.ts'
import { createDriver } from '../../../src/node/driver.ts'
import { initialise, openKeyring } from '../../../src/node/data-dir.ts'
import { resolvePaths } from '../../../src/node/paths.ts'
import type { WrappingKeyring } from '../../../src/node/keyring.ts'

const crypto = createSystemCrypto()

/** Every position of every file at which a value of a place would open under a key that is there. */
async function recovered(directory: string, keyring: WrappingKeyring, places: readonly Bytes[]) {
  const found: string[] = []
  for (const content of await contents(directory)) {
    for (const { id } of keyring.keys) {
      for (
        let at = content.indexOf(Buffer.from(id));
        at >= 0;
        at = content.indexOf(Buffer.from(id), at + 1)
      ) {
        for (const place of places) {
          const value = new Uint8Array(content.subarray(at - 1, at - 1 + SEALED_BYTES))
          const opened = keyring.open(place, value)
          if (opened !== undefined) found.push(toHex(opened))
        }
      }
    }
  }
  return new Set(found)
}

/** Version, key id, nonce, 32 secret bytes, tag. */
const SEALED_BYTES = 1 + 8 + 12 + 32 + 16

async function contents(directory: string): Promise<Buffer[]> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true })
  return Promise.all(
    entries.filter((one) => one.isFile()).map((one) => readFile(join(one.parentPath, one.name))),
  )
}

/** What a machine would do that keeps two secrets, renews one and erases the other. */
class Keeper {
  readonly secrets: Bytes[] = []
  readonly #places: readonly Bytes[]
  readonly #honest: boolean

  constructor(places: readonly Bytes[], honest: boolean) {
    this.#places = places
    this.#honest = honest
  }

  step(input: Input): Effect[] {
    if (input.kind === 'start') return [{ kind: 'notify', event: { kind: 'ready' } }]
    if (input.kind !== 'listening') return []
    const [first = new Uint8Array(), second = new Uint8Array()] = this.#places
    const secret = systemRandom(32)
    this.secrets.push(secret)
    const puts = (value: Bytes | null, place: Bytes): Effect => ({
      kind: 'persist',
      puts: [{ key: place, value, secret: true }],
    })
    const erase: Effect[] = this.#honest ? [{ kind: 'erase', keys: [...this.#places] }] : []
    if (this.secrets.length === 1) return [puts(secret, first), puts(secret, second)]
    if (this.secrets.length === 2) return [...erase, puts(secret, first), puts(null, second)]
    return []
  }
}

test.each([
  ['is nowhere any more', true],
  ['would be found, had its wrapping key been kept: the scan can fail', false],
])('an erased secret %s', async (_, honest) => {
  const home = await mkdtemp(join(tmpdir(), 'coterie-erased-'))
  try {
    const paths = resolvePaths({ home, env: {}, userHome: home })
    const keys = await initialise(paths, systemRandom)
    const keyring = await openKeyring(paths, keys, systemRandom)
    const store = await openLevelStore({ location: paths.store })
    const places = [SecretKind.prekey, SecretKind.epoch].map((kind) =>
      secretKey(1, kind, new Uint8Array(32).fill(kind)),
    )
    const machine = new Keeper(places, honest)
    let listening: (addresses: readonly string[]) => void = () => undefined
    const driver = createDriver({
      machine,
      store,
      keyring,
      network: (events) => {
        listening = (addresses) => events.listening(addresses)
        return { peerId: '' } as never
      },
      clock: createSystemClock(),
      crypto,
      random: systemRandom,
      telemetry: silentTelemetry,
      onFatal: (error) => {
        throw error
      },
    })
    await new Promise<void>((resolve) => driver.start(() => resolve()))
    listening([])
    await new Promise((resolve) => setTimeout(resolve, 50))
    listening([])
    await new Promise<void>((resolve) => driver.stop(resolve))
    await new Promise<void>((resolve) => store.close(() => resolve()))
    const [old = new Uint8Array(), young = new Uint8Array()] = machine.secrets
    for (const content of await contents(home)) {
      for (const secret of [old, young]) expect(content.includes(Buffer.from(secret))).toBe(false)
    }
    const thief = await openKeyring(paths, keys, systemRandom)
    const found = await recovered(home, thief, places)
    expect(found.has(toHex(young))).toBe(true)
    expect(found.has(toHex(old))).toBe(!honest)
    expect(equal(old, young)).toBe(false)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
})
