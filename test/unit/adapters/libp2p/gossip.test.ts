// The flood waits for verdicts, and stays alive when the streams that carry it die.

import { afterEach, describe, expect, it } from 'vitest'
import { ENVELOPE_WIRE_BYTES_MAX } from '../../../../src/adapters/libp2p/limits.ts'
import { link, pause, startNode, stopAll, type TestNode, until, untilHeard } from './harness.ts'

afterEach(stopAll)

const utf8 = (text: string) => new TextEncoder().encode(text)

/** Three nodes, the outer two linked to the middle one only. */
async function line(): Promise<[TestNode, TestNode, TestNode]> {
  const [a, b, c] = await Promise.all([startNode(), startNode(), startNode()])
  await Promise.all([link(a, b), link(c, b)])
  for (const node of [a, b, c]) node.network.subscribe('tea')
  await untilHeard(a, [b, c], 'tea')
  return [a, b, c]
}

function heard(node: TestNode, text: string): number {
  return node.envelopes.filter((each) => each.text === text).length
}

describe('in a line of three', () => {
  it('what the middle accepts goes on, once, and names who passed it on', async () => {
    const [a, b, c] = await line()
    a.network.broadcast('tea', utf8('good'))
    a.network.broadcast('tea', utf8('good'))
    await until(() => heard(c, 'good') === 1)
    await pause(200)
    expect([heard(a, 'good'), heard(b, 'good'), heard(c, 'good')]).toEqual([0, 1, 1])
    expect(c.envelopes.find(({ text }) => text === 'good')?.from).toBe(b.network.peerId)
  })

  it('what the middle rejects or ignores goes no further', async () => {
    const [a, b, c] = await line()
    b.judge = (text, answer) =>
      answer(text === 'forged' ? 'reject' : text === 'odd' ? 'ignore' : 'accept')
    a.network.broadcast('tea', utf8('forged'))
    a.network.broadcast('tea', utf8('odd'))
    await untilHeard(a, [c], 'tea')
    await pause(1_200)
    expect([heard(b, 'forged'), heard(b, 'odd')]).toEqual([1, 1])
    expect([heard(c, 'forged'), heard(c, 'odd')]).toEqual([0, 0])
  })

  it('an envelope waits for its verdict, and later ones do not wait behind it', async () => {
    const [a, b, c] = await line()
    let release: (() => void) | undefined
    b.judge = (text, answer) => {
      if (text === 'slow') release = () => answer('accept')
      else answer('accept')
    }
    a.network.broadcast('tea', utf8('slow'))
    await until(() => release !== undefined)
    await untilHeard(a, [c], 'tea')
    expect(heard(c, 'slow')).toBe(0)
    release?.()
    release?.()
    await until(() => heard(c, 'slow') === 1)
  })
})

describe('a broadcast', () => {
  it('is bounded in size', async () => {
    const [a, b] = await Promise.all([startNode(), startNode()])
    await link(a, b)
    for (const node of [a, b]) node.network.subscribe('tea')
    await untilHeard(a, [b], 'tea')
    a.network.broadcast('tea', new Uint8Array(ENVELOPE_WIRE_BYTES_MAX + 1).fill(65))
    a.network.broadcast('tea', new Uint8Array(ENVELOPE_WIRE_BYTES_MAX).fill(66))
    await until(() => b.envelopes.some(({ text }) => text.length === ENVELOPE_WIRE_BYTES_MAX))
    expect(b.envelopes.some(({ text }) => text.startsWith('A'))).toBe(false)
  })

  it('of an unknown topic, or alone, does nothing', async () => {
    const a = await startNode()
    a.network.broadcast('tea', utf8('anybody?'))
    a.network.unsubscribe('tea')
    await until(() => a.counts.get('network_envelopes_out:alone') === 1)
  })

  it('reaches every node of a crowd on one machine', async () => {
    // Above ten peers behind one address gossipsub would take them for one attacker.
    const nodes = await Promise.all(Array.from({ length: 13 }, () => startNode()))
    const [first, ...others] = nodes as [TestNode, ...TestNode[]]
    for (const node of nodes) node.network.subscribe('tea')
    await Promise.all(others.map((node) => link(node, first)))
    await untilHeard(others[0]!, nodes.slice(2), 'tea')
    await untilHeard(first, others, 'tea')
  }, 60_000)
})
