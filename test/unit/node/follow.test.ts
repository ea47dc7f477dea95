// Following a group ends with its signal, also when the store closes under a read.
import { describe, expect, test } from 'vitest'
import { followTexts } from '../../../src/node/follow.ts'
import type { ReadRows } from '../../../src/node/transcript.ts'

/** Follows over a reader that fails; what the first rows do is read once. */
async function follow(read: ReadRows, signal: AbortSignal): Promise<number> {
  let texts = 0
  const source = { read, onNews: () => () => undefined }
  const following = followTexts(source, {
    async *first(reader) {
      const rows = await reader(0, { from: 0, to: 1, limit: 1, reverse: false })
      for (const { counter, text } of rows) {
        if (text !== undefined) yield { line: 0, member: '', counter, text }
      }
    },
    passes: () => true,
    signal,
  })
  for await (const _ of following) texts += 1
  return texts
}

describe('following', () => {
  test('ends in good order when the node stops during a read', async () => {
    const stopping = new AbortController()
    const read: ReadRows = () => {
      stopping.abort()
      return Promise.reject(new Error('the store is closed'))
    }
    expect(await follow(read, stopping.signal)).toBe(0)
  })

  test('fails when a read fails and nobody stopped it', async () => {
    const read: ReadRows = () => Promise.reject(new Error('the disk is broken'))
    await expect(follow(read, new AbortController().signal)).rejects.toThrow('the disk is broken')
  })
})
