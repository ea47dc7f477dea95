// What a replica has worked out from the messages that it holds, in the words of the reference model.
import { readU32, toHex } from '../../src/base/bytes.ts'
import { hexOf, idOf, parseHeader } from '../../src/core/message/header.ts'
import { isWithdrawn } from '../../src/core/replica/departures.ts'
import { currentContext } from '../../src/core/replica/state.ts'
import { Space, key, within } from '../../src/core/storage.ts'
import { parseRecord } from '../../src/core/transcript/row.ts'
import { type Bench, crypto } from './bench.ts'
import type { Derived } from './reference.ts'

/** In a message key: the space byte and the group's number, before the line. */
const LINE_AT = 5

const withdrawnOf = ({ rows, replica }: Bench): string[] =>
  rows.read(within(key(Space.message, replica.number))).flatMap((stored) => {
    const record = parseRecord(stored.value)
    const header = record.ok ? parseHeader(record.value.envelope.header) : record
    if (!record.ok || !header.ok) throw new Error('a record is damaged')
    const { member, counter } = header.value
    const gone = isWithdrawn(replica, toHex(member), readU32(stored.key, LINE_AT), counter)
    return gone ? [hexOf(idOf(crypto, record.value.envelope.header))] : []
  })

export function derivedOf(bench: Bench): Derived {
  const { roster, epochHeads } = currentContext(bench.replica)
  const members = [...roster.members.keys()].sort()
  return {
    standings: members.map((member) => [member, roster.members.get(member)?.standing ?? 0]),
    prekeys: members.map((member) => {
      const id = roster.members.get(member)?.prekey.id
      return [member, id === undefined ? '' : toHex(id)]
    }),
    withdrawn: withdrawnOf(bench).sort(),
    heads: [...epochHeads.keys()].sort(),
  }
}
