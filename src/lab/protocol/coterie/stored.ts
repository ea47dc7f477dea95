// Looks into the disk of a simulated node, as `read` does in a real one: the record of a message, and
// the text that it opens to with the key that the archive keeps.

import { createMemoryKeyring } from '../../../adapters/memory/keyring.ts'
import type { Rows } from '../../../adapters/memory/rows.ts'
import { type Bytes, readU32 } from '../../../base/bytes.ts'
import type { Endpoint } from '../../../core/endpoint.ts'
import { hexOf, idOf, parseHeader } from '../../../core/message/header.ts'
import { MessageType } from '../../../core/message/type.ts'
import { archivedKeys, archiveRanges } from '../../../core/replica/archive.ts'
import type { TextReport } from '../../../core/report.ts'
import { parseRecord } from '../../../core/transcript/row.ts'
import type { Crypto } from '../../../crypto/crypto.ts'
import { Space, key, within } from '../../../core/storage.ts'

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

/** In a message key: the space byte and the group's number stand before the line. */
const LINE_AT = 5

/** All texts of a group on that disk: which they are, whose, and where. */
export function* textsOn(rows: Rows, number: number, crypto: Crypto) {
  for (const row of rows.read(within(key(Space.message, number)))) {
    const record = parseRecord(row.value.subarray(1))
    if (!record.ok) continue
    const encoded = record.value.envelope.header
    const header = parseHeader(encoded)
    if (!header.ok || header.value.type !== MessageType.text) continue
    const [line, counter] = [readU32(row.key, LINE_AT), readU32(row.key, LINE_AT + 4)]
    const id = hexOf(idOf(crypto, encoded))
    yield { id, member: hexOf(header.value.member), line, counter }
  }
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
