/**
 * Known answers of the hello, made by a second implementation from the text alone (Python, OpenSSL):
 * whoever writes a compatible peer can check against them. Both providers must agree.
 */
import { expect, it } from 'vitest'

import { toHex } from '../../../../src/base/bytes.ts'
import {
  checkProof,
  openProof,
  proofInput,
  sealProof,
  tagOf,
} from '../../../../src/core/anti-entropy/hello-proof.ts'
import { providers } from '../../crypto/providers.ts'

const filled = (byte: number, length: number): Uint8Array => new Uint8Array(length).fill(byte)

const session = {
  dialler: '12D3KooWAda',
  listener: '12D3KooWBob',
  diallerNonce: filled(1, 16),
  listenerNonce: filled(2, 16),
}
const group = filled(3, 32)
const accessKey = filled(4, 32)
const member = filled(5, 32)
const deviceSeed = filled(6, 32)

const answers = {
  dialler: {
    tag: '7db6064ad731b19ee74f01db7f67e818',
    signed: 'a9d4ebbe8fd18800359652c64b887cd398a40e9a273fe9743924d7c95a5f7743',
    box:
      '6b60a79af3d1740de5565221f4ac5a955d1062e6803ee8f706fbfe446a6582066691ca79c3684f90' +
      'a89bf0bba2a3c4406ebf241ce867d7d1957e33f432896ebb40adacce5ddb5c744b45345520e038e0' +
      'cdb0eca786923f0f006d36f9987f08f00e400684ae9a9286f102b033ee0fe4dd',
  },
  listener: {
    tag: '15ddb0f3e9881f3b60fa2378312955b4',
    signed: 'b616360e7cfca4c57ed580dcba64c5409fa73afa2ab1c0b0e516c0cad4c7e1d0',
    box:
      '396a90e6f2b0d808b1d6e3fbd160edd61aa61c0b2eaa270c920289dc797f9609c39745732f205543' +
      '93b51de63d28a650cbce3363c82f0d11c10d390fa6b1e877361aa1363c49936ab7ca59178bfdc06c' +
      '16a49dd1601b032160043b5bf18ece522b75f0a0509d7d7168ff650f1e801232',
  },
}

it.each(providers)('tags, signed bytes and boxes are as specified, with %s', (_, crypto) => {
  for (const role of ['dialler', 'listener'] as const) {
    const answer = answers[role]
    expect(toHex(tagOf(crypto, accessKey, group, role, session))).toBe(answer.tag)
    const input = proofInput(crypto, role, session, group, member)
    expect(toHex(input.slice(-32))).toBe(answer.signed)
    const signature = crypto.sign(deviceSeed, input)
    const box = sealProof(crypto, accessKey, group, role, session, { member, signature })
    expect(toHex(box)).toBe(answer.box)
    const claim = openProof(crypto, accessKey, group, role, session, box)
    expect(claim?.peerMember).toEqual(member)
    expect(claim && checkProof(claim, crypto.edPublicKey(deviceSeed), crypto)).toBe(true)
  }
})
