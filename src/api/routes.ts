// Every route that answers with one object, as data: what it is for and what it does. The server
// makes handlers from this table and the OpenAPI description lists the same.

import type { Node } from '../node/node.ts'
import type { AttestationAnswer, Answers, GroupReport, GroupRow } from './contract.ts'
import type { Bodies } from './schema.ts'

/** What the interface needs of a node. */
export type ApiNode = Pick<
  Node,
  | 'acceptRequest'
  | 'addPeer'
  | 'attest'
  | 'block'
  | 'card'
  | 'createGroup'
  | 'ended'
  | 'events'
  | 'exportGroup'
  | 'failure'
  | 'follow'
  | 'group'
  | 'invite'
  | 'join'
  | 'leave'
  | 'moderate'
  | 'ping'
  | 'proof'
  | 'read'
  | 'removeMember'
  | 'report'
  | 'rotate'
  | 'send'
  | 'shares'
  | 'standing'
  | 'status'
  | 'sync'
  | 'unblock'
  | 'why'
>

export type RouteName = keyof Answers

/** One request, taken apart. */
export interface Call<Route extends RouteName> {
  readonly node: ApiNode
  /** The `:id` of the path, decoded; empty where the path has none. */
  readonly id: string
  /** The `:member` of the path, likewise. */
  readonly member: string
  /** The `:message` of the path, likewise. */
  readonly message: string
  /** The `:request` of the path, likewise. */
  readonly request: string
  readonly body: Route extends keyof Bodies ? Bodies[Route] : undefined
}

export interface Route<Name extends RouteName> {
  readonly summary: string
  run(call: Call<Name>): Promise<Answers[Name]> | Answers[Name]
}

export const routes: { readonly [Name in RouteName]: Route<Name> } = {
  'GET /v1/status': {
    summary: 'How the node and each of its groups are doing, and why.',
    run: ({ node }) => node.status(),
  },
  'GET /v1/groups': {
    summary: 'The groups of this node.',
    run: ({ node }) => ({ groups: node.report().groups.map(groupRow) }),
  },
  'GET /v1/groups/:id': {
    summary: 'Everything known about one group, texts excepted.',
    run: ({ node, id }) => node.group(id),
  },
  'GET /v1/groups/:id/members': {
    summary: 'Members of a group, and requests to join that wait.',
    run({ node, id }) {
      const { group, members, requests } = node.group(id)
      return { group, members, requests }
    },
  },
  'GET /v1/groups/:id/members/:member/why': {
    summary: 'The messages that made the standing of a member.',
    run: ({ node, id, member }) => node.standing(id, member),
  },
  'GET /v1/groups/:id/members/:member/proof': {
    summary: 'The proof for strangers that a member said two things under one number.',
    async run({ node, id, member }) {
      const { group } = node.group(id)
      const { ids, proof, ...rest } = await node.proof(group, member)
      return { group, ...rest, ids: [...ids], proof: Buffer.from(proof).toString('base64') }
    },
  },
  'GET /v1/groups/:id/shares': {
    summary: 'Requests for keys of epochs, newest first: who asked whom, and how it ended.',
    run: ({ node, id }) => node.shares(id),
  },
  'GET /v1/groups/:id/attestation': {
    summary: 'The statement of what this node holds now.',
    run: ({ node, id }) => attestationOf(node.group(id)),
  },
  'GET /v1/messages/:message/why': {
    summary: 'One message of any group: where it came from, what it waits for, who has it.',
    run: ({ node, message }) => node.why(message),
  },
  'GET /v1/peers': {
    summary: 'Peers with their links.',
    run: ({ node }) => ({ peers: node.report().peers }),
  },
  'POST /v1/groups': {
    summary: 'Create a group.',
    run: ({ node, body }) => node.createGroup(body),
  },
  'POST /v1/groups/:id/messages': {
    summary: 'Send a text. Answers when it is durable.',
    run: sendText,
  },
  'POST /v1/groups/:id/invites': {
    summary: 'Issue a ticket (leaders).',
    run: ({ node, id, body }) => node.invite(id, body),
  },
  'POST /v1/groups/:id/requests/:request/accept': {
    summary: 'Admit somebody who waits (leaders).',
    run: ({ node, id, request }) => node.acceptRequest(id, request),
  },
  'POST /v1/groups/:id/members/:member/remove': {
    summary: 'Sync with every leader that answers, then remove a member (leaders).',
    run: ({ node, id, member, body }) => node.removeMember(id, member, body),
  },
  'POST /v1/groups/:id/name': {
    summary: 'Call the group by another name, for everybody (leaders).',
    run: ({ node, id, body }) => node.moderate(id, { kind: 'name', ...body }),
  },
  'POST /v1/groups/:id/topic': {
    summary: 'Set the topic of a group; an empty one takes it away (leaders).',
    run: ({ node, id, body }) => node.moderate(id, { kind: 'topic', ...body }),
  },
  'POST /v1/groups/:id/types': {
    summary: 'Show texts of these content types only; none named: of all (leaders).',
    run: ({ node, id, body }) => node.moderate(id, { kind: 'types', member: '', ...body }),
  },
  'POST /v1/groups/:id/members/:member/types': {
    summary: 'The same for the texts of one member (leaders).',
    run: ({ node, id, member, body }) => node.moderate(id, { kind: 'types', member, ...body }),
  },
  'POST /v1/groups/:id/members/:member/mute': {
    summary: 'Mute a member, or end that: its texts are held and not shown (leaders).',
    run: ({ node, id, member, body }) => node.moderate(id, { kind: 'mute', member, ...body }),
  },
  'POST /v1/groups/:id/messages/:message/hide': {
    summary: 'Hide a message, or show it again (leaders).',
    run: ({ node, id, message, body }) => node.moderate(id, { kind: 'hide', message, ...body }),
  },
  'POST /v1/groups/:id/leave': {
    summary: 'End the membership of this node for ever.',
    async run({ node, id, body }) {
      const { group } = node.group(id)
      return { group, ...(await node.leave(group, body)) }
    },
  },
  'POST /v1/groups/:id/rotate': {
    summary: 'Mint an epoch now (leaders).',
    async run({ node, id }) {
      const { group } = node.group(id)
      return { group, ...(await node.rotate(group)) }
    },
  },
  'POST /v1/groups/:id/attestation': {
    summary: 'Issue the statement as a message.',
    async run({ node, id }) {
      const posted = await node.attest(id)
      return { ...attestationOf(node.group(id)), ...posted }
    },
  },
  'POST /v1/groups/:id/sync': {
    summary: 'One anti-entropy round now.',
    async run({ node, id, body }) {
      const { group } = node.group(id)
      return { group, ...(await node.sync(group, body.peer)) }
    },
  },
  'POST /v1/join': {
    summary: 'Join a group with a ticket. Answers when the new member can send.',
    run: ({ node, body }) => node.join(body.ticket, body.waitMs),
  },
  'POST /v1/card': {
    summary: 'Mint a card by which one group can name this node as a leader.',
    run: ({ node }) => node.card(),
  },
  'POST /v1/peers': {
    summary: 'Add an address to dial.',
    run: ({ node, body }) => node.addPeer(body.address),
  },
  'POST /v1/peers/block': {
    summary: 'Cut the links to peers.',
    run: ({ node, body }) => node.block(body.peers),
  },
  'POST /v1/peers/unblock': {
    summary: 'Allow the links again and dial at once.',
    run: ({ node, body }) => node.unblock(body.peers),
  },
  'POST /v1/peers/ping': {
    summary: 'Time a round trip.',
    run: ({ node, body }) => node.ping(body.peer),
  },
}

async function sendText(
  call: Call<'POST /v1/groups/:id/messages'>,
): Promise<Answers['POST /v1/groups/:id/messages']> {
  const { node, id, body } = call
  const { text, contentType, ack = 'none', timeoutMs } = body
  const sent = await node.send(id, text, contentType, { ack, timeoutMs })
  if (sent.draft !== null) return { ...sent, ack, state: 'held', ackedBy: [] }
  const { acknowledged, ackedBy = [], ...message } = sent
  const state =
    acknowledged === undefined ? 'stored' : acknowledged ? 'acknowledged' : ('unknown' as const)
  return { ...message, ack, state, ackedBy: [...ackedBy] }
}

function groupRow(group: GroupReport): GroupRow {
  return {
    group: group.group,
    name: group.name,
    state: group.selfState,
    role: group.role,
    members: group.members.filter(({ state }) => state === 'active' || state === 'dormant').length,
    messages: group.messages,
    policy: group.policy,
    created: group.created,
  }
}

function attestationOf(report: GroupReport): AttestationAnswer {
  const { group, root, authors, groupIds, latestMessageIds } = report
  return { group, root, authors, groupIds, latestMessageIds }
}
