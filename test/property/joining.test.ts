// Coming in: every way in which a newcomer meets an issuer, an introducer, a human, a crash or a bad
// network, and every ticket that must not hold.
import { describe, expect, test } from 'vitest'
import type { Command } from '../../src/core/command.ts'
import type { CommandReply } from '../../src/node/driver-types.ts'
import type { CommandHandle } from '../../src/lab/world/node.ts'
import { broken } from '../support/laws.ts'
import {
  endpointOf,
  type Mesh,
  converge,
  done,
  everyone,
  found,
  groupOf,
  meshWorld,
  readAll,
  say,
  later,
} from '../support/mesh.ts'

const ticketOf = (mesh: Mesh, node = 0, change: object = {}): string =>
  done(mesh.world, node, {
    kind: 'invite',
    group: mesh.group,
    expiresMs: 3_600_000,
    uses: 1,
    confirm: false,
    ...change,
  }).ticket

const join = (
  mesh: Mesh,
  node: number,
  ticket: string,
  waitMs = 30_000,
): CommandHandle<JoinCommand> => mesh.world.command(node, { kind: 'join', ticket, waitMs })

type JoinCommand = Extract<Command, { kind: 'join' }>

const replied = (
  mesh: Mesh,
  handle: CommandHandle<JoinCommand>,
  withinMs = 60_000,
): CommandReply<'join'> => {
  mesh.world.runUntil(() => handle.reply !== undefined, withinMs)
  if (handle.reply === undefined) throw new Error('no reply')
  return handle.reply
}

const codeOf = (reply: { ok: true } | { ok: false; error: { code: string } }): string =>
  reply.ok ? 'ok' : reply.error.code

const settled = (mesh: Mesh, members: number): void => {
  converge(mesh)
  for (const node of everyone(mesh)) {
    expect(groupOf(mesh, node)?.members).toHaveLength(members)
    say(mesh, node, `by ${String(node)}`)
  }
  later(mesh, 5_000)
  converge(mesh)
  expect(broken(mesh)).toEqual([])
  for (const node of everyone(mesh)) {
    const open = readAll(mesh, node).filter(({ state }) => state === 'ok')
    expect(open.length).toBeGreaterThanOrEqual(members)
  }
}

describe('a ticket', () => {
  test('lets in as many as it says, and the next is told that it is used', () => {
    const mesh = found(meshWorld({ seed: 'uses', nodes: 4 }), 1, 1)
    const ticket = ticketOf(mesh, 0, { uses: 2 })
    expect(codeOf(replied(mesh, join(mesh, 1, ticket)))).toBe('ok')
    expect(codeOf(replied(mesh, join(mesh, 2, ticket)))).toBe('ok')
    expect(codeOf(replied(mesh, join(mesh, 3, ticket)))).toBe('TICKET_USED')
    expect(groupOf(mesh, 0)?.members).toHaveLength(3)
  })

  test('holds for one of several who come at once with it', () => {
    const mesh = found(meshWorld({ seed: 'race', nodes: 4 }), 1, 1)
    const ticket = ticketOf(mesh)
    const joins = [1, 2, 3].map((node) => join(mesh, node, ticket))
    const codes = joins.map((one) => codeOf(replied(mesh, one)))
    expect(codes.sort()).toEqual(['TICKET_USED', 'TICKET_USED', 'ok'])
  })

  test('that expired is refused by the issuer as by the newcomer', () => {
    const mesh = found(meshWorld({ seed: 'expired', nodes: 3 }), 1, 1)
    const ticket = ticketOf(mesh, 0, { expiresMs: 5_000 })
    mesh.world.setClock(1, { skewMs: -60_000 })
    later(mesh, 10_000)
    expect(codeOf(replied(mesh, join(mesh, 1, ticket)))).toBe('TICKET_EXPIRED')
    expect(codeOf(replied(mesh, join(mesh, 2, ticket)))).toBe('TICKET_EXPIRED')
  })

  test('that is damaged anywhere is no ticket', () => {
    const mesh = found(meshWorld({ seed: 'damaged', nodes: 2 }), 1, 1)
    const ticket = ticketOf(mesh)
    for (let at = 0; at < ticket.length; at += 7) {
      const other = ticket[at] === 'A' ? 'B' : 'A'
      const bent = ticket.slice(0, at) + other + ticket.slice(at + 1)
      expect(codeOf(replied(mesh, join(mesh, 1, bent)))).toBe('TICKET_INVALID')
    }
    for (const text of [
      '',
      'coterie-ticket-1',
      ticket.slice(0, -4),
      `${ticket}A`,
      'x'.repeat(100_000),
    ]) {
      expect(codeOf(replied(mesh, join(mesh, 1, text)))).toBe('TICKET_INVALID')
    }
    expect(codeOf(replied(mesh, join(mesh, 1, ` ${ticket}\n`)))).toBe('ok')
  })

  test('of nobody who leads is not issued', () => {
    const mesh = found(meshWorld({ seed: 'member', nodes: 2 }))
    const invite = { expiresMs: 1_000_000, uses: 1, confirm: false, group: mesh.group }
    const asked = mesh.world.command(1, { kind: 'invite', ...invite })
    later(mesh, 100)
    expect(asked.reply).toMatchObject({ ok: false, error: { code: 'NOT_A_LEADER' } })
  })
})

describe('an introducer', () => {
  test('keeps the request while the issuer is away, and the join goes on when it is back', () => {
    const mesh = found(meshWorld({ seed: 'introducer', nodes: 3 }), 1, 2)
    later(mesh, 5_000)
    const ticket = ticketOf(mesh)
    mesh.world.stop(0)
    later(mesh, 2_000)
    const joining = join(mesh, 2, ticket, 5_000)
    expect(codeOf(replied(mesh, joining))).toBe('JOIN_PENDING')
    expect(groupOf(mesh, 1)?.requests).toEqual([])
    const joins = (): unknown => endpointOf(mesh.world, 2).report().joins
    const [why, expires] = [
      expect.stringMatching(/issuer|introducer/),
      expect.any(Number),
    ] as unknown[]
    expect(joins()).toEqual([{ group: mesh.group, expires, why }])
    later(mesh, 60_000)
    expect(joins()).toEqual([{ group: mesh.group, expires, why }])
    mesh.world.restart(0)
    mesh.world.runUntil(() => groupOf(mesh, 2)?.members.length === 3, 60_000)
    expect(joins()).toEqual([])
    settled(mesh, 3)
  })

  test('that falls silent in the middle is left for another, and the command is answered', () => {
    const mesh = found(meshWorld({ seed: 'silent', nodes: 3 }), 1, 2)
    later(mesh, 5_000)
    const ticket = ticketOf(mesh)
    const { world } = mesh
    const joining = join(mesh, 2, ticket, 10_000)
    // The channel opens, and then nothing comes through any more.
    world.runUntil(() => world.node(2).neighbours().length > 0, 2_000)
    world.split([[0, 1], [2]], 'blackhole')
    expect(codeOf(replied(mesh, joining, 20_000))).toBe('JOIN_PENDING')
    world.split([[0], [1, 2]], 'blackhole')
    later(mesh, 20_000)
    world.heal()
    world.runUntil(() => groupOf(mesh, 2)?.members.length === 3, 60_000)
    settled(mesh, 3)
  })

  test('who has no link to the issuer passes the request on through others', () => {
    const world = meshWorld({ seed: 'far', nodes: 4 })
    const mesh = found(world, 1, 3)
    later(mesh, 5_000)
    const ticket = ticketOf(mesh)
    world.setLinks({
      split: {
        cut: 'reset',
        sides: [
          [0, 1],
          [1, 2],
          [2, 3],
        ],
      },
    })
    later(mesh, 5_000)
    expect(codeOf(replied(mesh, join(mesh, 3, ticket)))).toBe('ok')
    settled(mesh, 4)
    expect(groupOf(mesh, 1)?.requests).toEqual([])
  })
})

describe('a human who confirms', () => {
  test('lets a request in that waits, once', () => {
    const mesh = found(meshWorld({ seed: 'confirm', nodes: 3 }), 1, 1)
    const { world, group } = mesh
    const ticket = ticketOf(mesh, 0, { confirm: true })
    const joins = [1, 2].map((node) => join(mesh, node, ticket, 60_000))
    later(mesh, 3_000)
    const waiting = groupOf(mesh, 0)?.requests ?? []
    expect(waiting.map(({ name }) => name).sort()).toEqual(['n1', 'n2'])
    expect(groupOf(mesh, 0)?.members).toHaveLength(1)
    world.crash(0)
    world.restart(0)
    later(mesh, 1_000)
    expect(groupOf(mesh, 0)?.requests).toHaveLength(2)
    const [first, second] = waiting
    done(world, 0, { kind: 'accept-request', group, request: first?.request ?? '' })
    const node = first?.name === 'n1' ? 0 : 1
    expect(codeOf(replied(mesh, joins[node] as CommandHandle<JoinCommand>))).toBe('ok')
    const again = world.command(0, {
      kind: 'accept-request',
      group,
      request: second?.request ?? '',
    })
    later(mesh, 1_000)
    expect(again.reply).toMatchObject({ ok: false, error: { code: 'TICKET_USED' } })
    const unknown = world.command(0, { kind: 'accept-request', group, request: 'ff' })
    later(mesh, 1_000)
    expect(unknown.reply).toMatchObject({ ok: false, error: { code: 'MEMBER_UNKNOWN' } })
    expect(groupOf(mesh, 0)?.members).toHaveLength(2)
  })
})

describe('a leader named by a card', () => {
  test.each([20, 110, 170, 240])(
    'joins by any ticket and uses none up, at %i ms each way',
    (delayMs) => {
      const world = meshWorld({
        seed: `card ${String(delayMs)}`,
        nodes: 3,
        links: { base: { delayMs } },
      })
      world.run(1_000)
      const { card } = done(world, 1, { kind: 'mint-card' })
      const { group } = done(world, 0, {
        kind: 'create-group',
        name: 'crew',
        leaders: [card],
        policy: 'balanced',
      })
      const mesh: Mesh = { world, group }
      const ticket = ticketOf(mesh)
      expect(codeOf(replied(mesh, join(mesh, 1, ticket)))).toBe('ok')
      expect(groupOf(mesh, 1)?.role).toBe('leader')
      expect(codeOf(replied(mesh, join(mesh, 2, ticket)))).toBe('ok')
      settled(mesh, 3)
    },
  )

  test('serves one group: a second that names the card is refused', () => {
    const world = meshWorld({ seed: 'card used', nodes: 2 })
    world.run(1_000)
    const { card } = done(world, 1, { kind: 'mint-card' })
    const asked = {
      kind: 'create-group',
      name: 'crew',
      leaders: [card],
      policy: 'balanced',
    } as const
    done(world, 0, asked)
    const second = world.command(0, asked)
    const bent = world.command(0, { ...asked, leaders: [`${card.slice(0, -3)}AAA`] })
    world.run(world.nowMs + 1_000)
    expect(second.reply).toMatchObject({ ok: false, error: { code: 'CARD_USED' } })
    expect(bent.reply).toMatchObject({ ok: false, error: { code: 'CARD_INVALID' } })
  })
})

describe('once in', () => {
  test('trust becomes checked when other members say the same', () => {
    const mesh = found(meshWorld({ seed: 'trust', nodes: 4 }))
    expect(groupOf(mesh, 0)?.trust).toBe('checked')
    for (const node of everyone(mesh)) {
      done(mesh.world, node, { kind: 'attest', group: mesh.group })
      later(mesh, 1_000)
    }
    converge(mesh)
    for (const node of everyone(mesh)) expect(groupOf(mesh, node)?.trust).toBe('checked')
    mesh.world.stop(3)
    later(mesh, 500)
    mesh.world.restart(3)
    later(mesh, 500)
    expect(groupOf(mesh, 3)?.trust).toBe('checked')
  })

  test('a device in two groups with the same peer talks in both', () => {
    const world = meshWorld({ seed: 'two groups', nodes: 3 })
    const first = found(world)
    const second: Mesh = {
      world,
      group: done(world, 1, {
        kind: 'create-group',
        name: 'other',
        leaders: [],
        policy: 'balanced',
      }).group,
    }
    const ticket = ticketOf(second, 1, { uses: 2 })
    expect(codeOf(replied(second, join(second, 0, ticket)))).toBe('ok')
    expect(codeOf(replied(second, join(second, 2, ticket)))).toBe('ok')
    for (const mesh of [first, second])
      for (const node of [0, 1, 2]) say(mesh, node, `in ${mesh.group.slice(0, 4)}`)
    later(first, 5_000)
    for (const mesh of [first, second]) {
      converge(mesh)
      expect(readAll(mesh, 0)).toHaveLength(3)
    }
    world.split([[0], [1, 2]])
    later(first, 8_000)
    for (const mesh of [first, second]) say(mesh, 0, 'apart')
    world.heal()
    for (const mesh of [first, second]) {
      converge(mesh)
      expect(readAll(mesh, 2)).toHaveLength(4)
    }
  })
})
