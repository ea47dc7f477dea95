// The manager in numbers (I26): after a heal one epoch head is left soon and for few epochs, whoever is wrong
// about whom; links that flap make no storm; silence makes nothing; a need that arose while all leaders
// were away is met once they are back. `npm run sim:election` prints the figures.
import { describe, expect, test } from 'vitest'
import { MessageType } from '../../src/core/message/type.ts'
import { messagesOf } from '../support/bench.ts'
import { flap, healOnce, idleDay, leadersAway } from '../support/election.ts'
import { unequal } from '../support/laws.ts'
import { groupOf } from '../support/mesh.ts'
import { membersNow } from '../support/history-members.ts'

describe('after a heal one head is left', () => {
  test.each([
    [2, 20],
    [2, 1_200],
    [2, 3_000],
    [4, 3_000],
    [4, 150],
    [8, 20],
    [8, 150],
  ])('of %i leaders, %i ms a hop, with at most five epochs', (leaders, delayMs) => {
    const { epochs, ms } = healOnce({ seed: `heal ${String(leaders)}`, leaders, delayMs })
    expect(epochs).toBeGreaterThanOrEqual(1)
    expect(epochs).toBeLessThanOrEqual(5)
    // Quiet, a slot for each leader at worst, and the way there and back.
    expect(ms).toBeLessThan(5_000 + 6_000 * leaders + 20 * delayMs)
  })

  test.each([4, 6])('of %i leaders half of whom have no link of their own', (leaders) => {
    const world = { seed: `unlinked ${String(leaders)}`, leaders, delayMs: 20, unlinked: 0.5 }
    expect(healOnce(world).epochs).toBeLessThanOrEqual(5)
  })

  test('of six leaders two of whom fall silent at that moment', () => {
    const world = { seed: 'silent', leaders: 6, delayMs: 20, crashes: 2 }
    expect(healOnce(world).epochs).toBeLessThanOrEqual(5)
  })
})

describe('half an hour of links that come and go makes no storm', () => {
  test.each([
    [6, 4],
    [12, 6],
    [20, 5],
    [30, 10],
    [60, 3],
  ])('%i s up, %i s down', (up, down) => {
    const world = { seed: 'flap', leaders: 4, upMs: up * 1_000, downMs: down * 1_000 }
    const { asked, merges } = flap(world)
    expect(asked).toBeGreaterThan(5)
    // One merge for each pair that was asked for would be perfect.
    expect(merges).toBeGreaterThan(0)
    expect(merges).toBeLessThanOrEqual(asked)
  })
})

test('a day of silence makes at most one epoch, and one prekey a member', () => {
  const { epochs, prekeys, messages, members } = idleDay('idle day', 2, 4)
  expect(epochs).toBeLessThanOrEqual(1)
  expect(prekeys).toBeLessThanOrEqual(members)
  expect(messages).toBeLessThanOrEqual(2 + members)
}, 60_000)

test('what all leaders missed in a day away is made good once, and merged', () => {
  const { mesh, epochs } = leadersAway('a day away', 3)
  expect(epochs).toBeGreaterThanOrEqual(1)
  expect(epochs).toBeLessThanOrEqual(5)
  const members = membersNow(mesh)
  expect(members).toHaveLength(5)
  expect(unequal(mesh, members)).toEqual([])
  const last = messagesOf(mesh, 0).findLast(({ header }) => header.type === MessageType.epoch)
  expect(groupOf(mesh, 0)?.epochHeads).toHaveLength(1)
  expect(last).toBeDefined()
}, 60_000)
