// What the bench reads from the archive of a daemon: every message with what its signed header tells, and
// nothing from an archive that is not whole.

import { expect, test } from 'vitest'

import type { ArchiveLine } from '../../../../src/api/contract.ts'
import { messagesOf } from '../../../../src/lab/engine/real/archive.ts'
import { exportFrom } from '../../../support/archives.ts'
import { crypto } from '../../../support/bench.ts'
import { converge, found, groupOf, meshWorld, say } from '../../../support/mesh.ts'

test('all messages, none before what it builds on; a damaged archive is none', async () => {
  const mesh = found(meshWorld({ seed: 5, nodes: 3 }))
  for (let i = 0; i < 9; i++) say(mesh, i % 3, `text ${i}`)
  converge(mesh)
  const { archive, figures } = await exportFrom(mesh, 1)
  const pieces = (bytes: Uint8Array): ArchiveLine[] => [
    { part: 'archive', bytes: Buffer.from(bytes.subarray(0, 100)).toString('base64') },
    { part: 'archive', bytes: Buffer.from(bytes.subarray(100)).toString('base64') },
    { part: 'end', ...figures },
  ]
  const messages = messagesOf(crypto, pieces(archive))
  const report = groupOf(mesh, 1)
  expect(messages).toHaveLength(report?.messages ?? Number.NaN)
  const last = new Map(messages.map(({ member, counter }) => [member, counter]))
  expect(Object.fromEntries(last)).toEqual(report?.vector)
  const seen = new Set<string>()
  let links = 0
  for (const { id, parents } of messages) {
    expect(parents.every((parent) => seen.has(parent))).toBe(true)
    links += parents.length
    seen.add(id)
  }
  expect(links).toBeGreaterThan(messages.length)

  const changed = archive.slice()
  changed[200] = (changed[200] ?? 0) ^ 1
  expect(() => messagesOf(crypto, pieces(changed))).toThrow('breaks at byte')
  expect(() => messagesOf(crypto, pieces(archive.slice(0, -1)))).toThrow('breaks at byte')
  expect(() => messagesOf(crypto, pieces(archive).slice(0, 2))).toThrow('breaks at byte 0')
})
