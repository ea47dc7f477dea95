// Checks of the demo about the lie and the heal: two things were said under one number, all honest nodes
// name who did it and nobody else, the proof convinces a stranger, the group goes on, and every node
// reports the heal in figures.

import { type Check, type Evidence, few, short } from './evidence.ts'

/** Else there would be nothing to catch. */
export function saidTwoThings({ lie: { name, said } }: Evidence): Check {
  const [one, other] = said
  const number = one?.number ?? '?'
  const ok = said.length === 2 && number === other?.number && one?.id !== other.id
  const detail = `${name} ${ok ? 'said two things' : 'did not say two things'} under ${number}`
  return { name: 'lie-told', ok, detail }
}

/** Both stand in every transcript, and everybody reads both: nobody is left with one half of the lie. */
export function lieShown({ nodes, lie: { name, said } }: Evidence): Check {
  const wrong = nodes.filter(({ rows }) =>
    said.some(({ id, text }) => {
      const row = rows.find((one) => one.id === id)
      return row?.state !== 'ok' || row.text !== text
    }),
  )
  const ok = wrong.length === 0 && said.length === 2
  const detail = ok
    ? 'both of the two texts open on every node'
    : `not so on ${few(wrong.map((node) => node.name)) || name}`
  return { name: 'lie-shown', ok, detail }
}

/** The liar and nobody else. */
export function liarNamed({ nodes, lie: { name, member } }: Evidence): Check {
  const wrong = nodes.filter(
    ({ group }) => group?.equivocators.join() !== member || group.pending > 0,
  )
  const detail =
    wrong.length === 0
      ? `${name} and nobody else, by all ${nodes.length}`
      : `otherwise, or something waits: ${few(wrong.map((node) => node.name))}`
  return { name: 'liar-named', ok: wrong.length === 0, detail }
}

export function lieProven({ lie: { member, group, said, verified } }: Evidence): Check {
  const ids = said.map(({ id }) => id).toSorted()
  const shown = verified?.ids.toSorted() ?? []
  const fits =
    verified?.kind === 'proof' &&
    verified.member === member &&
    verified.group === group &&
    verified.number === said[0]?.number
  const ok = fits && ids.length === 2 && shown.join() === ids.join()
  const detail = ok
    ? 'a process with nothing but the file found both messages'
    : `the file shows ${few(shown.map(short)) || 'nothing'}`
  return { name: 'lie-proven', ok, detail }
}

/** What was said after the lie was known is on every node. */
export function goesOn({ nodes, after }: Evidence): Check {
  const behind = nodes.filter(({ rows }) => {
    const ids = new Set(rows.map((row) => row.id))
    return [...after].some((id) => !ids.has(id))
  })
  const ok = behind.length === 0 && after.size > 0
  const detail = ok
    ? `${after.size} texts since, on every node`
    : `${after.size} texts since, not all on ${few(behind.map(({ name }) => name)) || 'any node'}`
  return { name: 'goes-on', ok, detail }
}

/**
 * Each node that missed several reports this heal, from first link to last key, and on whose links: the first
 * that are back may bring what all the others hold. To whom only one was missing that one was absent, and
 * nothing was split.
 */
export function healTold({ nodes, apart, healedAt }: Evidence): Check {
  const missed = (from: number): readonly string[] => {
    const others = apart.sides.find((side) => !side.includes(from)) ?? []
    return nodes.filter(({ place }) => others.includes(place)).map(({ member }) => member)
  }
  const severed = nodes.filter(({ place }) => missed(place).length > 1)
  const wrong = severed.filter(({ group, place }) => {
    const heal = group?.lastHeal
    const met = missed(place).some((member) => heal?.returned.includes(member))
    return !heal?.whole || heal.start < healedAt || !met
  })
  const longest = Math.max(...severed.map(({ group }) => group?.lastHeal?.healMs ?? 0))
  const ok = wrong.length === 0 && severed.length > 0
  const detail = ok
    ? `by ${few(severed.map(({ name }) => name))}: at most ${longest} ms from the first link`
    : `not, or not this one: ${few(wrong.map(({ name }) => name))}`
  return { name: 'heal-told', ok, detail }
}
