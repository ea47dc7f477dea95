// What the system reports becomes one of this package's errors, wherever in a chain of causes it lies.
import { expect, test } from 'vitest'
import { CoterieError } from '../../../src/base/error.ts'
import { toCoterieError } from '../../../src/node/failure.ts'

const errno = (code: string, cause?: unknown) =>
  Object.assign(new Error(`${code}: it failed`, { cause }), { code })

test.each([
  [errno('ENOSPC'), 'DISK_FULL'],
  [errno('EADDRINUSE'), 'PORT_IN_USE'],
  [errno('EACCES'), 'PERMISSION'],
  [errno('LEVEL_DATABASE_NOT_OPEN', errno('LEVEL_LOCKED')), 'DATA_DIR_LOCKED'],
  [new AggregateError([errno('E_OTHER'), errno('EADDRINUSE')], 'all failed'), 'PORT_IN_USE'],
  [new Error('IO error: /x/LOG: No space left on device'), 'DISK_FULL'],
  [new Error('wrapped', { cause: new CoterieError('TIMEOUT') }), 'TIMEOUT'],
  [new Error('anything else'), 'INTERNAL'],
  ['a text', 'INTERNAL'],
  [undefined, 'INTERNAL'],
])('%s becomes %s', (error, code) => {
  expect(toCoterieError(error).code).toBe(code)
})

test('an error of ours stays the same', () => {
  const error = new CoterieError('CARD_USED')
  expect(toCoterieError(error)).toBe(error)
})

test('causes that form a circle end', () => {
  const first = new Error('first')
  first.cause = new Error('second', { cause: first })
  expect(toCoterieError(first)).toMatchObject({ code: 'INTERNAL', message: 'first' })
})
