/**
 * Secrets that belong to no group yet: unused cards and joins under way. They share the space of
 * group secrets under the group number 0, which no group ever has.
 */
import { encode } from '../../codec/canonical.ts'
import { bytes, bytesUpTo, parse, tuple, u53 } from '../../codec/shape.ts'
import type { Bytes } from '../../base/bytes.ts'
import type { Put } from '../effect.ts'
import { secretKey } from '../replica/state.ts'
import type { MintedCard } from './state.ts'

export const DeviceSecret = { join: 3, card: 4 } as const

const cardShape = tuple(bytesUpTo(4096), bytes(32), u53)

export const saveCardPut = (card: MintedCard): Put => ({
  key: secretKey(0, DeviceSecret.card, card.admission),
  value: encode([card.bytes, card.prekeySecret, card.mintedMs]),
  secret: true,
})

/** `admission`: the id in the secret's key. */
export const parseSavedCard = (admission: Bytes, saved: Bytes): MintedCard | undefined => {
  const parsed = parse(cardShape, saved)
  if (!parsed.ok) return undefined
  const [card, prekeySecret, mintedMs] = parsed.value
  return { bytes: card, admission, prekeySecret, mintedMs }
}
