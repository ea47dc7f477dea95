// Own texts that wait to be sent: `read` shows them last, following only once they are sent.
import { describe, expect, test } from 'vitest'
import type { HeldText, ReadRow } from '../../../src/core/report.ts'
import { startScripted } from './scripted-endpoint.ts'

async function take(texts: AsyncIterable<ReadRow>, count: number): Promise<ReadRow[]> {
  const taken: ReadRow[] = []
  for await (const text of texts) if (taken.push(text) >= count) break
  return taken
}

async function all(texts: AsyncIterable<ReadRow>): Promise<(string | null)[]> {
  const taken: (string | null)[] = []
  for await (const { text } of texts) taken.push(text)
  return taken
}

const heldText = (draft: string): HeldText => ({
  number: null,
  id: null,
  draft,
  author: 'a'.repeat(64),
  name: 'name-a',
  text: `held ${draft}`,
  contentType: 'text/plain',
  sent: 1_700_000_000_000,
  lamport: null,
  epoch: null,
  final: false,
  state: 'held',
  late: false,
})

describe('texts that wait to be sent', () => {
  test('come last, and count for a limit', async () => {
    const held = [heldText('d1'), heldText('d2')]
    const { node } = await startScripted({ held })
    for (const text of ['one', 'two']) await node.send('garden', text)
    const rows = await take(node.read('garden'), 9)
    expect(rows.map(({ state }) => state)).toEqual(['ok', 'ok', 'held', 'held'])
    expect(rows.at(-1)).toEqual(held[1])
    expect(await all(node.read('garden', { limit: 3 }))).toEqual(['two', 'held d1', 'held d2'])
    expect(await all(node.read('garden', { limit: 1 }))).toEqual(['held d2'])
    expect(await all(node.read('garden', { limit: 0 }))).toEqual([])
    const since = rows[0]?.number ?? ''
    expect(await all(node.read('garden', { since }))).toEqual(['two', 'held d1', 'held d2'])
    expect(await all(node.read('garden', { since, limit: 2 }))).toEqual(['two', 'held d1'])
    expect(node.status().groups[0]).toMatchObject({ held: 2 })
    await node.stop()
  })

  test('are not followed: they are printed when they are sent', async () => {
    const { node } = await startScripted({ held: [heldText('d1')] })
    const following = take(node.follow('garden'), 1)
    await node.send('garden', 'sent')
    expect((await following).map(({ text }) => text)).toEqual(['sent'])
    await node.stop()
  })
})
