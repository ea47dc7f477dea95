// The workload on real nodes: founding the groups as people do, and each operation as the command that a
// person would give, through the local interface of the node that does it.

import { CoterieError } from '../../../base/error.ts'
import type { Outcome } from '../../protocol/port.ts'
import { watch } from '../../demo/wait.ts'
import type { GroupPlan, OperationEvent } from '../../scenario/materialised.ts'
import type { Mesh } from './mesh.ts'
import type { Witness } from './witness.ts'

const FOUND_MS_MAX = 60_000

/** Cards of the leaders, a group by the manager, a ticket, and everybody comes with it. @returns ids */
export function foundGroups(
  mesh: Mesh,
  groups: readonly GroupPlan[],
  policy: string,
): Promise<string[]> {
  return Promise.all(groups.map((plan, index) => found(mesh, plan, `group ${index}`, policy)))
}

async function found(
  mesh: Mesh,
  { members, leaders }: GroupPlan,
  name: string,
  policy: string,
): Promise<string> {
  const [first = 0, ...rest] = members
  const { api } = mesh.member(first)
  const cards = leaders
    .filter((node) => node !== first)
    .map(async (node) => {
      return (await mesh.member(node).api.call('POST /v1/card')).card
    })
  const body = { name, leaders: await Promise.all(cards), policy }
  const { group } = await api.call('POST /v1/groups', { body })
  const uses = Math.max(1, rest.length)
  const { ticket } = await api.call('POST /v1/groups/:id/invites', { id: group, body: { uses } })
  await Promise.all(rest.map((node) => join(mesh, node, ticket, FOUND_MS_MAX)))
  await settled(mesh, members, group)
  return group
}

async function join(mesh: Mesh, node: number, ticket: string, withinMs: number): Promise<void> {
  const { api } = mesh.member(node)
  const body = { ticket, waitMs: withinMs }
  await api.call('POST /v1/join', { body, timeoutMs: withinMs + 5_000 })
}

/** Until all hold the same, belong to it and are linked. @throws CoterieError TIMEOUT */
async function settled(mesh: Mesh, members: readonly number[], group: string): Promise<void> {
  const { done } = await watch({
    look: () =>
      Promise.all(
        members.map(async (node) => {
          const { groups } = await mesh.member(node).api.call('GET /v1/status')
          return groups.find((one) => one.group === group)
        }),
      ),
    until: (view) =>
      new Set(view.map((one) => `${one?.root} ${one?.epochHeads.join()}`)).size === 1 &&
      view.every((one) => one?.members === members.length && one.epochHeads.length === 1),
    boundMs: FOUND_MS_MAX,
    signal: mesh.signal,
  })
  if (!done) throw new CoterieError('TIMEOUT', 'The groups do not agree after founding.')
}

export interface Task {
  readonly event: OperationEvent
  readonly group: string
  readonly node: number
  readonly target: number | undefined
  /** Leaders of the group that run. */
  readonly hosts: readonly number[]
  readonly deadlineMs: number
}

/** Does one operation. Never throws: what went wrong is its outcome. */
export async function perform(mesh: Mesh, witness: Witness, task: Task): Promise<Outcome> {
  try {
    return await commanded(mesh, witness, task)
  } catch (error) {
    if (!(error instanceof CoterieError)) return { phase: 'info', reason: 'no reply' }
    return error.code === 'TIMEOUT'
      ? { phase: 'info', reason: 'no reply' }
      : { phase: 'fail', reason: error.code }
  }
}

async function commanded(mesh: Mesh, witness: Witness, task: Task): Promise<Outcome> {
  const { event, group: id, node, target, deadlineMs: timeoutMs } = task
  const { api } = mesh.member(node)
  switch (event.operation) {
    case 'read': {
      if (!witness.isMember(node)) return { phase: 'fail', reason: 'NOT_A_MEMBER' }
      await api.read(id)
      return { phase: 'ok' }
    }
    case 'send': {
      const text = `text ${event.id} `.padEnd(Math.max(event.bytes ?? 0, 1), '.')
      const body = { text }
      // Under the same number, as far as it goes.
      const other = { text: `${text} (not what others hear)` }
      const second = mesh.faces?.second(node)?.api
      void second
        ?.call('POST /v1/groups/:id/messages', { id, body: other, timeoutMs })
        .catch(() => undefined)
      const sent = await api.call('POST /v1/groups/:id/messages', { id, body, timeoutMs })
      return sent.id === null ? { phase: 'info', reason: 'held' } : done(sent.id)
    }
    case 'rekey':
      return done((await api.call('POST /v1/groups/:id/rotate', { id, timeoutMs })).id)
    case 'leave': {
      const body = { last: true }
      return done((await api.call('POST /v1/groups/:id/leave', { id, body, timeoutMs })).id)
    }
    case 'kick': {
      const member = target === undefined ? undefined : witness.memberAt(target)
      if (member === undefined) return { phase: 'fail', reason: 'no such member' }
      const route = 'POST /v1/groups/:id/members/:member/remove'
      await api.call(route, { id, member, timeoutMs })
      return { phase: 'ok' }
    }
    case 'join': {
      const host = target ?? task.hosts.find((one) => witness.leads(one))
      if (host === undefined) return { phase: 'fail', reason: 'no leader runs' }
      const route = 'POST /v1/groups/:id/invites'
      const asked = { id, body: { uses: 1 }, timeoutMs }
      const { ticket } = await mesh.member(host).api.call(route, asked)
      await join(mesh, node, ticket, timeoutMs)
      await witness.begin(node, event.group, id)
      return { phase: 'ok' }
    }
    case 'compromise':
    case 'recover-device':
      return { phase: 'fail', reason: `no ${event.operation} on real nodes` }
  }
}

const done = (id: string): Outcome => ({ phase: 'ok', m: id.slice(0, 16) })
