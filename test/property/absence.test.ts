// Somebody is away for a month, while 5,000 texts are sent under twenty epochs and two members are
// removed. Back again it reads all that it is entitled to; where the policy gave it up as dormant it is
// told exactly what it cannot read.
import { describe, expect, test } from 'vitest'
import type { PolicyName } from '../../src/core/command.ts'
import { parseEpochBody } from '../../src/core/epoch/body.ts'
import { parseEpochMessage } from '../../src/core/message/bodies.ts'
import { hexOf } from '../../src/core/message/header.ts'
import { MessageType } from '../../src/core/message/type.ts'
import { messagesOf } from '../support/bench.ts'
import {
  type Mesh,
  converge,
  done,
  found,
  groupOf,
  meshWorld,
  readAll,
  say,
  skip,
  later,
} from '../support/mesh.ts'

const dayMs = 86_400_000
const ABSENT = 4
const EPOCHS = 20
const TEXTS = 5_000
/** The first epoch, and one for each of those who joined before. */
const BEFORE_IT_CAME = 4

/** A month in which node 4 is off. */
const month = (policy: PolicyName): Mesh => {
  const mesh = found(
    meshWorld({ seed: `absence ${policy}`, nodes: 5, keepEvents: false }),
    1,
    5,
    policy,
  )
  const { world, group } = mesh
  say(mesh, ABSENT, 'until later')
  later(mesh, 30_000)
  world.stop(ABSENT)
  const present = [0, 1, 2, 3]
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    skip(mesh, (29.9 / EPOCHS) * dayMs)
    // Long enough among others to judge who is silent.
    if (epoch === 3) later(mesh, 65 * 60_000)
    const target = present.length > 2 && epoch % 7 === 6 ? present.pop() : undefined
    const removed = groupOf(mesh, target ?? 0)?.self ?? ''
    if (target === undefined) done(world, 0, { kind: 'rotate', group })
    else {
      done(world, 0, { kind: 'remove-member', group, scope: 'member', target: removed })
      world.stop(target)
    }
    later(mesh, 1_000)
    for (let i = 0; i < TEXTS / EPOCHS; i++) {
      say(mesh, present[i % present.length] ?? 0, `${String(epoch)}.${String(i)}`)
      if (i % 25 === 24) later(mesh, 200)
    }
    later(mesh, 500)
  }
  world.restart(ABSENT)
  later(mesh, 30_000)
  converge(mesh, [0, 1, ABSENT])
  later(mesh, 60_000)
  converge(mesh, [0, 1, ABSENT])
  return mesh
}

/** Epochs that were not sealed to the absent member: those before it came are four. */
const notSealedTo = (mesh: Mesh): Set<string> => {
  const self = groupOf(mesh, ABSENT)?.self ?? ''
  const passing = new Set<string>()
  const texts = new Set<string>()
  for (const { header, body, id } of messagesOf(mesh)) {
    if (header.type === MessageType.epoch) {
      const outer = parseEpochMessage(body)
      const parsed = outer.ok ? parseEpochBody(outer.value.epoch) : outer
      if (!parsed.ok) throw new Error(parsed.error)
      const named = parsed.value.recipients.some(({ member }) => hexOf(member) === self)
      if (!named) passing.add(parsed.value.salt.join())
    }
    if (header.type === MessageType.text) texts.add(id)
  }
  expect(texts.size).toBe(TEXTS + 1)
  return passing
}

describe('after a month away', () => {
  test.each<PolicyName>(['balanced', 'partition-tolerant'])(
    'under the policy %s everything is read',
    (policy) => {
      const mesh = month(policy)
      const read = readAll(mesh, ABSENT)
      expect(read).toHaveLength(TEXTS + 1)
      expect(read.filter(({ state }) => state !== 'ok')).toEqual([])
      expect(groupOf(mesh, ABSENT)?.undecryptable).toBe(0)
      expect(notSealedTo(mesh).size).toBe(BEFORE_IT_CAME)
      expect(read.map(({ text }) => text)).toEqual(readAll(mesh, 0).map(({ text }) => text))
    },
    60_000,
  )

  test('under the policy strict it is told exactly what it cannot read, and reads on', () => {
    const mesh = month('strict')
    const read = readAll(mesh, ABSENT)
    expect(read).toHaveLength(TEXTS + 1)
    const lost = read.filter(({ state }) => state === 'undecryptable')
    expect(lost.length).toBeGreaterThan(TEXTS / 2)
    expect(lost.length).toBeLessThan(TEXTS)
    expect(read.filter(({ state }) => state !== 'ok')).toEqual(lost)
    expect(groupOf(mesh, ABSENT)?.undecryptable).toBe(lost.length)
    // Everything up to the epoch that passed it over, and nothing after it, in one piece.
    const known = new Map(readAll(mesh, 0).map(({ id, text }) => [id, text]))
    const phases = lost.map(({ id }) => Number(known.get(id)?.split('.')[0]))
    expect(new Set(phases)).toEqual(new Set(range(Math.min(...phases), EPOCHS)))
    expect(notSealedTo(mesh).size).toBeGreaterThan(BEFORE_IT_CAME)
    say(mesh, 0, 'welcome back')
    say(mesh, ABSENT, 'what did I miss?')
    later(mesh, 30_000)
    converge(mesh, [0, 1, ABSENT])
    expect(groupOf(mesh, ABSENT)?.selfState).toBe('active')
    say(mesh, 1, 'nothing')
    later(mesh, 5_000)
    const last = readAll(mesh, ABSENT).slice(-1)
    expect(last.map(({ text, state }) => [text, state])).toEqual([['nothing', 'ok']])
  }, 60_000)
})

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => from + i)
