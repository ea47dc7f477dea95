// A receipt counts for the one who signed it, for that message in that group, and only where it was asked for:
// whatever else is shown is ignored or held against whoever sent it, and acknowledges nothing.
import { beforeEach, describe, expect, test } from 'vitest'
import type { Bytes } from '../../../../src/base/bytes.ts'
import type { Receipt } from '../../../../src/core/attestation/receipt.ts'
import { receiptHolds, signReceipt } from '../../../../src/core/attestation/receipt.ts'
import type { Message } from '../../../../src/core/message/message.ts'
import { awaitAcks, takeReceipt } from '../../../../src/core/replica/acks.ts'
import { Bench, crypto, trusted } from '../../../support/bench.ts'
import type { Act, Person } from '../../../support/crew.ts'
import { Writer, castOf } from '../../../support/crew.ts'
import { flipped } from '../people.ts'

const cast = castOf({ seed: 'receipts', leaders: 1, members: ['ada'] })
const [leader] = cast.leaders as [Person]
const [ada] = cast.members as [Person]

const say = (writer: Writer, act: Act): Message => {
  const said = writer.act(act)
  if (typeof said === 'string') throw new Error(said)
  return said
}
const founder = new Writer(cast, leader)
const genesis = say(founder, { kind: 'genesis' })
const add = say(founder, { kind: 'add', whom: ada })

const view = crypto.sha256(new Uint8Array([1]))
const group = genesis.header.group
const by = (person: Person, over: Partial<Receipt> = {}): Bytes =>
  signReceipt(crypto, person.self.deviceSeed, {
    group,
    member: leader.self.memberBytes,
    id: add.idBytes,
    view,
    ...over,
  })

test('any bit that is changed makes it worthless, and so does another key', () => {
  const device = crypto.edPublicKey(leader.self.deviceSeed)
  const good = by(leader)
  expect(receiptHolds(crypto, device, good)).toBe(true)
  for (let bit = 0; bit < 8 * good.length; bit += 5) {
    expect(receiptHolds(crypto, device, flipped(good, bit)), `bit ${String(bit)}`).toBe(false)
  }
  expect(receiptHolds(crypto, device, by(ada))).toBe(false)
})

describe('who waits for the receipt of the only leader', () => {
  let bench: Bench
  let answers: boolean[]

  const show = (receipt: Bytes): void => {
    const peer = bench.peer(1)
    bench.step((turn) => takeReceipt(turn, bench.replica, peer, receipt))
  }

  beforeEach(() => {
    bench = new Bench(cast.constitution)
    answers = []
    for (const message of [genesis, add]) bench.take(message, trusted)
    bench.step((turn) => {
      const wanted = { id: add.id, mode: 'quorum', timeoutMs: 5_000 } as const
      awaitAcks(turn, bench.replica, wanted, (_, enough) => answers.push(enough))
    })
    expect(answers).toEqual([])
  })

  test('is answered by that one, once, however often it is shown', () => {
    for (let i = 0; i < 3; i++) show(by(leader))
    expect(answers).toEqual([true])
    expect(bench.replica.sync.acks.open.get(add.id)?.receipts.size).toBe(1)
    expect(bench.replica.sync.misdeeds).toEqual([])
  })

  test.each([
    ['a forged one', by(ada), 'frames_dropped/receipt-signature'],
    ['one of another group', by(leader, { group: view }), 'frames_dropped/receipt'],
    ['no receipt', view, 'frames_dropped/receipt'],
  ])('is not answered by %s, which is held against its sender', (_, receipt, counted) => {
    show(receipt)
    expect(answers).toEqual([])
    expect(bench.counts.get(counted)).toBe(1)
    expect(bench.replica.sync.misdeeds).toHaveLength(1)
  })

  test.each([
    ['of another message', by(leader, { id: genesis.idBytes })],
    ['of somebody who was not asked', by(ada, { member: ada.self.memberBytes })],
    ['of a stranger', by(ada, { member: view })],
  ])('is not answered by one %s', (_, receipt) => {
    show(receipt)
    expect(answers).toEqual([])
    show(by(leader))
    expect(answers).toEqual([true])
  })
})
