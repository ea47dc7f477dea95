// Devices whose disks were copied: what the copies open of what was said before and, as long as they do,
// of what is said after. Whoever copied a disk hears everything and forges nothing.

import { createMemoryKeyring } from '../../../adapters/memory/keyring.ts'
import type { Rows } from '../../../adapters/memory/rows.ts'
import type { Bytes } from '../../../base/bytes.ts'
import type { Crypto } from '../../../crypto/crypto.ts'
import { Thief, messageOf, messagesOn, steal } from './thief.ts'

export interface Copied {
  readonly node: number
  readonly group: number
  /** The group's number on that disk, and who the device is in it. */
  readonly number: number
  readonly member: string
  readonly rows: Rows
}

interface Theft {
  readonly node: number
  readonly group: number
  readonly thief: Thief
}

export class Thefts {
  readonly #crypto: Crypto
  readonly #thefts: Theft[] = []

  constructor(crypto: Crypto) {
    this.#crypto = crypto
  }

  /** Copies a disk. @returns ids of the texts that it opens, and how many lie there in clear */
  copy({ node, group, number, member, rows }: Copied): { opens: string[]; archived: number } {
    const loot = steal(rows, createMemoryKeyring(), number)
    const thief = new Thief(this.#crypto, loot, member)
    const said = messagesOn(this.#crypto, rows, number)
    for (const message of said) thief.learn(message)
    this.#thefts.push({ node, group, thief })
    const opens = said.filter((message) => thief.reads(message)).map(({ id }) => id)
    return { opens, archived: loot.archived }
  }

  /** Something was said. @returns the devices whose copies open it */
  said(group: number, stored: Bytes): number[] {
    const mine = this.#thefts.filter((theft) => theft.group === group)
    const message = mine.length === 0 ? undefined : messageOf(this.#crypto, stored)
    if (message === undefined) return []
    for (const { thief } of mine) thief.learn(message)
    return mine.filter(({ thief }) => thief.reads(message)).map(({ node }) => node)
  }
}
