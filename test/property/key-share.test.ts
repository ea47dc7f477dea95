// Whoever holds an epoch and cannot open it asks the others for its keys, and gets what the policy and its
// own right allow: chains from where they stand, the secret while that is kept, and for somebody who was
// let in on the other side of a split the keys of what was said there. Both ends keep a record.
import { describe, expect, test } from 'vitest'
import { MessageType } from '../../src/core/message/type.ts'
import { RekeyCode, parseRekeyRequest } from '../../src/core/message/bodies.ts'
import { messagesOf } from '../support/bench.ts'
import { unequal } from '../support/laws.ts'
import {
  type Mesh,
  converge,
  done,
  endpointOf,
  found,
  groupOf,
  meshWorld,
  readAll,
  say,
  skip,
  later,
} from '../support/mesh.ts'
import {
  BEFORE,
  SIDE_B,
  countedAt,
  heal,
  invite,
  join,
  joinedApart,
  sharesAt,
  shutOut,
  textsAt,
  undecryptableAt,
} from '../support/sharing.ts'

const complaints = (mesh: Mesh): number =>
  messagesOf(mesh, 1).filter(({ header, body }) => {
    const read = header.type === MessageType.rekeyRequest ? parseRekeyRequest(body) : undefined
    return read?.ok === true && read.value.code === RekeyCode.complaint
  }).length

const restart = (mesh: Mesh, node: number): void => {
  mesh.world.stop(node)
  later(mesh, 500)
  mesh.world.restart(node)
  later(mesh, 2_000)
}

describe('a member whose seal does not open', () => {
  test('gets chains under balanced: it reads what comes, and is told what it cannot read', () => {
    const mesh = shutOut({ seed: 'chains' })
    heal(mesh, [1, 2, 3])
    expect(undecryptableAt(mesh, 1)).toBe(2)
    for (const node of [2, 3]) say(mesh, node, `after by ${String(node)}`)
    later(mesh, 3_000)
    converge(mesh, [1, 2, 3])
    const after = ['after by 2', 'after by 3']
    expect(textsAt(mesh, 1).filter((text) => text !== 'undecryptable')).toEqual([
      'readable',
      ...after,
    ])
    expect(undecryptableAt(mesh, 1)).toBe(2)
    const [asked] = sharesAt(mesh, 1)
    expect(asked?.role).toBe('asked')
    expect(asked?.epochs.map(({ right, outcome, keys }) => [right, outcome, keys])).toEqual([
      ['recipient', 'keys', 0],
    ])
    // It complains as before, and does not speak under chains that others gave.
    expect(complaints(mesh)).toBe(1)
    expect(groupOf(mesh, 1)?.held).toBe(0)
    restart(mesh, 1)
    say(mesh, 2, 'after a restart')
    later(mesh, 3_000)
    converge(mesh, [1, 2, 3])
    expect(textsAt(mesh, 1).at(-1)).toBe('after a restart')
    expect(undecryptableAt(mesh, 1)).toBe(2)
    expect(unequal(mesh, [1, 2, 3])).toEqual([])
  })

  test('gets the secret under partition-tolerant: everything opens, late, and it speaks again', () => {
    const mesh = shutOut({ seed: 'secret', policy: 'partition-tolerant' })
    say(mesh, 2, 'the last one')
    later(mesh, 1_000)
    heal(mesh, [1, 2, 3])
    expect(undecryptableAt(mesh, 1)).toBe(0)
    expect([...textsAt(mesh, 1)].sort()).toEqual([...BEFORE, 'readable', 'the last one'].sort())
    const late = readAll(mesh, 1).filter((text) => text.late)
    expect(late.map(({ text }) => text).sort()).toEqual(BEFORE)
    expect(countedAt(mesh, 1, 'shares_taken/secret')).toBe(1)
    say(mesh, 1, 'here I am')
    later(mesh, 3_000)
    converge(mesh, [1, 2, 3])
    expect(textsAt(mesh, 3).at(-1)).toBe('here I am')
    restart(mesh, 1)
    expect(textsAt(mesh, 1)).toEqual(readAll(mesh, 2).map(({ text }) => text))
    expect(undecryptableAt(mesh, 1)).toBe(0)
  })

  test('gets nothing under strict, where nobody asks', () => {
    const mesh = shutOut({ seed: 'strict', policy: 'strict' })
    heal(mesh, [1, 2, 3])
    later(mesh, 120_000)
    expect(undecryptableAt(mesh, 1)).toBe(2)
    expect(countedAt(mesh, 1, 'shares_asked')).toBe(0)
    expect([1, 2, 3].flatMap((node) => sharesAt(mesh, node))).toEqual([])
  })

  test('asks one member after the other, and the same one again only after a while', () => {
    const mesh = shutOut({ seed: 'in turn' })
    mesh.world.heal()
    later(mesh, 60_000)
    converge(mesh, [1, 2, 3])
    const members = [2, 3].map((node) => groupOf(mesh, node)?.self ?? '')
    const asked = sharesAt(mesh, 1).map(({ member }) => member)
    expect(asked.toSorted()).toEqual(members.toSorted())
    // One minute, two, four: not every ten seconds.
    later(mesh, 10 * 60_000)
    expect(countedAt(mesh, 1, 'shares_asked')).toBeLessThanOrEqual(2 * 4)
    expect(countedAt(mesh, 1, 'shares_asked')).toBeGreaterThan(2)
    expect(sharesAt(mesh, 1).length).toBeLessThanOrEqual(4)
  })
})

describe('a member that was let in on the other side of a split', () => {
  test.each(['balanced', 'partition-tolerant'] as const)(
    'reads under %s what was said here',
    (policy) => {
      const mesh = joinedApart({ seed: `joiner ${policy}`, policy })
      heal(mesh, [0, 1, 2, 3, 4])
      const read = readAll(mesh, 4)
      expect(read.map(({ text, state }) => text ?? state)).toEqual(
        readAll(mesh, 0).map(({ text }) => (text === 'before the split' ? 'sealed' : text)),
      )
      const side = read.filter(({ text }) => text !== null && SIDE_B.includes(text))
      expect(side).toHaveLength(3)
      expect(side.some(({ late }) => late)).toBe(true)
      const given = sharesAt(mesh, 4).flatMap(({ epochs }) => epochs)
      expect(given.map(({ right }) => right)).toContain('concurrent')
      const here = sharesAt(mesh, 4)[0]
      const responder =
        [0, 1, 2, 3].find((node) => groupOf(mesh, node)?.self === here?.member) ?? -1
      const there = sharesAt(mesh, responder)[0]
      expect(there?.member).toBe(groupOf(mesh, 4)?.self)
      expect(there?.role).toBe('answered')
      expect(there?.epochs).toEqual(here?.epochs)
      // Once only: nothing is lacking any more, over a restart too.
      const asked = countedAt(mesh, 4, 'shares_asked')
      restart(mesh, 4)
      later(mesh, 120_000)
      expect(countedAt(mesh, 4, 'shares_asked') - asked).toBe(0)
      expect(textsAt(mesh, 4)).toEqual(read.map(({ text, state }) => text ?? state))
      expect(sharesAt(mesh, 4)[0]).toEqual(here)
      expect(undecryptableAt(mesh, 4)).toBe(0)
      expect(unequal(mesh)).toEqual([])
    },
  )

  test('reads nothing of it under strict', () => {
    const mesh = joinedApart({ seed: 'joiner strict', policy: 'strict' })
    heal(mesh, [0, 1, 2, 3, 4])
    later(mesh, 60_000)
    const sealed = readAll(mesh, 4).filter(({ state }) => state === 'sealed')
    expect(sealed).toHaveLength(4)
    expect(undecryptableAt(mesh, 4)).toBe(0)
  })

  test('reads a long side in pages, each text once', () => {
    const mesh = joinedApart({ seed: 'pages' })
    const texts = 2_400
    for (let i = 0; i < texts; i++) {
      say(mesh, i % 2 === 0 ? 1 : 3, `text ${String(i)}`)
      if (i % 50 === 49) later(mesh, 200)
    }
    later(mesh, 2_000)
    heal(mesh, [0, 1, 2, 3, 4], 60_000)
    const read = readAll(mesh, 4).filter(({ state }) => state === 'ok')
    expect(read.length).toBe(texts + SIDE_B.length + 1)
    expect(countedAt(mesh, 4, 'shares_asked')).toBeGreaterThanOrEqual(2)
    const archive = endpointOf(mesh.world, 4).exposure(mesh.group)?.archive.texts
    expect(archive).toBe(read.length)
  }, 60_000)
})

describe('after a split that was longer than prekeys are kept', () => {
  const dayMs = 86_400_000
  /** Leader 0 with member 2, leader 1 with member 3, for longer than the cap. */
  const longSplit = (policy: 'balanced' | 'partition-tolerant', days: number): Mesh => {
    const world = meshWorld({ seed: `long ${policy}`, nodes: 4, keepEvents: false })
    const mesh = found(world, 2, 4, policy)
    world.split([
      [0, 2],
      [1, 3],
    ])
    skip(mesh, 1.1 * dayMs)
    later(mesh, 10 * 60_000)
    say(mesh, 2, 'upon a new prekey')
    later(mesh, 10 * 60_000)
    const rotate = (what: string): void => {
      done(world, 1, { kind: 'rotate', group: mesh.group })
      later(mesh, 1_000)
      for (const node of [1, 3]) say(mesh, node, `${what} by ${String(node)}`)
      later(mesh, 1_000)
    }
    rotate('early')
    skip(mesh, days * dayMs)
    later(mesh, 10 * 60_000)
    rotate('late')
    heal(mesh, [0, 1, 2, 3], 60_000)
    return mesh
  }

  test('a member gets back what it is entitled to under partition-tolerant', () => {
    const mesh = longSplit('partition-tolerant', 100)
    expect(countedAt(mesh, 2, 'seals_unopened/prekey-missing')).toBeGreaterThan(1)
    expect(textsAt(mesh, 2)).toEqual(readAll(mesh, 1).map(({ text }) => text))
    expect(undecryptableAt(mesh, 2)).toBe(0)
    const outcomes = sharesAt(mesh, 2).flatMap(({ epochs }) => epochs.map(({ outcome }) => outcome))
    // The secret of the last month, the keys of texts of the time before.
    expect(outcomes).toContain('secret')
    expect(outcomes).toContain('keys')
  })

  test('under balanced it is told what it cannot read', () => {
    const mesh = longSplit('balanced', 10)
    const lost = readAll(mesh, 2).filter(({ state }) => state === 'undecryptable')
    expect(lost.length).toBe(4)
    expect(undecryptableAt(mesh, 2)).toBe(lost.length)
    say(mesh, 3, 'all together again')
    later(mesh, 10_000)
    expect(textsAt(mesh, 2).at(-1)).toBe('all together again')
  })
})

test('somebody who was removed gets nothing, though it was a recipient', () => {
  const mesh = shutOut({ seed: 'removed', policy: 'partition-tolerant' })
  const { world, group } = mesh
  world.restart(0)
  later(mesh, 2_000)
  const target = groupOf(mesh, 1)?.self ?? ''
  done(world, 0, { kind: 'remove-member', group, scope: 'member', target })
  later(mesh, 2_000)
  heal(mesh, [0, 2, 3])
  later(mesh, 60_000)
  expect(textsAt(mesh, 1)).not.toContain(BEFORE[0])
  expect([0, 2, 3].map((node) => countedAt(mesh, node, 'shares_given/secret'))).toEqual([0, 0, 0])
})

test('a newcomer is given nothing of what was before its Add', () => {
  const mesh = found(meshWorld({ seed: 'before', nodes: 3 }), 1, 2, 'partition-tolerant')
  say(mesh, 0, 'before it came')
  later(mesh, 2_000)
  join(mesh, 2, invite(mesh, 0))
  later(mesh, 60_000)
  expect(textsAt(mesh, 2)).toEqual(['sealed'])
  expect(countedAt(mesh, 2, 'shares_asked')).toBe(0)
})
