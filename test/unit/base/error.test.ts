// The table of error codes is complete, well formed and frozen, and the numbers are the promised ones.
import { describe, expect, test } from 'vitest'

import { CoterieError, type ErrorCode, errorTable } from '../../../src/base/error.ts'
import { fail, ok } from '../../../src/base/result.ts'

const codes = Object.keys(errorTable) as ErrorCode[]

const codesOfExit: Record<number, string> = {
  1: 'INTERNAL',
  2: 'USAGE',
  3: 'DAEMON_UNREACHABLE PEER_UNREACHABLE',
  4: 'GROUP_UNKNOWN MEMBER_UNKNOWN MESSAGE_UNKNOWN PEER_UNKNOWN PROTOCOL_UNKNOWN SCENARIO_UNKNOWN',
  5:
    'AMBIGUOUS ARCHIVE_INVALID CARD_INVALID CARD_USED COUNTER_EXHAUSTED NOT_A_LEADER NOT_A_MEMBER ' +
    'RECOVERED_NEEDS_REJOIN TEXT_TOO_LARGE TICKET_EXPIRED TICKET_INVALID TICKET_USED UNAUTHORISED',
  6: 'ACK_UNKNOWN JOIN_PENDING TIMEOUT',
  7:
    'ALREADY_INITIALISED DATA_DIR_LOCKED DISK_FULL FORMAT_TOO_NEW NOT_INITIALISED PERMISSION ' +
    'PORT_IN_USE UPGRADE_NEEDED',
}

describe('the table of errors', () => {
  test('gives every code its promised exit number', () => {
    const found = Object.entries(codesOfExit).map(([exit]) => [
      exit,
      codes
        .filter((code) => errorTable[code].exit === Number(exit))
        .sort()
        .join(' '),
    ])
    expect(Object.fromEntries(found)).toEqual(codesOfExit)
  })

  test('explains every code in one sentence', () => {
    for (const code of codes) {
      expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/)
      expect(errorTable[code].meaning).toMatch(/^[A-Z][^.]*\.$/)
    }
  })

  test('cannot be changed', () => {
    expect(Object.isFrozen(errorTable)).toBe(true)
    for (const code of codes) expect(Object.isFrozen(errorTable[code])).toBe(true)
  })
})

describe('an error', () => {
  test('takes meaning, group and exit number from the table', () => {
    const error = new CoterieError('NOT_A_LEADER')
    expect(error).toBeInstanceOf(Error)
    expect([error.name, error.code, error.group, error.exit, error.message, error.hint]).toEqual([
      'CoterieError',
      'NOT_A_LEADER',
      'usage',
      5,
      errorTable.NOT_A_LEADER.meaning,
      undefined,
    ])
  })

  test('carries what is known better, a hint and a cause', () => {
    const cause = new Error('EADDRINUSE')
    const error = new CoterieError('PORT_IN_USE', 'port 7400 is taken', { hint: 'use 0', cause })
    expect([error.message, error.hint, error.cause]).toEqual(['port 7400 is taken', 'use 0', cause])
  })
})

test('a result is a value or a reason', () => {
  expect([ok(1), fail('why')]).toEqual([
    { ok: true, value: 1 },
    { ok: false, error: 'why' },
  ])
})
