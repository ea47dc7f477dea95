// Settings in which somebody holds epochs whose seals it cannot open, and what became of them.
import { within } from '../../src/core/storage.ts'
import { SecretKind, secretKey } from '../../src/core/replica/state.ts'
import type { PolicyName } from '../../src/core/command.ts'
import type { Endpoint } from '../../src/core/endpoint.ts'
import type { Identity } from '../../src/core/identity/identity.ts'
import type { ShareReport } from '../../src/core/report.ts'
import type { Crypto } from '../../src/crypto/crypto.ts'
import type { WorldOptions } from '../../src/lab/world/world.ts'
import {
  type Mesh,
  converge,
  done,
  endpointOf,
  found,
  groupOf,
  meshWorld,
  readAll,
  say,
  later,
} from './mesh.ts'

export const invite = (mesh: Mesh, node: number): string =>
  done(mesh.world, node, {
    kind: 'invite',
    group: mesh.group,
    expiresMs: 3_600_000,
    uses: 1,
    confirm: false,
  }).ticket

export const join = (mesh: Mesh, node: number, ticket: string): void => {
  done(mesh.world, node, { kind: 'join', ticket, waitMs: 30_000 })
}

export const textsAt = (mesh: Mesh, node: number): string[] =>
  readAll(mesh, node).map(({ text, state }) => (state === 'ok' ? (text ?? '') : state))

export const sharesAt = (mesh: Mesh, node: number): ShareReport[] =>
  endpointOf(mesh.world, node).shares(mesh.group) ?? []

export const countedAt = (mesh: Mesh, node: number, name: string): number =>
  mesh.world.node(node).counts.get(name) ?? 0

/** Takes the private prekeys from a node's disk, as a disk does that forgets. */
export const losePrekeys = (mesh: Mesh, node: number): void => {
  const { world, group } = mesh
  const number = endpointOf(world, node).groupNumber(group) ?? 0
  world.stop(node)
  later(mesh, 500)
  const { rows } = world.node(node)
  const prekeys = rows.read(within(secretKey(number, SecretKind.prekey, new Uint8Array())))
  rows.apply(prekeys.map(({ key }) => ({ key, value: null })))
  world.restart(node)
  later(mesh, 3_000)
}

export interface SharingOptions {
  readonly seed: string
  readonly policy?: PolicyName
  readonly network?: NonNullable<WorldOptions['network']>
  readonly endpoint?: (identity: Identity, crypto: Crypto, node: number) => Endpoint
}

/** What the others say under the epoch that node 1 cannot open, before it meets them. */
export const BEFORE = ['before by 2', 'before by 3']

/**
 * Node 1 lost its prekeys and was alone when leader 0 let node 3 in: of the epoch for that it cannot open
 * its seal, and no leader is there any more to make another. The split is not healed yet.
 */
export const shutOut = ({ seed, policy = 'balanced', ...rest }: SharingOptions): Mesh => {
  const world = meshWorld({ seed, nodes: 4, ...rest })
  const mesh = found(world, 1, 3, policy)
  say(mesh, 0, 'readable')
  later(mesh, 2_000)
  losePrekeys(mesh, 1)
  const ticket = invite(mesh, 0)
  world.split([[0, 2, 3], [1]])
  join(mesh, 3, ticket)
  later(mesh, 3_000)
  for (const node of [2, 3]) say(mesh, node, `before by ${String(node)}`)
  later(mesh, 3_000)
  world.stop(0)
  return mesh
}

/** Leaders 0 and 1 apart, members 2 and 3 with them; node 4 joins at leader 0. Not healed yet. */
export const joinedApart = ({ seed, policy = 'balanced', ...rest }: SharingOptions): Mesh => {
  const world = meshWorld({ seed, nodes: 5, ...rest })
  const mesh = found(world, 2, 4, policy)
  later(mesh, 30_000)
  say(mesh, 1, 'before the split')
  later(mesh, 2_000)
  const ticket = invite(mesh, 0)
  world.split([
    [0, 2, 4],
    [1, 3],
  ])
  later(mesh, 6_000)
  done(world, 1, { kind: 'rotate', group: mesh.group })
  for (const node of [1, 3, 1]) {
    say(mesh, node, `side B by ${String(node)}`)
    later(mesh, 200)
  }
  join(mesh, 4, ticket)
  say(mesh, 4, 'side A')
  later(mesh, 3_000)
  return mesh
}

export const SIDE_B = ['side B by 1', 'side B by 3', 'side B by 1']

export const heal = (mesh: Mesh, nodes: readonly number[], ms = 30_000): void => {
  mesh.world.heal()
  later(mesh, ms)
  converge(mesh, nodes)
}

export const undecryptableAt = (mesh: Mesh, node: number): number | undefined =>
  groupOf(mesh, node)?.undecryptable
