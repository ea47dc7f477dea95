// A member runs twice on two sides of a split; when these meet it is accused. One of them crashes inside one
// of its writes from then on. The accused is an honest owner of a restored backup, so that it may crash
// too and must not look worse for it.
import { Endpoint } from '../../src/core/endpoint.ts'
import { MessageType } from '../../src/core/message/type.ts'
import type { CrashWrites } from '../../src/lab/world/disk.ts'
import { secretOf } from './author.ts'
import { messagesOf } from './bench.ts'
import { accusedAt } from './byzantine-laws.ts'
import { broken } from './laws.ts'
import { type Mesh, converge, found, groupOf, later, meshWorld, say } from './mesh.ts'

/** Who accuses, who hears of it, and who is accused; each may crash. */
export const LEADER = 0
export const MEMBER = 1
export const TWICE = 2
const COPY = 3
const honest = [LEADER, MEMBER]

/** From the heal on: links, a sync, an accusation and a removal are over by then. */
const ACCUSED_WITHIN_MS = 4_000

/** Just before the two sides meet: each has heard another story of the same member. */
const apart = (seed: string): Mesh => {
  const world = meshWorld({
    seed,
    nodes: 4,
    startMs: (node) => (node === COPY ? undefined : 0),
    endpoint: (identity, provider, node) =>
      node !== COPY
        ? new Endpoint(identity, provider)
        : new Endpoint(
            {
              name: 'n2',
              accountSeed: secretOf(seed, TWICE, 'account'),
              deviceSeed: secretOf(seed, TWICE, 'device'),
              transportSeed: identity.transportSeed,
            },
            provider,
          ),
  })
  const mesh = found(world, 1, 3)
  world.split([
    [LEADER, TWICE],
    [MEMBER, COPY],
  ])
  world.node(COPY).rows.apply(world.node(TWICE).rows.all())
  world.restart(COPY)
  later(mesh, 6_000)
  for (const node of [TWICE, COPY]) say(mesh, node, `by ${String(node)}`)
  later(mesh, 1_500)
  return mesh
}

const evidenceAt = (mesh: Mesh, node: number): string[] =>
  messagesOf(mesh, node)
    .filter(({ header }) => header.type === MessageType.evidence)
    .map(({ id }) => id)

export interface Survived {
  /** False: there was no such write. */
  readonly crashed: boolean
  readonly broken: readonly string[]
}

/** Two sides meet, and a node crashes inside its n-th write from then on; all come to rest again. */
export const survive = (node: number, nth: number, writes: CrashWrites): Survived => {
  const mesh = apart(`accused ${writes} ${String(node)} ${String(nth)}`)
  const { world } = mesh
  const twice = groupOf(mesh, LEADER)?.members.find(({ name }) => name === 'n2')?.member ?? ''
  world.crashAtWrite(node, nth, { writes, silent: nth % 2 === 0 })
  world.heal()
  const crashed = world.runUntil(() => !world.node(node).running, ACCUSED_WITHIN_MS)
  world.node(node).disk.onWrite = undefined
  const before = honest.filter((one) => one !== node).flatMap((one) => evidenceAt(mesh, one))
  if (crashed) {
    later(mesh, 400)
    world.restart(node)
    later(mesh, 30)
  }
  if (honest.includes(node)) before.push(...evidenceAt(mesh, node))
  later(mesh, 8_000)
  converge(mesh, honest)
  const wrong = honest.flatMap((one) => unlike(mesh, one, twice, before))
  wrong.push(...broken(mesh, honest).filter((law) => !law.startsWith(`${twice}:`)))
  return { crashed, broken: wrong }
}

/** What is wrong at somebody honest who ought to know of one liar and of nobody else. */
const unlike = (mesh: Mesh, node: number, twice: string, before: readonly string[]): string[] => {
  const group = groupOf(mesh, node)
  const found: string[] = []
  const wrong = (what: string): void => void found.push(`node ${String(node)}: ${what}`)
  if ([...new Set(accusedAt(mesh, node))].join() !== twice)
    wrong('accuses others, or nobody (I36, I37)')
  if (group?.equivocators.join() !== twice) wrong('names others')
  const held = new Set(evidenceAt(mesh, node))
  if (!before.every((id) => held.has(id))) wrong('evidence that was held is lost')
  const standing = group?.members.find(({ member }) => member === twice)
  if (standing?.state !== 'removed') wrong('whoever forked is not removed')
  return found
}
