// What archives rest on in rarer lives: rows that left memory, lines whose end only a later header vouches
// for, a store that lags behind, forks, and keys that were written for another archive of the same texts.
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createMemoryKeyring } from '../../src/adapters/memory/keyring.ts'
import { type Bytes, concat } from '../../src/base/bytes.ts'
import { CoterieError } from '../../src/base/error.ts'
import { Endpoint } from '../../src/core/endpoint.ts'
import type { Range } from '../../src/core/effect.ts'
import type { Identity } from '../../src/core/identity/identity.ts'
import type { Entry } from '../../src/core/input.ts'
import { parseMessage } from '../../src/core/message/message.ts'
import { Space } from '../../src/core/storage.ts'
import { RowFlag, parseRecord, withFlags } from '../../src/core/transcript/row.ts'
import { toEntry } from '../../src/node/driver/rows.ts'
import { type ExportParts, exportGroup } from '../../src/node/exporting.ts'
import { Scratch } from '../../src/node/scratch.ts'
import { exportFrom, framesOf, verify } from '../support/archives.ts'
import { nextPlain, secretOf } from '../support/author.ts'
import { crypto } from '../support/bench.ts'
import {
  type Mesh,
  converge,
  done,
  endpointOf,
  found,
  groupOf,
  meshWorld,
  say,
  later,
} from '../support/mesh.ts'

const talk = (mesh: Mesh, nodes: readonly number[], texts: number): void => {
  for (let i = 0; i < texts; i++) say(mesh, nodes[i % nodes.length] ?? 0, `text ${String(i)}`)
  later(mesh, 3_000)
}

const refusalOf = async (outcome: Promise<unknown>): Promise<CoterieError> => {
  const error: unknown = await outcome.catch((reason: unknown) => reason)
  if (error instanceof CoterieError) return error
  throw new Error('nothing was refused')
}

/** An exporter over a node's disk, with reads that a test changes. */
const partsOf = (mesh: Mesh, node: number, over: Partial<ExportParts> = {}): ExportParts => {
  const keyring = createMemoryKeyring()
  const { rows } = mesh.world.node(node)
  return {
    machine: endpointOf(mesh.world, node),
    read: (ranges: readonly Range[]) =>
      Promise.resolve(
        ranges.flatMap((range) => rows.read(range)).map((row) => toEntry(keyring, row)),
      ),
    crypto,
    wait: () => Promise.resolve(),
    ...over,
  }
}

const archiveOf = async (parts: ExportParts, group: string): Promise<Bytes> => {
  const pieces: Bytes[] = []
  for await (const part of exportGroup(parts, group)) {
    if (part.part === 'archive') pieces.push(part.bytes)
  }
  return concat(...pieces)
}

describe('a verifier', () => {
  test('brings rows back that left its memory', async () => {
    const mesh = found(meshWorld({ seed: 'window', nodes: 3 }))
    talk(mesh, [0, 1, 2], 9)
    converge(mesh)
    mesh.world.split([[0, 1], [2]])
    later(mesh, 8_000)
    // What ada states at the end of this is over an old end of the line of node 2, which went on.
    talk(mesh, [0, 1], 120)
    talk(mesh, [2], 60)
    done(mesh.world, 0, { kind: 'attest', group: mesh.group })
    mesh.world.heal()
    converge(mesh)
    const { archive } = await exportFrom(mesh, 1)
    for (const windowMessages of [4_096, 32]) {
      expect((await verify(archive, { windowMessages })).root).toBe(groupOf(mesh, 1)?.root)
    }
  })

  test('keeps them on the disk where they are many, and leaves nothing there', async () => {
    const parent = await mkdtemp(join(tmpdir(), 'coterie-scratch-'))
    const scratch = new Scratch(parent)
    const keyOf = (i: number): Bytes => Uint8Array.of(1, i >>> 8, i & 255)
    for (let i = 0; i < 20_000; i++) {
      await scratch.put([{ key: keyOf(i), value: keyOf(i + 1) }])
    }
    expect(scratch.spilled).toBe(true)
    for (const i of [0, 8_191, 8_192, 19_999]) {
      const [found = []] = await scratch.read([{ from: keyOf(i), to: keyOf(i + 1) }])
      expect(found.map(({ value }) => value)).toEqual([keyOf(i + 1)])
    }
    expect(await readdir(parent)).toHaveLength(1)
    await scratch.close()
    expect(await readdir(parent)).toEqual([])
    await rm(parent, { recursive: true })
  })

  test('names whoever said two things under one number, and whom evidence accuses', async () => {
    const seed = 'forked'
    const twin = (identity: Identity): Identity => ({
      name: 'n2',
      accountSeed: secretOf(seed, 2, 'account'),
      deviceSeed: secretOf(seed, 2, 'device'),
      transportSeed: identity.transportSeed,
    })
    const world = meshWorld({
      seed,
      nodes: 5,
      startMs: (node) => (node === 4 ? undefined : 0),
      endpoint: (identity, provider, node) =>
        new Endpoint(node === 4 ? twin(identity) : identity, provider),
    })
    const mesh = found(world, 1, 4)
    world.split([
      [0, 1, 2],
      [3, 4],
    ])
    world.node(4).rows.apply(world.node(2).rows.all())
    world.restart(4)
    later(mesh, 10_000)
    talk(mesh, [0, 1, 2, 3, 4], 15)
    world.heal()
    converge(mesh, [0, 1, 3])
    later(mesh, 10_000)
    converge(mesh, [0, 1, 3])
    const group = groupOf(mesh, 1)
    const { archive } = await exportFrom(mesh, 1)
    const report = await verify(archive, { windowMessages: 32 })
    expect(report.root).toBe(group?.root)
    expect(report.equivocators).toEqual(group?.equivocators)
    expect(report.equivocators).toHaveLength(1)
    expect(report.accused).toEqual(report.equivocators)
    expect(report.evidence).toBeGreaterThan(0)
  })

  test('refuses keys that were written for another archive of the same texts', async () => {
    const mesh = found(meshWorld({ seed: 'same texts', nodes: 2 }))
    talk(mesh, [0, 1], 6)
    converge(mesh)
    const first = await exportFrom(mesh, 0)
    done(mesh.world, 0, { kind: 'attest', group: mesh.group })
    later(mesh, 1_000)
    const second = await exportFrom(mesh, 0)
    expect((await verify(second.archive, { keys: second.keys })).opened).toBe(6)
    const { message } = await refusalOf(verify(second.archive, { keys: first.keys }))
    expect(message).toContain('written for another archive')
  })
})

describe('an exporter', () => {
  const seed = 'unsigned end'

  /** The end of node 1's line without its signature, and a later header of node 1 that vouches for it. */
  const unsigned = (mesh: Mesh): ExportParts => {
    const plainParts = partsOf(mesh, 0)
    const author = groupOf(mesh, 1)?.self ?? ''
    const state = endpointOf(mesh.world, 0).exportState(mesh.group)
    const line = state?.lines.find(({ member }) => member === author)
    let after: ReturnType<typeof nextPlain> | undefined
    const strip = ({ key, value }: Entry): Entry => {
      const record = key[0] === Space.message ? parseRecord(value) : undefined
      const message = record?.ok === true ? parseMessage(crypto, record.value.envelope) : undefined
      if (record?.ok !== true || message?.ok !== true) return { key, value }
      const { member, header } = message.value
      if (member !== author || header.counter !== (line?.next ?? 0) - 1) return { key, value }
      after = nextPlain(secretOf(seed, 1, 'device'), message.value, new Uint8Array())
      const bare = { ...record.value.envelope, signature: new Uint8Array() }
      const { flags } = record.value
      return {
        key,
        value: withFlags({ ...record.value, envelope: bare }, flags & ~RowFlag.verified),
      }
    }
    return {
      ...plainParts,
      read: async (ranges) => (await plainParts.read(ranges)).map(strip),
      machine: {
        textKey: () => undefined,
        exportState: () =>
          state && {
            ...state,
            lines: state.lines.map((one) =>
              one !== line || after === undefined
                ? one
                : { ...one, voucher: { headers: [after.headerBytes], signature: after.signature } },
            ),
          },
      },
    }
  }

  test('lets a later header vouch for the end of a line', async () => {
    const mesh = found(meshWorld({ seed, nodes: 2 }))
    talk(mesh, [0, 1], 6)
    converge(mesh)
    // At first nothing vouches for it: the exporter waits until something does.
    const archive = await archiveOf(unsigned(mesh), mesh.group)
    expect(framesOf(archive).filter(({ kind }) => kind === 'voucher')).toHaveLength(1)
    expect((await verify(archive)).root).toBe(groupOf(mesh, 0)?.root)
  })

  test('waits for what is not stored yet, and gives up in the end', async () => {
    const mesh = found(meshWorld({ seed: 'lags', nodes: 2 }))
    talk(mesh, [0, 1], 6)
    converge(mesh)
    const plainParts = partsOf(mesh, 0)
    let waits = 0
    const lagging = (until: number): ExportParts => ({
      ...plainParts,
      read: (ranges) => (waits < until ? Promise.resolve([]) : plainParts.read(ranges)),
      wait: () => Promise.resolve(void (waits += 1)),
    })
    expect((await verify(await archiveOf(lagging(3), mesh.group))).texts).toBe(6)
    expect(waits).toBe(3)
    const never = archiveOf(lagging(Number.POSITIVE_INFINITY), mesh.group)
    expect((await refusalOf(never)).code).toBe('TIMEOUT')
  })
})
