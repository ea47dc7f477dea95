// I35 can be broken: a responder that gives to everybody who asks, and one that does not look at standing, are
// noticed by what the requester gets.
import { afterEach, expect, test, vi } from 'vitest'
import type * as right from '../../src/core/key-share/right.ts'
import type * as rights from '../../src/core/replica/share-rights.ts'
import { ask, epochsOf, given, nothing, requestOf, setting } from '../support/asking.ts'
import { toHex } from '../../src/base/bytes.ts'
import { nextPlain, secretOf } from '../support/author.ts'
import { messagesOf } from '../support/bench.ts'
import { batchFrame, batchOf, sendFrames } from '../support/hostile.ts'
import { groupOf, later } from '../support/mesh.ts'

const fault = vi.hoisted(() => ({ name: '' }))

vi.mock('../../src/core/key-share/right.ts', async (original) => {
  const real = await original<typeof right>()
  const rightTo: typeof real.rightTo = (...asked) =>
    fault.name === 'everybody has a right' ? 'full' : real.rightTo(...asked)
  return { ...real, rightTo }
})

vi.mock('../../src/core/replica/share-rights.ts', async (original) => {
  const real = await original<typeof rights>()
  const isInGoodStanding: typeof real.isInGoodStanding = (...asked) =>
    fault.name === 'everybody stands well' || real.isInGoodStanding(...asked)
  return { ...real, isInGoodStanding }
})

afterEach(() => {
  fault.name = ''
})

/** How many epochs of before its Add a member is given. */
const givenOfBefore = (): number => {
  const mesh = setting('rights')
  const heads = groupOf(mesh, 0)?.epochHeads ?? []
  const older = epochsOf(mesh).filter((epoch) => !heads.includes(toHex(epoch)))
  expect(older.length).toBeGreaterThan(0)
  const epochs = older.map((epoch) => ({ epoch, after: nothing }))
  ask(mesh, requestOf(mesh, 'rights', { epochs }))
  return given(mesh)
}

/** How many epochs somebody is given who has forked. */
const givenToLiar = (): number => {
  const mesh = setting('standing')
  const own = messagesOf(mesh, 2).filter(({ member }) => member === groupOf(mesh, 2)?.self)
  const tip = own.toSorted((a, b) => b.header.counter - a.header.counter)[0]
  if (tip === undefined) throw new Error('it has said nothing yet')
  for (const byte of [1, 2]) {
    const said = nextPlain(secretOf('standing', 2, 'device'), tip, Uint8Array.of(byte))
    sendFrames(mesh.world, 2, 0, [batchFrame(batchOf([said]))])
    later(mesh, 300)
  }
  ask(mesh, requestOf(mesh, 'standing'))
  return given(mesh)
}

test('keys of before an admission are given where everybody has a right, and not else', () => {
  expect(givenOfBefore()).toBe(0)
  fault.name = 'everybody has a right'
  expect(givenOfBefore()).toBeGreaterThan(0)
})

test('keys are given to a liar where everybody stands well, and not else', () => {
  expect(givenToLiar()).toBe(0)
  fault.name = 'everybody stands well'
  expect(givenToLiar()).toBeGreaterThan(0)
})
