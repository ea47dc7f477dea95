// Writes the vectors of coterie/1 to test/vectors from fixed seeds: keys, every input and every output
// of what src/core/SPEC.md describes. Run: npx tsx scripts/vectors.ts
// A vector that changes is a change of the protocol; test/unit/core/vectors-*.test.ts compare them all.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { envelopeVectors, epochVectors, textVectors, viewVectors } from './vectors/epoch.ts'
import { archiveVectors } from './vectors/archive.ts'
import { batchVectors } from './vectors/batch.ts'
import { evidenceVectors } from './vectors/evidence.ts'
import { joinFrameVectors, syncFrameVectors } from './vectors/frames.ts'
import { helloVectors } from './vectors/hello.ts'
import { constitutionVectors, identityVectors } from './vectors/identity.ts'
import { ticketVectors } from './vectors/joining.ts'
import { metaVectors } from './vectors/meta.ts'
import { messageVectors } from './vectors/message.ts'
import { plain } from './vectors/people.ts'
import { shareVectors } from './vectors/share.ts'

/** The contents of every file, by its name without `.json`. */
export const vectors: Readonly<Record<string, () => object>> = {
  identity: identityVectors,
  constitution: constitutionVectors,
  ticket: ticketVectors,
  epoch: epochVectors,
  text: textVectors,
  envelope: envelopeVectors,
  view: viewVectors,
  meta: metaVectors,
  message: messageVectors,
  evidence: evidenceVectors,
  archive: archiveVectors,
  batch: batchVectors,
  hello: helloVectors,
  'sync-frames': syncFrameVectors,
  'join-frames': joinFrameVectors,
  share: shareVectors,
}

/** One file as written: bytes are hex. */
export function fileOf(name: string): string {
  const content = { version: 'coterie/1', ...(plain(vectors[name]?.()) as object) }
  return `${JSON.stringify(content, null, 1)}\n`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const name of Object.keys(vectors)) {
    writeFileSync(join(import.meta.dirname, '..', 'test', 'vectors', `${name}.json`), fileOf(name))
  }
}
