// I40: whoever passes envelopes on, or dials to overhear a hello, sees no id of the group or of a member, no
// key, no piece of a header and no word of a text: known bytes are looked for in all that was sent, in the
// topic too. The search is shown a node that seals nothing, and finds them.
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { type Bytes, toHex, utf8 } from '../../src/base/bytes.ts'
import { ENVELOPE_BYTES_MAX, ENVELOPE_BYTES_MIN } from '../../src/base/limits.ts'
import { decode } from '../../src/codec/canonical.ts'
import { isHelloKind } from '../../src/core/anti-entropy/hello-frames.ts'
import type { Effect } from '../../src/core/effect.ts'
import { Endpoint } from '../../src/core/endpoint.ts'
import type { Env } from '../../src/core/env.ts'
import type * as envelope from '../../src/core/epoch/envelope.ts'
import type { Input } from '../../src/core/input.ts'
import { messagesOf } from '../support/bench.ts'
import { type Mesh, converge, done, everyone, found, groupOf, later } from '../support/mesh.ts'
import { meshWorld, say } from '../support/mesh.ts'

/** The fault: envelopes of the right size with everything readable in them. */
const bare = vi.hoisted(() => ({ on: false }))

vi.mock('../../src/core/epoch/envelope.ts', async (original) => {
  const real = await original<typeof envelope>()
  const sealEnvelope: typeof real.sealEnvelope = (env, key, content) => {
    const sealed = real.sealEnvelope(env, key, content)
    if (!bare.on || !sealed.ok) return sealed
    const open = new Uint8Array(sealed.value.length)
    open.set(real.encodeEnvelopeContent(content))
    return { ok: true, value: open }
  }
  return { ...real, sealEnvelope }
})

/** Known bytes are looked for in pieces of this many. */
const PIECE_BYTES = 8

class Overheard extends Endpoint {
  readonly envelopes: Bytes[] = []
  readonly hellos: Bytes[] = []
  readonly topics: string[] = []
  readonly #sync = new Set<number>()

  override step(input: Input, env: Env): Effect[] {
    if (input.kind === 'channel-open' && input.protocol === 'sync') this.#sync.add(input.channel)
    const effects = super.step(input, env)
    for (const effect of effects) {
      if (effect.kind === 'subscribe') this.topics.push(effect.topic)
      if (effect.kind === 'broadcast') this.envelopes.push(effect.envelope)
      if (effect.kind !== 'send' || !this.#sync.has(effect.channel)) continue
      if (isHello(effect.frame)) this.hellos.push(effect.frame)
    }
    return effects
  }
}

const isHello = (frame: Bytes): boolean => {
  const value = decode(frame, { maxBytes: frame.length })
  return value.ok && Array.isArray(value.value) && isHelloKind(Number(value.value[0]))
}

const TEXT = 'nobody else shall read this'

/** A life with everything that is pushed: texts, admissions, a removal, presences across a gap. */
const life = (seed: string): Mesh => {
  const world = meshWorld({
    seed,
    nodes: 4,
    endpoint: (identity, provider) => new Overheard(identity, provider),
  })
  const mesh = found(world, 2, 4)
  for (const node of everyone(mesh)) say(mesh, node, `${TEXT} ${String(node)}`)
  later(mesh, 5_000)
  const link = { cut: 'blackhole' } as const
  world.setLinks({
    rules: [
      { from: 0, to: 1, link },
      { from: 1, to: 0, link },
    ],
  })
  later(mesh, 100_000)
  world.heal()
  world.setLinks({})
  const target = groupOf(mesh, 3)?.self ?? ''
  done(world, 0, { kind: 'remove-member', group: mesh.group, scope: 'member', target })
  later(mesh, 10_000)
  converge(mesh, [0, 1, 2])
  return mesh
}

const piecesOf = (bytes: Bytes): string[] =>
  Array.from({ length: Math.max(0, bytes.length - PIECE_BYTES + 1) }, (_, i) =>
    toHex(bytes.subarray(i, i + PIECE_BYTES)),
  )

/** Every piece of what a stranger must not see, and what it is a piece of. */
const secretsOf = (mesh: Mesh): Map<string, string> => {
  const secrets = new Map<string, string>()
  const add = (what: string, bytes: Bytes): void => {
    for (const piece of piecesOf(bytes)) {
      // A run of one byte is in any padding.
      if (new Set(piece.match(/../g)).size > 2) secrets.set(piece, what)
    }
  }
  for (const { headerBytes, idBytes, signature, body } of messagesOf(mesh)) {
    add('a header', headerBytes)
    add('a signature', signature)
    add('a body', body)
    add('an id', idBytes)
  }
  for (const { header } of messagesOf(mesh)) {
    add('the group', header.group)
    add('a member', header.member)
  }
  for (const { account, device } of groupOf(mesh, 0)?.members ?? []) {
    add('an account', utf8(account))
    add('a device', utf8(device))
  }
  for (const node of everyone(mesh)) add('a text', utf8(`${TEXT} ${String(node)}`))
  return secrets
}

const seenIn = (secrets: ReadonlyMap<string, string>, sent: readonly Bytes[]): string[] => [
  ...new Set(sent.flatMap((bytes) => piecesOf(bytes).flatMap((piece) => secrets.get(piece) ?? []))),
]

const nodesOf = (mesh: Mesh): Overheard[] =>
  everyone(mesh).map((node) => mesh.world.node(node).machine as Overheard)

describe('whoever overhears a group', () => {
  beforeEach(() => {
    bare.on = false
  })

  test('sees nothing that it could know again, and sizes of a few steps only', () => {
    const mesh = life('overheard')
    const secrets = secretsOf(mesh)
    const nodes = nodesOf(mesh)
    const envelopes = nodes.flatMap((node) => node.envelopes)
    const hellos = nodes.flatMap((node) => node.hellos)
    expect(secrets.size).toBeGreaterThan(5_000)
    expect(envelopes.length).toBeGreaterThan(10)
    expect(hellos.length).toBeGreaterThan(20)
    expect(seenIn(secrets, envelopes)).toEqual([])
    expect(seenIn(secrets, hellos)).toEqual([])
    const topics = [...new Set(nodes.flatMap((node) => node.topics))]
    expect(topics).toHaveLength(1)
    const [topic = ''] = topics
    expect(topic).not.toContain(mesh.group.slice(0, 8))
    expect(seenIn(secrets, [utf8(topic), Buffer.from(topic, 'hex')])).toEqual([])
    for (const { length } of envelopes) {
      const steps = Math.log2(length / ENVELOPE_BYTES_MIN)
      expect(Number.isInteger(steps) && length <= ENVELOPE_BYTES_MAX, String(length)).toBe(true)
    }
    // The same text twice does not look alike.
    expect(new Set(envelopes.map(toHex)).size).toBe(envelopes.length)
  }, 60_000)

  test('sees it all where nothing is sealed: the search can fail', () => {
    bare.on = true
    const mesh = life('bare')
    const found = seenIn(
      secretsOf(mesh),
      nodesOf(mesh).flatMap((node) => node.envelopes),
    )
    expect(found).toEqual(expect.arrayContaining(['the group', 'a member', 'a header', 'a body']))
  }, 60_000)
})
