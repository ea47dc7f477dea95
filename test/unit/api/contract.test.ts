// The tables that others rely on are complete: every error has an HTTP status, a meaning and an exit;
// every route stands in the description.
import { expect, test } from 'vitest'
import { errorAnswer, statusOfCode } from '../../../src/api/failure.ts'
import { Idempotency } from '../../../src/api/idempotency.ts'
import { describeApi } from '../../../src/api/openapi.ts'
import { routes } from '../../../src/api/routes.ts'
import { bodies, queries } from '../../../src/api/schema.ts'
import { CoterieError, type ErrorCode, errorTable } from '../../../src/base/error.ts'
import { exitOf } from '../../../src/cli/exit-code.ts'

const codes = Object.keys(errorTable) as ErrorCode[]

test.each(codes)('%s has a status, an exit and a sentence', (code) => {
  expect(statusOfCode[code]).toBeGreaterThanOrEqual(400)
  expect([1, 2, 3, 4, 5, 6, 7]).toContain(exitOf(code))
  expect(errorTable[code].meaning).toMatch(/^[A-Z].*\.$/)
  const { status, body } = errorAnswer(new CoterieError(code))
  expect(status).toBe(statusOfCode[code])
  expect(body).toEqual({
    v: 1,
    ok: false,
    error: { code, message: errorTable[code].meaning, hint: '' },
  })
})

test('nothing of a cause or a stack leaves with an error', () => {
  const cause = new Error('a secret')
  const text = JSON.stringify(errorAnswer(new CoterieError('TIMEOUT', 'late', { cause })))
  expect(text).not.toMatch(/secret|stack|\.ts/)
})

test('the description has every route and every body', () => {
  const { paths } = describeApi() as { paths: Record<string, Record<string, object>> }
  for (const name of [...Object.keys(routes), ...Object.keys(bodies), ...Object.keys(queries)]) {
    const [method = '', path = ''] = name.split(' ')
    const operation = paths[path.replaceAll(/:([a-z]+)/g, '{$1}')]?.[method.toLowerCase()]
    expect([name, operation !== undefined]).toEqual([name, true])
    expect('requestBody' in (operation ?? {})).toBe(Object.hasOwn(bodies, name))
  }
})

test('a failed message may be tried again under its key; memory of keys is bounded', async () => {
  const sent = new Idempotency<number>()
  let tries = 0
  const work = () => {
    tries += 1
    return tries === 1 ? Promise.reject(new Error('no')) : Promise.resolve(tries)
  }
  await expect(sent.once('k', 'r', work)).rejects.toThrow('no')
  await expect(sent.once('k', 'r', work)).resolves.toBe(2)
  await expect(sent.once('k', 'r', work)).resolves.toBe(2)
  for (let key = 0; key < 1_024; key++) await sent.once(String(key), 'r', work)
  await expect(sent.once('k', 'r', work)).resolves.toBe(1_027)
  expect(() => sent.once('', 'r', work)).toThrow(/idempotency key/)
})
