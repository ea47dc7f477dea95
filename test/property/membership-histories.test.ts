// Membership and keys through random lives of a mesh: splits, one-way cuts, loss, disorder, crashes, wrong
// clocks, and meanwhile removals, leaving, coming back and re-keying. At the end I17, I19, I22 to I29
// hold, everybody entitled opens everything, and what was held was sent once. `npm run sim -- --membership`
// runs as many as one likes.
import { describe, expect, test } from 'vitest'
import type { History } from '../support/history.ts'
import { runHistory } from '../support/history.ts'
import { membersNow } from '../support/history-members.ts'
import { constitutionOf, messagesOf } from '../support/bench.ts'
import { unlikeModel, wrongEpochUse, wrongSecrets } from '../support/membership-laws.ts'
import { endpointOf, everyone, groupOf } from '../support/mesh.ts'
import { graphOf } from '../support/reference.ts'
import { createMemoryKeyring } from '../../src/adapters/memory/keyring.ts'
import { SecretKind, secretKey } from '../../src/core/replica/state.ts'
import { within } from '../../src/core/storage.ts'
import { toWrite } from '../../src/node/driver/rows.ts'
import { MessageType } from '../../src/core/message/type.ts'

const seeds = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `ci ${String(i)}`)

const judge = (seed: string, nodes: number, late: number, rounds: number): void => {
  const history = runHistory({ seed, nodes, late, rounds, membership: true })
  const scenario = `--nodes ${String(nodes)} --late ${String(late)} --rounds ${String(rounds)}`
  const replay = `npm run sim -- --seed '${seed}' ${scenario} --membership`
  expect(history.broken, `${history.log.join('\n')}\n${replay}`).toEqual([])
}

describe('whoever is removed, leaves or comes back, and whatever breaks meanwhile', () => {
  test.each(seeds(25))('a group of four stays one, seed %s', (seed) => judge(seed, 4, 1, 3), 60_000)
  test.each(seeds(20))('a group of six stays one, seed %s', (seed) => judge(seed, 6, 2, 4), 60_000)
  // Here somebody once met the epoch that names it anew before its Welcome, and never opened it.
  test.each(['sim 357', 'sim 304'])(
    'also who comes back opens what it held already, seed %s',
    (seed) => judge(seed, 6, 2, 4),
    60_000,
  )
  test.each(seeds(5))('a group of ten stays one, seed %s', (seed) => judge(seed, 10, 3, 4), 60_000)
})

describe('the laws can be broken', () => {
  const history = (): History =>
    runHistory({ seed: 'sim 6', nodes: 6, late: 2, rounds: 5, membership: true })
  const { mesh, broken, log } = history()
  const [first = 0] = membersNow(mesh)
  const messages = messagesOf(mesh, first)
  const graph = graphOf(constitutionOf(mesh), messages)
  const selves = everyone(mesh).map(
    (node) =>
      new Set(
        (groupOf(mesh, first)?.members ?? [])
          .filter(({ peerId }) => peerId === mesh.world.node(node).peerId)
          .map(({ member }) => member),
      ),
  )

  test('this history holds them, and somebody was removed in it', () => {
    expect(broken, log.join('\n')).toEqual([])
    expect(messages.some(({ header }) => header.type === MessageType.remove)).toBe(true)
  })

  test('members, keys and heads other than those of the definitions are seen (I17, I23)', () => {
    expect(unlikeModel(mesh, first)).toEqual([])
    const wrong = unlikeModel(mesh, first, 'an epoch goes to all who were ever admitted')
    expect(wrong.some((one) => one.includes('I23'))).toBe(true)
  })

  test('a text to somebody whose removal its author knew of is seen (I25)', () => {
    expect(wrongEpochUse(graph, messages)).toEqual([])
    const target = [...graph.points.values()].find(({ epoch }) => epoch !== undefined)
    const remove = [...graph.points.values()].find(({ type }) => type === MessageType.remove)
    if (target?.epoch === undefined || remove?.member === undefined) throw new Error('no removal')
    const lying = new Map(graph.points)
    for (const [id, point] of lying) {
      if (point.epoch === undefined) continue
      const recipients = new Map(point.epoch.recipients).set(remove.member, '')
      lying.set(id, { ...point, epoch: { ...point.epoch, recipients } })
    }
    const found = wrongEpochUse({ ...graph, points: lying }, messages)
    expect(found.some((one) => one.includes('I25'))).toBe(true)
  })

  test('a text under an epoch that its author had left is seen (I27)', () => {
    const texts = messages.filter(({ header }) => header.type === MessageType.text)
    const again = texts.find((one) =>
      texts.some(
        ({ member, header }) =>
          member === one.member && header.epoch.join() !== one.header.epoch.join(),
      ),
    )
    if (again === undefined) throw new Error('nobody used two epochs')
    const found = wrongEpochUse(graph, [...messages, again])
    expect(found.some((one) => one.includes('I27'))).toBe(true)
  })

  test('an epoch of which two nodes hold different keys is seen (I24)', () => {
    const number = endpointOf(mesh.world, first).groupNumber(mesh.group) ?? 0
    const { rows } = mesh.world.node(first)
    const keyring = createMemoryKeyring()
    const kept = rows.read(within(secretKey(number, SecretKind.epoch, new Uint8Array())))
    // Under each id the keys of another epoch.
    const swapped = kept.map(({ key }, i) => {
      const other = kept[(i + 1) % kept.length] as (typeof kept)[number]
      const value = keyring.open(other.key, other.value.subarray(1)) ?? new Uint8Array()
      return toWrite(keyring, { key, value, secret: true })
    })
    expect(kept.length).toBeGreaterThan(1)
    rows.apply(swapped)
    const found = wrongSecrets(mesh, graph, selves)
    rows.apply(kept)
    expect(found.some((one) => one.includes('I24'))).toBe(true)
    expect(wrongSecrets(mesh, graph, selves)).toEqual([])
  })

  test('a key at somebody whom its epoch does not name is seen (I28, I29)', () => {
    expect(wrongSecrets(mesh, graph, selves)).toEqual([])
    const strangers = selves.map(() => new Set(['nobody']))
    expect(wrongSecrets(mesh, graph, strangers).length).toBeGreaterThan(0)
  })
})
