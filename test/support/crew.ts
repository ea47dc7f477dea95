// A small group without network or time: one replica for each person, who write when they are told to
// and hear what they are given, in any order. For laws over all histories and all orders of arrival.
// The same person writing the same thing on the same past writes the same bytes.
import type { Bytes } from '../../src/base/bytes.ts'
import { toHex, u32, utf8 } from '../../src/base/bytes.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { encodeConstitution } from '../../src/core/constitution/constitution.ts'
import { parseConstitution } from '../../src/core/constitution/constitution.ts'
import type { PolicyName } from '../../src/core/command.ts'
import { cardHash, mintCard } from '../../src/core/identity/card.ts'
import { memberIdOf } from '../../src/core/identity/candidate.ts'
import type { Side } from '../../src/core/evidence/evidence.ts'
import { encodeEvidence, inOrder } from '../../src/core/evidence/evidence.ts'
import { createJoinRequest } from '../../src/core/membership/join-request.ts'
import type { RemoveScope } from '../../src/core/message/bodies.ts'
import { RekeyCode } from '../../src/core/message/bodies.ts'
import type { Message } from '../../src/core/message/message.ts'
import { parseMessage } from '../../src/core/message/message.ts'
import type { Posted } from '../../src/core/replica/author.ts'
import {
  postAdd,
  postAttest,
  postDormant,
  postEpoch,
  postEvidence,
  postGenesis,
  postJoin,
  postLeave,
  postPrekey,
  postRekeyRequest,
  postRemove,
} from '../../src/core/replica/author.ts'
import { keepPrekey } from '../../src/core/replica/prekeys.ts'
import { postText } from '../../src/core/replica/sealed.ts'
import type { Replica, Self } from '../../src/core/replica/state.ts'
import { ownTip } from '../../src/core/replica/state.ts'
import { Space, key, within } from '../../src/core/storage.ts'
import { parseRecord } from '../../src/core/transcript/row.ts'
import type { Turn } from '../../src/core/turn.ts'
import { Bench, crypto } from './bench.ts'

/** One membership of one person: a leader's card or a member's request. */
export interface Person {
  readonly name: string
  readonly leader: boolean
  /** Hex of the account, which several of these may share. */
  readonly account: string
  readonly self: Self
  /** What a leader adds; empty for a leader. */
  readonly request: Bytes
  readonly prekeySecret: Bytes
}

export interface Cast {
  readonly constitution: Bytes
  readonly leaders: readonly Person[]
  readonly members: readonly Person[]
}

export interface CastOptions {
  readonly seed: string
  readonly leaders: number
  /** Accounts of the members; an account that is named again is another device of it. */
  readonly members: readonly string[]
  readonly policy?: PolicyName
  /** memberGroupIds of the members. Default: 100 and up. */
  readonly numbers?: readonly number[]
}

/** Seeds, cards, requests and a constitution, all from one seed. */
export function castOf(options: CastOptions): Cast {
  const { seed, leaders, members, policy = 'balanced', numbers = [] } = options
  const random = new SeededRandom(seed)
  const secret = (purpose: string): Bytes => random.fork(purpose).bytes(32)
  const seats = Array.from({ length: leaders }, (_, i) => {
    const name = `leader ${String(i)}`
    const seeds = { account: secret(`${name} account`), device: secret(`${name} device`) }
    const card = mintCard(crypto, {
      name,
      seeds,
      transport: crypto.edPublicKey(secret(`${name} transport`)),
      memberGroupId: 1 + i,
      prekey0: crypto.xPublicKey(secret(`${name} prekey`)),
    })
    return { name, seeds, card }
  })
  const constitution = encodeConstitution(crypto, {
    nonce: secret('nonce'),
    predecessor: new Uint8Array(),
    name: 'crew',
    leaders: seats.map(({ card }) => card.bytes),
    policy,
    accessKey: secret('access'),
  })
  const parsed = parseConstitution(crypto, constitution)
  if (!parsed.ok) throw new Error(parsed.error)
  const { group } = parsed.value
  const person = (
    name: string,
    leader: boolean,
    seeds: { readonly account: Bytes; readonly device: Bytes },
    member: Bytes,
    memberGroupId: number,
    request: Bytes,
  ): Person => ({
    name,
    leader,
    account: toHex(crypto.edPublicKey(seeds.account)),
    self: { member: toHex(member), memberBytes: member, memberGroupId, deviceSeed: seeds.device },
    request,
    prekeySecret: secret(`${name} prekey`),
  })
  const issuer = memberIdOf(crypto, group, cardHash(crypto, seats[0]?.card.bytes ?? group))
  return {
    constitution,
    leaders: seats.map(({ name, seeds, card }) => {
      const member = memberIdOf(crypto, group, cardHash(crypto, card.bytes))
      return person(name, true, seeds, member, card.memberGroupId, new Uint8Array())
    }),
    members: members.map((account, i) => {
      const name = `${account} ${String(i)}`
      const memberGroupId = numbers[i] ?? 100 + i
      const seeds = { account: secret(`${account} account`), device: secret(`${name} device`) }
      const request = createJoinRequest(crypto, {
        ticket: {
          group,
          issuer,
          introducers: [],
          inviteId: new Uint8Array(16),
          inviteSecret: new Uint8Array(32),
          expiresMs: 1,
          uses: 1,
        },
        name,
        seeds,
        transport: crypto.edPublicKey(secret(`${name} transport`)),
        memberGroupId,
        prekey0: crypto.xPublicKey(secret(`${name} prekey`)),
        nonce: new Uint8Array(16),
      })
      return person(name, false, seeds, request.member, memberGroupId, request.bytes)
    }),
  }
}

/** What somebody may do. */
export type Act =
  | { readonly kind: 'genesis' | 'join' | 'text' | 'leave' | 'prekey' | 'attest' | 'epoch' }
  | { readonly kind: 'rekey'; readonly code: number }
  | { readonly kind: 'add'; readonly whom: Person }
  | {
      readonly kind: 'remove'
      readonly scope: (typeof RemoveScope)[keyof typeof RemoveScope]
      readonly target: Bytes
    }
  | { readonly kind: 'dormant'; readonly whom: Person; readonly on: boolean }
  /** With two messages that one person wrote under one counter. */
  | { readonly kind: 'accuse'; readonly pair: readonly [Message, Message] }
  /** Whoever is found to have used a number twice. */
  | { readonly kind: 'accuse-found' }

export const manual = { kind: 'rekey', code: RekeyCode.manual } as const

/** A person's replica, fed by hand. */
export class Writer extends Bench {
  readonly person: Person
  readonly #seed: string

  constructor(cast: Cast, person: Person) {
    super(cast.constitution, person.self, person.name)
    this.person = person
    this.#seed = person.name
    this.step((turn) => {
      keepPrekey(turn, this.replica, person.prekeySecret)
    })
  }

  /** Writes something on all that was heard; the message, or why it could not be. */
  act(asked: Act): Message | string {
    const act = asked.kind === 'accuse-found' ? this.#found() : asked
    if (act === undefined) return 'nobody used a number twice'
    const heads = [...this.replica.transcript.heads.keys()].sort().join()
    this.reseed(`${this.#seed} ${nameOf(act)} ${heads}`)
    let result: Message | string = 'no answer'
    this.step((turn) => {
      perform(turn, this.replica, act, (posted) => {
        result = posted.ok ? posted.message : posted.error.message
      })
    })
    return result
  }

  /** Who else has two messages under one number here: the first of them, by ids. */
  #found(): Extract<Act, { kind: 'accuse' }> | undefined {
    const heard = this.rows
      .read(within(key(Space.message, this.replica.number)))
      .map(({ value }) => parseRecord(value))
      .flatMap((record) => (record.ok ? [parseMessage(crypto, record.value.envelope)] : []))
      .flatMap((message) => (message.ok ? [message.value] : []))
      .sort((a, b) => (a.id < b.id ? -1 : 1))
    for (const one of heard) {
      const other = heard.find(
        ({ id, member, header }) =>
          id > one.id && member === one.member && header.counter === one.header.counter,
      )
      if (other === undefined || one.member === this.person.self.member) continue
      return { kind: 'accuse', pair: [one, other] }
    }
    return undefined
  }

  /** Whether its counter 0 was written. */
  get joined(): boolean {
    return ownTip(this.replica) !== undefined
  }
}

export const nameOf = (act: Act): string => {
  switch (act.kind) {
    case 'add':
      return `add ${act.whom.name}`
    case 'remove':
      return `remove ${String(act.scope)} ${toHex(act.target).slice(0, 8)}`
    case 'dormant':
      return `${act.on ? 'dormant' : 'awake'} ${act.whom.name}`
    case 'accuse':
      return `accuse ${act.pair[0].member.slice(0, 6)}`
    case 'rekey':
      return `rekey ${String(act.code)}`
    default:
      return act.kind
  }
}

/** The proof that two messages of one author make, each signed itself. */
export const proofOf = (a: Message, b: Message): Bytes =>
  encodeEvidence(inOrder(crypto, sideOf(a), sideOf(b)))

const sideOf = ({ headerBytes, signature }: Message): Side => ({
  headers: [headerBytes],
  signature,
})

const perform = (
  turn: Turn,
  replica: Replica,
  act: Exclude<Act, { kind: 'accuse-found' }>,
  done: (posted: Posted) => void,
): void => {
  const then = (_: Turn, posted: Posted): void => done(posted)
  switch (act.kind) {
    case 'genesis':
      return postGenesis(turn, replica, then)
    case 'join':
      return postJoin(turn, replica, then)
    case 'leave':
      return postLeave(turn, replica, '', then)
    case 'prekey':
      return postPrekey(turn, replica, then)
    case 'attest':
      return postAttest(turn, replica, then)
    case 'epoch':
      return postEpoch(turn, replica, then)
    case 'rekey':
      return postRekeyRequest(turn, replica, act.code, undefined, then)
    case 'add':
      return postAdd(turn, replica, act.whom.request, then)
    case 'remove':
      return postRemove(turn, replica, act, then)
    case 'accuse':
      return postEvidence(turn, replica, proofOf(...act.pair), then)
    case 'dormant':
      return postDormant(turn, replica, act.whom.self.memberBytes, act.on, then)
    case 'text': {
      const payload = utf8(`text ${toHex(u32(replica.transcript.count))}`)
      return postText(turn, replica, 'text/plain', payload, (_, sent) => {
        if (!sent.ok) return done(sent)
        if ('message' in sent) return done(sent)
        done({ ok: false, error: { code: 'JOIN_PENDING', message: 'held', hint: '' } })
      })
    }
  }
}
