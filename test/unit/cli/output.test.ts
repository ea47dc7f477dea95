// What reaches a terminal: nothing that a peer wrote can move its cursor, colour it or reorder it.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CoterieError } from '../../../src/base/error.ts'
import { Output } from '../../../src/cli/output.ts'
import { fields, table, width } from '../../../src/cli/output/table.ts'
import { visible } from '../../../src/cli/output/visible.ts'

const obeyed = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u

interface Printed {
  out: Output
  stdout: () => string
  stderr: () => string
}

function output(options: { json?: boolean; tty?: boolean; env?: Record<string, string> }): Printed {
  const written = { stdout: '', stderr: '' }
  const sink = (name: 'stdout' | 'stderr') => ({
    isTTY: options.tty,
    write: (text: string, done: () => void) => {
      written[name] += text
      done()
    },
  })
  const out = new Output({
    json: options.json ?? false,
    quiet: false,
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    env: options.env ?? {},
    onClosed: () => undefined,
  })
  return { out, stdout: () => written.stdout, stderr: () => written.stderr }
}

/** Texts made of what terminals obey and of everything else. */
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '\u001b[2J',
        '\u001b]0;title\u0007',
        '\u202e',
        '\u2028',
        '\r\n',
        '\u009b',
        '\u{e0041}',
      ),
    ),
  )
  .map((parts) => parts.join(''))

describe('visible', () => {
  test('leaves ordinary text in any script as it is', () => {
    for (const text of ['hello', 'grüße', 'шалом', 'שלום', 'नमस्ते', '你好', '👩‍👩‍👧 ok', 'a\\b']) {
      expect(visible(text)).toBe(text)
    }
  })

  test('spells out what would be obeyed', () => {
    expect(visible('a\u001b[31mb')).toBe('a\\x1b[31mb')
    expect(visible('x\ny\tz\r')).toBe('x\\ny\\tz\\r')
    expect(visible('ab\u202ecd')).toBe('ab\\u{202e}cd')
    expect(visible('\u{e0041}\ud800')).toBe('\\u{e0041}\\u{d800}')
  })

  test('nothing obeyed is left in any text, and safe text never changes again', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const safe = visible(text)
        expect(safe).not.toMatch(obeyed)
        expect(visible(safe)).toBe(safe)
        expect(safe).not.toMatch(/\p{Surrogate}/u)
      }),
    )
  })
})

test('whatever is printed for people holds no control but line ends and our own colours', async () => {
  await fc.assert(
    fc.asyncProperty(hostile, fc.boolean(), async (text, tty) => {
      const { out, stdout, stderr } = output({ tty })
      await out.result({}, () => [
        text,
        [text, { text, style: 'bad' }],
        ...table(['name', 'x'], [[text, text]]),
        ...fields([['name', text]]),
      ])
      await out.talk(text)
      await out.failure(new CoterieError('AMBIGUOUS', text, { hint: text }))
      for (const printed of [stdout(), stderr()]) {
        const stripped = printed.replaceAll(/\u001b\[[0-9]{1,2}m/g, tty ? '' : 'escape')
        for (const line of stripped.split('\n')) expect(line).not.toMatch(obeyed)
      }
      expect(stdout().split('\n')).toHaveLength(6)
    }),
  )
})

test('JSON stays exact', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (text) => {
      const { out, stdout } = output({ json: true })
      await out.result({ text }, () => [])
      expect(stdout().split('\n')).toHaveLength(2)
      expect(JSON.parse(stdout())).toEqual({ v: 1, ok: true, text })
    }),
  )
})

test('an error is one object on stdout with JSON, two lines on stderr without', async () => {
  const error = new CoterieError('CARD_USED', 'No.', { hint: 'Mint another.' })
  const json = output({ json: true })
  await json.out.failure(error)
  expect(JSON.parse(json.stdout())).toEqual({
    v: 1,
    ok: false,
    error: { code: 'CARD_USED', message: 'No.', hint: 'Mint another.' },
  })
  expect(json.stderr()).toBe('')
  const people = output({})
  await people.out.failure(error)
  expect(people.stdout()).toBe('')
  expect(people.stderr()).toBe('coterie: CARD_USED: No.\nnext: Mint another.\n')
})

test('colours only on a terminal, and never with NO_COLOR', async () => {
  for (const [tty, env, coloured] of [
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [true, { TERM: 'dumb' }, false],
  ] as const) {
    const { out, stdout } = output({ tty, env })
    await out.result({}, () => [{ text: 'x', style: 'good' }])
    expect(stdout()).toBe(coloured ? '\u001b[32mx\u001b[0m\n' : 'x\n')
  }
})

test('a table lines up, wide characters and hidden ones included', async () => {
  const { out, stdout } = output({})
  await out.result({}, () =>
    table(
      ['name', 'state', 'why'],
      [
        ['ada', { text: 'healthy', style: 'good' }, 'all well'],
        ['你好', 'x', ''],
        ['é\u0301', 'y', 'combining'],
        ['\u202eevil', 'z', 'a\nb'],
      ],
    ),
  )
  expect(stdout()).toMatchInlineSnapshot(`
    "NAME          STATE    WHY
    ada           healthy  all well
    你好          x        
    é́             y        combining
    \\u{202e}evil  z        a\\nb
    "
  `)
  expect([width('ab'), width('你好'), width('👍'), width('é')]).toEqual([2, 4, 2, 1])
})
