// A proof against a member as a file: the bytes of core/equivocation/proof.ts, nothing around them. It is
// told from an archive by how it begins.

import { open } from 'node:fs/promises'
import { createSystemCrypto } from '../adapters/system/crypto.ts'
import { concat, toHex } from '../base/bytes.ts'
import type { Bytes } from '../base/bytes.ts'
import { CoterieError } from '../base/error.ts'
import { PROOF_BYTES_MAX } from '../base/limits.ts'
import { verifyProof } from '../core/equivocation/proof.ts'
import { numberText } from '../core/message/header.ts'
import { readPieces } from './archive-file.ts'
import { toCoterieError } from './failure.ts'

/** What a proof shows. */
export interface ProofReport {
  group: string
  groupName: string
  member: string
  memberGroupId: string
  account: string
  name: string
  /** The number under which there are two messages. */
  number: string
  ids: string[]
}

/** An array of four, the first of them 1. */
const BEGINNING = [0x84, 0x01]

/** Whether a file begins as a proof does. @throws CoterieError PERMISSION */
export async function isProof(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'r')
    try {
      const start = new Uint8Array(BEGINNING.length)
      await file.read(start, 0, start.length, 0)
      return BEGINNING.every((byte, i) => start[i] === byte)
    } finally {
      await file.close()
    }
  } catch (error) {
    throw toCoterieError(error)
  }
}

/** Checks a proof with nothing but itself. @throws CoterieError ARCHIVE_INVALID */
export async function verifyProofFile(path: string): Promise<ProofReport> {
  const pieces: Bytes[] = []
  let length = 0
  for await (const piece of readPieces(path)) {
    pieces.push(piece)
    length += piece.length
    if (length > PROOF_BYTES_MAX) throw invalid('proof-malformed')
  }
  const proven = verifyProof(createSystemCrypto(), concat(...pieces))
  if (!proven.ok) throw invalid(proven.error)
  const { constitution, accused, counter, ids } = proven.value
  return {
    group: toHex(constitution.group),
    groupName: constitution.name,
    member: accused.member,
    memberGroupId: accused.memberGroupId.toString(16).padStart(8, '0'),
    account: toHex(accused.account),
    name: accused.name,
    number: numberText(accused.memberGroupId, counter),
    ids: ids.map(toHex),
  }
}

/** Where a proof breaks, by how its reasons begin. */
const places: readonly (readonly [start: string, where: string])[] = [
  ['proof-malformed', 'the file is damaged or cut short'],
  ['proof-group', 'its evidence is from another group than its constitution'],
  ['proof-admission', 'no leader of the group let the accused in, as far as it shows'],
  ['evidence-signature', 'the accused did not sign both messages of its evidence'],
  ['evidence-path', 'the headers of its evidence do not follow one another'],
  ['evidence-pair', 'its evidence is not about two messages under one number'],
  ['body-', 'its evidence is damaged'],
  ['header-', 'a header in its evidence is damaged'],
  ['constitution', 'its constitution is not valid'],
]

function invalid(reason: string): CoterieError {
  const [, where = 'its constitution is not valid'] =
    places.find(([start]) => reason.startsWith(start)) ?? []
  return new CoterieError('ARCHIVE_INVALID', `The proof does not hold: ${where} (${reason}).`, {
    hint: 'It shows nothing about anybody. Ask for another copy, or for where it comes from.',
  })
}
