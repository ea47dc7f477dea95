/**
 * The hello against a peer that lies: reflection, replay, relaying, guessing, other versions. Each
 * test plants one attack and sees it end without a group in common, or refused under its name.
 */
import { describe, expect, it } from 'vitest'

import { compare, toHex } from '../../../../src/base/bytes.ts'
import { type Value, decode, encode } from '../../../../src/codec/canonical.ts'
import {
  checkProof,
  openProof,
  proofInput,
  sealProof,
} from '../../../../src/core/anti-entropy/hello-proof.ts'
import {
  type End,
  ada,
  bob,
  crypto,
  endOf,
  envOf,
  groupOf,
  hand,
  eve,
  names,
  optionsOf,
  pair,
  run,
} from './hello-pair.ts'

const valueOf = (frame: Uint8Array | undefined): Value[] => {
  const read = decode(frame ?? new Uint8Array(0))
  if (!read.ok || !Array.isArray(read.value)) throw new Error('a frame is missing')
  return [...(read.value as Value[])]
}

const tagsIn = (end: End): Uint8Array[] => valueOf(end.sent[1])[1] as unknown as Uint8Array[]

/** Both nonces exchanged, the dialler's tags sent and not yet seen by the listener. */
const opened = (shared: readonly string[] = ['x']): ReturnType<typeof pair> => {
  const { dialler, listener } = pair(shared, shared)
  hand(listener, dialler.sent[0] ?? new Uint8Array(0))
  hand(dialler, listener.sent[0] ?? new Uint8Array(0))
  return { dialler, listener }
}

describe('an outsider', () => {
  it('that answers learns nothing but the padded count, and is shown no proof', () => {
    for (const count of [0, 1, 8]) {
      const dialler = endOf(
        optionsOf(
          'dialler',
          ada,
          eve,
          names(count).map((name) => groupOf(name, 'ada')),
        ),
        `count ${count}`,
      )
      const listener = endOf(optionsOf('listener', eve, ada, []), 'eve')
      run(dialler, listener)
      expect(dialler.sent.map(({ length }) => length)).toEqual([20, 139])
      expect(dialler.done?.groups).toEqual([])
    }
  })

  it('that dials learns nothing, whatever the listener is a member of', () => {
    for (const count of [0, 1, 100]) {
      const dialler = endOf(optionsOf('dialler', eve, ada, []), 'eve')
      const groups = names(count).map((name) => groupOf(name, 'ada'))
      const listener = endOf(optionsOf('listener', ada, eve, groups), `count ${count}`)
      run(dialler, listener)
      expect(listener.sent.map(({ length }) => length)).toEqual([20, 139])
      expect(listener.done?.groups).toEqual([])
    }
  })

  it('sees tags whose bits are as even as coin flips', () => {
    const flips = new Array<number>(128).fill(0)
    const rounds = 4
    for (let round = 0; round < rounds; round++) {
      const { dialler, listener } = pair(names(512), [], `round ${round}`)
      run(dialler, listener)
      for (const tag of tagsIn(dialler)) {
        for (let bit = 0; bit < 128; bit++) {
          flips[bit] = (flips[bit] ?? 0) + (((tag[bit >> 3] ?? 0) >> (bit & 7)) & 1)
        }
      }
    }
    const total = rounds * 512
    // Six standard deviations of a fair coin.
    for (const ones of flips) expect(Math.abs(ones - total / 2)).toBeLessThan(3 * Math.sqrt(total))
  })

  it('cannot bring a proof for tags that it copied', () => {
    const { dialler, listener } = opened()
    hand(listener, dialler.sent[1] ?? new Uint8Array(0))
    const guess = encode([4, [envOf('guess').random(112)]])
    expect(hand(listener, guess).error).toBe('hello-proof')
    expect(listener.sent.length).toBe(2)
    expect(listener.done).toBeUndefined()
  })
})

describe('reflection is refused', () => {
  it('of the nonce', () => {
    const { dialler } = pair(['x'], ['x'])
    const own = encode([1, 1, dialler.hello.nonce])
    expect(hand(dialler, own).error).toBe('hello-reflected')
  })

  it('of whole frames', () => {
    const { dialler, listener } = opened()
    for (const frame of dialler.sent) expect(hand(dialler, frame).error).toBe('hello-reflected')
    for (const frame of listener.sent) expect(hand(listener, frame).error).toBe('hello-reflected')
  })

  it('of all tags, and of a single one among fresh ones', () => {
    const { dialler } = opened()
    const own = tagsIn(dialler)
    expect(hand(dialler, encode([3, own])).error).toBe('hello-reflected')
    const random = envOf('fresh')
    const mixed = [own[3] ?? new Uint8Array(16), ...names(7).map(() => random.random(16))]
    expect(hand(dialler, encode([3, mixed.sort(compare)])).error).toBe('hello-reflected')
    expect(dialler.sent.length).toBe(2)
    expect(dialler.done).toBeUndefined()
  })

  it('across the two sides of one member that dials and is dialled at once', () => {
    // Eve takes what Ada says as dialler and says it back to Ada as listener.
    const groups = [groupOf('x', 'ada')]
    const dialling = endOf(optionsOf('dialler', ada, eve, groups), 'dialling')
    const listening = endOf(optionsOf('listener', ada, eve, groups), 'listening')
    run(dialling, listening)
    expect(listening.done?.groups).toEqual([])
    expect(dialling.done?.groups).toEqual([])
  })
})

describe('replay and relay', () => {
  it('of a whole session to either side finds nothing in common', () => {
    const before = pair(['x'], ['x'], 'before')
    run(before.dialler, before.listener)
    expect(before.dialler.done?.groups.length).toBe(1)
    const { dialler, listener } = pair(['x'], ['x'], 'after')
    for (const frame of before.dialler.sent) hand(listener, frame)
    for (const frame of before.listener.sent) hand(dialler, frame)
    expect(listener.done?.groups).toEqual([])
    expect(dialler.done?.groups).toEqual([])
    expect(listener.errors).toEqual(['hello-unexpected'])
    expect(dialler.errors).toEqual(['hello-unexpected'])
  })

  it('through a stranger who stands between two members finds nothing in common', () => {
    const dialler = endOf(optionsOf('dialler', ada, eve, [groupOf('x', 'ada')]), 'ada')
    const listener = endOf(optionsOf('listener', bob, eve, [groupOf('x', 'bob')]), 'bob')
    run(dialler, listener)
    expect(dialler.done?.groups).toEqual([])
    expect(listener.done?.groups).toEqual([])
  })

  it('of a proof by a member who stands between: the claim does not hold', () => {
    // Eve is a member too, so tags and boxes are hers to make; Bob's signature is not.
    const toBob = endOf(optionsOf('dialler', eve, bob, [groupOf('x', 'eve')]), 'm1')
    const listener = endOf(optionsOf('listener', bob, eve, [groupOf('x', 'bob')]), 'bob')
    run(toBob, listener)
    const claim = toBob.done?.groups[0]
    if (claim === undefined) throw new Error('Bob did not answer')
    expect(checkProof(claim, bob.publicKey, crypto)).toBe(true)

    const { group, accessKey } = groupOf('x', 'eve')
    const dialler = endOf(optionsOf('dialler', ada, eve, [groupOf('x', 'ada')]), 'ada')
    const asBob = endOf(
      {
        ...optionsOf('listener', eve, ada, [{ group, accessKey, member: claim.peerMember }]),
        sign: () => claim.proof.signature,
      },
      'm2',
    )
    run(dialler, asBob)
    const [shown] = dialler.done?.groups ?? []
    if (shown === undefined) throw new Error('nothing was claimed')
    expect(toHex(shown.peerMember)).toBe(toHex(groupOf('x', 'bob').member))
    expect(checkProof(shown, bob.publicKey, crypto)).toBe(false)
  })
})

describe('a proof is bound to', () => {
  const session = {
    dialler: ada.peer,
    listener: bob.peer,
    diallerNonce: new Uint8Array(16).fill(1),
    listenerNonce: new Uint8Array(16).fill(2),
  }
  const { group, accessKey, member } = groupOf('x', 'ada')
  const signature = crypto.sign(ada.seed, proofInput(crypto, 'dialler', session, group, member))
  const proof = { member, signature }
  const box = sealProof(crypto, accessKey, group, 'dialler', session, proof)

  it('its session and role as a whole', () => {
    expect(openProof(crypto, accessKey, group, 'dialler', session, box)?.peerMember).toEqual(member)
    expect(openProof(crypto, accessKey, group, 'listener', session, box)).toBeUndefined()
    for (const other of [
      { ...session, dialler: eve.peer },
      { ...session, listener: eve.peer },
      { ...session, diallerNonce: new Uint8Array(16) },
      { ...session, listenerNonce: new Uint8Array(16) },
      // The same characters, split elsewhere.
      { ...session, dialler: ada.peer.slice(0, -1), listener: `${ada.peer.at(-1)}${bob.peer}` },
    ]) {
      expect(openProof(crypto, accessKey, group, 'dialler', other, box)).toBeUndefined()
      expect(proofInput(crypto, 'dialler', other, group, member)).not.toEqual(
        proofInput(crypto, 'dialler', session, group, member),
      )
    }
  })

  it('a key of its own: the two sides never encrypt under the same', () => {
    const other = sealProof(crypto, accessKey, group, 'listener', session, proof)
    expect(other.subarray(0, 96)).not.toEqual(box.subarray(0, 96))
  })

  it('its group, its key and its length', () => {
    const other = groupOf('y', 'ada')
    expect(openProof(crypto, accessKey, other.group, 'dialler', session, box)).toBeUndefined()
    expect(openProof(crypto, other.accessKey, group, 'dialler', session, box)).toBeUndefined()
    expect(openProof(crypto, accessKey, group, 'dialler', session, box.subarray(1))).toBeUndefined()
  })
})

describe('what does not fit is refused under its name', () => {
  const nonce = new Uint8Array(16).fill(7)
  const tags = names(8).map((_, index) => new Uint8Array(16).fill(index))

  it.each<[string, Value, string]>([
    ['another version', [1, 2, nonce], 'hello-version'],
    ['another version with other fields', [1, 0, 'x', 3], 'hello-version'],
    ['no version', [1, nonce], 'hello-malformed'],
    ['a short nonce', [1, 1, nonce.subarray(1)], 'hello-malformed'],
    ['an unknown trailing field', [1, 1, nonce, 0], 'hello-malformed'],
    ['no array', 1, 'hello-malformed'],
    ['an empty array', [], 'hello-malformed'],
    ['another kind of frame', [8, 1, nonce], 'hello-malformed'],
    ['tags before the nonce', [3, tags], 'hello-unexpected'],
    ['tags without padding', [3, tags.slice(1)], 'hello-malformed'],
    ['tags out of order', [3, tags.toReversed()], 'hello-malformed'],
    ['a tag twice', [3, [...tags.slice(0, 7), tags[6] as Value]], 'hello-malformed'],
    ['a proof before its turn', [5, [new Uint8Array(112)]], 'hello-unexpected'],
    ['a proof of another size', [5, [new Uint8Array(111)]], 'hello-malformed'],
    ['no proof at all', [5, []], 'hello-malformed'],
  ])('%s', (_, value, error) => {
    const { dialler } = pair(['x'], ['x'])
    const step = hand(dialler, encode(value))
    expect(step).toEqual({ frames: [], error })
    expect(dialler.hello.phase).toBe('nonce')
  })

  it('more or fewer tags than were asked, more or fewer proofs than groups', () => {
    const { dialler, listener } = opened()
    const random = envOf('many')
    const many = names(64).map(() => random.random(16))
    expect(hand(dialler, encode([3, many.sort(compare)])).error).toBe('hello-count')
    hand(listener, dialler.sent[1] ?? new Uint8Array(0))
    hand(dialler, listener.sent[1] ?? new Uint8Array(0))
    const [, boxes] = valueOf(dialler.sent[2])
    const [box] = boxes as Value[]
    expect(hand(listener, encode([4, [box as Value, box as Value]])).error).toBe('hello-count')
    expect(hand(listener, encode([4, boxes as Value])).done?.groups.length).toBe(1)
  })

  it('two proofs in each other’s place', () => {
    const { dialler, listener } = opened(['x', 'y'])
    hand(listener, dialler.sent[1] ?? new Uint8Array(0))
    hand(dialler, listener.sent[1] ?? new Uint8Array(0))
    const [, boxes] = valueOf(dialler.sent[2])
    const swapped = encode([4, (boxes as Value[]).toReversed()])
    expect(hand(listener, swapped).error).toBe('hello-proof')
    expect(hand(listener, dialler.sent[2] ?? new Uint8Array(0)).done?.groups.length).toBe(2)
  })
})
