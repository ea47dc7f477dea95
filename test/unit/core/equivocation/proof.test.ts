// A proof is checked by somebody who holds nothing else: it names the group and the liar, and any byte
// that is changed, left out or taken from elsewhere makes it worthless.
import { describe, expect, test } from 'vitest'
import { toHex } from '../../../../src/base/bytes.ts'
import type { Proof } from '../../../../src/core/equivocation/proof.ts'
import { encodeProof, verifyProof } from '../../../../src/core/equivocation/proof.ts'
import type { Message } from '../../../../src/core/message/message.ts'
import { crypto } from '../../../support/bench.ts'
import type { Act, Person } from '../../../support/crew.ts'
import { Writer, castOf, proofOf } from '../../../support/crew.ts'

const cast = castOf({ seed: 'proof', leaders: 2, members: ['ada'] })
const other = castOf({ seed: 'another group', leaders: 1, members: [] })
const [leader, second] = cast.leaders as [Person, Person]
const [ada] = cast.members as [Person]

const say = (writer: Writer, act: Act): Message => {
  const said = writer.act(act)
  if (typeof said === 'string') throw new Error(said)
  return said
}

/** Writes two things under one number on the same past. */
const forkBy = (person: Person, held: readonly Message[]): [Message, Message] => {
  const pair = (['attest', 'prekey'] as const).map((kind) => {
    const writer = new Writer(cast, person)
    for (const message of held) writer.take(message)
    return say(writer, { kind })
  })
  return pair as [Message, Message]
}

const founder = new Writer(cast, leader)
const genesis = say(founder, { kind: 'genesis' })
const add = say(founder, { kind: 'add', whom: ada })
const joining = new Writer(cast, ada)
for (const message of [genesis, add]) joining.take(message)
const join = say(joining, { kind: 'join' })
const held = [genesis, add, join]
const pair = forkBy(ada, held)

const admission = { side: { headers: [add.headerBytes], signature: add.signature }, body: add.body }
const proof: Proof = { constitution: cast.constitution, admission, evidence: proofOf(...pair) }

const reason = (over: Partial<Proof>): string => {
  const verified = verifyProof(crypto, encodeProof({ ...proof, ...over }))
  return verified.ok ? 'holds' : verified.error
}

describe('a proof', () => {
  test('names the group, the member and the number, to anybody', () => {
    const verified = verifyProof(crypto, encodeProof(proof))
    if (!verified.ok) throw new Error(verified.error)
    const { accused, counter, ids, constitution } = verified.value
    expect(constitution.name).toBe('crew')
    expect(accused).toMatchObject({ member: ada.self.member, name: ada.name, leader: false })
    expect(counter).toBe(pair[0].header.counter)
    expect(ids.map(toHex).sort()).toEqual(pair.map(({ id }) => id).sort())
  })

  test('of a leader needs no AddMember', () => {
    const evidence = proofOf(...forkBy(leader, held))
    expect(reason({ evidence, admission: undefined })).toBe('holds')
    expect(reason({ evidence, admission })).toBe('holds')
  })

  test('is some kilobytes', () => {
    expect(proof.evidence.length).toBeLessThan(1_200)
    expect(encodeProof(proof).length).toBeLessThan(4_096)
  })

  test.each([
    ['without the AddMember', { admission: undefined }, 'proof-admission'],
    ['in another group', { constitution: other.constitution }, 'proof-group'],
    [
      'by an AddMember whose body was changed',
      { admission: { ...admission, body: add.body.map((byte, i) => (i === 9 ? byte ^ 1 : byte)) } },
      'proof-admission',
    ],
    [
      'by an AddMember that no leader signed',
      { admission: { ...admission, side: { ...admission.side, signature: join.signature } } },
      'proof-admission',
    ],
    [
      'of one who signed only one of the two',
      { evidence: proofOf(pair[0], { ...pair[1], signature: pair[0].signature }) },
      'evidence-signature',
    ],
  ] as const)('%s is refused', (_, over, wanted) => {
    expect(reason(over)).toBe(wanted)
  })

  test('with any one bit changed is refused', () => {
    const whole = encodeProof(proof)
    for (let at = 0; at < whole.length; at += 7) {
      const changed = whole.slice()
      changed[at] = (changed[at] ?? 0) ^ 4
      expect(verifyProof(crypto, changed).ok, `byte ${String(at)}`).toBe(false)
    }
  })

  test('shows nothing against a leader who only passed it on', () => {
    expect(second.leader).toBe(true)
    const verified = verifyProof(crypto, encodeProof(proof))
    expect(verified.ok && verified.value.accused.member).not.toBe(second.self.member)
  })
})
