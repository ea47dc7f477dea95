// The fold of Metas against the definition, read slowly: of the writes of one key those on which no
// other builds, the lowest place first, then the greatest counter, then the greatest id. On random
// histories with forks, in every drawn order of arrival, with a part of them closed to the reader.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../../../src/base/random.ts'
import type { MetaWrite } from '../../../../src/core/command.ts'
import { type MetaEntry, keyOf } from '../../../../src/core/meta/body.ts'
import type { PlacedWrite } from '../../../../src/core/meta/fold.ts'
import { type HeldMeta, foldMeta, shownAs, stateOf } from '../../../../src/core/meta/fold.ts'

/** One Meta of a history, with its whole past by id. */
interface Told {
  readonly meta: HeldMeta
  readonly past: ReadonlySet<string>
}

const ids = (number: number): string => number.toString(16).padStart(64, '0')
const [m1, m2] = [ids(0xa1), ids(0xa2)] as [string, string]

const writeOf = (random: SeededRandom): MetaWrite => {
  const on = random.below(2) === 1
  const member = random.below(2) === 0 ? m1 : m2
  const drawn: MetaWrite[] = [
    { kind: 'name', name: `name ${String(random.below(5))}` },
    { kind: 'topic', topic: `topic ${String(random.below(5))}` },
    { kind: 'mute', member, on },
    { kind: 'types', member, types: on ? ['image/*'] : [] },
    { kind: 'hide', message: member, on },
  ]
  return drawn[random.below(drawn.length)] as MetaWrite
}

/** A DAG of Metas by three leaders, each on a line of its own or, now and then, on a second one. */
function history(seed: string, length: number): Told[] {
  const random = new SeededRandom(seed)
  const told: Told[] = []
  const tips = new Map<number, Told>()
  for (let at = 0; at < length; at++) {
    const leader = random.below(3)
    const line = random.below(8) === 0 ? leader + 3 : leader
    const prev = tips.get(line)
    const heard = told.filter(() => random.below(4) === 0)
    const past = new Set<string>()
    for (const one of prev === undefined ? heard : [prev, ...heard]) {
      past.add(one.meta.id)
      for (const id of one.past) past.add(id)
    }
    const counter = (prev?.meta.counter ?? -1) + 1
    const seen = new Map<number, number>([[line, counter + 1]])
    for (const one of told) {
      if (!past.has(one.meta.id)) continue
      seen.set(one.meta.line, Math.max(seen.get(one.meta.line) ?? 0, one.meta.counter + 1))
    }
    const entries = entriesFor(random, told, past)
    // Ids do not follow the order in which things were said.
    const id = ids(random.below(0xffff) * 0x10000 + at)
    const made = { meta: { id, leader, line, counter, seen, epoch: '', entries }, past }
    told.push(made)
    tips.set(line, made)
  }
  return told
}

/** One or two writes of one's own, and now and then what somebody said before, word for word. */
function entriesFor(
  random: SeededRandom,
  told: readonly Told[],
  past: ReadonlySet<string>,
): MetaEntry[] {
  const own: MetaEntry[] = [{ of: '', write: writeOf(random) }]
  const other = writeOf(random)
  if (keyOf(other) !== keyOf(own[0]?.write as MetaWrite)) own.push({ of: '', write: other })
  const again = told
    .filter(({ meta }) => past.has(meta.id) && random.below(6) === 0)
    .flatMap(({ meta }) =>
      (meta.entries ?? [])
        .filter(({ of }) => of === '')
        .map(({ write }) => ({ of: meta.id, write })),
    )
  return [...own, ...again]
}

type Rule = (a: Told, b: Told) => boolean

const byPrecedence: Rule = (a, b) =>
  a.meta.leader !== b.meta.leader
    ? a.meta.leader < b.meta.leader
    : a.meta.counter !== b.meta.counter
      ? a.meta.counter > b.meta.counter
      : a.meta.id > b.meta.id

const builds: Rule = (later, earlier) => later.past.has(earlier.meta.id)

/** The definition, by looking at every pair. `beats` and `wins` may be planted wrong. */
function reference(told: readonly Told[], beats: Rule = builds, wins: Rule = byPrecedence) {
  const writes = told.flatMap((one) =>
    (one.meta.entries ?? [])
      .filter(({ of }) => of === '')
      .map(({ write }) => ({ one, write, key: keyOf(write) })),
  )
  const state = new Map<string, MetaWrite>()
  for (const key of new Set(writes.map((each) => each.key))) {
    const all = writes.filter((each) => each.key === key)
    const standing = all.filter((each) => !all.some((other) => beats(other.one, each.one)))
    const winner = standing.find((each) =>
      standing.every((other) => other === each || wins(each.one, other.one)),
    )
    if (winner !== undefined) state.set(key, winner.write)
  }
  return state
}

const folded = (told: readonly Told[]): Map<string, MetaWrite> =>
  new Map(
    [...foldMeta(new Map(told.map(({ meta }) => [meta.id, meta])))].map(([key, [first]]) => [
      key,
      first?.write as MetaWrite,
    ]),
  )

const sorted = (state: ReadonlyMap<string, MetaWrite>): string =>
  JSON.stringify([...state].sort(([a], [b]) => (a < b ? -1 : 1)))

const seeds = Array.from({ length: 300 }, (_, i) => `fold ${String(i)}`)
const runs = seeds.map((seed) => history(seed, 14))

describe('the fold', () => {
  test('is what the definition says', () => {
    for (const told of runs) expect(sorted(folded(told))).toBe(sorted(reference(told)))
  })

  test('does not depend on the order of arrival', () => {
    fc.assert(
      fc.property(fc.nat(runs.length - 1), fc.infiniteStream(fc.nat()), (run, draws) => {
        const told = [...(runs[run] ?? [])]
        const mixed: Told[] = []
        while (told.length > 0) {
          const at = (draws.next().value as number) % told.length
          mixed.push(...told.splice(at, 1))
        }
        expect(sorted(folded(mixed))).toBe(sorted(folded(runs[run] ?? [])))
      }),
    )
  })

  test('is the same for those who know a part only from what was said again', () => {
    let closed = 0
    for (const told of runs) {
      const said = new Set(told.flatMap(({ meta }) => (meta.entries ?? []).map(({ of }) => of)))
      // Closed here: what others repeat whole, and what says nothing but its own.
      const part = told.map((one) => {
        if (!said.has(one.meta.id)) return one
        const alone = (one.meta.entries ?? []).every(({ of }) => of === '')
        if (!alone) return one
        closed += 1
        return { ...one, meta: { ...one.meta, entries: undefined } }
      })
      expect(sorted(folded(part))).toBe(sorted(folded(told)))
    }
    expect(closed).toBeGreaterThan(100)
  })

  /** What a newcomer holds: of the first seven nothing opens but what one message says again. */
  const newcomer = (told: readonly Told[], kept: (writes: readonly PlacedWrite[]) => number) => {
    const before = told.slice(0, 7)
    const maxima = foldMeta(new Map(before.map(({ meta }) => [meta.id, meta])))
    const said = [...maxima.values()].flatMap((writes) => writes.slice(0, kept(writes)))
    const seen = new Map(Array.from({ length: 6 }, (_, line) => [line, 99] as const))
    const entries = said.map(({ at, write }) => ({ of: at.id, write }))
    const by = { id: ids(1), leader: 0, line: 9, counter: 0, seen, epoch: '', entries }
    const closed = before.map((one) => ({ ...one, meta: { ...one.meta, entries: undefined } }))
    return [...closed, { meta: by, past: new Set<string>() }, ...told.slice(7)]
  }

  test('is the same for a newcomer who is told all writes on which no other builds', () => {
    for (const told of runs) {
      expect(sorted(folded(newcomer(told, (writes) => writes.length)))).toBe(sorted(folded(told)))
    }
    // The one that counts would not be enough: another may count when a later one beats it.
    const differ = runs.filter(
      (told) => sorted(folded(newcomer(told, () => 1))) !== sorted(folded(told)),
    )
    expect(differ.length).toBeGreaterThan(0)
  })

  test('says again nothing that lies outside its own past', () => {
    const [a, b] = history('outside', 2) as [Told, Told]
    const lie: MetaEntry = { of: a.meta.id, write: { kind: 'name', name: 'a lie' } }
    const seen = new Map([[b.meta.line, b.meta.counter + 1]])
    const metas = new Map([
      [a.meta.id, { ...a.meta, line: 7, entries: undefined }],
      [b.meta.id, { ...b.meta, seen, entries: [lie] }],
    ])
    expect(foldMeta(metas).size).toBe(0)
  })

  test('takes the word of the message itself over what others say it said', () => {
    const [a, b] = history('own word', 2) as [Told, Told]
    const entries: MetaEntry[] = [{ of: '', write: { kind: 'name', name: 'true' } }]
    const lie: MetaEntry = { of: a.meta.id, write: { kind: 'name', name: 'a lie' } }
    const seen = new Map([...b.meta.seen, [a.meta.line, a.meta.counter + 1]])
    const metas = new Map([
      [a.meta.id, { ...a.meta, entries }],
      [b.meta.id, { ...b.meta, line: 8, seen, entries: [lie] }],
    ])
    expect(stateOf(foldMeta(metas)).name).toBe('true')
  })
})

describe('the comparison can fail: a reference', () => {
  const numbers: Rule = (later, earlier) => later.meta.counter > earlier.meta.counter
  const mutants: [string, Rule, Rule][] = [
    ['that compares counters in place of pasts', numbers, byPrecedence],
    ['that lets nothing build on anything', () => false, byPrecedence],
    [
      'that prefers the highest place',
      builds,
      (a, b) => (a.meta.leader === b.meta.leader ? byPrecedence(a, b) : !byPrecedence(a, b)),
    ],
    [
      'that prefers the lowest counter',
      builds,
      (a, b) => (a.meta.leader === b.meta.leader ? !byPrecedence(a, b) : byPrecedence(a, b)),
    ],
    ['that prefers the greatest id', builds, (a, b) => a.meta.id > b.meta.id],
  ]
  test.each(mutants)('%s differs', (_, beats, wins) => {
    const differs = runs.filter(
      (told) => sorted(folded(told)) !== sorted(reference(told, beats, wins)),
    )
    expect(differs.length).toBeGreaterThan(0)
  })
})

test('a text is hidden itself, or muted with its author, or not of a type that is shown', () => {
  const state = {
    name: undefined,
    topic: '',
    muted: new Set(['mute']),
    hidden: new Set(['gone']),
    types: new Map([
      ['', ['text/*', 'image/png']],
      ['plain', ['text/plain']],
    ]),
  }
  const as = (id: string, member: string, contentType: string): string =>
    shownAs(state, { id, member, contentType })
  expect(as('gone', 'mute', 'video/mp4')).toBe('hidden')
  expect(as('1', 'mute', 'video/mp4')).toBe('muted')
  expect(as('1', 'any', 'video/mp4')).toBe('type')
  expect(as('1', 'any', 'Image/PNG; q=1')).toBe('ok')
  expect(as('1', 'any', 'text/markdown')).toBe('ok')
  expect(as('1', 'plain', 'text/markdown')).toBe('type')
  expect(as('1', 'plain', 'text/plain; charset=utf-8')).toBe('ok')
  expect(as('1', 'any', 'text')).toBe('type')
})
