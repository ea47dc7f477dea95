// The decisions of the adapter that need no network: which connection stays, when gossip is mended,
// which addresses are told, what a failure is called.

import { describe, expect, it } from 'vitest'
import { isPrivate, reachableAddresses } from '../../../../src/adapters/libp2p/addresses.ts'
import { Admission, chooseConnection } from '../../../../src/adapters/libp2p/admission.ts'
import { GossipWatch } from '../../../../src/adapters/libp2p/gossip-watch.ts'
import {
  CROSSING_MS,
  CROSSING_PATIENT_MS,
  GOSSIP_DOWN_HANG_UP_MS,
  GOSSIP_DOWN_MEND_MS,
  GOSSIP_HANG_UP_PAUSE_MAX_MS,
} from '../../../../src/adapters/libp2p/limits.ts'
import { componentLogger } from '../../../../src/adapters/libp2p/logger.ts'
import { listenFailure } from '../../../../src/adapters/libp2p/listen-failure.ts'
import {
  openDetail,
  OpenFailure,
  openReason,
} from '../../../../src/adapters/libp2p/open-failure.ts'

describe('the choice between two connections of a pair', () => {
  const young = { outbound: true, ageMs: 10 }

  it('admits the only one', () => {
    expect(chooseConnection('a', 'b', undefined, true)).toBe('admit')
  })

  it('replaces when the same side dials again, whatever the age', () => {
    expect(chooseConnection('a', 'b', young, true)).toBe('replace')
    expect(chooseConnection('b', 'a', { outbound: false, ageMs: 1e9 }, false)).toBe('replace')
  })

  it('of crossing dials lets the lower peer id decide, and the higher one wait', () => {
    expect(chooseConnection('a', 'b', young, false)).toBe('refuse')
    expect(chooseConnection('b', 'a', young, false)).toBe('keep-both')
  })

  it('replaces an old one from the other side, which must have lost it', () => {
    const old = (ageMs: number) => ({ outbound: true, ageMs })
    expect(chooseConnection('a', 'b', old(CROSSING_MS), false)).toBe('replace')
    expect(chooseConnection('b', 'a', old(CROSSING_MS), false)).toBe('keep-both')
    expect(chooseConnection('b', 'a', old(CROSSING_PATIENT_MS), false)).toBe('replace')
  })

  it('never makes both sides give up the same pair of connections', () => {
    // x was dialled by a, y by b; each side sees them in some order, at any age it may measure.
    for (const ageMs of [0, CROSSING_MS - 1, CROSSING_MS, CROSSING_PATIENT_MS - 1]) {
      for (const [aFirst, bFirst] of ['xx', 'xy', 'yx', 'yy']) {
        const a = chooseConnection('a', 'b', { outbound: aFirst === 'x', ageMs }, aFirst !== 'x')
        const b = chooseConnection('b', 'a', { outbound: bFirst === 'y', ageMs }, bFirst !== 'y')
        const closed = new Set<string>()
        if (a === 'refuse') closed.add(aFirst === 'x' ? 'y' : 'x')
        if (a === 'replace') closed.add(aFirst ?? '')
        if (b === 'replace') closed.add(bFirst ?? '')
        expect(closed.size, `age ${ageMs}, a saw ${aFirst} first, b ${bFirst}`).toBe(1)
      }
    }
  })
})

/** A connection that only knows whether it is open. */
class Wire {
  status: 'open' | 'aborted' = 'open'
  #onClose: (() => void)[] = []
  addEventListener(_event: string, listener: unknown): void {
    this.#onClose.push(listener as () => void)
  }
  abort(): void {
    this.status = 'aborted'
    for (const listener of this.#onClose) listener()
  }
}

describe('admission', () => {
  const peer = (name: string) => ({ toString: () => name }) as never
  const started = (self: string, clock: { nowMs: number }) => {
    const admission = new Admission(self, () => clock.nowMs)
    const gater = admission.gater()
    const arrives = (name: string, outbound: boolean) => {
      const wire = new Wire()
      const ask = outbound ? 'denyOutboundEncryptedConnection' : 'denyInboundEncryptedConnection'
      return { wire, denied: gater[ask]?.(peer(name), wire as never) === true }
    }
    return { admission, gater, arrives }
  }

  it('refuses everybody until it is opened, and after it is closed', () => {
    const { admission, gater, arrives } = started('a', { nowMs: 0 })
    expect(gater.denyInboundConnection?.({} as never)).toBe(true)
    expect(arrives('b', false).denied).toBe(true)
    admission.open()
    expect(gater.denyInboundConnection?.({} as never)).toBe(false)
    expect(arrives('b', false).denied).toBe(false)
    admission.close()
    expect(gater.denyDialPeer?.(peer('b'))).toBe(true)
  })

  it('aborts what is open to a peer when it is gated, and lets it in again afterwards', () => {
    const { admission, gater, arrives } = started('a', { nowMs: 0 })
    admission.open()
    const { wire } = arrives('b', false)
    const { wire: other } = arrives('c', false)
    admission.gate(['b'])
    expect([wire.status, other.status]).toEqual(['aborted', 'open'])
    expect([gater.denyDialPeer?.(peer('b')), arrives('b', true).denied]).toEqual([true, true])
    expect(gater.denyDialPeer?.(peer('c'))).toBe(false)
    admission.gate([])
    expect(arrives('b', false).denied).toBe(false)
  })

  it('tidies up where both connections of a pair stay', () => {
    const clock = { nowMs: 0 }
    const { admission, arrives } = started('b', clock)
    admission.open()
    const { wire: older } = arrives('a', true)
    const { wire: newer } = arrives('a', false)
    admission.tidy()
    expect([older.status, newer.status]).toEqual(['open', 'open'])
    clock.nowMs = CROSSING_PATIENT_MS
    admission.tidy()
    expect([older.status, newer.status]).toEqual(['aborted', 'open'])
  })
})

describe('the watch over gossip', () => {
  it('mends once, then hangs up, then waits longer each time', () => {
    const watch = new GossipWatch()
    const at: Record<string, number[]> = { mend: [], 'hang-up': [], none: [] }
    for (let nowMs = 0; nowMs < 60_000; nowMs += 500) at[watch.look('p', false, nowMs)]?.push(nowMs)
    expect(at['mend']?.[0]).toBe(GOSSIP_DOWN_MEND_MS)
    const hangUps = at['hang-up'] ?? []
    expect(hangUps[0]).toBe(GOSSIP_DOWN_HANG_UP_MS)
    const pauses = hangUps.slice(1).map((each, index) => each - (hangUps[index] ?? 0))
    expect(pauses.length).toBeGreaterThan(2)
    expect(pauses.every((each, index) => index === 0 || each > (pauses[index - 1] ?? 0))).toBe(true)
  })

  it('says nothing of a peer whose gossip flows, and starts anew after that', () => {
    const watch = new GossipWatch()
    expect(watch.look('p', false, 0)).toBe('none')
    expect(watch.look('p', true, 1_000)).toBe('none')
    expect(watch.look('p', false, 1_500)).toBe('none')
    expect(watch.look('p', false, 1_500 + GOSSIP_DOWN_MEND_MS - 1)).toBe('none')
    expect(watch.look('p', false, 1_500 + GOSSIP_DOWN_MEND_MS)).toBe('mend')
  })

  it('remembers for a while whom it hung up, but not for how long they were away', () => {
    const watch = new GossipWatch()
    watch.look('p', false, 0)
    expect(watch.look('p', false, GOSSIP_DOWN_HANG_UP_MS)).toBe('hang-up')
    watch.keep(new Set(), GOSSIP_DOWN_HANG_UP_MS)
    expect(watch.look('p', false, 100_000)).toBe('none')
    watch.keep(new Set(), 100_000 + 2 * GOSSIP_HANG_UP_PAUSE_MAX_MS)
    expect(watch.look('p', false, 1e7)).toBe('none')
  })
})

describe('the addresses that are told', () => {
  it('are concrete, end in the peer id, are told once, loopback last', () => {
    const bound = [
      '/ip4/127.0.0.1/tcp/4001',
      '/ip4/192.0.2.7/tcp/4001',
      '/ip4/192.0.2.7/tcp/4001/p2p/me',
      '/ip4/0.0.0.0/tcp/4001',
      '/ip6/::/tcp/4001',
      '/ip6/fe80::1/tcp/4001',
      '/ip6/2001:db8::7/tcp/4001',
    ]
    expect(reachableAddresses(bound, [], 'me')).toEqual([
      '/ip4/192.0.2.7/tcp/4001/p2p/me',
      '/ip6/2001:db8::7/tcp/4001/p2p/me',
      '/ip4/127.0.0.1/tcp/4001/p2p/me',
    ])
  })

  it('tell private networks from the open one', () => {
    const inside = [
      '10.1.2.3',
      '172.16.0.1',
      '192.168.1.1',
      '100.64.0.1',
      '127.0.0.1',
      '169.254.1.1',
    ]
    const outside = ['11.1.2.3', '172.32.0.1', '192.169.1.1', '100.128.0.1', '128.0.0.1']
    for (const host of inside) expect(isPrivate(`/ip4/${host}/tcp/1`), host).toBe(true)
    for (const host of outside) expect(isPrivate(`/ip4/${host}/tcp/1`), host).toBe(false)
    expect(['/ip6/::1/tcp/1', '/ip6/fd00::1/tcp/1', '/memory/x'].every(isPrivate)).toBe(true)
    expect(isPrivate('/ip6/2001:db8::1/tcp/1')).toBe(false)
  })
})

describe('the name of a failure', () => {
  const named = (name: string) => Object.assign(new Error('words'), { name })
  const coded = (code: string) => Object.assign(new Error('words'), { code })

  it('comes from the name, the code or the words of an error', () => {
    expect(openReason(named('DialDeniedError'))).toBe('denied')
    expect(openReason(named('UnsupportedProtocolError'))).toBe('refused')
    expect(openReason(coded('ECONNREFUSED'))).toBe('refused')
    expect(openReason(coded('EHOSTUNREACH'))).toBe('unreachable')
    expect(openReason(new Error('key 1 does not match expected remote identity key 2'))).toBe(
      'wrong-peer',
    )
    expect(openReason('odd')).toBe('unreachable')
  })

  it('is the most telling of several', () => {
    const several = new AggregateError([coded('EHOSTUNREACH'), named('TimeoutError')])
    expect(openReason(several)).toBe('timeout')
    expect(openReason(new AggregateError([several, new OpenFailure('wrong-peer')]))).toBe(
      'wrong-peer',
    )
    expect(openDetail(several)).toBe('Error: words; TimeoutError: words')
  })

  it('says what to do when this node cannot listen', () => {
    const failure = listenFailure(new Error('listen EACCES: permission denied'), ['/ip4/1.2.3.4'])
    expect(failure).toMatchObject({ code: 'PERMISSION' })
    expect(failure.hint).toContain('1024')
  })
})

describe("libp2p's own log", () => {
  it('is passed on as debug lines, or not even formatted', () => {
    const lines: unknown[] = []
    const telemetry = {
      count: () => undefined,
      gauge: () => undefined,
      log: (...line: unknown[]) => lines.push(line),
    }
    const log = componentLogger(telemetry).forComponent('libp2p:tcp').newScope('listener')
    log.error('dial to %a failed - %e', 'there', new Error('why'))
    log.trace('too much')
    expect(lines).toHaveLength(1)
    expect(JSON.stringify(lines[0])).toMatch(
      /debug.*dial to there failed - Error: why.*tcp:listener/s,
    )
    const off = componentLogger(undefined).forComponent('libp2p')
    expect(off.newScope('x').enabled).toBe(false)
    off('%s', {
      toString() {
        throw new Error('formatted')
      },
    })
  })
})
