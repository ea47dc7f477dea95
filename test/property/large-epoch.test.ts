// An epoch under which very much was said is renewed without anybody asking, once it is ten minutes old.
import { expect, test } from 'vitest'
import { MessageType } from '../../src/core/message/type.ts'
import { heldOf } from '../support/election.ts'
import { found, meshWorld, say, later } from '../support/mesh.ts'

test('ten thousand texts make a new epoch', () => {
  const mesh = found(meshWorld({ seed: 'large', nodes: 1, keepEvents: false }))
  const texts = (count: number): void => {
    for (let i = 0; i < count; i++) {
      say(mesh, 0, 'x')
      if (i % 50 === 0) later(mesh, 20)
    }
    later(mesh, 1_000)
  }
  const epochs = (): number => heldOf(mesh, MessageType.epoch).size
  texts(9_000)
  later(mesh, 20 * 60_000)
  expect(epochs()).toBe(1)
  texts(2_100)
  later(mesh, 60_000)
  expect(epochs()).toBe(2)
}, 60_000)
