// A leader who lies with its own keys where only its victim can see it: the victim complains, and an honest
// leader makes keys that all can open. Whatever it does, the group goes on. (What everybody can see is
// refused: property/rules and property/governing-rules.)
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { epochIdOf, parseEpochBody } from '../../src/core/epoch/body.ts'
import { sealTo } from '../../src/core/identity/seal.ts'
import { RekeyCode, encodeEpochMessage, parseEpochMessage } from '../../src/core/message/bodies.ts'
import type { Message } from '../../src/core/message/message.ts'
import { signMessage } from '../../src/core/message/message.ts'
import { MessageType } from '../../src/core/message/type.ts'
import { Endpoint } from '../../src/core/endpoint.ts'
import type { Posted } from '../../src/core/replica/author.ts'
import { postEpoch, postRekeyRequest } from '../../src/core/replica/author.ts'
import { currentContext } from '../../src/core/replica/state.ts'
import { labels } from '../../src/crypto/label.ts'
import { draftOf, secretOf } from '../support/author.ts'
import { Bench, constitutionOf, crypto, messagesOf, trusted } from '../support/bench.ts'
import { epochs, oneHead } from '../support/election.ts'
import { Hostile, batchFrame, batchOf, hostileAt, sendFrames } from '../support/hostile.ts'
import { unequal } from '../support/laws.ts'
import {
  type Mesh,
  converge,
  done,
  found,
  groupOf,
  meshWorld,
  readAll,
  say,
  later,
} from '../support/mesh.ts'

const VICTIM = 2
const honest = [1, VICTIM, 3]
const hourMs = 3_600_000

/** Leaders 0, hostile, and 1; members 2 and 3. Leader 0 has re-keyed where nobody hears it. */
const apart = (seed: string): { mesh: Mesh; made: Message[] } => {
  const world = meshWorld({
    seed,
    nodes: 4,
    endpoint: (identity, provider, node) =>
      new (node === 0 ? Hostile : Endpoint)(identity, provider),
  })
  const mesh = found(world, 2, 4)
  world.runUntil(() => oneHead(mesh), 60_000)
  later(mesh, 30_000)
  const before = new Set(messagesOf(mesh, 0).map(({ id }) => id))
  // It hears and is heard no more, but by what the test puts on its links.
  hostileAt(world, 0).unsaid = new Set([16, 17, 18, 19, 20, 21, 22, 23])
  world.split([[0], honest])
  done(world, 0, { kind: 'rotate', group: mesh.group })
  const made = messagesOf(mesh, 0).filter(({ id }) => !before.has(id))
  world.heal()
  later(mesh, 6_000)
  return { mesh, made }
}

const isEpoch = ({ header }: Message): boolean => header.type === MessageType.epoch

/** The same epoch with other seals for one member, signed by the leader who made it. */
const withSeal = (
  seed: string,
  mesh: Mesh,
  epoch: Message,
  how: 'garbage' | 'another secret',
  /** Who holds its past. */
  holder = 0,
): Message => {
  const outer = parseEpochMessage(epoch.body)
  const body = outer.ok ? parseEpochBody(outer.value.epoch) : outer
  if (!outer.ok || !body.ok) throw new Error('the epoch does not parse')
  const bench = new Bench(constitutionOf(mesh))
  for (const message of messagesOf(mesh, holder)) {
    if (message.id !== epoch.id) {
      bench.take(message, trusted)
    }
  }
  const victim = groupOf(mesh, VICTIM)?.self ?? ''
  const at = body.value.recipients.findIndex((one) => toHex(one.member) === victim)
  const recipient = body.value.recipients[at]
  const prekey = currentContext(bench.replica).roster.members.get(victim)?.prekey.public
  if (recipient === undefined || prekey === undefined) throw new Error('the victim is no member')
  const random = new SeededRandom(seed)
  const device = secretOf(seed, 0, 'device')
  const binding = {
    group: epoch.header.group,
    purpose: epochIdOf(crypto, epoch.header.group, outer.value.epoch),
    ...recipient,
  }
  const env = { crypto, random: (length: number) => random.bytes(length) }
  const seal =
    how === 'garbage'
      ? random.bytes(80)
      : sealTo(env, device, prekey, labels.epochSeal, binding, random.bytes(32))
  const evil = encodeEpochMessage({ ...outer.value, seals: outer.value.seals.with(at, seal) })
  return signMessage(crypto, device, draftOf(epoch), evil)
}

/** Leader 0 re-keys again, on what the others hold. */
const rekeyed = (mesh: Mesh, seed: string): Message[] => {
  const self = groupOf(mesh, 0)?.self ?? ''
  const held = messagesOf(mesh, 1)
  const own = held.findLast(({ member }) => member === self)
  if (own === undefined) throw new Error('the leader said nothing')
  const { member: memberBytes, memberGroupId } = own.header
  const deviceSeed = secretOf(seed, 0, 'device')
  const bench = new Bench(constitutionOf(mesh), {
    member: self,
    memberBytes,
    memberGroupId,
    deviceSeed,
  })
  for (const message of held) bench.take(message, trusted)
  const made: Message[] = []
  const keep = (posted: Posted): void => void (posted.ok && made.push(posted.message))
  bench.step((turn) =>
    postRekeyRequest(turn, bench.replica, RekeyCode.manual, undefined, (after, asked) => {
      keep(asked)
      postEpoch(after, bench.replica, (_, posted) => keep(posted))
    }),
  )
  return made
}

const inject = (mesh: Mesh, messages: readonly Message[]): void => {
  for (const node of honest) sendFrames(mesh.world, 0, node, [batchFrame(batchOf(messages))])
}

/** All who are honest open what each of them says now, under one epoch. */
const goesOn = (mesh: Mesh): void => {
  converge(mesh, honest)
  for (const node of honest) say(mesh, node, `still here, ${String(node)}`)
  later(mesh, 3_000)
  converge(mesh, honest)
  for (const node of honest) {
    const last = readAll(mesh, node).slice(-honest.length)
    expect(last.map(({ state }) => state)).toEqual(honest.map(() => 'ok'))
    expect(groupOf(mesh, node)?.epochHeads).toHaveLength(1)
  }
  expect(unequal(mesh, honest)).toEqual([])
}

describe('an epoch that one member cannot open is complained about', () => {
  test.each([
    ['an unopenable seal', 'garbage', 'seal-unopenable'],
    ['a secret other than that of the others', 'another secret', 'commit-mismatch'],
  ] as const)('%s', (name, how, reason) => {
    const seed = `hostile leader: ${name}`
    const { mesh, made } = apart(seed)
    const evil = made.map((one) => (isEpoch(one) ? withSeal(seed, mesh, one, how) : one))
    inject(mesh, evil)
    later(mesh, 300)
    const [epoch] = evil.filter(isEpoch)
    for (const node of honest) {
      expect(messagesOf(mesh, node).some(({ id }) => id === epoch?.id)).toBe(true)
    }
    expect(mesh.world.node(VICTIM).counts.get(`seals_unopened/${reason}`)).toBe(1)
    expect(mesh.world.node(3).counts.get(`seals_unopened/${reason}`)).toBe(undefined)
    later(mesh, 30_000)
    const asked = messagesOf(mesh, 1).filter(
      ({ header, member }) =>
        header.type === MessageType.rekeyRequest && member === groupOf(mesh, VICTIM)?.self,
    )
    expect(asked).toHaveLength(1)
    goesOn(mesh)
  })

  test('every time, also when the second complaint comes just before the hour is over', () => {
    const seed = 'hostile leader: twice'
    const { mesh, made } = apart(seed)
    inject(
      mesh,
      made.map((one) => (isEpoch(one) ? withSeal(seed, mesh, one, 'garbage') : one)),
    )
    later(mesh, 60_000)
    const before = epochs(mesh)
    inject(
      mesh,
      rekeyed(mesh, seed).map((one) =>
        isEpoch(one) ? withSeal(seed, mesh, one, 'garbage', 1) : one,
      ),
    )
    later(mesh, 60_000)
    expect(epochs(mesh)).toBe(before + 1)
    expect(mesh.world.node(VICTIM).counts.get('seals_unopened/seal-unopenable')).toBe(2)
    // The complaint comes an hour after the first, which was answered a moment later than it came.
    later(mesh, hourMs + 60_000)
    expect(epochs(mesh)).toBe(before + 2)
    goesOn(mesh)
  }, 60_000)

  test('again after an hour, where nobody answers the first time', () => {
    const seed = 'hostile leader: again'
    const { mesh, made } = apart(seed)
    const evil = made.map((one) => (isEpoch(one) ? withSeal(seed, mesh, one, 'garbage') : one))
    mesh.world.stop(1)
    later(mesh, 5_000)
    for (const node of [VICTIM, 3]) {
      sendFrames(mesh.world, 0, node, [batchFrame(batchOf(evil))])
    }
    later(mesh, 10_000)
    const complaints = (): number =>
      messagesOf(mesh, 3).filter(
        ({ header, member }) =>
          header.type === MessageType.rekeyRequest && member === groupOf(mesh, VICTIM)?.self,
      ).length
    expect(complaints()).toBe(1)
    mesh.world.stop(VICTIM)
    later(mesh, 1_000)
    mesh.world.restart(VICTIM)
    later(mesh, 30 * 60_000)
    expect(complaints()).toBe(1)
    later(mesh, hourMs)
    expect(complaints()).toBe(2)
    mesh.world.restart(1)
    later(mesh, 60_000)
    goesOn(mesh)
  }, 60_000)
})

describe('a flood of epochs', () => {
  test('is taken in and makes nobody honest make more than one', () => {
    const world = meshWorld({ seed: 'flood', nodes: 4 })
    const mesh = found(world, 2, 4)
    later(mesh, 30_000)
    const before = epochs(mesh)
    for (let i = 0; i < 40; i++) done(world, 0, { kind: 'rotate', group: mesh.group })
    later(mesh, 60_000)
    converge(mesh)
    expect(epochs(mesh) - before).toBeLessThanOrEqual(41)
    goesOn(mesh)
  })
})
