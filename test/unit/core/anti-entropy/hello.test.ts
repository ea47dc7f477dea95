/**
 * The hello of a sync channel between honest ends: who finds what, what it costs, what is sealed.
 */
import { describe, expect, it } from 'vitest'

import { equal, toHex } from '../../../../src/base/bytes.ts'
import { decode } from '../../../../src/codec/canonical.ts'
import { deadline } from '../../../../src/core/anti-entropy/hello.ts'
import { checkProof, tagOf } from '../../../../src/core/anti-entropy/hello-proof.ts'
import {
  type End,
  ada,
  bob,
  crypto,
  endOf,
  groupOf,
  hand,
  names,
  optionsOf,
  pair,
  run,
} from './hello-pair.ts'

const kindsOf = (end: End): unknown[] =>
  end.sent.map((frame) => {
    const read = decode(frame)
    return read.ok && Array.isArray(read.value) ? (read.value[0] as unknown) : undefined
  })

const tagsOf = (end: End): Uint8Array[] => {
  for (const frame of end.sent) {
    const read = decode(frame)
    if (!read.ok || !Array.isArray(read.value)) continue
    const [kind, tags] = read.value as [number, Uint8Array[]]
    if (kind === 2 || kind === 3) return tags
  }
  return []
}

const groupsOf = (end: End): string[] => (end.done?.groups ?? []).map(({ group }) => toHex(group))

describe('a hello between members', () => {
  it.each([
    [0, 0, 0],
    [1, 1, 1],
    [3, 3, 3],
    [3, 1, 1],
    [0, 3, 0],
    [9, 70, 9],
    [600, 600, 512],
    [1, 600, 1],
  ])('of %i and %i groups finds the %i in common', (dialled, listened, common) => {
    const { dialler, listener } = pair(names(dialled), names(listened))
    run(dialler, listener)
    expect([...dialler.errors, ...listener.errors]).toEqual([])
    expect(dialler.done?.groups.length).toBe(common)
    expect(groupsOf(dialler)).toEqual(groupsOf(listener))
    expect(dialler.done?.groups.map(({ index }) => index)).toEqual([...Array(common).keys()])
    expect(dialler.done?.nonce).toEqual(listener.done?.nonce)
    expect(dialler.hello.nonce).toEqual(dialler.done?.nonce)
  })

  it('tells each side the member of the other, provable by its device key alone', () => {
    const { dialler, listener } = pair(['x', 'y', 'z'], ['z', 'w', 'x'])
    run(dialler, listener)
    for (const [end, name, device, stranger] of [
      [dialler, 'bob', bob, ada],
      [listener, 'ada', ada, bob],
    ] as const) {
      expect(end.done?.groups.length).toBe(2)
      for (const claim of end.done?.groups ?? []) {
        const group = ['x', 'z'].find((one) => equal(groupOf(one, name).group, claim.group))
        expect(claim.peerMember).toEqual(groupOf(group ?? '', name).member)
        expect(checkProof(claim, device.publicKey, crypto)).toBe(true)
        expect(checkProof(claim, stranger.publicKey, crypto)).toBe(false)
        expect(checkProof(claim, new Uint8Array(32), crypto)).toBe(false)
      }
    }
  })

  it('offers at most 512 groups, and those that stand first', () => {
    const { dialler, listener } = pair(names(600), names(600))
    run(dialler, listener)
    const first = names(512).map((name) => toHex(groupOf(name, 'ada').group))
    expect(groupsOf(dialler).toSorted()).toEqual(first.toSorted())
  })

  it('takes two and a half round trips: each side sends its nonce without waiting', () => {
    const { dialler, listener } = pair(['x'], ['x'])
    expect([kindsOf(dialler), kindsOf(listener)]).toEqual([[0], [1]])
    run(dialler, listener)
    expect([kindsOf(dialler), kindsOf(listener)]).toEqual([
      [0, 2, 4],
      [1, 3, 5],
    ])
  })

  it('ends without a proof when nothing is in common', () => {
    const { dialler, listener } = pair(['x'], ['y'])
    run(dialler, listener)
    expect([kindsOf(dialler), kindsOf(listener)]).toEqual([
      [0, 2],
      [1, 3],
    ])
    expect([groupsOf(dialler), groupsOf(listener)]).toEqual([[], []])
  })

  it('keeps two groups apart to which somebody gave the same access key', () => {
    const one = groupOf('x', 'ada')
    const two = { ...groupOf('y', 'ada'), accessKey: one.accessKey }
    const dialler = endOf(optionsOf('dialler', ada, bob, [one, two]), 'a')
    const listener = endOf(optionsOf('listener', bob, ada, [two, one]), 'b')
    run(dialler, listener)
    expect(groupsOf(dialler).length).toBe(2)
    expect(groupsOf(dialler)).toEqual(groupsOf(listener))
  })

  it('has to be over within half a minute', () => {
    const { dialler, listener } = pair(['x'], ['x'])
    expect(deadline(dialler.hello)).toBe(31_000)
    run(dialler, listener)
    expect([deadline(dialler.hello), deadline(listener.hello)]).toEqual([undefined, undefined])
  })
})

describe('the tags of a hello', () => {
  it.each([
    [0, 8],
    [8, 8],
    [9, 64],
    [64, 64],
    [65, 512],
    [600, 512],
  ])('for %i groups are %i, ascending, on both sides', (count, padded) => {
    const { dialler, listener } = pair(names(count), names(3))
    run(dialler, listener)
    for (const end of [dialler, listener]) {
      const tags = tagsOf(end).map(toHex)
      expect(tags.length).toBe(padded)
      expect(tags).toEqual(tags.toSorted())
      expect(new Set(tags).size).toBe(padded)
    }
  })

  it('are new in every session', () => {
    const first = pair(names(5), names(5), 'first')
    const second = pair(names(5), names(5), 'second')
    run(first.dialler, first.listener)
    run(second.dialler, second.listener)
    const seen = [first.dialler, first.listener, second.dialler, second.listener].flatMap(tagsOf)
    expect(new Set(seen.map(toHex)).size).toBe(4 * 8)
  })

  it('of the listener stand only for groups that the dialler proved', () => {
    const { dialler, listener } = pair(['x'], ['x', 'secret'])
    run(dialler, listener)
    const { session } = listener.hello
    if (session === undefined) throw new Error('no session')
    const sent = new Set(tagsOf(listener).map(toHex))
    const stands = (name: string): boolean => {
      const { accessKey, group } = groupOf(name, 'bob')
      return sent.has(toHex(tagOf(crypto, accessKey, group, 'listener', session)))
    }
    expect([stands('x'), stands('secret')]).toEqual([true, false])
  })

  it('of a dialler stand for groups that only holders of the access key recognise', () => {
    const { dialler, listener } = pair(['x'], [])
    run(dialler, listener)
    const { session } = dialler.hello
    if (session === undefined) throw new Error('no session')
    const sent = new Set(tagsOf(dialler).map(toHex))
    const { accessKey, group } = groupOf('x', 'ada')
    expect(sent.has(toHex(tagOf(crypto, accessKey, group, 'dialler', session)))).toBe(true)
    // Knowing the group's id without its key is of no use.
    const other = groupOf('y', 'ada').accessKey
    expect(sent.has(toHex(tagOf(crypto, other, group, 'dialler', session)))).toBe(false)
  })
})

describe('a frame of the hello', () => {
  it('is refused before its turn and after the end', () => {
    const { dialler, listener } = pair(['x'], ['x'])
    const elsewhere = pair(['x'], ['x'], 'elsewhere')
    run(elsewhere.dialler, elsewhere.listener)
    const [, tags, proofs] = elsewhere.dialler.sent
    if (tags === undefined || proofs === undefined) throw new Error('frames are missing')
    expect(hand(listener, tags).error).toBe('hello-unexpected')
    expect(hand(listener, proofs).error).toBe('hello-unexpected')
    run(dialler, listener)
    expect(listener.done?.groups.length).toBe(1)
    for (const frame of dialler.sent) expect(hand(listener, frame).error).toBe('hello-unexpected')
  })
})
