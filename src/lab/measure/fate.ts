// What became of each text by the end of the run, seen from those who belong to its group then. One
// definition for the metrics `lost`, `withdrawn`, `undecryptable` and for the checker of loss.

import type { Ledger, MessageEntry } from './ledger.ts'

export interface Fate {
  readonly message: MessageEntry
  readonly kind: 'stable' | 'lost' | 'withdrawn' | 'never due'
  /** Members who ought to have it in the end, its author apart. */
  readonly due: readonly number[]
  /** Of those: who does not hold it, and who holds it and cannot read it. */
  readonly missing: readonly number[]
  readonly unread: readonly number[]
}

/** The fates of all texts, in order of acceptance. */
export function fatesOf(ledger: Ledger): Fate[] {
  const members = ledger.finalMembers()
  return [...ledger.messages.values()]
    .filter(({ text }) => text)
    .map((message) =>
      ledger.liars.has(message.author) || isLeftOutside(ledger, message)
        ? { message, kind: 'never due', due: [], missing: [], unread: [] }
        : fateOf(ledger, message, members[message.group] ?? new Set()),
    )
}

/** Whether it was said outside of the core and never came in. */
function isLeftOutside({ core }: Ledger, { author, heldUs }: MessageEntry): boolean {
  return core !== undefined && ![author, ...heldUs.keys()].some((node) => core.nodes.includes(node))
}

function fateOf(ledger: Ledger, message: MessageEntry, members: ReadonlySet<number>): Fate {
  const { author, audience, heldUs, readUs, hidden } = message
  const due = audience.filter(
    (node) => node !== author && members.has(node) && ledger.isFor(message, node),
  )
  const missing = due.filter((node) => !heldUs.has(node))
  const taken = [...hidden].some((node) => members.has(node))
  // Whoever was removed may have gone on speaking where nobody had heard of it.
  const disowned = !members.has(author) && missing.length === due.length
  const withdrawn = taken || (disowned && due.length > 0)
  const unread = withdrawn ? [] : due.filter((node) => heldUs.has(node) && !readUs.has(node))
  if (withdrawn) return { message, kind: 'withdrawn', due, missing, unread }
  if (due.length === 0) return { message, kind: 'never due', due, missing, unread }
  return { message, kind: missing.length > 0 ? 'lost' : 'stable', due, missing, unread }
}
