// Laws of membership and keys over a mesh that was given the time to converge: what each node shows must
// be what the reference model makes of the messages that it holds, and the keys on its disk must be those
// that it may have.
import { createMemoryKeyring } from '../../src/adapters/memory/keyring.ts'
import { equal, toHex } from '../../src/base/bytes.ts'
import { type Chain, messageKeyAt } from '../../src/core/epoch/chain.ts'
import { parseEpoch } from '../../src/core/replica/epochs.ts'
import type { OpenEpoch } from '../../src/core/replica/state.ts'
import { SecretKind, secretKey } from '../../src/core/replica/state.ts'
import { within } from '../../src/core/storage.ts'
import type { Message } from '../../src/core/message/message.ts'
import { MessageType } from '../../src/core/message/type.ts'
import { constitutionOf, crypto, messagesOf } from './bench.ts'
import { type Mesh, endpointOf, everyone, groupOf, readAll } from './mesh.ts'
import type { Graph, Mutant } from './reference.ts'
import { Reference, graphOf, wrongEpochs } from './reference.ts'

const states = ['', 'active', 'dormant', 'left', 'removed']

/** I17, I19: members, epoch heads and what counts are what the definitions give. */
export function unlikeModel(mesh: Mesh, node: number, mutant?: Mutant): string[] {
  const graph = graphOf(constitutionOf(mesh, 0), messagesOf(mesh, node))
  const model = new Reference(graph, mutant)
  const { standings, heads, withdrawn } = model.state(new Set(graph.points.keys()))
  const group = groupOf(mesh, node)
  const at = `node ${String(node)}`
  const broken = wrongEpochs(graph, model).map((one) => `${at}: ${one}`)
  const shown = (group?.members ?? []).map(({ member, state }) => [
    member,
    state === 'invited' ? 'active' : state,
  ])
  const due = standings.map(([member, standing]) => [member, states[standing] ?? ''])
  if (shown.join() !== due.join()) broken.push(`${at}: members are not those of the model`)
  if (group?.epochHeads.toSorted().join() !== heads.join()) {
    broken.push(`${at}: epoch heads are not those of the model`)
  }
  const hidden = readAll(mesh, node)
    .filter(({ state }) => state === 'withdrawn')
    .map(({ id }) => id)
  const gone = new Set(withdrawn)
  for (const id of hidden) if (!gone.has(id)) broken.push(`${at}: ${id} counts and is withdrawn`)
  for (const { id, state } of readAll(mesh, node)) {
    if (state === 'ok' && gone.has(id)) broken.push(`${at}: ${id} does not count and is shown`)
  }
  return broken
}

/** I25, I27: nobody sends to somebody removed, or goes back to an older epoch. */
export function wrongEpochUse(graph: Graph, messages: readonly Message[]): string[] {
  const model = new Reference(graph)
  const epochs = new Map(
    [...graph.points.values()].flatMap((point) =>
      point.epoch === undefined ? [] : [[point.epoch.id, point] as const],
    ),
  )
  const used = new Map<string, string[]>()
  return messages.flatMap((message) => {
    if (message.header.type !== MessageType.text) return []
    const id = toHex(message.header.epoch)
    const epoch = epochs.get(id)
    const past = graph.points.get(message.id)?.past ?? new Set()
    const broken: string[] = []
    for (const member of epoch?.epoch?.recipients.keys() ?? []) {
      if (model.standing(past, member) === 4)
        broken.push(`${message.id} goes to a removed member (I25)`)
    }
    const before = used.get(message.member) ?? []
    if (before.at(-1) !== id) {
      const older = before.some((one) => epochs.get(one)?.past.has(epoch?.id ?? '') === true)
      if (before.includes(id) || older) broken.push(`${message.id} goes back to an epoch (I27)`)
      used.set(message.member, [...before, id])
    }
    return broken
  })
}

/** The keys of epochs on a node's disk. */
function keysOf(mesh: Mesh, node: number): OpenEpoch[] {
  const number = endpointOf(mesh.world, node).groupNumber(mesh.group) ?? 0
  const keyring = createMemoryKeyring()
  const range = within(secretKey(number, SecretKind.epoch, new Uint8Array()))
  return mesh.world
    .node(node)
    .rows.read(range)
    .flatMap((row) => {
      const saved = keyring.open(row.key, row.value.subarray(1))
      return (saved && parseEpoch(row.key.slice(-32), saved)) ?? []
    })
}

const keyOf = (chain: Chain, gen: number): Uint8Array | undefined => {
  const key = messageKeyAt(crypto, chain, gen)
  return key.ok ? key.value : undefined
}

/** Whether two nodes derived the same of an epoch: what one has erased, the other may still have. */
function agree(a: OpenEpoch, b: OpenEpoch): boolean {
  const envs = [a.env, b.env].filter((env) => env.length > 0).map((env) => toHex(env))
  if (new Set(envs).size > 1) return false
  return [...a.chains].every(([member, one]) => {
    const other = b.chains.get(member)
    if (other === undefined) return true
    const gen = Math.max(one.gen, other.gen)
    const [mine, its] = [one, other].map((chain) => keyOf(chain, gen))
    return mine !== undefined && its !== undefined && equal(mine, its)
  })
}

/** I24, I28, I29: one secret an epoch, and only at nodes that are or were a member whom it names. */
export function wrongSecrets(mesh: Mesh, graph: Graph, selves: readonly Set<string>[]): string[] {
  const recipients = new Map(
    [...graph.points.values()].flatMap(({ epoch }) =>
      epoch === undefined ? [] : [[epoch.id, epoch.recipients] as const],
    ),
  )
  const known: OpenEpoch[] = []
  return everyone(mesh).flatMap((node) => {
    if (!mesh.world.node(node).running || groupOf(mesh, node) === undefined) return []
    return keysOf(mesh, node).flatMap((keys) => {
      const { id: epoch } = keys
      const broken: string[] = []
      const others = known.filter(({ id }) => id === epoch)
      known.push(keys)
      if (!others.every((other) => agree(keys, other))) {
        broken.push(`epoch ${epoch} has two secrets (I24)`)
      }
      const named = recipients.get(epoch)
      if (named !== undefined && ![...(selves[node] ?? [])].some((self) => named.has(self))) {
        broken.push(`node ${String(node)} holds a key of an epoch that does not name it (I28, I29)`)
      }
      return broken
    })
  })
}

/** Every law of membership and keys over those who are in, and of secrets over everybody. */
export function brokenMembership(mesh: Mesh, members: readonly number[]): string[] {
  const [first = 0] = members
  const messages = messagesOf(mesh, first)
  const graph = graphOf(constitutionOf(mesh, 0), messages)
  const selves = everyone(mesh).map(
    (node) =>
      new Set(
        (groupOf(mesh, first)?.members ?? [])
          .filter(({ peerId }) => peerId === mesh.world.node(node).peerId)
          .map(({ member }) => member),
      ),
  )
  return [
    ...members.flatMap((node) => unlikeModel(mesh, node)),
    ...wrongEpochUse(graph, messages),
    ...wrongSecrets(mesh, graph, selves),
  ]
}
