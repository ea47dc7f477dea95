// Reads the body of a request up to a limit. What goes beyond is read on and dropped for a while, so
// that the client is still there to hear why it was refused, but never without end.

import type { IncomingMessage } from 'node:http'
import { text as textOf } from '../base/bytes.ts'
import { RequestError } from './failure.ts'

/** A text of 60 KiB may need six characters a byte in JSON. */
export const BODY_BYTES_MAX = 512 * 1_024

const DROPPED_BYTES_MAX = 8 * BODY_BYTES_MAX

/** The body as a value; nothing at all stands for an empty object. @throws RequestError USAGE, TEXT_TOO_LARGE */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const text = textOf(await readBytes(request))
  try {
    if (text === undefined) throw new SyntaxError('not UTF-8')
    return text === '' ? {} : JSON.parse(text)
  } catch {
    throw new RequestError(400, 'USAGE', 'The body is not JSON in UTF-8.')
  }
}

async function readBytes(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    length += chunk.length
    if (length <= BODY_BYTES_MAX) chunks.push(chunk)
    else if (length > DROPPED_BYTES_MAX) break
  }
  if (length > BODY_BYTES_MAX) {
    throw new RequestError(413, 'TEXT_TOO_LARGE', `A body has at most ${BODY_BYTES_MAX} bytes.`)
  }
  return new Uint8Array(Buffer.concat(chunks))
}
