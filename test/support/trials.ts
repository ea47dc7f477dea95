// The trials behind the table of what works where: each asks for an operation on a side of a split, as a
// person would, and tells what became of it there. What must not be possible on a side is looked at too: whatever
// worked is there for everybody after the heal.
import type { Operation, Outcome, Side } from '../../src/core/availability.ts'
import { sides } from '../../src/core/availability.ts'
import type { Command, MetaWrite } from '../../src/core/command.ts'
import { Endpoint } from '../../src/core/endpoint.ts'
import type { CommandHandle } from '../../src/lab/world/node.ts'
import { nextPlain, secretOf } from './author.ts'
import { messagesOf } from './bench.ts'
import { finalAll } from './final-mesh.ts'
import { Hostile, batchFrame, batchOf, hostileAt, sendFrames } from './hostile.ts'
import { type Mesh, converge, done, found, groupOf, later } from './mesh.ts'
import { meshWorld, readAll, say } from './mesh.ts'
import { invite, losePrekeys, undecryptableAt } from './sharing.ts'

/** Leaders 0 and 1, members 2 to 5; node 6 is nobody yet. Who asks, on each side. */
const SIDES = [[0, 1, 2], [3, 4], [5]]
const ASKS: Readonly<Record<Side, number>> = { leader: 0, leaderless: 3, alone: 5 }
const LEAVES: Readonly<Record<Side, number>> = { leader: 2, leaderless: 4, alone: 5 }
const NOBODY = 6
const HEAL_MS = 20_000

export type Trial = (seed: string) => Promise<Record<Side, Outcome>> | Record<Side, Outcome>

const works = { outcome: 'works' } as const
const waits = { outcome: 'waits' } as const

const ofBool = (worked: boolean): Outcome => (worked ? works : waits)

const apart = (seed: string): Mesh => {
  const mesh = found(meshWorld({ seed, nodes: 7, keepEvents: false }), 2, 6)
  say(mesh, 2, 'before')
  later(mesh, 70_000)
  mesh.world.split([...SIDES, [NOBODY]])
  later(mesh, 8_000)
  return mesh
}

const members = [0, 1, 2, 3, 4, 5]

const healed = (mesh: Mesh, nodes: readonly number[] = members): void => {
  mesh.world.heal()
  later(mesh, HEAL_MS)
  converge(mesh, nodes)
}

const onEach = (trial: (side: Side) => Outcome): Record<Side, Outcome> => ({
  leader: trial('leader'),
  leaderless: trial('leaderless'),
  alone: trial('alone'),
})

/** What a reply says; a command that gets none in time waits. */
const outcomeOf = (mesh: Mesh, handle: CommandHandle<Command>, withinMs = 20_000): Outcome => {
  mesh.world.runUntil(() => handle.reply !== undefined, withinMs)
  const { reply } = handle
  if (reply === undefined) return waits
  if (reply.ok) return works
  const { code } = reply.error
  return code === 'JOIN_PENDING' ? waits : { outcome: 'refused', code }
}

/** A command on each side. */
const commanded =
  (command: (mesh: Mesh, side: Side) => Command, who = ASKS): Trial =>
  (seed) => {
    const mesh = apart(seed)
    return onEach((side) => outcomeOf(mesh, mesh.world.command(who[side], command(mesh, side))))
  }

const meta = (write: (mesh: Mesh) => MetaWrite): Trial =>
  commanded((mesh) => ({ kind: 'set-meta', group: mesh.group, write: write(mesh) }))

const selfOf = (mesh: Mesh, node: number): string => groupOf(mesh, node)?.self ?? ''

const textsOf = (mesh: Mesh, node: number): (string | null)[] =>
  readAll(mesh, node).map(({ text }) => text)

const sent: Trial = (seed) => {
  const mesh = apart(seed)
  const found = onEach((side) => {
    const handle = say(mesh, ASKS[side], `by ${side}`)
    mesh.world.runUntil(() => handle.reply !== undefined, 5_000)
    later(mesh, 2_000)
    const group = SIDES[sides.indexOf(side)] ?? []
    return ofBool(group.every((node) => textsOf(mesh, node).includes(`by ${side}`)))
  })
  healed(mesh)
  const all = sides.map((side) => `by ${side}`)
  if (!members.every((node) => all.every((text) => textsOf(mesh, node).includes(text)))) {
    throw new Error('what was sent on a side is not everywhere after the heal')
  }
  return found
}

const read: Trial = (seed) => {
  const mesh = apart(seed)
  return onEach((side) => ofBool(textsOf(mesh, ASKS[side]).includes('before')))
}

const acknowledged: Trial = (seed) => {
  const mesh = apart(seed)
  return onEach((side) => {
    const reply = done(mesh.world, ASKS[side], {
      kind: 'send',
      group: mesh.group,
      contentType: 'text/plain',
      payload: new Uint8Array(1),
      ack: 'quorum',
      timeoutMs: 3_000,
    })
    return ofBool(reply.draft === null && reply.acknowledged === true)
  })
}

const final: Trial = async (seed) => {
  const mesh = apart(seed)
  for (const side of sides) say(mesh, ASKS[side], `by ${side}`)
  later(mesh, 90_000)
  const has = async (side: Side): Promise<Outcome> => {
    const shown = (await finalAll(mesh, ASKS[side])).map(({ text }) => text)
    if (!shown.includes('before')) throw new Error('what was final is gone')
    return ofBool(shown.includes(`by ${side}`))
  }
  return {
    leader: await has('leader'),
    leaderless: await has('leaderless'),
    alone: await has('alone'),
  }
}

const joined: Trial = (seed) => {
  const trial = (side: Side): Outcome => {
    const mesh = found(meshWorld({ seed: `${seed} ${side}`, nodes: 7, keepEvents: false }), 2, 6)
    later(mesh, 5_000)
    const ticket = invite(mesh, 0)
    const here = SIDES.map((nodes, i) => (sides[i] === side ? [...nodes, NOBODY] : nodes))
    mesh.world.split(here)
    later(mesh, 8_000)
    const join = mesh.world.command(NOBODY, { kind: 'join', ticket, waitMs: 10_000 })
    const outcome = outcomeOf(mesh, join)
    mesh.world.heal()
    later(mesh, HEAL_MS + 10_000)
    converge(mesh)
    return outcome
  }
  return onEach(trial)
}

const left: Trial = (seed) => {
  const mesh = apart(seed)
  const found = onEach((side) =>
    outcomeOf(
      mesh,
      mesh.world.command(LEAVES[side], {
        kind: 'leave-group',
        group: mesh.group,
        reason: '',
        last: false,
      }),
    ),
  )
  healed(mesh, [0, 1, 3])
  const gone = groupOf(mesh, 0)?.members.filter(({ state }) => state === 'left') ?? []
  if (gone.length !== sides.length) throw new Error('not all who left are gone after the heal')
  return found
}

/** Two leaders remove somebody of the other side each; 3 and 5 then meet without them. */
const removalKnown: Trial = (seed) => {
  const mesh = found(meshWorld({ seed, nodes: 6, keepEvents: false }), 2, 6)
  const { world, group } = mesh
  later(mesh, 5_000)
  world.split([
    [0, 2, 3],
    [1, 4, 5],
  ])
  later(mesh, 8_000)
  for (const [leader, gone] of [
    [0, 4],
    [1, 2],
  ] as const) {
    const target = selfOf(mesh, gone)
    done(world, leader, { kind: 'remove-member', group, scope: 'member', target })
  }
  later(mesh, 2_000)
  world.split([[0], [1], [2], [4], [3, 5]])
  later(mesh, 15_000)
  const held = (node: number): Outcome => {
    const reply = done(world, node, {
      kind: 'send',
      group,
      contentType: 'text/plain',
      payload: new Uint8Array(1),
    })
    return ofBool(reply.draft === null)
  }
  const leaderless = held(3)
  world.split([[0], [1], [2], [4], [3], [5]])
  later(mesh, 8_000)
  const alone = held(5)
  world.split([[0, 1, 3, 5], [2], [4]])
  later(mesh, 30_000)
  const leader = held(3)
  if ((groupOf(mesh, 3)?.held ?? 1) + (groupOf(mesh, 5)?.held ?? 1) > 0) {
    throw new Error('what was held was not sent')
  }
  return { leader, leaderless, alone }
}

/** Member 2 says another thing under one number to each side. */
const proven: Trial = (seed) => {
  const world = meshWorld({
    seed,
    nodes: 6,
    keepEvents: false,
    endpoint: (identity, provider, node) =>
      node === 2 ? new Hostile(identity, provider) : new Endpoint(identity, provider),
  })
  const mesh = found(world, 2, 6)
  later(mesh, 70_000)
  const liar = selfOf(mesh, 2)
  const tip = messagesOf(mesh, 0).findLast(({ member }) => member === liar)
  if (tip === undefined) throw new Error('the liar said nothing')
  // It hears and carries nothing; all sides can be lied to.
  hostileAt(world, 2).unsaid = new Set([16, 17, 18, 19, 20, 21, 22, 23])
  world.split([
    [0, 1, 2],
    [2, 3, 4],
    [2, 5],
  ])
  later(mesh, 8_000)
  for (const byte of [1, 2]) {
    const said = nextPlain(secretOf(seed, 2, 'device'), tip, Uint8Array.of(byte))
    for (const side of sides) sendFrames(world, 2, ASKS[side], [batchFrame(batchOf([said]))])
    later(mesh, 1_000)
  }
  later(mesh, 10_000)
  const proofs = onEach((side) =>
    outcomeOf(mesh, world.command(ASKS[side], { kind: 'prove', group: mesh.group, member: liar })),
  )
  const standing = (node: number): string | undefined =>
    groupOf(mesh, node)?.members.find(({ member }) => member === liar)?.state
  const seen = sides.map((side) => standing(ASKS[side])).join()
  if (seen !== 'removed,quarantined,quarantined') throw new Error(`the liar is ${seen}`)
  return proofs
}

/** Node 1 cannot open an epoch that 0 made, under which 2 spoke. */
const given: Trial = (seed) => {
  const trial = (side: Side): Outcome => {
    const mesh = found(
      meshWorld({ seed: `${seed} ${side}`, nodes: 5, keepEvents: false }),
      1,
      4,
      'partition-tolerant',
    )
    const { world } = mesh
    later(mesh, 2_000)
    losePrekeys(mesh, 1)
    const ticket = invite(mesh, 0)
    world.split([[0, 2, 3, 4], [1]])
    done(world, 4, { kind: 'join', ticket, waitMs: 30_000 })
    later(mesh, 3_000)
    say(mesh, 2, 'closed')
    later(mesh, 3_000)
    world.heal()
    if (side !== 'leader') world.stop(0)
    if (!world.runUntil(() => undecryptableAt(mesh, 1) === 1, 20_000)) {
      throw new Error('there was nothing to ask for')
    }
    if (side === 'alone') world.split([[1], [2, 3, 4]])
    later(mesh, 30_000)
    const outcome = ofBool(undecryptableAt(mesh, 1) === 0)
    if (side === 'alone') {
      world.heal()
      later(mesh, 30_000)
      if (undecryptableAt(mesh, 1) !== 0) throw new Error('it was never given the keys')
    }
    return outcome
  }
  return onEach(trial)
}

const inviting = { expiresMs: 3_600_000, uses: 1, confirm: false }

/** One for each operation. */
export const trials: Readonly<Record<Operation, Trial>> = {
  send: sent,
  read,
  attest: commanded(({ group }) => ({ kind: 'attest', group })),
  leave: left,
  'send --ack quorum': acknowledged,
  'read --final': final,
  invite: commanded(({ group }) => ({ kind: 'invite', group, ...inviting })),
  remove: commanded((mesh) => ({
    kind: 'remove-member',
    group: mesh.group,
    scope: 'member',
    target: selfOf(mesh, 2),
  })),
  rotate: commanded(({ group }) => ({ kind: 'rotate', group })),
  rename: meta(() => ({ kind: 'name', name: 'another' })),
  mute: meta((mesh) => ({ kind: 'mute', member: selfOf(mesh, 2), on: true })),
  hide: meta((mesh) => ({
    kind: 'hide',
    message: readAll(mesh, 0)[0]?.id ?? '',
    on: true,
  })),
  join: joined,
  'send after a removal was heard of': removalKnown,
  prove: proven,
  'get keys that one lacks': given,
}
