// What a scripted endpoint answers to commands: plausible values, always the same.
import type { Command } from '../../../src/core/command.ts'

export function answerTo(groupId: string, command: Command): unknown {
  switch (command.kind) {
    case 'final-order':
      return { mark: 0, seats: 0, voices: [], closings: [], held: [] }
    case 'mint-card':
      return { card: 'coterie-card-1abc' }
    case 'create-group':
      return { group: groupId, name: command.name, member: 'a'.repeat(64) }
    case 'invite':
      return { ticket: 'coterie-ticket-1abc', expires: 1_800_000_000_000, uses: command.uses }
    case 'join':
      return { group: groupId, name: 'garden', member: 'a'.repeat(64) }
    case 'accept-request':
      return { member: 'd'.repeat(64) }
    case 'set-meta':
      return { number: 'aaaaaaaa:11', id: 'b'.repeat(64), changed: true }
    case 'attest':
      return { number: 'aaaaaaaa:9', id: '9'.repeat(64) }
    case 'prove':
      return { member: command.member, number: 'aaaaaaaa:3', ids: [], proof: new Uint8Array() }
    case 'sync':
      return { rounds: [] }
    case 'peer-add':
      return { address: command.address }
    case 'peer-block':
    case 'peer-unblock':
      return { blocked: command.peers === 'all' ? [] : command.peers }
    case 'peer-ping':
      return { peer: command.peer, rttMs: 3 }
    case 'remove-member':
      return {
        number: 'aaaaaaaa:10',
        id: 'a'.repeat(64),
        members: [command.target],
        epoch: 'e'.repeat(64),
        withdraws: 0,
        unaskedLeaders: [],
      }
    case 'leave-group':
      return { number: 'aaaaaaaa:10', id: 'a'.repeat(64) }
    case 'rotate':
      return { number: 'aaaaaaaa:10', id: 'a'.repeat(64), epoch: 'e'.repeat(64) }
    case 'why-message':
      return { group: groupId, id: 'b'.repeat(64), number: 'aaaaaaaa:3', state: 'held' }
    case 'send':
      return undefined
  }
}
