// Answers of one object a line, sent as fast as the client reads and no faster. A failure before the
// first line is an ordinary error answer; a later one is the last line.

import { LINES_TYPE } from './contract.ts'
import { errorAnswer } from './failure.ts'

const CHUNK_CHARACTERS = 16 * 1_024

export interface LinesOptions {
  /** Ends the source; called when the client goes away. */
  readonly cancel: () => void
  /** Whether to wait for the first line before the answer begins, so that it can still be an error. */
  readonly waitForFirst: boolean
}

/** Makes the answer. */
export async function linesResponse(
  source: AsyncIterable<object>,
  options: LinesOptions,
): Promise<Response> {
  const rows = source[Symbol.asyncIterator]()
  const first = options.waitForFirst ? await rows.next() : undefined
  const encoder = new TextEncoder()
  let pending = first === undefined ? ask() : Promise.resolve(first)

  /** Asks ahead; a failure is met by whoever waits for the answer, and is no loose rejection. */
  function ask(): Promise<IteratorResult<object, unknown>> {
    const asked = rows.next()
    asked.catch(() => undefined)
    return asked
  }

  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const lines: string[] = []
      let characters = 0
      try {
        for (;;) {
          const next = lines.length === 0 ? await pending : await readyNow(pending)
          if (next === undefined) break
          if (next.done === true) {
            if (lines.length > 0) controller.enqueue(encoder.encode(lines.join('')))
            return controller.close()
          }
          const line = `${JSON.stringify({ v: 1, ok: true, ...next.value })}\n`
          lines.push(line)
          characters += line.length
          pending = ask()
          if (characters > CHUNK_CHARACTERS) break
        }
        controller.enqueue(encoder.encode(lines.join('')))
      } catch (error) {
        lines.push(`${JSON.stringify(errorAnswer(error).body)}\n`)
        controller.enqueue(encoder.encode(lines.join('')))
        controller.close()
      }
    },
    cancel: () => options.cancel(),
  })
  return new Response(stream, { headers: { 'content-type': LINES_TYPE } })
}

/** The value of a promise if it comes within one turn of the event loop, else undefined. */
function readyNow<T>(promise: Promise<T>): Promise<T | undefined> {
  return Promise.race([
    promise,
    new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined))),
  ])
}
