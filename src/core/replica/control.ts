/**
 * Control messages as a replica keeps them: one entry of the control log each, on disk in short, and
 * what memory derives from it, which is the same fresh or reloaded.
 */
import type { Put } from '../effect.ts'
import { hexOf } from '../message/header.ts'
import { Space, key } from '../storage.ts'
import { appendControl } from '../transcript/control-log.ts'
import type { ControlEntry } from '../transcript/control-log.ts'
import type { Row } from '../transcript/row.ts'
import type { ControlInfo } from '../validity/context.ts'
import { encodeControl } from './records.ts'
import type { Replica } from './state.ts'

/** Requests whose member is now admitted wait no longer. */
export const answered = (replica: Replica, info: ControlInfo): Put[] => {
  if (info.kind !== 'roster') return []
  return info.changes.flatMap((change) => {
    if (change.kind !== 'admit') return []
    const { admission } = change.facts
    if (!replica.requests.delete(hexOf(admission))) return []
    return [{ key: key(Space.request, replica.number, admission), value: null }]
  })
}

export const noteControl = (
  replica: Replica,
  row: Row,
  past: readonly number[],
  info: ControlInfo,
): Put => {
  const entry: ControlEntry<ControlInfo> = {
    sequence: replica.transcript.control.entries.length,
    id: row.id,
    type: row.type,
    member: row.member,
    line: row.line,
    counter: row.counter,
    lamport: row.lamport,
    past,
    info,
  }
  appendControl(replica.transcript.control, entry)
  registerControl(replica, entry)
  return {
    key: key(Space.control, replica.number, entry.sequence),
    value: encodeControl(entry),
  }
}

/** What memory derives from a control message, fresh or reloaded. */
export const registerControl = (replica: Replica, entry: ControlEntry<ControlInfo>): void => {
  replica.changed = true
  const { info } = entry
  if (info.kind === 'epoch') {
    replica.jurisdiction.epochs.set(info.epoch.id, entry)
    return
  }
  if (info.kind !== 'roster') return
  for (const change of info.changes) {
    if (change.kind === 'admit') replica.facts.set(change.facts.member, change.facts)
    if (change.kind === 'accuse') replica.accused.add(change.member)
  }
}
