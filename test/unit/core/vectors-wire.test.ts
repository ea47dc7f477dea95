// Vectors of what travels on links and in the join dialogue: made again, read again, refused again.
import { describe, expect, test } from 'vitest'
import { helloOf, refusedBy } from '../../../scripts/vectors/hello.ts'
import type { Bytes } from '../../../src/base/bytes.ts'
import { type Value, decode } from '../../../src/codec/canonical.ts'
import { readGroupFrame, writeGroupFrame } from '../../../src/core/anti-entropy/frames.ts'
import type { GroupFrame } from '../../../src/core/anti-entropy/frames.ts'
import { begin, receive } from '../../../src/core/anti-entropy/hello.ts'
import type { HelloSession } from '../../../src/core/anti-entropy/hello-proof.ts'
import { openProof, proofInput, tagOf } from '../../../src/core/anti-entropy/hello-proof.ts'
import { shownCardInput } from '../../../src/core/endpoint/hosting.ts'
import { readJoinFrame, writeJoinFrame } from '../../../src/core/endpoint/join-frames.ts'
import type { JoinFrame } from '../../../src/core/endpoint/join-frames.ts'
import { createKeepAlive, receive as answer } from '../../../src/core/presence/keep-alive.ts'
import hello from '../../vectors/hello.json' with { type: 'json' }
import joinFrames from '../../vectors/join-frames.json' with { type: 'json' }
import syncFrames from '../../vectors/sync-frames.json' with { type: 'json' }
import { providers } from '../crypto/providers.ts'
import { valueOf } from './people.ts'
import { refusal, replay, unhexed } from './vector-files.ts'

const all = unhexed(hello)
const valueOfFrame = (frame: Bytes): Value => valueOf(decode(frame))
const kindOf = (frame: Bytes): number => (valueOfFrame(frame) as number[])[0]!

describe.each(providers)('%s', (_, crypto) => {
  test.each(all.dialogues)('hello: $what', ({ dialler, listener, frames, common }) => {
    const [forDialler, forListener] = [
      replay(crypto, dialler.random),
      replay(crypto, listener.random),
    ]
    const a = helloOf('dialler', dialler, listener.peer, forDialler)
    const b = helloOf('listener', listener, dialler.peer, forListener)
    const sent = [...begin(a.hello), ...begin(b.hello)]
    // Even kinds are the dialler's: the other side takes each in turn.
    for (let i = 0; i < sent.length; i++) {
      const to = kindOf(sent[i]!) % 2 === 0 ? b : a
      sent.push(...receive(to.hello, valueOfFrame(sent[i]!), to.env).frames)
    }
    expect(sent).toEqual(frames)
    expect([forDialler.rest, forListener.rest]).toEqual([[], []])
    expect(a.hello.common.map(({ group }) => group)).toEqual(common.map(({ group }) => group))
    expect(b.hello.common.map(({ group }) => group)).toEqual(common.map(({ group }) => group))
  })

  test('tags, signed bytes and boxes of the groups in common', () => {
    for (const { dialler, frames, listener, common } of all.dialogues) {
      const [diallerNonce, listenerNonce] = frames.map(
        (frame) => (valueOfFrame(frame) as Bytes[])[2]!,
      )
      const session = {
        dialler: dialler.peer,
        listener: listener.peer,
        diallerNonce,
        listenerNonce,
      }
      for (const { group, accessKey, member, tag, signedInput, signature, sealed } of common) {
        const at = session as HelloSession
        expect(tagOf(crypto, accessKey, group, 'dialler', at)).toEqual(tag)
        expect(proofInput(crypto, 'dialler', at, group, member)).toEqual(signedInput)
        expect(crypto.sign(dialler.deviceSeed, signedInput)).toEqual(signature)
        const claim = openProof(crypto, accessKey, group, 'dialler', at, sealed)
        expect(claim).toMatchObject({ peerMember: member, proof: { signature } })
      }
    }
  })

  test('hello: what is refused', () => {
    const [first] = all.dialogues
    for (const { what, after, reason, frame } of all.bad)
      expect([what, refusedBy(crypto, first!, after, frame)]).toEqual([what, reason])
  })

  test('a card is shown over nonce, group and admission', () => {
    for (const { deviceSeed, nonce, group, admission, signedInput, signature } of unhexed(
      joinFrames,
    ).shownCards) {
      expect(shownCardInput(crypto, nonce, group, admission)).toEqual(signedInput)
      expect(crypto.sign(deviceSeed, signedInput)).toEqual(signature)
    }
  })
})

test('keep-alive: a question is answered with its number', () => {
  const [ask, told, last] = all.keepAlive.map(({ frame }) => frame)
  const link = createKeepAlive(true, 0)
  expect(answer(link, valueOfFrame(ask!), 0).frames).toEqual([told])
  expect(answer(link, valueOfFrame(last!), 0).frames).toHaveLength(1)
})

describe('sync frames', () => {
  const { frames, bad } = unhexed(syncFrames)

  test.each(frames)('$kind', ({ encoded, ...frame }) => {
    expect(writeGroupFrame(frame as unknown as GroupFrame)).toEqual(encoded)
    expect(valueOf(readGroupFrame(valueOfFrame(encoded)))).toEqual(frame)
  })

  test.each(bad)('$what', ({ encoded, reason }) => {
    expect(refusal(readGroupFrame(valueOfFrame(encoded)))).toBe(reason)
  })
})

describe('join frames', () => {
  const { frames, bad } = unhexed(joinFrames)

  test.each(frames)('$kind', ({ encoded, ...frame }) => {
    expect(writeJoinFrame(frame as unknown as JoinFrame)).toEqual(encoded)
    expect(valueOf(readJoinFrame(encoded))).toEqual(frame)
  })

  test.each(bad)('$what', ({ encoded, reason }) => {
    expect(refusal(readJoinFrame(encoded))).toBe(reason)
  })
})
