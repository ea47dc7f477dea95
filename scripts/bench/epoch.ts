// W7, what an epoch costs: made by one leader for groups of several sizes, then judged and opened by
// a member. In one process, without disk and links: the work itself, for each recipient. Its floor is
// the bare X25519 that a seal cannot do without: one key made and one agreement.

import { EMPTY } from '../../src/base/bytes.ts'
import { parseConstitution, encodeConstitution } from '../../src/core/constitution/constitution.ts'
import type { Constitution } from '../../src/core/constitution/constitution.ts'
import { mintCard } from '../../src/core/identity/card.ts'
import { createJoinRequest } from '../../src/core/membership/join-request.ts'
import { RekeyCode } from '../../src/core/message/bodies.ts'
import { hexOf } from '../../src/core/message/header.ts'
import type { Message } from '../../src/core/message/message.ts'
import { postAdd, postEpoch, postGenesis, postRekeyRequest } from '../../src/core/replica/author.ts'
import type { Then } from '../../src/core/replica/author.ts'
import { take } from '../../src/core/replica/intake.ts'
import { keepPrekey } from '../../src/core/replica/prekeys.ts'
import type { Replica } from '../../src/core/replica/state.ts'
import { createReplica } from '../../src/core/replica/create.ts'
import type { Turn } from '../../src/core/turn.ts'
import { createLoads, createTurn } from '../../src/core/turn.ts'
import { createNativeCrypto } from '../../src/crypto/native.ts'
import { randomBytes } from 'node:crypto'
import type { Bench, Row } from './bench.ts'
import { median } from './bench.ts'

const crypto = createNativeCrypto()
const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))

/** Epochs made one after another in each group; the median counts. */
const EPOCHS = 5
const BYTES_GOAL = 90
const MS_GOAL = 0.5

export function measureEpochs(bench: Bench): Row[] {
  const sizes = bench.sizes.rounds > 1 ? [8, 64, 256, 1_024] : [8, 64, 256]
  return sizes.flatMap((members) => rowsOf(members))
}

function rowsOf(members: number): Row[] {
  const group = groupOf(members)
  const made: number[] = []
  const read: number[] = []
  let bytes = 0
  for (let round = 0; round < EPOCHS; round++) {
    const asked = posted((turn, then) =>
      postRekeyRequest(turn, group.leader, RekeyCode.manual, undefined, then),
    )
    deliver(group.member, asked)
    const startedMs = performance.now()
    const epoch = posted((turn, then) => postEpoch(turn, group.leader, then))
    made.push(performance.now() - startedMs)
    const readMs = performance.now()
    deliver(group.member, epoch)
    read.push(performance.now() - readMs)
    bytes = epoch.headerBytes.length + epoch.body.length + epoch.signature.length
  }
  const floor = bareSeals(members)
  const name = `of ${String(members)}`
  const goal = (bound: number): Row['goal'] => ({ bound, side: 'most', because: 'a recipient' })
  return [
    {
      workload: 'W7',
      name: `epoch ${name}: made`,
      unit: 'ms a recipient',
      floor: floor / members,
      coterie: median(made) / members,
      goal: goal(MS_GOAL),
    },
    {
      workload: 'W7',
      name: `epoch ${name}: judged, opened`,
      unit: 'ms',
      coterie: median(read),
    },
    {
      workload: 'W7',
      name: `epoch ${name}: message`,
      unit: 'B a recipient',
      coterie: bytes / members,
      goal: goal(BYTES_GOAL),
    },
  ]
}

/** Milliseconds of the X25519 that `count` seals need at least. */
function bareSeals(count: number): number {
  const other = crypto.xPublicKey(random(32))
  const times = Array.from({ length: EPOCHS }, () => {
    const startedMs = performance.now()
    for (let i = 0; i < count; i++) {
      const secret = random(32)
      crypto.xPublicKey(secret)
      crypto.xShared(secret, other)
    }
    return performance.now() - startedMs
  })
  return median(times)
}

interface Person {
  readonly seeds: { readonly account: Uint8Array; readonly device: Uint8Array }
  readonly transport: Uint8Array
  readonly memberGroupId: number
  readonly prekey0Secret: Uint8Array
  readonly prekey0: Uint8Array
}

function person(index: number): Person {
  const prekey0Secret = random(32)
  return {
    seeds: { account: random(32), device: random(32) },
    transport: crypto.edPublicKey(random(32)),
    memberGroupId: index,
    prekey0Secret,
    prekey0: crypto.xPublicKey(prekey0Secret),
  }
}

/** A group of so many members, as its leader and one of its members hold it. */
function groupOf(members: number): { leader: Replica; member: Replica } {
  const founder = person(0)
  const accessKey = random(32)
  const card = mintCard(crypto, { name: 'founder', ...founder })
  const content = {
    nonce: random(32),
    predecessor: EMPTY,
    name: 'bench',
    policy: 'balanced',
  } as const
  const encoded = encodeConstitution(crypto, { ...content, leaders: [card.bytes], accessKey })
  const constitution = parseConstitution(crypto, encoded)
  if (!constitution.ok) throw new Error(constitution.error)
  const seat = constitution.value.leaders[0]
  if (seat === undefined) throw new Error('no leader')
  const leader = replicaOf(constitution.value, accessKey, seat.member, founder)
  const messages = [posted((turn, then) => postGenesis(turn, leader, then))]
  let joined: { readonly person: Person; readonly member: Uint8Array } | undefined
  for (let index = 1; index < members; index++) {
    const one = person(index)
    const request = createJoinRequest(crypto, {
      ticket: {
        group: constitution.value.group,
        issuer: seat.member,
        introducers: [],
        inviteId: random(16),
        inviteSecret: random(32),
        expiresMs: 0,
        uses: 1,
      },
      name: `member ${String(index)}`,
      ...one,
      nonce: random(16),
    })
    messages.push(posted((turn, then) => postAdd(turn, leader, request.bytes, then)))
    joined ??= { person: one, member: request.member }
  }
  if (joined === undefined) throw new Error('a group of one')
  const member = replicaOf(constitution.value, accessKey, joined.member, joined.person)
  messages.push(posted((turn, then) => postEpoch(turn, leader, then)))
  for (const message of messages) deliver(member, message)
  return { leader, member }
}

function replicaOf(
  constitution: Constitution,
  accessKey: Uint8Array,
  member: Uint8Array,
  { seeds, memberGroupId, prekey0Secret }: Person,
): Replica {
  let replica: Replica | undefined
  step((turn) => {
    replica = createReplica(turn.env, {
      number: 1,
      constitution,
      createdMs: 0,
      accessKey,
      self: { member: hexOf(member), memberBytes: member, memberGroupId, deviceSeed: seeds.device },
    })
    keepPrekey(turn, replica, prekey0Secret)
  })
  if (replica === undefined) throw new Error('no replica')
  return replica
}

/** One step; whatever it wants written or sent is dropped, and it may not need a read. */
function step(act: (turn: Turn) => void): void {
  const turn = createTurn({ nowMs: 1, wallMs: 1, random, crypto }, createLoads())
  act(turn)
  if (turn.effects.some((effect) => effect.kind === 'load')) throw new Error('a row left memory')
}

function posted(post: (turn: Turn, then: Then) => void): Message {
  let message: Message | undefined
  step((turn) =>
    post(turn, (_, answer) => {
      if (!answer.ok) throw new Error(answer.error.message)
      message = answer.message
    }),
  )
  if (message === undefined) throw new Error('nothing was posted')
  return message
}

function deliver(replica: Replica, message: Message): void {
  const source = { how: 'push', from: 'peer', vouched: false, verified: false } as const
  step((turn) =>
    take(turn, replica, message, source, (_, outcome) => {
      if (outcome.kind !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(outcome)}`)
    }),
  )
}
