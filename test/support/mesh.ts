// A simulated group for tests: real endpoints in the world, founded and joined through commands.
import type { Command, CommandResult, PolicyName } from '../../src/core/command.ts'
import { Endpoint } from '../../src/core/endpoint.ts'
import type { Identity } from '../../src/core/identity/identity.ts'
import { peerIdOf } from '../../src/core/identity/peer-id.ts'
import type { GroupReport, TextReport } from '../../src/core/report.ts'
import { Space, key, within } from '../../src/core/storage.ts'
import { archivedKeys } from '../../src/core/replica/archive.ts'
import { createMemoryKeyring } from '../../src/adapters/memory/keyring.ts'
import type { Crypto } from '../../src/crypto/crypto.ts'
import { createNativeCrypto } from '../../src/crypto/native.ts'
import type { CommandReply } from '../../src/node/driver-types.ts'
import type { CommandHandle } from '../../src/lab/world/node.ts'
import type { World, WorldOptions } from '../../src/lab/world/world.ts'
import { createWorld } from '../../src/lab/world/world.ts'
import { readU32, utf8 } from '../../src/base/bytes.ts'

const crypto = createNativeCrypto()

/** Asking a whole mesh for its roots after every event would cost more than the mesh. */
const POLL_MS = 25

type SendCommand = Extract<Command, { kind: 'send' }>

export interface Mesh {
  readonly world: World
  group: string
}

/** A world of real endpoints; nothing has happened yet. */
export function meshWorld(
  options: Partial<WorldOptions> & {
    seed: string | number
    nodes: number
    /** Default: an honest endpoint. */
    endpoint?: (identity: Identity, crypto: Crypto, node: number) => Endpoint
  },
): World {
  const { endpoint = (identity, provider) => new Endpoint(identity, provider), ...world } = options
  return createWorld({
    ...world,
    peerId: (_, secret) => peerIdOf(crypto.edPublicKey(secret('transport'))),
    machine: (context) =>
      endpoint(
        {
          name: `n${String(context.index)}`,
          accountSeed: context.secret('account'),
          deviceSeed: context.secret('device'),
          transportSeed: context.secret('transport'),
        },
        context.crypto,
        context.index,
      ),
  })
}

/** Runs a command to its reply and expects it to be done. */
export function done<C extends Command>(
  world: World,
  node: number,
  command: C,
  withinMs = 60_000,
): CommandResult[C['kind']] {
  const handle = world.command(node, command)
  world.runUntil(() => handle.reply !== undefined, withinMs)
  const { reply } = handle
  if (reply === undefined) throw new Error(`${command.kind} at node ${String(node)}: no reply`)
  if (!reply.ok)
    throw new Error(
      `${command.kind} at node ${String(node)}: ${reply.error.code} ${reply.error.message}`,
    )
  return reply.value
}

export const endpointOf = (world: World, node: number): Endpoint =>
  world.node(node).machine as Endpoint

export const groupOf = (mesh: Mesh, node: number): GroupReport | undefined =>
  endpointOf(mesh.world, node)
    .report()
    .groups.find((group) => group.group === mesh.group)

/** Founds a group at node 0 with `leaders` leaders; the others, up to `members`, join by ticket of node 0. */
export function found(
  world: World,
  leaders = 1,
  members = world.size,
  policy: PolicyName = 'balanced',
): Mesh {
  world.run(1_000)
  const cards: string[] = []
  for (let i = 1; i < leaders; i++) cards.push(done(world, i, { kind: 'mint-card' }).card)
  const { group } = done(world, 0, {
    kind: 'create-group',
    name: 'crew',
    leaders: cards,
    policy,
  })
  const { ticket } = done(world, 0, {
    kind: 'invite',
    group,
    expiresMs: 86_400_000,
    uses: world.size,
    confirm: false,
  })
  const joins = Array.from({ length: members - 1 }, (_, i) =>
    world.command(i + 1, { kind: 'join', ticket, waitMs: 60_000 }),
  )
  world.runUntil(() => joins.every((join) => join.reply !== undefined), 60_000)
  for (const { node, reply } of joins) {
    if (reply?.ok !== true) throw new Error(`node ${String(node)} did not join: ${why(reply)}`)
  }
  const mesh = { world, group }
  converge(mesh, everyone(mesh).slice(0, members))
  return mesh
}

const why = (reply: CommandReply<'join'> | undefined): string =>
  reply === undefined ? 'no reply' : reply.ok ? 'done' : reply.error.message

export function say(mesh: Mesh, node: number, text: string): CommandHandle<SendCommand> {
  return mesh.world.command(node, {
    kind: 'send',
    group: mesh.group,
    contentType: 'text/plain',
    payload: utf8(text),
  })
}

export const roots = (mesh: Mesh, nodes: readonly number[] = everyone(mesh)): string[] =>
  nodes.map((node) => groupOf(mesh, node)?.root ?? `node ${String(node)} has no group`)

export const everyone = (mesh: Mesh): number[] =>
  Array.from({ length: mesh.world.size }, (_, i) => i)

/** Lets virtual time pass. */
export const later = (mesh: Mesh, ms: number): void => mesh.world.run(mesh.world.nowMs + ms)

/** Runs until all these nodes hold the same, or fails with what they hold. */
export function converge(
  mesh: Mesh,
  nodes: readonly number[] = everyone(mesh),
  withinMs = 120_000,
): void {
  const { world } = mesh
  const untilMs = world.nowMs + withinMs
  while (world.nowMs < untilMs) {
    const equal = (): boolean => new Set(roots(mesh, nodes)).size === 1
    if (equal()) {
      // What is held in memory is on disk a moment later, and an attestation may come just now.
      world.run(world.nowMs + 50)
      if (equal()) return
    }
    world.run(world.nowMs + POLL_MS)
  }
  const held = nodes.map((node) => JSON.stringify(groupOf(mesh, node)?.vector))
  throw new Error(`no convergence within ${String(withinMs)} ms:\n${held.join('\n')}`)
}

/** Every message record of the group on the disk of a node. */
export function recordsOf(mesh: Mesh, node: number): Uint8Array[] {
  return rowsOf(mesh, node).map(({ record }) => record)
}

/** In a message key: the space byte and the group's number, before the line. */
const LINE_AT = 5

function rowsOf(mesh: Mesh, node: number): { record: Uint8Array; line: number; counter: number }[] {
  const number = endpointOf(mesh.world, node).groupNumber(mesh.group) ?? 0
  const range = within(key(Space.message, number))
  // The first byte is the driver's marker.
  return mesh.world
    .node(node)
    .disk.rows.read(range)
    .map((row) => ({
      record: row.value.subarray(1),
      line: readU32(row.key, LINE_AT),
      counter: readU32(row.key, LINE_AT + 4),
    }))
}

/** The archive of a node: line and counter of a text -> its key. */
function archiveOf(mesh: Mesh, node: number): Map<string, Uint8Array> {
  const number = endpointOf(mesh.world, node).groupNumber(mesh.group) ?? 0
  const keyring = createMemoryKeyring()
  const rows = mesh.world.node(node).rows.read(within(key(Space.archive, number)))
  return new Map(
    rows.flatMap(({ key: at, value }) => {
      const opened = keyring.open(at, value.subarray(1)) ?? new Uint8Array()
      const line = readU32(at, LINE_AT)
      return [...archivedKeys(opened)].map(([counter, one]) => [`${line}/${counter}`, one] as const)
    }),
  )
}

const aheadMs = new WeakMap<World, number>()

/** Time that passes on every wall clock at once, over a restart: nobody lives through each second of it. */
export function skip(mesh: Mesh, ms: number): void {
  const { world } = mesh
  const skewMs = (aheadMs.get(world) ?? 0) + ms
  aheadMs.set(world, skewMs)
  const up = everyone(mesh).filter((node) => world.node(node).running)
  for (const node of up) world.stop(node)
  world.run(world.nowMs + 1_000)
  for (const node of everyone(mesh)) world.setClock(node, { skewMs })
  for (const node of up) world.restart(node)
  world.run(world.nowMs + 3_000)
}

/** What `read` would print at a node, from its disk. */
export function readAll(mesh: Mesh, node: number): TextReport[] {
  const endpoint = endpointOf(mesh.world, node)
  const texts: TextReport[] = []
  const archive = archiveOf(mesh, node)
  for (const { record, line, counter } of rowsOf(mesh, node)) {
    const messageKey = archive.get(`${line}/${counter}`)
    const text = endpoint.openText(mesh.group, record, line, messageKey)
    if (text !== undefined) texts.push(text)
  }
  return texts.sort(
    (a, b) =>
      a.lamport - b.lamport ||
      order(a.author, b.author) ||
      Number(a.number.split(':')[1]) - Number(b.number.split(':')[1]) ||
      order(a.id, b.id),
  )
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
