// What a signed message that must not be lost costs by itself, in front of bare gossipsub: its author
// signs it and has it on the disk, synced, before it is sent; a reader checks the signature and writes
// without waiting. No order, no membership, no encryption.

import { type KeyObject, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'

import { Level } from 'level'

const KEY_BYTES = 44
const SIGNATURE_BYTES = 64
const options = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const

export class Durable {
  readonly #database: Level<Buffer, Buffer>
  readonly #own: { readonly key: KeyObject; readonly publicKey: Buffer }
  readonly #keys = new Map<string, KeyObject>()
  #count = 0

  constructor(directory: string) {
    this.#database = new Level<Buffer, Buffer>(directory, options)
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    this.#own = {
      key: privateKey,
      publicKey: publicKey.export({ format: 'der', type: 'spki' }),
    }
  }

  /** [body, public key, signature], once it is on the disk. */
  async append(body: Buffer): Promise<Buffer> {
    const signed = Buffer.concat([body, this.#own.publicKey])
    const message = Buffer.concat([signed, sign(null, signed, this.#own.key)])
    await this.#database.put(this.#next(), message, { sync: true })
    return message
  }

  /** Takes in what somebody else sent. */
  admit(message: Buffer): void {
    const signed = message.subarray(0, -SIGNATURE_BYTES)
    const key = this.#keyOf(signed.subarray(-KEY_BYTES))
    if (!verify(null, signed, key, message.subarray(-SIGNATURE_BYTES))) {
      throw new Error('a bad signature')
    }
    void this.#database.put(this.#next(), message)
  }

  close(): Promise<void> {
    return this.#database.close()
  }

  #next(): Buffer {
    const key = Buffer.alloc(4)
    key.writeUInt32BE(this.#count++)
    return key
  }

  #keyOf(publicKey: Buffer): KeyObject {
    const name = publicKey.toString('base64')
    const known = this.#keys.get(name)
    if (known !== undefined) return known
    const key = createPublicKey({
      key: publicKey,
      format: 'der',
      type: 'spki',
    })
    this.#keys.set(name, key)
    return key
  }
}
