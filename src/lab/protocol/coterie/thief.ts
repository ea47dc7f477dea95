// A thief who copies the disk of a node: it opens every secret that lies there, uses every key as far as
// it leads, and reads what it can of a transcript, whatever the program itself would do. It knows the
// layout and nothing of the rules of erasure, so what it reads is what was really given away.
import type { Rows } from '../../../adapters/memory/rows.ts'
import type { Bytes } from '../../../base/bytes.ts'
import { parseEpochBody, placeOf } from '../../../core/epoch/body.ts'
import { messageKeyAt } from '../../../core/epoch/chain.ts'
import type { Chain } from '../../../core/epoch/chain.ts'
import { chainKeysOf, prkOf } from '../../../core/epoch/schedule.ts'
import { openSeal } from '../../../core/epoch/seal.ts'
import { openText } from '../../../core/epoch/text.ts'
import { parseEpochMessage } from '../../../core/message/bodies.ts'
import { encodePrefix, hexOf } from '../../../core/message/header.ts'
import type { Message } from '../../../core/message/message.ts'
import { parseMessage } from '../../../core/message/message.ts'
import { MessageType } from '../../../core/message/type.ts'
import { archiveKey, archivedKeys } from '../../../core/replica/archive.ts'
import { parseEpoch } from '../../../core/replica/epochs.ts'
import { parsePrekey } from '../../../core/replica/prekeys.ts'
import { SecretKind, secretKey } from '../../../core/replica/state.ts'
import { Space, key as keyOf, within } from '../../../core/storage.ts'
import { parseRecord } from '../../../core/transcript/row.ts'
import type { Crypto } from '../../../crypto/crypto.ts'
import type { Keyring } from '../../../ports/keyring.ts'

/** What was on a disk at one moment. */
export interface Loot {
  readonly prekeys: ReadonlyMap<string, Bytes>
  /** Epoch -> member -> its chain from some position on. */
  readonly chains: ReadonlyMap<string, ReadonlyMap<string, Chain>>
  /** Epoch -> secret. */
  readonly secrets: ReadonlyMap<string, Bytes>
  /** Keys of texts in the archive. */
  readonly archived: number
}

const ID_AT = 6

/** Everything that the keyring of the same moment opens. */
export function steal(rows: Rows, keyring: Keyring, group: number): Loot {
  const prekeys = new Map<string, Bytes>()
  const chains = new Map<string, ReadonlyMap<string, Chain>>()
  const secrets = new Map<string, Bytes>()
  const open = (prefix: Bytes): (readonly [Bytes, Bytes])[] =>
    rows.read(within(prefix)).flatMap(({ key, value }) => {
      const opened = keyring.open(key, value.subarray(1))
      return opened === undefined ? [] : [[key, opened] as const]
    })
  const all = new Uint8Array()
  for (const [key, value] of open(secretKey(group, SecretKind.prekey, all))) {
    const prekey = parsePrekey(value)
    if (prekey !== undefined) prekeys.set(hexOf(key.slice(ID_AT)), prekey.secret)
  }
  for (const [key, value] of open(secretKey(group, SecretKind.epoch, all))) {
    const epoch = parseEpoch(key.slice(ID_AT), value)
    if (epoch === undefined) continue
    chains.set(epoch.id, epoch.chains)
    if (epoch.secret.length > 0) secrets.set(epoch.id, epoch.secret)
  }
  const archive = open(archiveKey(group, 0, 0).slice(0, 5))
  const archived = archive.reduce((sum, [, value]) => sum + archivedKeys(value).size, 0)
  return { prekeys, chains, secrets, archived }
}

/** Somebody with the loot, who hears everything that is said, and goes on learning from it. */
export class Thief {
  readonly #crypto: Crypto
  readonly #loot: Loot
  /** The member whose keys they were. */
  readonly #member: string
  readonly #chains: Map<string, ReadonlyMap<string, Chain>>

  constructor(crypto: Crypto, loot: Loot, member: string) {
    this.#crypto = crypto
    this.#loot = loot
    this.#member = member
    this.#chains = new Map(loot.chains)
  }

  /** Takes a new epoch, if it is sealed to what was stolen. */
  learn(message: Message): void {
    if (message.header.type !== MessageType.epoch) return
    const found = openedBy(this.#crypto, this.#loot, this.#member, message)
    if (found !== undefined) this.#chains.set(found.id, found.chains)
  }

  /** Whether it is a text that opens. */
  reads({ header, body }: Message): boolean {
    if (header.type !== MessageType.text) return false
    const chain = this.#chains.get(hexOf(header.epoch))?.get(hexOf(header.member))
    const key = chain && messageKeyAt(this.#crypto, chain, header.gen)
    if (key?.ok !== true) return false
    const { salt, keyCommit } = header
    const sealed = { messageKey: key.value, salt, keyCommit, prefix: encodePrefix(header), body }
    return openText(this.#crypto, sealed).ok
  }
}

/** Ids of the texts that the loot opens, of all these messages. */
export function readable(
  crypto: Crypto,
  loot: Loot,
  member: string,
  messages: readonly Message[],
): Set<string> {
  const thief = new Thief(crypto, loot, member)
  for (const message of messages) thief.learn(message)
  return new Set(messages.filter((message) => thief.reads(message)).map(({ id }) => id))
}

/** The messages of a group that lie on a disk. */
export function messagesOn(crypto: Crypto, rows: Rows, group: number): Message[] {
  return rows
    .read(within(keyOf(Space.message, group)))
    .flatMap(({ value }) => messageOf(crypto, value.subarray(1)) ?? [])
}

/** A stored record as the message that it is. */
export function messageOf(crypto: Crypto, stored: Bytes): Message | undefined {
  const record = parseRecord(stored)
  const message = record.ok ? parseMessage(crypto, record.value.envelope) : record
  return message.ok ? message.value : undefined
}

/** All chains of an epoch, by a stolen prekey or a stolen secret. */
function openedBy(
  crypto: Crypto,
  loot: Loot,
  member: string,
  message: Message,
): { id: string; chains: Map<string, Chain> } | undefined {
  const outer = parseEpochMessage(message.body)
  const body = outer.ok ? parseEpochBody(outer.value.epoch) : outer
  if (!outer.ok || !body.ok) return undefined
  const { group } = message.header
  const id = crypto.sha256(labelOfEpoch, group, outer.value.epoch)
  const self = Uint8Array.from(member.match(/../g) ?? [], (two) => parseInt(two, 16))
  const place = placeOf(body.value, self)
  const prekeyId = body.value.recipients[place]?.prekeyId
  const prekeySecret = prekeyId && loot.prekeys.get(hexOf(prekeyId))
  const sealed = { group, id, body: body.value, seals: outer.value.seals, member: self }
  const opened = prekeySecret && openSeal(crypto, { ...sealed, prekeySecret })
  const secret = opened?.ok === true ? opened.value : loot.secrets.get(hexOf(id))
  if (secret === undefined) return undefined
  const members = body.value.recipients.map((one) => one.member)
  const keys = chainKeysOf(crypto, prkOf(crypto, id, secret), members)
  return { id: hexOf(id), chains: new Map([...keys].map(([one, key]) => [one, { gen: 0, key }])) }
}

const labelOfEpoch = new TextEncoder().encode('coterie/1/epoch\0')
