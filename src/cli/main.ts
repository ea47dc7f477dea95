#!/usr/bin/env node
// The program: gives one run of the command line the streams and signals of this process.
// The first signal asks the command to end well, a second one ends the process at once.

import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { CoterieError } from '../base/error.ts'
import { INTERRUPTED } from './exit-code.ts'
import { run } from './run.ts'

const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (interrupted.signal.aborted) process.exit(INTERRUPTED)
    interrupted.abort()
  })
}

// A reader that went away is told to `Output` by the write itself; here it only must not throw.
process.stdout.on('error', () => undefined)
process.stderr.on('error', () => undefined)

process.exitCode = await run(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: readStdin,
  stdinIsTerminal: process.stdin.isTTY,
  env: process.env,
  userHome: homedir(),
  version: versionOf(),
  interrupted: interrupted.signal,
})
// All is done: what is still open (stdin, an idle connection, a timer of libp2p's) must not keep us here.
// Only what was said has to leave, unless nobody takes it.
setTimeout(() => process.exit(), 1_000).unref()
process.stdout.write('', () => process.stderr.write('', () => process.exit()))

function versionOf(): string {
  const file = new URL('../../package.json', import.meta.url)
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string }
  return version
}

async function readStdin(bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  interrupted.signal.addEventListener('abort', () => process.stdin.destroy())
  for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) {
    length += chunk.length
    if (length > bytesMax) {
      process.stdin.destroy()
      throw new CoterieError('TEXT_TOO_LARGE', `More than ${bytesMax} bytes came on stdin.`, {
        hint: 'Send it in several parts.',
      })
    }
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}
