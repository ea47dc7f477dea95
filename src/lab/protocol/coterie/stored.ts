// Looks into the disk of a simulated node, as `read` does in a real one: the record of a message, and
// the text that it opens to with the key that the archive keeps.

import { createMemoryKeyring } from '../../../adapters/memory/keyring.ts'
import type { Rows } from '../../../adapters/memory/rows.ts'
import type { Bytes } from '../../../base/bytes.ts'
import type { Endpoint } from '../../../core/endpoint.ts'
import { archivedKeys, archiveRanges } from '../../../core/replica/archive.ts'
import type { TextReport } from '../../../core/report.ts'
import { Space, key } from '../../../core/storage.ts'

export interface Place {
  /** The group's number on that disk. */
  readonly number: number
  readonly line: number
  readonly counter: number
}

const keyring = createMemoryKeyring()

/** The stored record; the driver's marker before it is left out. */
export function recordAt(rows: Rows, { number, line, counter }: Place): Bytes | undefined {
  return rows.get(key(Space.message, number, line, counter))?.subarray(1)
}

/** A text as `read` would show it; undefined when it is no text or not there. */
export function textAt(
  machine: Endpoint,
  group: string,
  rows: Rows,
  place: Place,
): TextReport | undefined {
  const record = recordAt(rows, place)
  return record && machine.openText(group, record, place.line, archivedKey(rows, place))
}

function archivedKey(rows: Rows, { number, line, counter }: Place): Bytes | undefined {
  for (const range of archiveRanges(number, line, counter, counter + 1)) {
    for (const row of rows.read(range)) {
      const opened = keyring.open(row.key, row.value.subarray(1))
      const found = opened && archivedKeys(opened).get(counter)
      if (found !== undefined) return found
    }
  }
  return undefined
}

/** What a text is to whoever looks at a screen. */
export type TextState = 'shown' | 'undecryptable' | 'withdrawn' | 'sealed'

export function stateOf(text: TextReport | undefined): TextState {
  switch (text?.state) {
    case 'ok':
    case 'muted':
    case 'hidden':
      return 'shown'
    case 'withdrawn':
      return 'withdrawn'
    case 'undecryptable':
      return 'undecryptable'
    default:
      return 'sealed'
  }
}
