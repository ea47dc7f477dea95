// The facade over the driver: commands answer or throw, texts are read in total order, following
// loses nothing, stopping ends everything.
import { describe, expect, test } from 'vitest'
import type { ReadRow, TextReport } from '../../../src/core/report.ts'
import { groupId, startScripted } from './scripted-endpoint.ts'

async function take<Row extends ReadRow>(texts: AsyncIterable<Row>, count: number): Promise<Row[]> {
  const taken: Row[] = []
  if (count === 0) return taken
  for await (const text of texts) if (taken.push(text) >= count) break
  return taken
}

async function all(texts: AsyncIterable<ReadRow>): Promise<(string | null)[]> {
  const taken: (string | null)[] = []
  for await (const { text } of texts) taken.push(text)
  return taken
}

/** Three authors who take turns, some of what they post being no text. */
async function conversation(rounds: number) {
  const parts = await startScripted()
  const { endpoint, inject, node } = parts
  const done = new Promise<void>((resolve) => {
    let left = rounds * 4
    node.events((event) => {
      if (event.kind !== 'message') return
      left -= 1
      if (left === 0) resolve()
    })
  })
  inject(() =>
    Array.from({ length: rounds }, (_, round) => [
      ...endpoint.text(round % 3),
      ...endpoint.noText((round + 1) % 3),
      ...endpoint.text((round + 2) % 3),
      ...endpoint.text(round % 3),
    ]).flat(),
  )
  await done
  return parts
}

describe('commands', () => {
  test('a command answers with its result', async () => {
    const { node, endpoint } = await startScripted()
    await expect(node.createGroup({ name: 'garden' })).resolves.toMatchObject({ name: 'garden' })
    expect(endpoint.commands).toEqual([
      { kind: 'create-group', name: 'garden', leaders: [], policy: 'balanced' },
    ])
    await node.stop()
  })

  test('a failure is an error with code and hint', async () => {
    const error = { code: 'NOT_A_LEADER', message: 'no', hint: 'ask a leader' } as const
    const { node } = await startScripted({ failures: { invite: error } })
    await expect(node.invite('garden')).rejects.toMatchObject(error)
    await node.stop()
  })

  test('names are resolved before anything is asked', async () => {
    const { node, endpoint } = await startScripted()
    await expect(node.invite('no such')).rejects.toMatchObject({ code: 'GROUP_UNKNOWN' })
    await node.sync(groupId.slice(0, 6))
    await node.acceptRequest('garden', 'dora')
    expect(endpoint.commands).toEqual([
      { kind: 'sync', group: groupId },
      { kind: 'accept-request', group: groupId, request: '5b'.repeat(32) },
    ])
    await node.stop()
  })

  test('a text that fits no message is refused with its size', async () => {
    const { node, endpoint } = await startScripted()
    await expect(node.send('garden', 'é'.repeat(30_721))).rejects.toMatchObject({
      code: 'TEXT_TOO_LARGE',
    })
    await node.send('garden', 'é'.repeat(30_720))
    expect(endpoint.commands).toHaveLength(1)
    await node.stop()
  })

  test('a command that waits when the node stops is answered', async () => {
    const { node } = await startScripted({ silent: ['join'] })
    const joining = node.join('coterie-ticket-1abc')
    const refused = expect(joining).rejects.toMatchObject({ code: 'DAEMON_UNREACHABLE' })
    await node.stop()
    await refused
    await node.stop()
    expect(node.ended.aborted).toBe(true)
    expect(node.failure).toBeUndefined()
  })

  test('a store that fails ends the node and says why', async () => {
    const full = Object.assign(new Error('IO error: No space left on device'), { code: 'ENOSPC' })
    const { node } = await startScripted(
      {},
      {
        store: {
          write: (_, done) => setImmediate(() => done(full)),
          read: (_, done) => setImmediate(() => done(undefined, [])),
          close: (done) => done(),
        },
        close: () => Promise.resolve(),
      },
    )
    await expect(node.send('garden', 'lost')).rejects.toMatchObject({ code: 'DISK_FULL' })
    expect(node.ended.aborted).toBe(true)
    expect(node.failure).toMatchObject({ code: 'DISK_FULL' })
    await node.stop()
  })
})

describe('reading', () => {
  test('texts come in total order, without what is no text', async () => {
    const { node } = await conversation(50)
    const lamports: number[] = []
    for await (const { lamport } of node.read('garden')) lamports.push(lamport ?? -1)
    expect(lamports).toHaveLength(150)
    expect(lamports).toEqual(lamports.toSorted((a, b) => a - b))
    await node.stop()
  })

  test('a limit gives the last ones, in order', async () => {
    const { node } = await conversation(50)
    const everything = await all(node.read('garden'))
    expect(await all(node.read('garden', { limit: 7 }))).toEqual(everything.slice(-7))
    expect(await all(node.read('garden', { limit: 0 }))).toEqual([])
    expect(await all(node.read('garden', { limit: 1_000 }))).toEqual(everything)
    await node.stop()
  })

  test('since takes an id, a prefix and a number, and gives exactly what stands after', async () => {
    const { node } = await conversation(20)
    const rows: TextReport[] = []
    for await (const row of node.read('garden')) if (row.state !== 'held') rows.push(row)
    for (const [place, row] of rows.entries()) {
      const after = rows.slice(place + 1).map(({ text }) => text)
      for (const since of [row.id, row.number, row.id.slice(0, 13)]) {
        expect(await all(node.read('garden', { since }))).toEqual(after)
      }
      expect(await all(node.read('garden', { since: row.id, limit: 3 }))).toEqual(after.slice(0, 3))
    }
    await node.stop()
  })

  test('since something that is not held or makes no sense is an error', async () => {
    const { node } = await conversation(2)
    await expect(all(node.read('garden', { since: 'f'.repeat(64) }))).rejects.toMatchObject({
      code: 'MESSAGE_UNKNOWN',
    })
    await expect(all(node.read('garden', { since: 'aaaaaaaa:99' }))).rejects.toMatchObject({
      code: 'MESSAGE_UNKNOWN',
    })
    await expect(all(node.read('garden', { since: 'yesterday' }))).rejects.toMatchObject({
      code: 'USAGE',
    })
    await node.stop()
  })

  test('sealed texts show only when all are asked for', async () => {
    const { node, endpoint, inject } = await startScripted()
    inject(() => [
      ...endpoint.text(0, { state: 'sealed', text: null }),
      ...endpoint.text(1, { state: 'undecryptable', text: null }),
    ])
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await all(node.read('garden'))).toHaveLength(1)
    expect(await all(node.read('garden', { all: true }))).toHaveLength(2)
    await node.stop()
  })
})

describe('following', () => {
  test('what is held comes first, then every text once, while it is written', async () => {
    const { node } = await conversation(10)
    const following = take(node.follow('garden'), 80)
    for (let round = 0; round < 50; round++) await node.send('garden', `live ${round}`)
    const texts = await following
    expect(texts).toHaveLength(80)
    expect(new Set(texts.map(({ id }) => id)).size).toBe(80)
    expect(texts.slice(30).map(({ text }) => text)).toEqual(
      Array.from({ length: 50 }, (_, round) => `live ${round}`),
    )
    await node.stop()
  })

  test('a limit bounds what comes first, none included, and nothing after it', async () => {
    const { node } = await conversation(20)
    for (const limit of [0, 1, 5]) {
      const following = take(node.follow('garden', { limit }), limit + 2)
      await new Promise((resolve) => setTimeout(resolve, 20))
      for (const text of ['one', 'two']) await node.send('garden', text)
      const texts = (await following).map(({ text }) => text)
      expect([limit, texts.length, texts.slice(limit)]).toEqual([limit, limit + 2, ['one', 'two']])
    }
    await node.stop()
  })

  test('a text that sorts above one already shown is late', async () => {
    const { node, endpoint, inject } = await conversation(1)
    const following = take(node.follow('garden'), 4)
    await new Promise((resolve) => setTimeout(resolve, 20))
    inject(() => endpoint.text(2, { lamport: 1, text: 'from the other side' }))
    const last = (await following).at(-1)
    expect(last).toMatchObject({ text: 'from the other side', late: true })
    await node.stop()
  })

  test('a text that could not be opened is shown once it can', async () => {
    const { node, endpoint, inject } = await startScripted()
    const following = take(node.follow('garden'), 2)
    await new Promise((resolve) => setTimeout(resolve, 20))
    let state: TextReport['state'] = 'undecryptable'
    const open = endpoint.openText.bind(endpoint)
    endpoint.openText = (group, record) => {
      const row = open(group, record)
      return row?.text === 'locked' ? { ...row, state } : row
    }
    inject(() => endpoint.text(1, { text: 'locked' }))
    inject(() => endpoint.text(2, { text: 'plain' }))
    await new Promise((resolve) => setTimeout(resolve, 20))
    state = 'ok'
    inject(() => [
      { kind: 'notify', event: { kind: 'epoch', group: groupId, epoch: 'e', opened: true } },
    ])
    expect(await following).toMatchObject([
      { text: 'plain', late: false },
      { text: 'locked', state: 'ok', late: true },
    ])
    await node.stop()
  })

  test('a text that was withdrawn is shown again, as late, once it counts', async () => {
    const { node, endpoint, inject } = await startScripted()
    let state: TextReport['state'] = 'withdrawn'
    const open = endpoint.openText.bind(endpoint)
    endpoint.openText = (group, record) => {
      const row = open(group, record)
      return row?.text === 'heard' ? { ...row, state, text: state === 'ok' ? 'heard' : null } : row
    }
    const following = take(node.follow('garden'), 2)
    await new Promise((resolve) => setTimeout(resolve, 20))
    inject(() => endpoint.text(1, { text: 'heard' }))
    await new Promise((resolve) => setTimeout(resolve, 20))
    const departed = { kind: 'departed', group: groupId, member: 'b'.repeat(64) } as const
    inject(() => [{ kind: 'notify', event: departed }])
    await new Promise((resolve) => setTimeout(resolve, 20))
    state = 'ok'
    inject(() => [{ kind: 'notify', event: departed }])
    expect(await following).toMatchObject([
      { text: null, state: 'withdrawn', late: false },
      { text: 'heard', state: 'ok', late: true },
    ])
    await node.stop()
  })

  test('a text that was shown is shown again when it is withdrawn or hidden, and when it is not', async () => {
    const { node, endpoint, inject } = await startScripted()
    const states = new Map<string, TextReport['state']>()
    const open = endpoint.openText.bind(endpoint)
    endpoint.openText = (group, record) => {
      const row = open(group, record)
      const state = states.get(row?.text ?? '')
      return row && state ? { ...row, state, text: state === 'withdrawn' ? null : row.text } : row
    }
    const following = take(node.follow('garden'), 6)
    const news = async (kind: 'departed' | 'meta', text: string, state: TextReport['state']) => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      states.set(text, state)
      const event =
        kind === 'meta'
          ? ({ kind, group: groupId, id: 'e'.repeat(64) } as const)
          : ({ kind, group: groupId, member: 'b'.repeat(64) } as const)
      inject(() => [{ kind: 'notify', event }])
    }
    inject(() => endpoint.text(1, { text: 'heard by few' }))
    inject(() => endpoint.text(2, { text: 'rude' }))
    await news('departed', 'heard by few', 'withdrawn')
    await news('meta', 'rude', 'hidden')
    await news('departed', 'heard by few', 'ok')
    await news('meta', 'rude', 'ok')
    const rows = await following
    expect(rows).toMatchObject([
      { text: 'heard by few', state: 'ok' },
      { text: 'rude', state: 'ok' },
      { text: null, state: 'withdrawn', again: true, id: rows[0]?.id },
      { text: 'rude', state: 'hidden', again: true, id: rows[1]?.id },
      { text: 'heard by few', state: 'ok', again: true, id: rows[0]?.id },
      { text: 'rude', state: 'ok', again: true, id: rows[1]?.id },
    ])
    expect(rows.slice(0, 2).every((row) => !('again' in row))).toBe(true)
    await node.stop()
  })

  test('since with a limit waits for so many and ends', async () => {
    const { node } = await conversation(1)
    const rows = await take(node.read('garden'), 3)
    const since = rows.at(-1)?.id ?? ''
    const following = all(node.follow('garden', { since, limit: 2 }))
    for (const text of ['one', 'two', 'three']) await node.send('garden', text)
    expect(await following).toEqual(['one', 'two'])
    await node.stop()
  })

  test('it ends with its signal and with the node', async () => {
    const { node } = await conversation(1)
    const leaving = new AbortController()
    const first = all(node.follow('garden', { signal: leaving.signal }))
    const second = all(node.follow('garden'))
    await new Promise((resolve) => setTimeout(resolve, 10))
    leaving.abort()
    expect(await first).toHaveLength(3)
    await node.stop()
    expect(await second).toHaveLength(3)
  })
})
