// One replica on a bench, without endpoint, links or time: messages and frames go in by hand, reads of
// the store are answered at once or in an order that a test draws. For laws of one replica alone.
import { Rows } from '../../src/adapters/memory/rows.ts'
import type { Bytes } from '../../src/base/bytes.ts'
import { toHex } from '../../src/base/bytes.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { decode } from '../../src/codec/canonical.ts'
import { parseConstitution } from '../../src/core/constitution/constitution.ts'
import type { Effect } from '../../src/core/effect.ts'
import { parseMessage } from '../../src/core/message/message.ts'
import type { Message } from '../../src/core/message/message.ts'
import { take, takeSettled } from '../../src/core/replica/intake.ts'
import type { Outcome, Source } from '../../src/core/replica/intake.ts'
import { takeGroupFrame } from '../../src/core/replica/peers.ts'
import { encodeGroup, parseGroup } from '../../src/core/replica/records.ts'
import { bootReplicas, bootSpaces } from '../../src/core/replica/boot.ts'
import type { Replica, Self } from '../../src/core/replica/state.ts'
import { SecretKind, secretKey } from '../../src/core/replica/state.ts'
import { createReplica } from '../../src/core/replica/create.ts'
import { rootOf } from '../../src/core/replica/sync.ts'
import type { SyncPeer } from '../../src/core/replica/sync-state.ts'
import { createSyncPeer } from '../../src/core/replica/sync-state.ts'
import { Space, key, within } from '../../src/core/storage.ts'
import { parseRecord } from '../../src/core/transcript/row.ts'
import { hold } from '../../src/core/transcript/pending.ts'
import type { Turn } from '../../src/core/turn.ts'
import { createLoads, createTurn, effectsOf, loaded } from '../../src/core/turn.ts'
import { createNativeCrypto } from '../../src/crypto/native.ts'
import { type Mesh, endpointOf, recordsOf } from './mesh.ts'

export const crypto = createNativeCrypto()

const push: Source = {
  how: 'push',
  from: 'peer',
  vouched: false,
  verified: false,
  settled: true,
}

/**
 * As it comes from somebody who has checked it: signatures are another law's, and checking each a thousand
 * times would be most of the work. Whether forks may come in is settled, as nobody here answers them.
 */
export const trusted: Source = {
  how: 'sync',
  from: 'peer',
  vouched: true,
  verified: true,
  settled: true,
}

/** The constitution of a mesh's group, from the disk of its founder. */
export function constitutionOf(mesh: Mesh, node = 0): Bytes {
  const number = endpointOf(mesh.world, node).groupNumber(mesh.group) ?? 0
  const [entry] = mesh.world.node(node).disk.rows.read(within(key(Space.group, number)))
  const group = entry && parseGroup(entry.key, entry.value.subarray(1))
  if (group === undefined) throw new Error('the group is not on the disk')
  return group.constitution
}

/** Every message that a node holds, in an order in which each comes after its past. */
export function messagesOf(mesh: Mesh, node = 0): Message[] {
  const messages = recordsOf(mesh, node).map((stored) => {
    const record = parseRecord(stored)
    const message = record.ok ? parseMessage(crypto, record.value.envelope) : record
    if (!message.ok) throw new Error(`a stored message is damaged: ${message.error}`)
    return message.value
  })
  return messages.sort((a, b) => a.header.lamport - b.header.lamport || (a.id < b.id ? -1 : 1))
}

const stranger = (constitution: Bytes): Self => {
  const member = crypto.sha256(constitution)
  return {
    member: toHex(member),
    memberBytes: member,
    memberGroupId: 0,
    deviceSeed: new Uint8Array(32),
  }
}

export class Bench {
  replica: Replica
  readonly rows = new Rows()
  readonly counts = new Map<string, number>()
  /** Frames sent and not collected yet. */
  sent: Bytes[] = []
  nowMs = 1_000
  /** Reads of the store so far. */
  reads = 0
  /** While true, reads wait for `settle`. */
  hold = false
  /** Set: answers of the store come in an order drawn from it, and only from `settle`. */
  disorder: SeededRandom | undefined
  readonly #loads = createLoads()
  readonly #asked: (() => void)[] = []
  #random: SeededRandom

  /** `self`: for whom the replica speaks; default somebody who is no member. */
  constructor(constitution: Bytes, self: Self = stranger(constitution), seed = 'bench') {
    const parsed = parseConstitution(crypto, constitution)
    if (!parsed.ok) throw new Error(parsed.error)
    this.#random = new SeededRandom(seed)
    this.replica = createReplica(this.#env(), {
      number: 1,
      constitution: parsed.value,
      createdMs: 0,
      accessKey: new Uint8Array(32),
      self,
    })
  }

  /** From here on luck comes from this seed. */
  reseed(seed: string): void {
    this.#random = new SeededRandom(seed)
  }

  /** Runs something as one step, then everything that follows from it. */
  step(act: (turn: Turn) => void): void {
    const turn = createTurn(this.#env(), this.#loads)
    act(turn)
    this.#letIn(turn)
    for (const effect of effectsOf(turn)) this.#perform(effect)
    if (this.disorder === undefined && !this.hold) this.settle()
  }

  /** Nobody here accuses anybody: what the intake doubts once its past is held comes in all the same. */
  #letIn(turn: Turn): void {
    const { suspects, pending } = this.replica
    for (let next = suspects.shift(); next !== undefined; next = suspects.shift()) {
      const { message, source, why, done, missing } = next
      if (why === 'waiting') continue
      if (missing.length === 0) {
        takeSettled(turn, this.replica, message, source, done)
        continue
      }
      hold(pending, { message, ...source }, missing, turn.env.nowMs)
      done(turn, { kind: 'pending' })
    }
  }

  /** Answers every read that waits, in the drawn order, and those that follow. */
  settle(): void {
    while (this.#asked.length > 0) {
      const at = this.disorder?.below(this.#asked.length) ?? 0
      this.#asked.splice(at, 1)[0]?.()
    }
  }

  /** Delivers a message; the outcome, or undefined while reads are under way. */
  take(message: Message, source: Source = push): Outcome | undefined {
    let outcome: Outcome | undefined
    this.step((turn) => take(turn, this.replica, message, source, (_, came) => (outcome = came)))
    return outcome
  }

  /** Lets every row leave memory that may: all but the tips, as after long traffic. */
  forget(): void {
    const { transcript } = this.replica
    const tips = new Set(transcript.lines.map(({ tip }) => tip.id))
    transcript.order = transcript.order.filter(({ id }) => tips.has(id))
    transcript.oldest = 0
    for (const [id] of transcript.rows) if (!tips.has(id)) transcript.rows.delete(id)
    for (const places of transcript.places.values())
      for (const [counter, { id }] of places) if (!tips.has(id)) places.delete(counter)
    transcript.evicted = true
  }

  /** Starts again from what lies in the store, as after a crash. */
  reboot(): void {
    const { number, constitution, createdMs, self, accessKey } = this.replica
    const { memberBytes: member, memberGroupId, deviceSeed } = self
    const saved = { number, constitution: constitution.bytes, member, memberGroupId, createdMs }
    this.rows.apply([
      { key: key(Space.group, number), value: encodeGroup(saved) },
      { key: secretKey(number, SecretKind.access, new Uint8Array()), value: accessKey },
    ])
    const lying = new Map(
      bootSpaces.map((space) => [space as number, this.rows.read(within(key(space)))]),
    )
    this.step((turn) =>
      bootReplicas(turn, { deviceSeed, archive: true }, lying, (_, [replica]) => {
        if (replica === undefined) throw new Error('nothing to start from')
        this.replica = replica
      }),
    )
  }

  /** A peer that counts as a member. */
  peer(channel: number, peer = `peer ${String(channel)}`): SyncPeer {
    const proof = { input: new Uint8Array(), signature: new Uint8Array() }
    const claim = { peerMember: new Uint8Array(), proof }
    const who = { channel, index: 0, peer, member: peer, claim }
    const entry: SyncPeer = { ...createSyncPeer(who, this.nowMs), proven: true, greeted: true }
    this.replica.sync.peers.set(channel, entry)
    return entry
  }

  /** Hands a group frame over as it came; false where it is malformed. */
  frame(from: SyncPeer, bytes: Bytes): boolean {
    const value = decode(bytes, { maxBytes: bytes.length })
    if (!value.ok) return false
    let fine = false
    this.step((turn) => {
      fine = takeGroupFrame(turn, this.replica, from, value.value, bytes.length)
    })
    return fine
  }

  collect(): Bytes[] {
    const frames = this.sent
    this.sent = []
    return frames
  }

  root(): string {
    let root = ''
    this.step((turn) => (root = toHex(rootOf(turn, this.replica))))
    return root
  }

  /** Header and body of everything accepted, by id, as it lies in the store. */
  held(): Map<string, string> {
    const held = new Map<string, string>()
    for (const { value } of this.rows.read(within(key(Space.message, 1)))) {
      const record = parseRecord(value)
      const message = record.ok ? parseMessage(crypto, record.value.envelope) : record
      if (!message.ok) throw new Error(`a stored message is damaged: ${message.error}`)
      const { id, headerBytes, body } = message.value
      held.set(id, `${toHex(headerBytes)}/${toHex(body)}`)
    }
    return held
  }

  #env(): Turn['env'] {
    const { nowMs } = this
    return { nowMs, wallMs: nowMs, random: (length) => this.#random.bytes(length), crypto }
  }

  #perform(effect: Effect): void {
    if (effect.kind === 'persist') {
      this.rows.apply(effect.puts.map(({ key: at, value }) => ({ key: at, value })))
    }
    if (effect.kind === 'load') {
      this.reads += 1
      this.#asked.push(() => {
        const results = effect.ranges.map((range) => this.rows.read(range))
        this.step((turn) => loaded(turn, effect.ticket, results))
      })
    }
    if (effect.kind === 'send') this.sent.push(effect.frame)
    if (effect.kind === 'count') {
      const name = effect.label === undefined ? effect.name : `${effect.name}/${effect.label}`
      this.counts.set(name, (this.counts.get(name) ?? 0) + (effect.by ?? 1))
    }
  }
}

/** Two benches on a wire: runs frames to and fro until nothing is said any more. */
export function exchange(a: Bench, b: Bench, ends: { inA: SyncPeer; inB: SyncPeer }): void {
  for (let round = 0; round < 10_000; round++) {
    const toB = a.collect()
    const toA = b.collect()
    if (toA.length + toB.length === 0) return
    for (const frame of toB) b.frame(ends.inB, frame)
    for (const frame of toA) a.frame(ends.inA, frame)
  }
  throw new Error('two replicas never stop talking')
}
