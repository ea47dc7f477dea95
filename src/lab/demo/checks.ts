// The verdict: from what the nodes' own interfaces report at the end, and from what was sent, a list
// of checks that each pass or fail for a stated reason. Pure, so that every check is shown to fail.

import type { TextReport } from '../../api/contract.ts'
import { type Check, type Evidence, type Outcast, type Witness, few, short } from './evidence.ts'
import { goesOn, healTold, liarNamed, lieProven, lieShown, saidTwoThings } from './lie-checks.ts'

/** Characters of a root that are shown: the whole one is in what each node reports. */
const ROOT_SHOWN = 32

/** Every check, in the order in which they are told. */
export function judge(evidence: Evidence): readonly Check[] {
  return [
    wereApart(evidence),
    equalRoots(evidence),
    equalVectors(evidence),
    equalOrder(evidence),
    onceEach(evidence),
    nothingLost(evidence),
    everyTextOpens(evidence),
    saidTwoThings(evidence),
    lieShown(evidence),
    liarNamed(evidence),
    lieProven(evidence),
    goesOn(evidence),
    healTold(evidence),
    equalMembers(evidence),
    oneEpoch(evidence),
    ...(evidence.outcast === undefined ? [] : [staysOut(evidence, evidence.outcast)]),
  ]
}

/** A split that cut nothing proves nothing: each side holds its own new texts and none of the other's. */
function wereApart({ nodes, apart }: Evidence): Check {
  const wrong = apart.sides.flatMap((side) =>
    side.flatMap((place) => {
      const held = apart.held[place] ?? new Set<string>()
      return apart.sent
        .filter((text) => side.includes(text.place) !== held.has(text.id))
        .map((text) => `${nodes[place]?.name ?? place} and ${text.number}`)
    }),
  )
  const both = apart.sides.every((side) => apart.sent.some((text) => side.includes(text.place)))
  const said = apart.sides.map((side) => apart.sent.filter((text) => side.includes(text.place)))
  return {
    name: 'split-real',
    ok: both && wrong.length === 0,
    detail:
      wrong.length > 0
        ? `wrong on its side: ${few(wrong)}`
        : `${said.map((texts) => texts.length).join(' and ')} texts stayed on their sides`,
  }
}

function equalRoots({ nodes }: Evidence): Check {
  const roots = nodes.map(({ group }) => group?.root)
  const ok = allEqual(roots) && roots[0] !== undefined
  const shown = ok
    ? `one root, ${roots[0]?.slice(0, ROOT_SHOWN) ?? ''}...`
    : named(nodes, ({ group }) => short(group?.root))
  return { name: 'roots-equal', ok, detail: shown }
}

function equalVectors({ nodes }: Evidence): Check {
  const vectors = nodes.map(({ group }) => sorted(group?.vector ?? {}))
  const ok = allEqual(vectors) && vectors[0] !== '[]'
  const messages = nodes.map(({ group }) => group?.messages ?? 0)
  const detail = ok
    ? `${messages[0] ?? 0} messages of ${Object.keys(nodes[0]?.group?.vector ?? {}).length} authors`
    : `messages held: ${messages.join(', ')}`
  return { name: 'vectors-equal', ok, detail }
}

/** `final` and `late` say what this node knows and saw; all else must be the same everywhere. */
function equalOrder({ nodes }: Evidence): Check {
  const orders = nodes.map(({ rows }) => rows.map(common))
  const [first = []] = orders
  const other = orders.findIndex((order) => JSON.stringify(order) !== JSON.stringify(first))
  if (other < 0) {
    return { name: 'order-equal', ok: true, detail: `${first.length} rows, alike on every node` }
  }
  const theirs = orders[other] ?? []
  const longest = Math.max(first.length, theirs.length)
  const row = Array.from({ length: longest }, (_, place) => place).find(
    (place) => first[place] !== theirs[place],
  )
  const detail = `${nodes[0]?.name ?? ''} and ${nodes[other]?.name ?? ''} differ at row ${row ?? 0}`
  return { name: 'order-equal', ok: false, detail }
}

function onceEach({ nodes, sent, lie }: Evidence): Check {
  const wrong = nodes.flatMap(({ name, rows }) => {
    const counts = countBy(rows.map((row) => row.id))
    const numbers = countBy(rows.map((row) => row.number))
    return [
      ...sent.filter(({ id }) => (counts.get(id) ?? 0) > 1).map((text) => text.number),
      ...[...numbers]
        .filter(([number, count]) => count > (number === lie.said[0]?.number ? lie.said.length : 1))
        .map(([number]) => number),
      ...rows.filter(({ id }) => !sent.some((text) => text.id === id)).map((row) => row.number),
    ].map((number) => `${number} on ${name}`)
  })
  const detail =
    wrong.length === 0 ? 'no text twice, none that nobody sent' : `twice or foreign: ${few(wrong)}`
  return { name: 'texts-once', ok: wrong.length === 0, detail }
}

function nothingLost({ nodes, sent }: Evidence): Check {
  const lost = nodes.flatMap(({ name, rows }) => {
    const ids = new Set(rows.map((row) => row.id))
    return sent.filter(({ id }) => !ids.has(id)).map((text) => `${text.number} on ${name}`)
  })
  const ok = lost.length === 0 && sent.length > 0
  const detail = ok ? `${sent.length} texts on ${nodes.length} nodes` : `missing: ${few(lost)}`
  return { name: 'texts-all', ok, detail }
}

/** Of whoever was removed during the split, what no leader had heard may be withdrawn: everywhere. */
function everyTextOpens({ nodes, sent, apart, outcast }: Evidence): Check {
  const said = new Map(sent.map(({ id, text }) => [id, text]))
  const theirs = apart.sent.filter(({ place }) => place === outcast?.place)
  const unheard = new Set(theirs.map(({ id }) => id))
  const excused = (row: TextReport) => row.state === 'withdrawn' && unheard.has(row.id)
  const wrong = nodes.flatMap(({ name, group, rows }) => [
    ...rows
      .filter((row) => !excused(row))
      .filter((row) => row.state !== 'ok' || row.text !== (said.get(row.id) ?? row.text))
      .map((row) => `${row.number} on ${name}`),
    ...((group?.undecryptable ?? 0) > 0 ? [`${group?.undecryptable ?? 0} on ${name}`] : []),
  ])
  const withdrawn = nodes[0]?.rows.filter(excused).length ?? 0
  const rest = withdrawn === 0 ? '' : `, ${withdrawn} of the removed withdrawn`
  const detail = wrong.length === 0 ? `every text as it was sent${rest}` : `not so: ${few(wrong)}`
  return { name: 'texts-open', ok: wrong.length === 0, detail }
}

function equalMembers({ nodes, outcast, lie }: Evidence): Check {
  const listed = nodes.map(({ standings }) => sorted(standings))
  const gone = [outcast?.member, lie.member]
  const states = Object.entries(nodes[0]?.standings ?? {})
  const right = states.every(
    ([member, state]) => state === (gone.includes(member) ? 'removed' : 'active'),
  )
  const ok = allEqual(listed) && right && states.length > 0
  const names = [...(outcast === undefined ? [] : [outcast.node.name]), lie.name]
  const removed = `${names.join(' and ')} removed`
  const detail = ok
    ? `${states.length} members on every node, ${removed}`
    : named(nodes, ({ standings }) => Object.values(standings).join(' '))
  return { name: 'members-equal', ok, detail }
}

/** Two colours during the split that are one afterwards. */
function oneEpoch({ nodes, apart }: Evidence): Check {
  const [here = [], there = []] = apart.epochs
  const two = here.length === 1 && there.length === 1 && here[0] !== there[0]
  const heads = nodes.map(({ group }) => group?.epochHeads.join(' ') ?? '')
  const [head = ''] = heads
  const ok = two && allEqual(heads) && head !== '' && !head.includes(' ')
  const shown = [here, there].map((ids) => ids.map(short).join(' ')).join(' and ')
  const end = ok
    ? short(head)
    : named(nodes, ({ group }) => `${group?.epochHeads.length ?? 0} heads`)
  return { name: 'one-epoch', ok, detail: `${shown} became ${end}` }
}

function staysOut({ sent }: Evidence, { node }: Outcast): Check {
  const forbidden = new Set(sent.filter(({ knew }) => knew).map(({ id }) => id))
  const opened = node.rows.filter((row) => row.text !== null && forbidden.has(row.id))
  const ok = opened.length === 0 && forbidden.size > 0
  const detail = ok
    ? `${node.name} opens none of ${forbidden.size} texts sent by who knew of the removal`
    : `opened: ${few(opened.map((row) => row.number))}`
  return { name: 'removed-out', ok, detail }
}

function common(row: TextReport): string {
  const { final: _final, late: _late, contentType, ...rest } = row
  const same = row.text === null ? rest : { ...rest, contentType }
  return sorted(same)
}

function sorted(value: object): string {
  return JSON.stringify(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function allEqual(values: readonly unknown[]): boolean {
  return values.every((value) => value === values[0])
}

function countBy(values: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}

function named(nodes: readonly Witness[], say: (node: Witness) => string): string {
  return nodes.map((node) => `${node.name} ${say(node)}`).join(', ')
}
