// The models that are on the bench beside the product: what they are, where that is defined, what is
// left out, and what they promise. A conformance test holds each to its promises.

import type { OperationKind } from '../../scenario/materialised.ts'
import type { Protocol } from '../port.ts'
import { FloodRules } from './flood.ts'
import { ManagedRules } from './managed.ts'
import { ModelRun } from './run.ts'

const withoutKeys: readonly OperationKind[] = ['send', 'read', 'join', 'leave', 'kick']

const flooding = (carries: boolean) => (setup: Parameters<Protocol['prepare']>[0]) =>
  new ModelRun(setup, {
    can: new Set(withoutKeys),
    rules: ({ node, members, outside }) =>
      new FloodRules({ node, members, carries, everybody: [...members, ...outside] }),
  })

export const ideal: Protocol = {
  name: 'ideal',
  title: 'ideal: floods along whatever links exist',
  source: 'an oracle of ours: the most that the links of a run allow',
  simplifications: [
    'no keys and no signatures: everybody is believed',
    'any member may add and remove; whoever was removed once stays so',
    'links are noticed to be dead after 1.5 s and dialled again as TCP does, which it pays for like all others',
  ],
  claims: [
    { name: 'local', sentence: 'a text is accepted without waiting for anybody' },
    {
      name: 'carries',
      sentence: 'what one member holds reaches all that any path of links reaches',
    },
    { name: 'heals', sentence: 'after a heal everybody holds the same, in one order' },
  ],
  operations: new Set(withoutKeys),
  judged: false,
  options: {},
  prepare: flooding(true),
}

export const direct: Protocol = {
  name: 'direct',
  title: 'direct: sends to everybody it reaches, once',
  source: 'the least that one can do: what a chat without any repair does',
  simplifications: [
    'no keys and no signatures: everybody is believed',
    'any member may add and remove; whoever was removed once stays so',
  ],
  claims: [
    { name: 'local', sentence: 'a text is accepted without waiting for anybody' },
    { name: 'once', sentence: 'a text reaches those who are linked to its author when it is sent' },
    { name: 'forgets', sentence: 'what was missed stays missed' },
  ],
  operations: new Set(withoutKeys),
  judged: false,
  options: {},
  prepare: flooding(false),
}

export const managed: Protocol = {
  name: 'managed',
  title: 'managed: a fixed manager keeps the one log',
  source: 'Cwtch, managed groups: a peer that manages membership, checks posts and hands them on',
  simplifications: [
    'one manager for the life of the group, the first leader of the scenario',
    'keys are numbers: a new one with every decision, given to members with the log',
    'posts are not signed; the manager believes the link',
    'a post is accepted by its author at once and waits there until the manager has it',
  ],
  claims: [
    { name: 'local', sentence: 'a text is accepted without waiting for anybody' },
    { name: 'one-log', sentence: 'everybody shows texts in the order of the one log' },
    {
      name: 'needs-manager',
      sentence: 'without the manager nothing is delivered and nothing decided',
    },
    { name: 'heals', sentence: 'once the manager is back everybody holds the same' },
  ],
  operations: new Set(['send', 'read', 'join', 'leave', 'kick', 'rekey']),
  judged: false,
  options: {},
  prepare: (setup) =>
    new ModelRun(setup, {
      can: new Set(['send', 'read', 'join', 'leave', 'kick', 'rekey']),
      rules: ({ node, members, outside, manager }) =>
        new ManagedRules({ node, members, manager, everybody: [...members, ...outside] }),
    }),
}
