// The law of archives: what a node exports verifies anywhere and gives the same root; whatever else is
// changed, left out or added, by accident or by somebody who knows the format, does not.
import { describe, expect, test } from 'vitest'
import { CoterieError } from '../../src/base/error.ts'
import { SeededRandom } from '../../src/base/random.ts'
import type { ArchiveFrame } from '../../src/core/export/format.ts'
import type { Envelope } from '../../src/core/message/message.ts'
import { signMessage } from '../../src/core/message/message.ts'
import { parseMessage } from '../../src/core/message/message.ts'
import { draftOf, nextPlain, secretOf } from '../support/author.ts'
import { exportFrom, framesOf, linked, verify } from '../support/archives.ts'
import { crypto } from '../support/bench.ts'
import { runHistory } from '../support/history.ts'
import {
  type Mesh,
  converge,
  everyone,
  found,
  groupOf,
  meshWorld,
  readAll,
  say,
} from '../support/mesh.ts'

const small = (seed: string): Mesh => {
  const mesh = found(meshWorld({ seed, nodes: 3 }))
  for (let i = 0; i < 12; i++) say(mesh, i % 3, `text ${String(i)}`)
  mesh.world.run(mesh.world.nowMs + 3_000)
  converge(mesh)
  return mesh
}

const refusalOf = async (archive: Uint8Array, keys?: Uint8Array): Promise<CoterieError> => {
  const outcome: unknown = await verify(archive, keys === undefined ? {} : { keys }).catch(
    (error: unknown) => error,
  )
  if (outcome instanceof CoterieError) return outcome
  throw new Error(`accepted: ${JSON.stringify(outcome)}`)
}

const messagesIn = (frames: readonly ArchiveFrame[]): Envelope[] =>
  frames.flatMap((frame) => (frame.kind === 'messages' ? frame.messages : []))

/** The archive with its messages changed, everything else as it must be for that. */
const rewritten = (
  archive: Uint8Array,
  change: (messages: readonly Envelope[]) => readonly Envelope[],
): Uint8Array => {
  const frames = framesOf(archive)
  const messages = change(messagesIn(frames))
  return linked(
    frames.flatMap((frame, i): ArchiveFrame[] => {
      if (frame.kind === 'end') return [{ ...frame, count: messages.length }]
      if (frame.kind !== 'messages') return [frame]
      return i === 1 ? [{ kind: 'messages', messages }] : []
    }),
  )
}

const headerOf = (wire: Envelope) => {
  const message = parseMessage(crypto, wire)
  if (!message.ok) throw new Error(message.error)
  return message.value
}

describe('an archive of a random life', () => {
  test.each([
    ['a', false],
    ['b', true],
    ['c', true],
  ])('%s verifies and gives the root of its node (membership: %s)', async (seed, membership) => {
    const { mesh, broken } = runHistory({
      seed: `archive ${seed}`,
      nodes: 5,
      rounds: 3,
      membership,
    })
    expect(broken).toEqual([])
    for (const node of everyone(mesh).slice(0, 2)) {
      const { archive, keys, figures } = await exportFrom(mesh, node)
      const report = await verify(archive, { keys, windowMessages: 32 })
      const group = groupOf(mesh, node)
      expect(report.root).toBe(group?.root)
      expect(report.messages).toBe(group?.messages)
      expect(report.archive).toBe(figures.archive)
      expect(report.bytes).toBe(archive.length)
      const states = group?.members.map(({ member, state, counter }) => [member, state, counter])
      expect(report.members.map(({ member, state, counter }) => [member, state, counter])).toEqual(
        states,
      )
      const readable = readAll(mesh, node).filter(({ text }) => text !== null)
      expect(report.shown.map(({ id, text }) => [id, text])).toEqual(
        readable.map(({ id, text }) => [id, text]),
      )
      expect(figures.keys).toBe(readable.length)
    }
  })
})

describe('an archive', () => {
  test('opens nothing without its keys, and holds no text', async () => {
    const mesh = small('sealed')
    const { archive } = await exportFrom(mesh, 1)
    const report = await verify(archive)
    expect(report.opened).toBe(null)
    expect(report.shown).toEqual([])
    expect(Buffer.from(archive).includes('text 1')).toBe(false)
  })

  test('is refused with any one bit changed, at the place where it is', async () => {
    const { archive } = await exportFrom(small('flips'), 1)
    const random = new SeededRandom('flips')
    const starts = [0, 1, 17, 18, 21, 22, archive.length - 1]
    const places = [...starts, ...Array.from({ length: 250 }, () => random.below(archive.length))]
    for (const place of places) {
      const changed = archive.slice()
      changed[place] = (changed[place] ?? 0) ^ (1 << random.below(8))
      const { code, message } = await refusalOf(changed)
      expect(['ARCHIVE_INVALID', 'FORMAT_TOO_NEW'], `byte ${String(place)}`).toContain(code)
      const named = Number(/byte (\d+)/.exec(message)?.[1] ?? 0)
      expect(named).toBeLessThanOrEqual(place)
    }
  })

  test('is refused wherever it is cut short, and with anything behind it', async () => {
    const { archive, keys } = await exportFrom(small('cuts'), 0)
    const random = new SeededRandom('cuts')
    for (let i = 0; i < 60; i++) {
      const { code } = await refusalOf(archive.slice(0, random.below(archive.length)))
      expect(code).toBe('ARCHIVE_INVALID')
    }
    const { message } = await refusalOf(Uint8Array.of(...archive, 0))
    expect(message).toContain('something follows')
    expect((await refusalOf(keys)).code).toBe('ARCHIVE_INVALID')
    expect((await refusalOf(new Uint8Array())).code).toBe('ARCHIVE_INVALID')
  })

  test('is refused by what its messages say, however well it is linked', async () => {
    const { archive } = await exportFrom(small('forged'), 1)
    expect((await verify(linked(framesOf(archive)))).messages).toBeGreaterThan(12)
    const reasons = async (change: Parameters<typeof rewritten>[1]): Promise<string> =>
      (await refusalOf(rewritten(archive, change))).message
    const middle = Math.floor(messagesIn(framesOf(archive)).length / 2)
    // Left out, doubled, in another order.
    expect(await reasons((all) => all.toSpliced(middle, 1))).toMatch(
      /parent-missing|out-of-order|view|counter|lamport|states/,
    )
    expect(await reasons((all) => all.toSpliced(middle, 0, all[middle] as Envelope))).toContain(
      'out-of-order',
    )
    expect(
      await reasons((all) =>
        all.toSpliced(middle, 2, all[middle + 1] as Envelope, all[middle] as Envelope),
      ),
    ).toContain('out-of-order')
    // A signature that is not over this message, and one taken away that nothing else stands for.
    const last = (all: readonly Envelope[]): Envelope => all.at(-1) as Envelope
    expect(
      await reasons((all) => [
        ...all.slice(0, -1),
        { ...last(all), signature: (all[0] as Envelope).signature },
      ]),
    ).toContain('signature')
    expect(
      await reasons((all) => [...all.slice(0, -1), { ...last(all), signature: new Uint8Array() }]),
    ).toContain('no signature vouches')
  })

  test('is refused with a message of somebody else, or one that its author never signed', async () => {
    const seed = 'strangers'
    const { archive } = await exportFrom(small(seed), 1)
    const wrong = secretOf('another world', 1, 'device')
    for (const [device, reason] of [
      [wrong, 'signature'],
      [secretOf(seed, 0, 'device'), undefined],
    ] as const) {
      const forged = rewritten(archive, (all) => {
        const own = all
          .map(headerOf)
          .filter((one) => one.member === headerOf(all[0] as Envelope).member)
        const after = own.at(-1)
        if (after === undefined) throw new Error('nothing to build on')
        const next = nextPlain(device, after, new Uint8Array(3))
        const place = all.findIndex((wire) => headerOf(wire).header.lamport > next.header.lamport)
        const wire = { header: next.headerBytes, signature: next.signature, body: next.body }
        return place < 0 ? [...all, wire] : all.toSpliced(place, 0, wire)
      })
      const { message } = await refusalOf(forged)
      // With the right key the message is valid: then the root is not the stated one any more.
      expect(message).toContain(reason ?? 'root')
    }
  })

  test('is refused where its author changed a text and signed it anew, but not what came after', async () => {
    const seed = 'anew'
    const { archive } = await exportFrom(small(seed), 1)
    const forged = rewritten(archive, (all) => {
      const place = all.findIndex((wire) => headerOf(wire).header.type === 2)
      const old = headerOf(all[place] as Envelope)
      const node = everyoneOf(seed, old.member)
      const made = signMessage(
        crypto,
        secretOf(seed, node, 'device'),
        draftOf(old),
        old.body.slice(1),
      )
      return all.with(place, {
        header: made.headerBytes,
        signature: made.signature,
        body: made.body,
      })
    })
    expect((await refusalOf(forged)).code).toBe('ARCHIVE_INVALID')
  })

  test('opens with its own keys only', async () => {
    const mesh = small('keys')
    const first = await exportFrom(mesh, 1)
    say(mesh, 0, 'one more')
    mesh.world.run(mesh.world.nowMs + 3_000)
    converge(mesh)
    const second = await exportFrom(mesh, 1)
    expect((await verify(first.archive, { keys: first.keys })).opened).toBe(12)
    expect((await verify(second.archive, { keys: second.keys })).opened).toBe(13)
    for (const [archive, keys] of [
      [first.archive, second.keys],
      [second.archive, first.keys],
    ] as const) {
      expect((await refusalOf(archive, keys)).message).toContain('file of keys')
    }
    const random = new SeededRandom('keys')
    for (let i = 0; i < 60; i++) {
      const place = random.below(first.keys.length)
      const changed = first.keys.with(place, (first.keys[place] ?? 0) ^ (1 << random.below(8)))
      expect(['ARCHIVE_INVALID', 'FORMAT_TOO_NEW']).toContain(
        (await refusalOf(first.archive, changed)).code,
      )
    }
  })
})

/** The node whose member this is, in a group made by `small`. */
function everyoneOf(seed: string, member: string): number {
  const mesh = small(seed)
  const node = everyone(mesh).find((one) => groupOf(mesh, one)?.self === member)
  if (node === undefined) throw new Error('nobody')
  return node
}
