/**
 * The hello under random and mutated frames: it never throws, it names a reason, and a refused
 * frame leaves the state as it was. Whatever is changed on the wire, nobody ends up believed as
 * somebody else, and no group is found in common that is not.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { Bytes } from '../../../../src/base/bytes.ts'
import { type Value, decode, encode } from '../../../../src/codec/canonical.ts'
import { receive } from '../../../../src/core/anti-entropy/hello.ts'
import { readHelloFrame, writeHelloFrame } from '../../../../src/core/anti-entropy/hello-frames.ts'
import { checkProof } from '../../../../src/core/anti-entropy/hello-proof.ts'
import { type End, ada, bob, crypto, groupOf, pair, run } from './hello-pair.ts'

const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.nat({ max: 9 }),
    fc.maxSafeNat(),
    fc.uint8Array({ maxLength: 20 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    fc.uint8Array({ minLength: 112, maxLength: 112 }),
    fc.string().map((text) => text.replace(/[^ -~]/g, '')),
    fc.array(tie('value'), { maxLength: 9 }),
  ),
}))

/** Almost a frame: a kind of the hello, then anything. */
const almost = fc
  .tuple(fc.nat({ max: 5 }), fc.array(value, { maxLength: 3 }))
  .map(([kind, rest]): Value => [kind, ...rest])

const snapshot = ({ hello }: End): unknown =>
  structuredClone({ ...hello, options: undefined, sentTags: [...hello.sentTags] })

/** An end of each role in each phase, with the frame that it waits for. */
function stages(): { end: End; next: Bytes }[] {
  const whole = pair(['x', 'y'], ['x', 'y'])
  run(whole.dialler, whole.listener)
  const found: { end: End; next: Bytes }[] = []
  for (const side of ['dialler', 'listener'] as const) {
    const frames = whole[side === 'dialler' ? 'listener' : 'dialler'].sent
    for (const [turn, next] of frames.entries()) {
      const end = pair(['x', 'y'], ['x', 'y'])[side]
      for (const frame of frames.slice(0, turn)) take(end, frame)
      found.push({ end, next })
    }
  }
  return found
}

function take(end: End, frame: Bytes): ReturnType<typeof receive> | undefined {
  const read = decode(frame)
  if (!read.ok) return undefined
  const step = receive(end.hello, read.value, end.env)
  end.sent.push(...step.frames)
  if (step.done !== undefined) end.done = step.done
  return step
}

const flip = (frame: Bytes, bit: number): Bytes => {
  const flipped = frame.slice()
  const at = bit % (8 * frame.length)
  flipped[at >> 3] = (flipped[at >> 3] ?? 0) ^ (1 << (at & 7))
  return flipped
}

describe('any frame at all', () => {
  it('is refused with a reason, without a throw, and changes nothing', () => {
    const all = stages()
    fc.assert(
      fc.property(fc.oneof(value, almost), fc.nat(all.length - 1), (frame, place) => {
        const end = all[place]?.end
        if (end === undefined) return
        const before = snapshot(end)
        const step = receive(end.hello, frame, end.env)
        // A random frame can be a good nonce, and nothing else that is good.
        if (step.error === undefined) {
          expect(readHelloFrame(frame)).toMatchObject({ ok: true, value: { step: 'nonce' } })
          Object.assign(end, stages()[place]?.end)
          return
        }
        expect(step.error).toMatch(/^hello-[a-z]+$/)
        expect(step.frames).toEqual([])
        expect(snapshot(end)).toEqual(before)
      }),
      { numRuns: 2_000 },
    )
  })

  it('reads back as written, and is written as read', () => {
    fc.assert(
      fc.property(fc.oneof(value, almost), (frame) => {
        const read = readHelloFrame(frame)
        if (read.ok) expect(writeHelloFrame(read.value)).toEqual(encode(frame))
      }),
    )
    for (const { next } of stages()) {
      const decoded = decode(next)
      const read = readHelloFrame(decoded.ok ? decoded.value : [])
      expect(read.ok && writeHelloFrame(read.value)).toEqual(next)
    }
  })
})

describe('a frame with one bit changed', () => {
  it('is no frame, is refused without a change of state, or finds no wrong group', () => {
    const count = stages().length
    fc.assert(
      fc.property(fc.nat(count - 1), fc.nat(), (place, bit) => {
        const { end, next } = stages()[place] ?? {}
        if (end === undefined || next === undefined) return
        const before = snapshot(end)
        const step = take(end, flip(next, bit))
        if (step === undefined) return
        if (step.error !== undefined) expect(snapshot(end)).toEqual(before)
        expect(step.done?.groups ?? []).toEqual([])
      }),
      { numRuns: 400 },
    )
  })

  it('never lets a session end with somebody believed who is not there', () => {
    const truth = { dialler: 'bob', listener: 'ada' } as const
    fc.assert(
      fc.property(fc.nat(5), fc.nat(), (turn, bit) => {
        const { dialler, listener } = pair(['x', 'y'], ['x', 'y'])
        let count = 0
        const at = { dialler: 0, listener: 0 }
        for (let quiet = false; !quiet;) {
          quiet = true
          for (const [from, to] of [
            ['dialler', listener],
            ['listener', dialler],
          ] as const) {
            const frame = (from === 'dialler' ? dialler : listener).sent[at[from]]
            if (frame === undefined) continue
            quiet = false
            at[from]++
            take(to, count++ === turn ? flip(frame, bit) : frame)
          }
        }
        for (const [side, end, device] of [
          ['dialler', dialler, bob],
          ['listener', listener, ada],
        ] as const) {
          const members = ['x', 'y'].map((name) => groupOf(name, truth[side]).member)
          for (const claim of end.done?.groups ?? []) {
            expect(members).toContainEqual(claim.peerMember)
            expect(checkProof(claim, device.publicKey, crypto)).toBe(true)
          }
        }
      }),
      { numRuns: 300 },
    )
  })
})
