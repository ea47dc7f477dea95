// Vectors of archives: each verifies with both providers, gives its root and its order, and is refused
// with any byte changed; the keys beside the first open every text of it.
import { tmpdir } from 'node:os'
import { describe, expect, test } from 'vitest'
import type { Bytes } from '../../../src/base/bytes.ts'
import { fromHex, toHex, utf8 } from '../../../src/base/bytes.ts'
import { type OpenedText, type VerifyOptions, verifyArchive } from '../../../src/node/verifying.ts'
import message from '../../vectors/message.json' with { type: 'json' }
import vectors from '../../vectors/archive.json' with { type: 'json' }
import { providers } from '../crypto/providers.ts'

async function* piecesOf(file: Bytes): AsyncGenerator<Bytes> {
  for (let at = 0; at < file.length; at += 333)
    yield await Promise.resolve(file.slice(at, at + 333))
}

const bytesOf = (hex: string): Bytes => fromHex(hex) ?? new Uint8Array()

const verify = (archive: Bytes, over: Partial<VerifyOptions> = {}) =>
  verifyArchive({ archive: piecesOf(archive), temporary: tmpdir(), ...over })

describe.each(providers)('%s', (_, crypto) => {
  test.each(vectors.archives)('$what', async ({ archive, messages, link, root }) => {
    const report = await verify(bytesOf(archive), { crypto })
    expect(report).toMatchObject({ messages, root, archive: link, group: vectors.group })
  })

  test('keys open the texts of everything, as the message vectors tell them', async () => {
    const [whole] = vectors.archives
    const shown: OpenedText[] = []
    const keys = piecesOf(bytesOf(vectors.keys.file))
    const onText = (text: OpenedText) => void shown.push(text)
    const report = await verify(bytesOf(whole?.archive ?? ''), { crypto, keys, onText })
    const told = message.messages.filter((one) => 'messageKey' in one && one.type === 2)
    expect(report.opened).toBe(told.length)
    expect(new Set(shown.map(({ id }) => id))).toEqual(new Set(told.map(({ id }) => id)))
    for (const { id, text } of shown) {
      const payload = toHex(utf8(text))
      expect(told.find((one) => one.id === id)).toMatchObject({ payload })
    }
  })
})

test.each(vectors.archives)('no byte of $what may change', async ({ archive }) => {
  const file = bytesOf(archive)
  for (let at = 0; at < file.length; at += 97) {
    const changed = file.with(at, (file[at] ?? 0) ^ 1)
    await expect(verify(changed), toHex(file.slice(at, at + 4))).rejects.toThrow()
  }
})
