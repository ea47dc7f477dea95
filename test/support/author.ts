// A hand that writes for a member whose device seed is known: messages that stand where the test
// wants them, right or wrong, signed by the right key.
import { SeededRandom } from '../../src/base/random.ts'
import type { HeaderDraft, Message } from '../../src/core/message/message.ts'
import { signMessage } from '../../src/core/message/message.ts'
import { crypto } from './bench.ts'

/** The secret of a node for a purpose, as the world derives it from its seed. */
export const secretOf = (seed: string, node: number, purpose: string): Uint8Array =>
  new SeededRandom(seed)
    .fork(`crypto/${String(node)}`)
    .fork(purpose)
    .bytes(32)

/** A header without what depends on the body. */
export const draftOf = ({ header }: Message): HeaderDraft => {
  const { bodyLength: _, bodyHash: __, ...draft } = header
  return draft
}

/** A plain message of a type that needs no understanding, right after another of its author. */
export const nextPlain = (device: Uint8Array, after: Message, body: Uint8Array): Message =>
  signMessage(
    crypto,
    device,
    {
      ...draftOf(after),
      type: 200,
      counter: after.header.counter + 1,
      prev: after.idBytes,
      deps: [],
      lamport: after.header.lamport + 1,
      epoch: new Uint8Array(),
      gen: 0,
      salt: new Uint8Array(),
      keyCommit: new Uint8Array(),
    },
    body,
  )
