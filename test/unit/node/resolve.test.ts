// What a person types finds the one thing that is meant, or says what it could have been.
import { expect, test } from 'vitest'
import type { EndpointReport, GroupReport } from '../../../src/core/report.ts'
import {
  resolveGroup,
  resolveAccount,
  resolveMember,
  resolvePeer,
  resolveRequest,
} from '../../../src/node/resolve.ts'
import { ScriptedEndpoint, memberOf } from './scripted-endpoint.ts'

const base = new ScriptedEndpoint().report()
const [template] = base.groups as [GroupReport]
const ids = ['abcdef01', 'abcdef02', '12345678'].map((start) => start.padEnd(64, '0'))
const groups = ids.map((group, place) => ({
  ...template,
  group,
  name: ['garden', 'abcdef', 'garden'][place] ?? '',
}))
const report: EndpointReport = { ...base, groups }

test('a full id, a unique prefix and a unique name are found, in either case', () => {
  expect(resolveGroup(report, ids[0] ?? '').group).toBe(ids[0])
  expect(resolveGroup(report, 'ABCDEF01').group).toBe(ids[0])
  expect(resolveGroup(report, '123456').group).toBe(ids[2])
})

test('what fits several lists them', () => {
  expect(() => resolveGroup(report, 'garden')).toThrow(
    expect.objectContaining({
      code: 'AMBIGUOUS',
      hint: expect.stringContaining(`garden ${ids[2]}`) as string,
    }),
  )
})

test('an id prefix comes before a name that looks like one', () => {
  expect(() => resolveGroup(report, 'abcdef')).toThrow(
    expect.objectContaining({ code: 'AMBIGUOUS' }),
  )
})

test('five digits are no prefix', () => {
  expect(() => resolveGroup(report, '12345')).toThrow(
    expect.objectContaining({ code: 'GROUP_UNKNOWN' }),
  )
})

test('a member is found by its short id too', () => {
  const members = [memberOf('a'), memberOf('b', { name: 'ada' }), memberOf('c', { name: 'ada' })]
  const group = { ...template, members }
  expect(resolveMember(group, 'bbbbbbbb').member).toBe('b'.repeat(64))
  expect(resolveMember(group, 'cccccc').member).toBe('c'.repeat(64))
  expect(() => resolveMember(group, 'ada')).toThrow(expect.objectContaining({ code: 'AMBIGUOUS' }))
  expect(() => resolveMember(group, 'dora')).toThrow(
    expect.objectContaining({ code: 'MEMBER_UNKNOWN' }),
  )
})

test('a name means who bears it now; who is gone is still found by id, or where nobody else is meant', () => {
  const members = [
    memberOf('a', { name: 'ada', state: 'removed' }),
    memberOf('b', { name: 'ada' }),
    memberOf('c', { name: 'cyd', state: 'left' }),
  ]
  const group = { ...template, members }
  expect(resolveMember(group, 'ada').member).toBe('b'.repeat(64))
  expect(resolveMember(group, 'aaaaaaaa').member).toBe('a'.repeat(64))
  expect(resolveMember(group, 'cyd').member).toBe('c'.repeat(64))
})

test('an account is found by its id and by its members', () => {
  const members = [
    memberOf('a', { name: 'ada', account: 'd'.repeat(64) }),
    memberOf('b', { name: 'ada', account: 'd'.repeat(64) }),
    memberOf('c', { name: 'cyd' }),
    memberOf('e', { name: 'cyd' }),
  ]
  const group = { ...template, members }
  for (const text of ['dddddd', 'ada', 'aaaaaaaa', 'b'.repeat(64)]) {
    expect(resolveAccount(group, text)).toBe('d'.repeat(64))
  }
  expect(() => resolveAccount(group, 'cyd')).toThrow(expect.objectContaining({ code: 'AMBIGUOUS' }))
  expect(() => resolveAccount(group, 'eve')).toThrow(
    expect.objectContaining({ code: 'MEMBER_UNKNOWN' }),
  )
})

test('a request is found by prefix and by name', () => {
  expect(resolveRequest(template, '5b5b5b')).toBe('5b'.repeat(32))
  expect(resolveRequest(template, 'dora')).toBe('5b'.repeat(32))
})

test('a peer is found by id, by the end of its id, and by the name of its member', () => {
  const peer = (letter: string) => ({
    peerId: `12D3KooW${letter.repeat(44)}`,
    name: '',
    state: 'missing' as const,
    rttMs: null,
    lastSyncMs: null,
    blocked: false,
    why: '',
    groups: [],
  })
  const known = { ...base, peers: [peer('a'), peer('b')] }
  expect(resolvePeer(known, peer('a').peerId).peerId).toBe(peer('a').peerId)
  expect(resolvePeer(known, 'bbbbbbbbb').peerId).toBe(peer('b').peerId)
  expect(resolvePeer(known, 'name-b').peerId).toBe(peer('b').peerId)
  expect(() => resolvePeer(known, 'name-c')).toThrow(
    expect.objectContaining({ code: 'PEER_UNKNOWN' }),
  )
})
