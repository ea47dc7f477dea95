// What random histories do to a group's membership: leaders remove members and accounts and re-key,
// members leave, whoever is gone comes back by a new ticket. And who is in at the end.
import type { SeededRandom } from '../../src/base/random.ts'
import type { CommandHandle } from '../../src/lab/world/node.ts'
import { type Mesh, everyone, groupOf } from './mesh.ts'

export interface Governed {
  readonly mesh: Mesh
  readonly random: SeededRandom
  readonly log: string[]
  readonly leaders: number
  /** Nodes that somebody removed, or that left. */
  readonly goners: Set<number>
}

const pick = <T>(random: SeededRandom, items: readonly T[]): T | undefined =>
  items.length === 0 ? undefined : items[random.below(items.length)]

/** What a running node believes about itself in the group. */
export const selfState = (mesh: Mesh, node: number): string | undefined => {
  if (!mesh.world.node(node).running) return undefined
  const group = groupOf(mesh, node)
  return group?.members.find(({ member }) => member === group.self)?.state
}

const isIn = (mesh: Mesh, node: number): boolean => {
  const state = selfState(mesh, node)
  return state === 'active' || state === 'dormant'
}

/** Leaders that run and have not left. */
const acting = ({ mesh, leaders }: Governed): number[] =>
  everyone(mesh).filter((node) => node < leaders && isIn(mesh, node))

const answered = (mesh: Mesh, handle: CommandHandle): boolean =>
  mesh.world.runUntil(() => handle.reply !== undefined, 5_000) && handle.reply?.ok === true

/** One change of who belongs, or of the keys. */
export function govern(run: Governed): void {
  const { random } = run
  const act = pick(random, [remove, remove, rotate, leave, rejoin, rejoin])
  act?.(run)
}

function remove(run: Governed): void {
  const { mesh, random, log } = run
  const leader = pick(random, acting(run))
  if (leader === undefined) return
  const members = groupOf(mesh, leader)?.members ?? []
  const victim = pick(
    random,
    members.filter(({ role, state }) => role === 'member' && state === 'active'),
  )
  if (victim === undefined) return
  const scope = random.below(3) === 0 ? 'account' : 'member'
  const target = scope === 'account' ? victim.account : victim.member
  log.push(`leader ${String(leader)} removes ${victim.name} (${scope})`)
  // In the world an account has one node.
  for (const node of everyone(mesh)) {
    if (mesh.world.node(node).peerId === victim.peerId) run.goners.add(node)
  }
  mesh.world.command(leader, { kind: 'remove-member', group: mesh.group, scope, target })
}

function rotate(run: Governed): void {
  const leader = pick(run.random, acting(run))
  if (leader === undefined) return
  run.log.push(`leader ${String(leader)} rotates`)
  run.mesh.world.command(leader, { kind: 'rotate', group: run.mesh.group })
}

/** Leader 0 stays, so that somebody can merge in the end. */
function leave(run: Governed): void {
  const { mesh, random, log } = run
  const node = pick(
    random,
    everyone(mesh).filter((one) => one > 0 && isIn(mesh, one)),
  )
  if (node === undefined || random.below(2) === 0) return
  log.push(`node ${String(node)} leaves`)
  run.goners.add(node)
  mesh.world.command(node, { kind: 'leave-group', group: mesh.group, reason: '', last: false })
}

/** Somebody who knows that it is gone asks for a new ticket. */
function rejoin(run: Governed): void {
  const { mesh, random, log, leaders } = run
  const leader = pick(random, acting(run))
  const gone = everyone(mesh).filter((node) => {
    const state = selfState(mesh, node)
    return node >= leaders && (state === 'removed' || state === 'left')
  })
  const node = pick(random, gone)
  if (leader === undefined || node === undefined) return
  const asked = { expiresMs: 86_400_000, uses: 1, confirm: false, group: mesh.group }
  const invite = mesh.world.command(leader, { kind: 'invite', ...asked })
  if (!answered(mesh, invite) || invite.reply?.ok !== true) return
  if (!mesh.world.node(node).running) return
  log.push(`node ${String(node)} comes back at leader ${String(leader)}`)
  mesh.world.command(node, { kind: 'join', ticket: invite.reply.value.ticket, waitMs: 30_000 })
}

/** Nodes whose present member is in, as leader 0 sees it. */
export function membersNow(mesh: Mesh): number[] {
  const present = new Set(
    (groupOf(mesh, 0)?.members ?? [])
      .filter(({ state }) => state === 'active' || state === 'invited' || state === 'dormant')
      .map(({ member }) => member),
  )
  return everyone(mesh).filter((node) => present.has(groupOf(mesh, node)?.self ?? ''))
}
