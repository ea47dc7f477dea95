/**
 * What admission fixes about a member, read from the join request inside an AddMember or from a
 * leader's card in the constitution. Both give the same facts, so nothing later asks which it was.
 */
import type { Bytes } from '../../base/bytes.ts'
import { equal } from '../../base/bytes.ts'
import { fail, ok } from '../../base/result.ts'
import type { Result } from '../../base/result.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import type { LeaderSeat } from '../constitution/constitution.ts'
import type { Candidate } from '../identity/candidate.ts'
import { peerIdOf } from '../identity/peer-id.ts'
import { prekeyIdOf } from '../identity/prekey.ts'
import { hexOf } from '../message/header.ts'
import { parseJoinRequest } from './join-request.ts'
import type { MemberFacts } from './roster.ts'

const factsOf = (
  crypto: Crypto,
  candidate: Candidate,
  admission: Bytes,
  member: Bytes,
  leader: boolean,
): MemberFacts => ({
  member: hexOf(member),
  memberBytes: member,
  account: candidate.account,
  memberGroupId: candidate.memberGroupId,
  name: candidate.name,
  device: candidate.device,
  transport: candidate.transport,
  peer: peerIdOf(candidate.transport),
  leader,
  admission,
  prekey: {
    id: prekeyIdOf(crypto, member, candidate.prekey0),
    public: candidate.prekey0,
    counter: -1,
  },
})

export const seatFacts = (crypto: Crypto, seat: LeaderSeat): MemberFacts =>
  factsOf(crypto, seat.card, seat.admission, seat.member, true)

/** Reads and checks the request that an AddMember embeds, signatures included. */
export const requestFacts = (crypto: Crypto, group: Bytes, encoded: Bytes): Result<MemberFacts> => {
  const request = parseJoinRequest(crypto, encoded)
  if (!request.ok) return request
  if (!equal(request.value.group, group)) return fail('request-foreign-group')
  return ok(factsOf(crypto, request.value, request.value.admission, request.value.member, false))
}
