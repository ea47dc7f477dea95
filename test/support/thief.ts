// A thief who copies the disk of a node: it opens every secret that lies there, uses every key as far as
// it leads, and reads what it can of a transcript, whatever the program itself would do. It knows the
// layout and nothing of the rules of erasure, so what it reads is what was really given away.
import type { Rows } from '../../src/adapters/memory/rows.ts'
import type { Bytes } from '../../src/base/bytes.ts'
import { parseEpochBody, placeOf } from '../../src/core/epoch/body.ts'
import { messageKeyAt } from '../../src/core/epoch/chain.ts'
import type { Chain } from '../../src/core/epoch/chain.ts'
import { chainKeysOf, prkOf } from '../../src/core/epoch/schedule.ts'
import { openSeal } from '../../src/core/epoch/seal.ts'
import { openText } from '../../src/core/epoch/text.ts'
import { parseEpochMessage } from '../../src/core/message/bodies.ts'
import { encodePrefix, hexOf } from '../../src/core/message/header.ts'
import type { Message } from '../../src/core/message/message.ts'
import { MessageType } from '../../src/core/message/type.ts'
import { archiveKey, archivedKeys } from '../../src/core/replica/archive.ts'
import { parseEpoch } from '../../src/core/replica/epochs.ts'
import { parsePrekey } from '../../src/core/replica/prekeys.ts'
import { SecretKind, secretKey } from '../../src/core/replica/state.ts'
import { within } from '../../src/core/storage.ts'
import type { Crypto } from '../../src/crypto/crypto.ts'
import type { Keyring } from '../../src/ports/keyring.ts'

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

/** Ids of the texts that the loot opens, of all these messages. */
export function readable(
  crypto: Crypto,
  loot: Loot,
  member: string,
  messages: readonly Message[],
): Set<string> {
  const chains = new Map([...loot.chains].map(([epoch, held]) => [epoch, new Map(held)]))
  for (const message of messages) {
    if (message.header.type !== MessageType.epoch) continue
    const found = openedBy(crypto, loot, member, message)
    if (found !== undefined) chains.set(found.id, new Map(found.chains))
  }
  const read = new Set<string>()
  for (const { header, id, body } of messages) {
    if (header.type !== MessageType.text) continue
    const chain = chains.get(hexOf(header.epoch))?.get(hexOf(header.member))
    const key = chain && messageKeyAt(crypto, chain, header.gen)
    if (key?.ok !== true) continue
    const { salt, keyCommit } = header
    const sealed = { messageKey: key.value, salt, keyCommit, prefix: encodePrefix(header), body }
    if (openText(crypto, sealed).ok) read.add(id)
  }
  return read
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
