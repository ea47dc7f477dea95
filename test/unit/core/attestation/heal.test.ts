// When a heal counts as done: everybody who was lost is back and met, or nobody else comes for a while.
import { describe, expect, test } from 'vitest'
import type { Heal, HealState } from '../../../../src/core/attestation/heal.ts'
import {
  advance,
  beginHeal,
  noTraffic,
  noteMet,
  noteReturn,
  noteTaken,
} from '../../../../src/core/attestation/heal.ts'

const since = { atMs: 0, wallMs: 0 }

const lost = (...members: string[]): Heal =>
  beginHeal({ since, lost: new Set(members), certain: false, then: [], unread: 0 } as never, 100, 0)

const at = (nowMs: number, more: Partial<HealState> = {}): HealState => ({
  nowMs,
  ...{ missing: 0, gatherMs: 2_000, unread: 0, epochHeads: 1 },
  traffic: noTraffic,
  ...more,
})

describe('the data of a heal is here', () => {
  test('once all who are back were met, at the time of the last message', () => {
    const heal = lost('a', 'b')
    noteReturn(heal, 'a', 100)
    noteReturn(heal, 'b', 120)
    noteTaken(heal, 'text', 180)
    noteMet(heal, 'a')
    expect(advance(heal, at(190))).toEqual({ data: false, whole: false })
    noteMet(heal, 'b')
    expect(advance(heal, at(200))).toEqual({ data: true, whole: true })
    expect(heal.dataMs).toBe(80)
  })

  test('not while those who are back were only overheard: their links are still to come', () => {
    const heal = lost('a', 'b')
    expect(advance(heal, at(150))).toEqual({ data: false, whole: false })
    noteReturn(heal, 'a', 160)
    noteTaken(heal, 'text', 300)
    expect(advance(heal, at(310)).data).toBe(false)
    noteMet(heal, 'a')
    expect(advance(heal, at(320)).data).toBe(true)
    expect(heal.dataMs).toBe(200)
  })

  test('and nobody is waited for longer than a while', () => {
    const heal = lost('a', 'b')
    expect(advance(heal, at(2_099)).data).toBe(false)
    expect(advance(heal, at(2_100)).data).toBe(true)
  })
})
