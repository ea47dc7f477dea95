// Leaders moderate in the words of people: members and messages by name, number or part of an id, and
// a message that is not held by its full id alone.
import { afterEach, expect, test } from 'vitest'
import type { Node } from '../../../src/node/node.ts'
import { type ScriptedEndpoint, groupId, startScripted } from './scripted-endpoint.ts'

let node: Node
let endpoint: ScriptedEndpoint
const start = async (): Promise<void> => {
  ;({ node, endpoint } = await startScripted())
}
afterEach(() => node.stop())

const written = (): unknown[] =>
  endpoint.commands.flatMap((command) => (command.kind === 'set-meta' ? [command.write] : []))

test('members and messages are found by what people call them', async () => {
  await start()
  const { number, id } = await node.send('garden', 'something')
  await node.moderate('garden', { kind: 'mute', member: 'name-b', on: true })
  await node.moderate('garden', { kind: 'types', member: 'cccccccc', types: ['text/plain'] })
  await node.moderate('garden', { kind: 'hide', message: number ?? '', on: true })
  await node.moderate('garden', { kind: 'hide', message: (id ?? '').slice(0, 8), on: true })
  const answer = await node.moderate('garden', { kind: 'topic', topic: 'x' })
  expect(answer).toMatchObject({ group: groupId, changed: true, number: 'aaaaaaaa:11' })
  expect(written()).toEqual([
    { kind: 'mute', member: 'b'.repeat(64), on: true },
    { kind: 'types', member: 'c'.repeat(64), types: ['text/plain'] },
    { kind: 'hide', message: id, on: true },
    { kind: 'hide', message: id, on: true },
    { kind: 'topic', topic: 'x' },
  ])
})

test('what is meant must be known, but for a message by its full id', async () => {
  await start()
  const later = 'AB'.repeat(32)
  await node.moderate('garden', { kind: 'hide', message: later, on: true })
  expect(written()).toEqual([{ kind: 'hide', message: later.toLowerCase(), on: true }])
  const bad = [
    [{ kind: 'mute', member: 'nobody', on: true }, 'MEMBER_UNKNOWN'],
    [{ kind: 'hide', message: 'abcdef', on: true }, 'MESSAGE_UNKNOWN'],
    [{ kind: 'hide', message: 'not an id', on: true }, 'USAGE'],
  ] as const
  for (const [wish, code] of bad) {
    await expect(node.moderate('garden', wish)).rejects.toMatchObject({ code })
  }
  await expect(node.moderate('x', { kind: 'topic', topic: '' })).rejects.toMatchObject({
    code: 'GROUP_UNKNOWN',
  })
  expect(written()).toHaveLength(1)
})
