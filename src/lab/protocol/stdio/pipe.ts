// A program that answers one line with one line, asked as if it were a function: the bench lives in virtual
// time and may not go on before the answer is there. A thread of its own holds the pipes; the bench waits
// for it, no longer than it was told to.

import { Worker } from 'node:worker_threads'

import { CoterieError } from '../../../base/error.ts'

/** An answer is no longer than this. */
const ANSWER_BYTES_MAX = 8 * 1024 * 1024
const SHOWN = 200

const Kind = { answer: 0, ended: 1, long: 2 } as const

/** Runs in the thread. Plain script, because a thread is given text or a file that is built. */
const holder = `
const { workerData, parentPort } = require('node:worker_threads')
const { spawn } = require('node:child_process')
const state = new Int32Array(workerData.control)
const bytes = new Uint8Array(workerData.data)
const child = spawn('exec ' + workerData.command, { shell: true, stdio: 'pipe' })
let rest = '', said = '', ended, asking = false
const answer = (kind, text) => {
  if (!asking) return
  asking = false
  const encoded = Buffer.from(text)
  const fits = encoded.length <= bytes.length
  bytes.set(encoded.subarray(0, bytes.length))
  state[1] = Math.min(encoded.length, bytes.length)
  state[2] = fits ? kind : ${Kind.long}
  Atomics.store(state, 0, 1)
  Atomics.notify(state, 0)
}
const over = (why) => {
  ended = ended ?? why
  answer(${Kind.ended}, ended)
}
child.stdin.on('error', () => {})
child.stderr.on('data', (text) => { said = (said + text).slice(-500) })
child.on('error', (error) => over(error.message))
child.on('close', (code, signal) => over('it ended with ' + (signal ?? code) + (said === '' ? '' : ': ' + said.trim())))
child.stdout.setEncoding('utf8').on('data', (text) => {
  rest += text
  const end = rest.indexOf('\\n')
  if (end < 0) {
    if (rest.length > bytes.length) answer(${Kind.long}, '')
    return
  }
  const line = rest.slice(0, end)
  rest = rest.slice(end + 1)
  answer(${Kind.answer}, line)
})
parentPort.on('message', (line) => {
  if (line === null) {
    child.stdin.end()
    child.kill()
    return parentPort.close()
  }
  asking = true
  if (ended !== undefined) return over(ended)
  child.stdin.write(line + '\\n')
})
`

export interface PipeOptions {
  readonly command: string
  /** How long an answer may take. */
  readonly timeoutMs: number
}

export class Pipe {
  readonly #options: PipeOptions
  readonly #state: Int32Array
  readonly #bytes: Uint8Array
  readonly #worker: Worker
  #closed = false

  constructor(options: PipeOptions) {
    const control = new SharedArrayBuffer(12)
    const data = new SharedArrayBuffer(ANSWER_BYTES_MAX)
    this.#options = options
    this.#state = new Int32Array(control)
    this.#bytes = new Uint8Array(data)
    const workerData = { command: options.command, control, data }
    this.#worker = new Worker(holder, { eval: true, workerData })
    this.#worker.unref()
  }

  /** @throws CoterieError TIMEOUT when no answer comes, USAGE when the program ends or says too much */
  ask(line: string): string {
    if (this.#closed) throw new Error('the pipe is closed')
    const { command, timeoutMs } = this.#options
    Atomics.store(this.#state, 0, 0)
    this.#worker.postMessage(line)
    if (Atomics.wait(this.#state, 0, 0, timeoutMs) === 'timed-out') {
      throw new CoterieError('TIMEOUT', `"${command}" did not answer within ${timeoutMs} ms.`, {
        hint: `It was asked: ${shortened(line)}`,
      })
    }
    const [, length = 0, kind] = this.#state
    const text = Buffer.from(this.#bytes.slice(0, length)).toString('utf8')
    if (kind === Kind.answer) return text
    const why = kind === Kind.long ? `said more than ${ANSWER_BYTES_MAX} bytes` : text
    throw new CoterieError('USAGE', `"${command}" cannot be asked any more: ${why}.`, {
      hint: `It was asked: ${shortened(line)}`,
    })
  }

  /** Ends the program. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#worker.postMessage(null)
  }
}

export const shortened = (line: string): string =>
  line.length <= SHOWN ? line : `${line.slice(0, SHOWN)}...`
