// Beginning, ending and failing: who is told what, and that nobody waits for ever.

import { describe, expect, it } from 'vitest'

import { createMemoryKeyring } from '../../../../src/adapters/memory/keyring.ts'
import { CoterieError } from '../../../../src/base/error.ts'
import type { Reply } from '../../../../src/core/effect.ts'
import type { Input } from '../../../../src/core/input.ts'
import { Rig, event, persist, send } from './rig.ts'

const ready = { kind: 'notify', event: { kind: 'ready' } } as const
const answerAll = (input: Input) =>
  input.kind === 'command'
    ? [
        persist(1),
        { kind: 'reply', ticket: input.ticket, reply: { ok: true, value: { card: 'c' } } } as const,
      ]
    : []

describe('starting', () => {
  it('makes the network once the machine is ready, and then does what was asked earlier', () => {
    const rig = new Rig()
    const started: (Error | undefined)[] = []
    rig.script = () => [{ kind: 'gate', blocked: ['x'] }, persist(1), ready, send(1)]
    rig.driver.start((error) => started.push(error))
    expect(rig.log).toEqual(['step start', 'write 1'])
    rig.durable()
    expect(rig.log.slice(3)).toEqual(['network', 'gate x', 'notify ready', 'send 1 1'])
    expect(started).toEqual([undefined])
  })

  it('happens once', () => {
    const rig = new Rig().begin(() => [])
    const errors: (Error | undefined)[] = []
    rig.driver.start((error) => errors.push(error))
    expect(errors[0]).toBeInstanceOf(CoterieError)
    expect(rig.log).toEqual([])
  })
})

describe('a command', () => {
  it('is answered when its writes are durable', () => {
    const rig = new Rig().begin(answerAll)
    const replies: Reply[] = []
    rig.driver.command({ kind: 'mint-card' }, (reply) => replies.push(reply))
    expect(replies).toEqual([])
    rig.durable()
    expect(replies).toEqual([{ ok: true, value: { card: 'c' } }])
  })

  it('is refused before the start and after the end', () => {
    const rig = new Rig()
    const replies: Reply[] = []
    rig.driver.command({ kind: 'mint-card' }, (reply) => replies.push(reply))
    rig.begin(answerAll)
    rig.driver.stop(() => {})
    rig.driver.command({ kind: 'mint-card' }, (reply) => replies.push(reply))
    expect(replies.map((reply) => (reply.ok ? '' : reply.error.code))).toEqual([
      'DAEMON_UNREACHABLE',
      'DAEMON_UNREACHABLE',
    ])
  })
})

describe('an envelope', () => {
  it('is answered with the verdict, after the writes', () => {
    const rig = new Rig().begin((input) =>
      input.kind === 'envelope'
        ? [{ kind: 'verdict', token: input.token, verdict: 'accept' }, persist(1)]
        : [],
    )
    rig.network?.envelope('p', 't', new Uint8Array(1), (verdict) => rig.verdicts.push(verdict))
    expect(rig.verdicts).toEqual([])
    rig.durable()
    expect(rig.verdicts).toEqual(['accept'])
  })

  it('that still waits when the driver ends is ignored', () => {
    const rig = new Rig().begin(() => [])
    rig.network?.envelope('p', 't', new Uint8Array(1), (verdict) => rig.verdicts.push(verdict))
    rig.driver.stop(() => {})
    expect(rig.verdicts).toEqual(['ignore'])
  })
})

describe('stopping', () => {
  it('lets everything already stepped become durable and leave, then says so', () => {
    const rig = new Rig().begin(answerAll)
    const replies: Reply[] = []
    rig.driver.command({ kind: 'mint-card' }, (reply) => replies.push(reply))
    rig.driver.command({ kind: 'mint-card' }, (reply) => replies.push(reply))
    rig.driver.stop(() => rig.log.push('stopped'))
    rig.frame(1)
    rig.durable()
    expect(rig.log).not.toContain('stopped')
    rig.durable()
    expect(replies).toHaveLength(2)
    expect(replies.every((reply) => reply.ok)).toBe(true)
    expect(rig.log.at(-1)).toBe('stopped')
    expect(rig.log).not.toContain('step frame')
    expect(rig.fatal).toEqual([])
  })

  it('answers commands that are still open, and cancels alarms', () => {
    const rig = new Rig().begin(() => [{ kind: 'set-timer', timer: 'a', atMs: 5_000 }])
    const replies: Reply[] = []
    rig.driver.command({ kind: 'mint-card' }, (reply) => replies.push(reply))
    expect(rig.clock.waiting).toBe(1)
    rig.driver.stop(() => {})
    expect(replies).toMatchObject([{ ok: false, error: { code: 'DAEMON_UNREACHABLE' } }])
    expect(rig.clock.waiting).toBe(0)
  })

  it('may be asked for twice, and from inside a listener', () => {
    const rig = new Rig().begin(() => [event, send(1)])
    let stopped = 0
    rig.driver.onEvent(() => rig.driver.stop(() => stopped++))
    rig.driver.onEvent(() => rig.driver.stop(() => stopped++))
    rig.frame(1)
    expect(rig.log.at(-1)).toBe('send 1 1')
    expect(stopped).toBe(2)
  })
})

describe('failing', () => {
  it('of the store for want of room reaches commands and the owner as DISK_FULL', () => {
    const rig = new Rig().begin(answerAll)
    const replies: Reply[] = []
    rig.driver.command({ kind: 'mint-card' }, (reply) => replies.push(reply))
    rig.durable(Object.assign(new Error('write failed'), { code: 'ENOSPC' }))
    expect(replies).toMatchObject([{ ok: false, error: { code: 'DISK_FULL' } }])
    expect(rig.fatal).toMatchObject([{ code: 'DISK_FULL' }])
    expect(rig.log).toEqual(['step command', 'write 1', 'failed', 'fatal'])
  })

  it('of a machine that throws is never swallowed', () => {
    const defect = new TypeError('a defect')
    const rig = new Rig().begin((input) => {
      if (input.kind === 'frame') throw defect
      return answerAll(input)
    })
    const replies: Reply[] = []
    rig.driver.command({ kind: 'mint-card' }, (reply) => replies.push(reply))
    rig.frame(1)
    rig.durable()
    expect(rig.fatal).toMatchObject([{ code: 'INTERNAL', cause: defect }])
    expect(replies).toMatchObject([{ ok: false, error: { code: 'INTERNAL' } }])
  })

  it('during the start is told to whoever started it', () => {
    const rig = new Rig()
    rig.script = () => {
      throw new Error('no')
    }
    const started: (Error | undefined)[] = []
    rig.driver.start((error) => started.push(error))
    expect(started).toMatchObject([{ code: 'INTERNAL' }])
    expect(rig.fatal).toHaveLength(1)
  })

  it('of a read ends the driver', () => {
    const rig = new Rig({
      store: {
        write: (_, done) => done(),
        read: (_, done) => done(new Error('bad block'), []),
        close: (done) => done(),
      },
    }).begin(() => [{ kind: 'load', ticket: 1, ranges: [] }])
    rig.frame(1)
    expect(rig.fatal).toMatchObject([{ code: 'INTERNAL' }])
  })

  it('of a store that answers synchronously ends the driver all the same', () => {
    const rig = new Rig({
      store: {
        write: (_, done) => done(new Error('no')),
        read: (_, done) => done(undefined, []),
        close: (done) => done(),
      },
    }).begin(() => [persist(1), send(1)])
    rig.frame(1)
    expect(rig.log).toEqual(['step frame', 'fatal'])
  })
})

describe('secrets', () => {
  const range = { from: Uint8Array.of(0), to: Uint8Array.of(0xff) }

  it('lie sealed in the store and come back opened', () => {
    const secret = Uint8Array.of(0x4b, 1)
    const rig = new Rig().begin((input) =>
      input.kind === 'frame'
        ? [
            { kind: 'persist', puts: [{ key: secret, value: Uint8Array.of(1, 2, 3) }] },
            persist(5, 42, true),
            persist(6, 43),
            { kind: 'load', ticket: 1, ranges: [range] },
          ]
        : [],
    )
    rig.frame(1)
    rig.durable()
    const stored = rig.rows.all().map((row) => [...row.value])
    expect(stored.map((value) => value[0])).toEqual([1, 0, 1])
    expect(stored[0]).not.toContain(42)
    expect(stored[1]).toEqual([0, 43])
    rig.reads[0]?.()
    expect(rig.inputs.at(-1)).toMatchObject({
      results: [
        [
          { value: Uint8Array.of(42) },
          { value: Uint8Array.of(43) },
          { key: secret, value: Uint8Array.of(1, 2, 3) },
        ],
      ],
    })
  })

  it.each([
    ['plain where it must be sealed', Uint8Array.of(0, 1, 2)],
    ['sealed for another key', sealedFor(Uint8Array.of(0x4b, 9))],
    ['without a marker', new Uint8Array(0)],
    ['with an unknown marker', Uint8Array.of(7, 1)],
  ])('that lie %s are damage', (_, value) => {
    const rig = new Rig().begin(() => [{ kind: 'load', ticket: 1, ranges: [range] }])
    rig.rows.apply([{ key: Uint8Array.of(0x4b, 1), value }])
    rig.frame(1)
    rig.reads[0]?.()
    expect(rig.fatal).toMatchObject([{ code: 'INTERNAL' }])
    expect(rig.inputs).toHaveLength(1)
  })
})

function sealedFor(key: Uint8Array): Uint8Array {
  return Uint8Array.of(1, ...createMemoryKeyring().seal(key, Uint8Array.of(5)))
}
