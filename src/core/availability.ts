/**
 * What works where: each operation on a side of a split with a leader, on one without, and for a member alone. One
 * table, from which the documents are written (scripts/availability.ts) and which tests try cell by cell
 * in simulated splits (test/property/availability.test.ts).
 */
import type { ErrorCode } from '../base/error.ts'

/** Where an operation is asked for. Who is alone leads nothing: a leader alone is a side with a leader. */
export const sides = ['leader', 'leaderless', 'alone'] as const
export type Side = (typeof sides)[number]

export type Operation =
  | 'send'
  | 'read'
  | 'attest'
  | 'leave'
  | 'send --ack quorum'
  | 'read --final'
  | 'invite'
  | 'remove'
  | 'rotate'
  | 'rename'
  | 'mute'
  | 'hide'
  | 'join'
  | 'send after a removal was heard of'
  | 'prove'
  | 'get keys that one lacks'

/** works: done here at once. waits: kept, and done once somebody who can is back. refused: with a code. */
export type Outcome =
  | { readonly outcome: 'works' | 'waits' }
  | { readonly outcome: 'refused'; readonly code: ErrorCode }

export type Cell = Outcome & {
  /** In the words of the documents. */
  readonly says: string
}

export interface Row {
  readonly operations: readonly Operation[]
  readonly cells: Readonly<Record<Side, Cell>>
}

const works = (says = 'yes'): Cell => ({ outcome: 'works', says })
const waits = (says: string): Cell => ({ outcome: 'waits', says })
const refused = (code: ErrorCode): Cell => ({ outcome: 'refused', code, says: `no: \`${code}\`` })

const everywhere = { leader: works(), leaderless: works(), alone: works() }
const notALeader = refused('NOT_A_LEADER')

export const availability: readonly Row[] = [
  { operations: ['send', 'read', 'attest'], cells: everywhere },
  {
    operations: ['send --ack quorum'],
    cells: {
      leader: works('acknowledged, where most leaders are reached; else unknown'),
      leaderless: waits('unknown; it spreads all the same'),
      alone: waits('unknown; it spreads later'),
    },
  },
  {
    operations: ['read --final'],
    cells: {
      leader: works('goes on, where every leader that neither left nor lied is here'),
      leaderless: waits('stands still until they are back'),
      alone: waits('stands still until they are back'),
    },
  },
  {
    operations: ['invite', 'remove', 'rotate', 'rename', 'mute', 'hide'],
    cells: { leader: works('yes, by any leader'), leaderless: notALeader, alone: notALeader },
  },
  {
    operations: ['join'],
    cells: {
      leader: works('yes, if that leader wrote the ticket'),
      leaderless: waits('waits for who wrote the ticket'),
      alone: waits('waits for who wrote the ticket'),
    },
  },
  {
    operations: ['leave'],
    cells: {
      leader: works('yes, and keys change'),
      leaderless: works('yes; keys change when a leader hears of it'),
      alone: works('yes; the others hear of it later'),
    },
  },
  {
    operations: ['send after a removal was heard of'],
    cells: {
      leader: works('yes, under new keys'),
      leaderless: waits("held until a leader's new keys come"),
      alone: waits("held until a leader's new keys come"),
    },
  },
  {
    operations: ['prove'],
    cells: {
      leader: works('yes, and the liar is removed'),
      leaderless: works('yes; the removal waits for a leader'),
      alone: works('yes, by what is held here'),
    },
  },
  {
    operations: ['get keys that one lacks'],
    cells: {
      leader: works('yes, as the policy says'),
      leaderless: works('yes, of any member'),
      alone: waits('waits for somebody to ask'),
    },
  },
]

export const cellOf = (operation: Operation, side: Side): Cell => {
  const row = availability.find(({ operations }) => operations.includes(operation))
  if (row === undefined) throw new Error(`no row for ${operation}`)
  return row.cells[side]
}

/** Commands as code, the rest as words. */
const nameOf = (operation: Operation): string =>
  operation.includes('--') ? `\`${operation}\`` : operation

/** The table as the documents have it, one line a row. */
export const availabilityLines = (): string[] => [
  '| operation | side with a leader | side without | alone |',
  '| --- | --- | --- | --- |',
  ...availability.map(({ operations, cells }) => {
    const said = sides.map((side) => cells[side].says)
    return `| ${[operations.map(nameOf).join(', '), ...said].join(' | ')} |`
  }),
]
