// When an attestation is owed: after what was received, after many messages of one's own, and never
// because of attestations or prekeys.
import { describe, expect, test } from 'vitest'
import {
  ATTEST_AFTER_MESSAGES,
  ATTEST_INTERVAL_MS,
  ATTEST_JITTER_MS,
} from '../../../../src/base/limits.ts'
import type { Attesting } from '../../../../src/core/attestation/due.ts'
import {
  attestDue,
  call,
  callsForAttest,
  createAttesting,
  noteAttested,
  noteOwn,
  noteReceived,
} from '../../../../src/core/attestation/due.ts'
import { MessageType } from '../../../../src/core/message/type.ts'
import { emptyVector, withCount } from '../../../../src/core/transcript/vector.ts'

const text = (line: number, counter: number) => ({ type: MessageType.text, line, counter })

const received = (...texts: [line: number, counter: number][]): Attesting => {
  const state = createAttesting()
  texts.forEach(([line, counter], i) => noteReceived(state, text(line, counter), i * 1_000, 0))
  return state
}

describe('an attestation is due', () => {
  test('a minute after the first message that was received, later ones do not put it off', () => {
    const state = received([1, 4], [2, 7], [1, 5])
    expect(attestDue(state)).toEqual({ cause: 'received', atMs: ATTEST_INTERVAL_MS })
  })

  test('not of all members at the same moment', () => {
    const state = createAttesting()
    noteReceived(state, text(0, 1), 0, 0.999)
    const { atMs = 0 } = attestDue(state) ?? {}
    expect(atMs).toBeGreaterThan(ATTEST_INTERVAL_MS)
    expect(atMs).toBeLessThan(ATTEST_INTERVAL_MS + ATTEST_JITTER_MS)
  })

  test('at once after so many of one\u2019s own, and not one earlier', () => {
    const state = createAttesting()
    for (let i = 1; i < ATTEST_AFTER_MESSAGES; i++) noteOwn(state, text(0, i), i)
    expect(attestDue(state)).toBeUndefined()
    noteOwn(state, text(0, ATTEST_AFTER_MESSAGES), 99)
    expect(attestDue(state)).toEqual({ cause: 'own', atMs: 99 })
  })

  test('never because of attestations and prekeys, by whomever and however many', () => {
    const state = createAttesting()
    for (const type of [MessageType.attest, MessageType.prekey]) {
      expect(callsForAttest(type)).toBe(false)
      for (let i = 0; i < 2 * ATTEST_AFTER_MESSAGES; i++) {
        noteOwn(state, { type, line: 0, counter: i }, 0)
        noteReceived(state, { type, line: 1, counter: i }, 0, 0)
      }
    }
    expect(attestDue(state)).toBeUndefined()
  })

  test('by every other type, the ones of later versions included', () => {
    const types = [0, 1, 2, 4, 5, 6, 7, 8, 10, 11, 13, 14, 128]
    expect(types.filter((type) => !callsForAttest(type))).toEqual([])
  })

  test('first for the cause that comes first', () => {
    const state = received([1, 4])
    call(state, 'healed', 700)
    call(state, 'healed', 900)
    expect(attestDue(state)).toEqual({ cause: 'healed', atMs: 700 })
  })
})

describe('an attestation settles', () => {
  test('everything in its past, and every cause', () => {
    const state = received([1, 4], [2, 7])
    call(state, 'healed', 5)
    noteAttested(state, withCount(withCount(emptyVector, 1, 5), 2, 9))
    expect(attestDue(state)).toBeUndefined()
    expect(state.owed.size).toBe(0)
  })

  test('nothing beyond: what is left stays due when it was', () => {
    const state = received([1, 4], [2, 7])
    noteAttested(state, withCount(withCount(emptyVector, 1, 5), 2, 7))
    expect(state.owed).toEqual(new Map([[2, 8]]))
    expect(attestDue(state)).toEqual({ cause: 'received', atMs: ATTEST_INTERVAL_MS })
  })

  test('what one had written oneself', () => {
    const state = createAttesting()
    for (let i = 0; i < ATTEST_AFTER_MESSAGES - 1; i++) noteOwn(state, text(0, i), 0)
    noteAttested(state, emptyVector)
    noteOwn(state, text(0, 99), 0)
    expect(attestDue(state)).toBeUndefined()
  })
})
