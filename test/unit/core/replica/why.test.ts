// What a node tells of one message: how it came, what it waits for, who has it, how far it is final, and
// why it is shown as it is. Real endpoints in a simulated world; every name that fits two is refused.
import { describe, expect, test } from 'vitest'
import type { MessageReport } from '../../../../src/core/message-report.ts'
import { explain } from '../../../../src/core/replica/why.ts'
import { setAside } from '../../../../src/core/replica/aside.ts'
import type { Suspect } from '../../../../src/core/replica/state.ts'
import { findMessages, parseMessageName } from '../../../../src/core/replica/why-find.ts'
import { utf8 } from '../../../../src/base/bytes.ts'
import { whyMessage } from '../../../../src/core/endpoint/why.ts'
import type { Failure } from '../../../../src/core/effect.ts'
import { numberText } from '../../../../src/core/message/header.ts'
import type { Message } from '../../../../src/core/message/message.ts'
import { Bench, constitutionOf, messagesOf, trusted } from '../../../support/bench.ts'
import type { Act, Person } from '../../../support/crew.ts'
import { Writer, castOf } from '../../../support/crew.ts'
import {
  type Mesh,
  converge,
  done,
  found,
  groupOf,
  meshWorld,
  readAll,
  later,
} from '../../../support/mesh.ts'

const selfOf = (mesh: Mesh, node: number): string => groupOf(mesh, node)?.self ?? ''

const whyOf = (mesh: Mesh, node: number, message: string): MessageReport =>
  done(mesh.world, node, { kind: 'why-message', message })

const refusalOf = (mesh: Mesh, node: number, message: string): string => {
  const handle = mesh.world.command(node, { kind: 'why-message', message })
  mesh.world.runUntil(() => handle.reply !== undefined, 10_000)
  const reply = handle.reply
  return reply?.ok === false ? reply.error.code : 'answered'
}

const post = (mesh: Mesh, node: number, text: string, ack: 'none' | 'all' = 'none') => {
  const what = {
    group: mesh.group,
    contentType: 'text/plain',
    payload: utf8(text),
  }
  const sent = done(mesh.world, node, {
    kind: 'send',
    ...what,
    ack,
    timeoutMs: 5_000,
  })
  if (sent.draft !== null) throw new Error('the text is held')
  return sent
}

const holders = ({ holders: all }: MessageReport): Record<string, string | null> =>
  Object.fromEntries(all.map(({ name, by }) => [name, by]))

describe('a message that is held', () => {
  test('tells how it came, who has it, and that it is final and stable once all spoke', () => {
    const mesh = found(meshWorld({ seed: 'why held', nodes: 4 }), 2)
    later(mesh, 10_000)
    const { id, number } = post(mesh, 0, 'hello')
    const own = whyOf(mesh, 0, id)
    expect(own).toMatchObject({
      id,
      number,
      state: 'held',
      type: 'text',
      shown: 'ok',
      name: 'n0',
    })
    expect(own).toMatchObject({
      author: selfOf(mesh, 0),
      groupName: 'crew',
      group: mesh.group,
    })
    expect(own.came).toMatchObject({ how: 'own', from: null })
    expect(holders(own)).toEqual({ n0: 'self', n1: null, n2: null, n3: null })
    expect(own).toMatchObject({ stable: false, order: { final: false } })
    later(mesh, 1_000)
    const came = whyOf(mesh, 3, number).came
    expect(['push', 'sync']).toContain(came.how)
    expect(mesh.world.node(0).peerId === came.from || came.name !== '').toBe(true)
    expect(came.at).toBeGreaterThan(0)
    later(mesh, 120_000)
    const settled = whyOf(mesh, 3, id.slice(0, 8))
    expect(holders(settled)).toEqual({
      n0: 'message',
      n1: 'message',
      n2: 'message',
      n3: 'self',
    })
    expect(settled).toMatchObject({
      stable: true,
      order: { final: true, waitsFor: [] },
    })
    expect(settled.order?.stamp).toBeGreaterThan(0)
    expect(settled.parents.map(({ state }) => state)).not.toContain('missing')
    expect(settled.parents.length).toBeGreaterThan(0)
    // After a start it is not remembered how it came, and one's own stays one's own.
    mesh.world.stop(3)
    later(mesh, 500)
    mesh.world.restart(3)
    later(mesh, 3_000)
    expect(whyOf(mesh, 3, id).came).toEqual({
      how: null,
      from: null,
      member: null,
      name: '',
      at: null,
    })
    expect(whyOf(mesh, 3, id)).toMatchObject({
      order: settled.order,
      stable: true,
    })
  })

  test('names the leader for whose word it waits, since when, and whose receipts are here', () => {
    const mesh = found(meshWorld({ seed: 'why waits', nodes: 4 }), 2)
    later(mesh, 10_000)
    mesh.world.split([[0, 2, 3], [1]])
    later(mesh, 8_000)
    const { id } = post(mesh, 0, 'without the other leader', 'all')
    later(mesh, 5_000)
    const why = whyOf(mesh, 0, id)
    expect(why.receipts.map(({ name }) => name).sort()).toEqual(['n2', 'n3'])
    expect(holders(why)).toMatchObject({ n1: null })
    expect(why).toMatchObject({ stable: false, order: { final: false } })
    expect(why.order?.waitsFor.map(({ name }) => name)).toEqual(['n1'])
    expect(why.order?.waitsFor[0]?.since).toBeGreaterThan(0)
    // A receipt is the member's word, no message of it.
    expect(['receipt', 'message']).toContain(holders(why)['n2'])
  })
})

describe('a text that is not shown', () => {
  test('says by whom its author was removed, who hid it, who muted', () => {
    const mesh = found(meshWorld({ seed: 'why not shown', nodes: 4 }), 1)
    later(mesh, 10_000)
    const hidden = post(mesh, 1, 'hide this')
    const muted = post(mesh, 2, 'and this one')
    later(mesh, 2_000)
    const { group } = mesh
    const hide = { kind: 'hide', message: hidden.id, on: true } as const
    const mute = { kind: 'mute', member: selfOf(mesh, 2), on: true } as const
    const byHide = done(mesh.world, 0, { kind: 'set-meta', group, write: hide })
    const byMute = done(mesh.world, 0, { kind: 'set-meta', group, write: mute })
    later(mesh, 2_000)
    const [because] = whyOf(mesh, 1, hidden.id).because
    expect(because).toMatchObject({
      kind: 'hide',
      id: byHide.id,
      number: byHide.number,
    })
    expect(whyOf(mesh, 1, muted.id)).toMatchObject({
      shown: 'muted',
      because: [{ kind: 'mute', id: byMute.id, name: 'n0' }],
    })
    mesh.world.split([
      [0, 1],
      [2, 3],
    ])
    later(mesh, 8_000)
    const target = selfOf(mesh, 3)
    const removal = done(mesh.world, 0, {
      kind: 'remove-member',
      group,
      scope: 'member',
      target,
    })
    const gone = post(mesh, 3, 'unheard')
    later(mesh, 2_000)
    mesh.world.heal()
    later(mesh, 20_000)
    converge(mesh, [0, 1, 2])
    expect(readAll(mesh, 1).find(({ id }) => id === gone.id)?.state).toMatch(/withdrawn|sealed/)
    expect(whyOf(mesh, 2, gone.id)).toMatchObject({
      shown: 'withdrawn',
      order: { final: false },
      because: [{ kind: 'remove', id: removal.id, number: removal.number }],
    })
  })
})

test('a text of a type that leaders do not show names their word', () => {
  const mesh = found(meshWorld({ seed: 'why types', nodes: 3 }), 1)
  later(mesh, 10_000)
  const { group } = mesh
  const what = { group, contentType: 'application/json', payload: utf8('{}') }
  const sent = done(mesh.world, 1, { kind: 'send', ...what, ack: 'none', timeoutMs: 5_000 })
  if (sent.draft !== null) throw new Error('the text is held')
  later(mesh, 2_000)
  expect(whyOf(mesh, 2, sent.id)).toMatchObject({ shown: 'ok', hiddenBy: null, because: [] })
  // The word about its author alone, then the one about everybody.
  for (const member of [selfOf(mesh, 1), '']) {
    const only = (types: string[]) =>
      done(mesh.world, 0, { kind: 'set-meta', group, write: { kind: 'types', member, types } })
    const by = only(['text/plain'])
    later(mesh, 2_000)
    const why = whyOf(mesh, 2, sent.id)
    expect(why).toMatchObject({ shown: 'hidden', hiddenBy: 'content-type' })
    expect(why.because).toContainEqual(
      expect.objectContaining({ kind: 'types', id: by.id, number: by.number, name: 'n0' }),
    )
    only([])
    later(mesh, 2_000)
    expect(whyOf(mesh, 2, sent.id)).toMatchObject({ shown: 'ok', because: [] })
  }
})

describe('a message whose past is not here', () => {
  const waiting = () => {
    const mesh = found(meshWorld({ seed: 'why pending', nodes: 3 }), 1)
    const texts = ['one', 'two', 'three'].map((text) => post(mesh, 1, text).id)
    later(mesh, 2_000)
    converge(mesh)
    const all = messagesOf(mesh)
    const bench = new Bench(constitutionOf(mesh))
    for (const message of all) if (message.id !== texts[1]) bench.take(message)
    const ask = (named: string): MessageReport[] => {
      const reports: MessageReport[] = []
      const name = parseMessageName(named)
      if (name === undefined) throw new Error('no name')
      bench.step((turn) =>
        findMessages(turn, bench.replica, name, (then, ids) => {
          for (const id of ids)
            explain(then, bench.replica, id, (_, report) => void reports.push(report))
        }),
      )
      return reports
    }
    return { texts, all, bench, ask }
  }

  test('names what is missing and who must have it; once that comes it waits no more', () => {
    const { texts, all, bench, ask } = waiting()
    const [, second = '', third = ''] = texts
    const [report] = ask(third)
    expect(report).toMatchObject({
      state: 'pending',
      type: 'text',
      name: 'n1',
      holders: [],
    })
    const missing = report?.parents.filter(({ state }) => state !== 'held')
    expect(missing).toMatchObject([{ id: second, state: 'missing', number: null }])
    expect(missing?.[0]?.claimedBy.map(({ name }) => name)).toContain('n1')
    const [absent] = ask(second.slice(0, 12))
    expect(absent).toMatchObject({
      id: second,
      state: 'missing',
      number: null,
      type: null,
    })
    expect(absent?.awaitedBy).toContain(third)
    expect(absent?.claimedBy.map(({ name }) => name)).toContain('n1')
    expect(ask(report?.number ?? '')).toMatchObject([{ id: third, state: 'pending' }])
    const late = all.find(({ id }) => id === second)
    if (late === undefined) throw new Error('it is not there')
    bench.take(late)
    for (const id of [second, third]) expect(ask(id)).toMatchObject([{ id, state: 'held' }])
  })

  test('is found and told alike when all of it left memory', () => {
    const { texts, all, bench, ask } = waiting()
    for (const message of all) bench.take(message)
    const [before] = ask(texts[0] ?? '')
    bench.forget()
    const reads = bench.reads
    expect(ask(texts[0] ?? '')).toEqual([before])
    expect(bench.reads).toBeGreaterThan(reads)
    expect(bench.reads - reads).toBeLessThan(40)
  })
})

test('a number under which two messages are held is ambiguous, and both are named', () => {
  const cast = castOf({ seed: 'why fork', leaders: 1, members: ['ada'] })
  const [leader] = cast.leaders as [Person]
  const [ada] = cast.members as [Person]
  const said = (writer: Writer, act: Act): Message => {
    const message = writer.act(act)
    if (typeof message === 'string') throw new Error(message)
    return message
  }
  const founder = new Writer(cast, leader)
  const before = [said(founder, { kind: 'genesis' }), said(founder, { kind: 'add', whom: ada })]
  const joining = new Writer(cast, ada)
  for (const message of before) joining.take(message)
  before.push(said(joining, { kind: 'join' }))
  const pair = (['attest', 'prekey'] as const).map((kind) => {
    const writer = new Writer(cast, ada)
    for (const message of before) writer.take(message)
    return said(writer, { kind })
  })
  const bench = new Bench(cast.constitution)
  for (const message of [...before, ...pair]) bench.take(message, trusted)
  const [one, two] = pair as [Message, Message]
  const { memberGroupId, counter } = one.header
  const answers: (MessageReport | Failure)[] = []
  for (const name of [numberText(memberGroupId, counter), one.id, two.id.slice(0, 7)]) {
    bench.step((turn) =>
      whyMessage(turn, [bench.replica], name, (_, answer) => void answers.push(answer)),
    )
  }
  expect(answers[0]).toMatchObject({ code: 'AMBIGUOUS' })
  for (const { id } of pair) expect((answers[0] as Failure).hint).toContain(id)
  expect(answers.slice(1)).toMatchObject([{ id: one.id }, { id: two.id }])
  // What the liar says from now on lies aside, and so does what it builds on that.
  const more = new Writer(cast, ada)
  for (const message of [...before, one]) more.take(message)
  const [next, after] = [said(more, { kind: 'prekey' }), said(more, { kind: 'attest' })]
  for (const [message, missing] of [
    [next, []],
    [after, [next.id]],
  ] as const) {
    const suspect = { message, source: trusted, why: 'accused', missing, done: () => undefined }
    expect(setAside(bench.replica, suspect as unknown as Suspect, bench.nowMs)).toBe(true)
  }
  const told: (MessageReport | Failure)[] = []
  for (const name of [next.id, after.id]) {
    bench.step((turn) =>
      whyMessage(turn, [bench.replica], name, (_, answer) => void told.push(answer)),
    )
  }
  expect(told).toMatchObject([
    { ...{ id: next.id, state: 'aside', type: 'prekey', awaitedBy: [after.id], order: null } },
    { id: after.id, state: 'aside', type: 'attest', awaitedBy: [], came: { how: 'sync' } },
  ])
  const [, last] = told as [MessageReport, MessageReport]
  expect(last.parents).toMatchObject([{ id: next.id, state: 'aside' }])
})

test('what fits nothing, or is no name, is refused', () => {
  const mesh = found(meshWorld({ seed: 'why refused', nodes: 2 }), 1)
  const first = done(mesh.world, 0, {
    kind: 'create-group',
    name: 'x',
    leaders: [],
    policy: 'strict',
  })
  expect(first.group).not.toBe(mesh.group)
  expect(refusalOf(mesh, 0, 'f'.repeat(64))).toBe('MESSAGE_UNKNOWN')
  expect(refusalOf(mesh, 0, '00000000:7')).toBe('MESSAGE_UNKNOWN')
  for (const bad of ['', 'hello', 'abcde', '1d3f92d1:', `${'f'.repeat(65)}`]) {
    expect(refusalOf(mesh, 0, bad)).toBe('USAGE')
  }
})
