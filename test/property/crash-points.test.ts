// I39 and I5: a crash inside any write of founding, inviting, joining or sending, whatever becomes of
// that write, loses nothing acknowledged, uses no number and no (key, nonce) twice, and the node
// resumes by itself.
import { afterEach, describe, expect, test } from 'vitest'
import type { Crypto } from '../../src/crypto/crypto.ts'
import { toHex } from '../../src/base/bytes.ts'
import { createNativeCrypto } from '../../src/crypto/native.ts'
import type { CrashWrites } from '../../src/lab/world/disk.ts'
import type { World } from '../../src/lab/world/world.ts'
import { Numbers, broken, heldBy } from '../support/laws.ts'
import {
  type Mesh,
  converge,
  done,
  everyone,
  found,
  groupOf,
  meshWorld,
  readAll,
  say,
} from '../support/mesh.ts'

const fates: readonly CrashWrites[] = ['kept', 'lost', 'torn']

/** Every (key, nonce) under which anything was sealed, by any node in any life. */
class Nonces {
  readonly twice: string[] = []
  readonly #seen = new Map<string, string>()

  watch(provider: Crypto): Crypto {
    return {
      ...provider,
      aeadSeal: (key, nonce, aad, plaintext) => {
        const name = `${toHex(key)}/${toHex(nonce)}`
        const sealed = `${toHex(aad)}/${toHex(plaintext)}`
        const known = this.#seen.get(name)
        if (known !== undefined && known !== sealed) this.twice.push(name)
        this.#seen.set(name, sealed)
        return provider.aeadSeal(key, nonce, aad, plaintext)
      },
    }
  }
}

let nonces = new Nonces()
const crypto = (): Crypto => {
  nonces = new Nonces()
  return nonces.watch(createNativeCrypto())
}
afterEach(() => expect(nonces.twice).toEqual([]))

const later = (world: World, ms: number): void => world.run(world.nowMs + ms)

/** Runs until the crash that was asked for has happened; false when so many writes never came. */
const crashed = (world: World, node: number, nth: number): boolean => {
  const did = world.runUntil(() => !world.node(node).running, 4_000)
  if (nth === 1) expect(did).toBe(true)
  return did
}

const cases = fates.flatMap((writes) =>
  Array.from({ length: 6 }, (_, i) => ({ writes, nth: i + 1 })),
)

describe.each(cases)('a crash in write $nth ($writes)', ({ writes, nth }) => {
  const options = { writes, silent: false }

  test('of create-group leaves the whole group or nothing, and a second try works', () => {
    const world = meshWorld({ seed: `create ${writes} ${String(nth)}`, nodes: 1, crypto: crypto() })
    later(world, 500)
    world.crashAtWrite(0, nth, options)
    const asked = { name: 'crew', leaders: [], policy: 'balanced' } as const
    const created = world.command(0, { kind: 'create-group', ...asked })
    if (crashed(world, 0, nth)) world.restart(0)
    world.node(0).disk.onWrite = undefined
    later(world, 1_000)
    if (created.reply?.ok !== true) done(world, 0, { kind: 'create-group', ...asked })
    const mesh: Mesh = { world, group: groupIds(world)[0] ?? '' }
    if (created.reply?.ok === true) expect(groupIds(world)).toContain(created.reply.value.group)
    for (const group of groupIds(world)) {
      const whole = { world, group }
      expect(groupOf(whole, 0)?.messages).toBe(2)
      expect(groupOf(whole, 0)?.epoch).not.toBeNull()
      const payload = new TextEncoder().encode('hello')
      done(world, 0, { kind: 'send', group, contentType: 'text/plain', payload })
    }
    expect(broken(mesh, [0])).toEqual([])
  })

  test('of invite leaves a ticket that holds if it was handed out', () => {
    const world = meshWorld({ seed: `invite ${writes} ${String(nth)}`, nodes: 2, crypto: crypto() })
    const mesh = found(world, 1, 1)
    const { group } = mesh
    world.crashAtWrite(0, nth, options)
    const asked = { kind: 'invite', group, expiresMs: 3_600_000, uses: 1, confirm: false } as const
    const tickets = [world.command(0, asked), world.command(0, asked)]
    if (crashed(world, 0, nth)) world.restart(0)
    world.node(0).disk.onWrite = undefined
    later(world, 1_000)
    const [good] = tickets.filter(({ reply }) => reply?.ok === true)
    const ticket = good?.reply?.ok === true ? good.reply.value.ticket : done(world, 0, asked).ticket
    done(world, 1, { kind: 'join', ticket, waitMs: 30_000 })
    converge(mesh)
    expect(groupOf(mesh, 0)?.members).toHaveLength(2)
  })

  test.each([0, 1])('of a join, at side %i of it, delays it and no more', (side) => {
    const seed = `join ${writes} ${String(nth)} ${String(side)}`
    const world = meshWorld({ seed, nodes: 3, crypto: crypto() })
    const mesh = found(world, 1, 2)
    const { group } = mesh
    const asked = { expiresMs: 3_600_000, uses: 1, confirm: false }
    const { ticket } = done(world, 0, { kind: 'invite', group, ...asked })
    const node = side === 0 ? 0 : 2
    world.crashAtWrite(node, nth, options)
    const joining = world.command(2, { kind: 'join', ticket, waitMs: 60_000 })
    if (crashed(world, node, nth)) {
      later(world, 700)
      world.restart(node)
    }
    world.node(node).disk.onWrite = undefined
    later(world, 1_500)
    // What was forgotten before it was durable is asked for again, by the same ticket.
    if (joining.reply?.ok !== true) done(world, 2, { kind: 'join', ticket, waitMs: 60_000 })
    for (const one of everyone(mesh)) say(mesh, one, `by ${String(one)}`)
    later(world, 2_000)
    converge(mesh)
    expect(groupOf(mesh, 0)?.members).toHaveLength(3)
    expect(broken(mesh)).toEqual([])
    expect(readAll(mesh, 2).filter(({ state }) => state === 'ok')).toHaveLength(3)
  })

  test('of three sends in flight loses none that was acknowledged', () => {
    const seed = `send ${writes} ${String(nth)}`
    const world = meshWorld({ seed, nodes: 3, crypto: crypto(), disk: { writeMs: 3 } })
    const mesh = found(world)
    world.crashAtWrite(1, nth, options)
    const sent = Array.from({ length: 12 }, (_, i) => {
      if (i % 3 === 0) later(world, 2)
      return say(mesh, 1, `text ${String(i)}`)
    })
    if (crashed(world, 1, nth)) {
      later(world, 300)
      world.restart(1)
    }
    world.node(1).disk.onWrite = undefined
    later(world, 500)
    const more = done(world, 1, {
      kind: 'send',
      group: mesh.group,
      contentType: 'text/plain',
      payload: new TextEncoder().encode('after'),
    })
    later(world, 3_000)
    converge(mesh)
    const held = heldBy(mesh, 0)
    for (const { reply } of sent)
      if (reply?.ok === true) expect([...held.keys()]).toContain(reply.value.id)
    expect([...held.keys()]).toContain(more.id)
    expect(broken(mesh)).toEqual([])
    expect(groupOf(mesh, 0)?.equivocators).toEqual([])
  })
})

const groupIds = (world: World): string[] =>
  (world.node(0).machine as unknown as { report(): { groups: { group: string }[] } })
    .report()
    .groups.map(({ group }) => group)

test('a command that comes before the disk was read is refused, and founds nothing beside it', () => {
  const world = meshWorld({ seed: 'early', nodes: 1, crypto: crypto() })
  const mesh = found(world)
  world.crash(0)
  world.restart(0)
  const asked = { name: 'crew', leaders: [], policy: 'balanced' } as const
  const early = world.command(0, { kind: 'create-group', ...asked })
  const sent = say(mesh, 0, 'early')
  later(world, 1_000)
  for (const { reply } of [early, sent]) {
    expect(reply).toMatchObject({ ok: false, error: { code: 'DAEMON_UNREACHABLE' } })
  }
  expect(groupIds(world)).toEqual([mesh.group])
  expect(groupOf(mesh, 0)?.messages).toBe(2)
})

describe('the checks can fail', () => {
  test('a node that is put back to an older disk uses its numbers twice, and is seen', () => {
    const world = meshWorld({ seed: 'rollback', nodes: 2, crypto: crypto() })
    const mesh = found(world)
    const before = world.node(1).rows.all()
    say(mesh, 1, 'first life')
    later(world, 2_000)
    world.crash(1)
    const now = world.node(1).rows.all()
    world.node(1).rows.apply(now.map(({ key }) => ({ key, value: null })))
    world.node(1).rows.apply(before)
    world.split([[0], [1]])
    world.restart(1)
    later(world, 1_000)
    say(mesh, 1, 'second life')
    later(world, 1_000)
    expect(Numbers.of(world).broken).toHaveLength(1)
  })

  test('a nonce that repeats under one key is seen', () => {
    const own = new Nonces()
    const watched = own.watch(createNativeCrypto())
    const [key, nonce] = [new Uint8Array(32), new Uint8Array(12)]
    watched.aeadSeal(key, nonce, new Uint8Array(), Uint8Array.of(1))
    watched.aeadSeal(key, nonce, new Uint8Array(), Uint8Array.of(2))
    expect(own.twice).toHaveLength(1)
  })
})
