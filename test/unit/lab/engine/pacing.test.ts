// A process that stands still or is slow counts as such only when it was seen so from outside of it; and it
// goes on when whoever stopped it is done, fails, or is no more.

import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

import type { Access } from '../../../../src/lab/demo/local-api.ts'
import { withBrake } from '../../../../src/lab/engine/real/brake-handle.ts'
import {
  type Pacing,
  type Pulse,
  isAtSpeed,
  lookMs,
  turnOf,
} from '../../../../src/lab/engine/real/pacing.ts'
import { isStopped } from '../../../../src/lab/engine/real/pulse.ts'
import { until } from '../../../support/daemons.ts'

/** Answers everything. */
const server = `const server = require('node:http').createServer((_, answer) => answer.end('x'))
server.listen(0, '127.0.0.1', () => console.log(server.address().port))`

const brakeProgram = fileURLToPath(
  new URL('../../../../dist/lab/engine/real/brake.js', import.meta.url),
)

let child: ChildProcess
let access: Access
const pid = () => child.pid ?? 0
const at = () => ({ pid: pid(), access })

beforeEach(async () => {
  child = spawn(process.execPath, ['-e', server], { stdio: ['ignore', 'pipe', 'inherit'] })
  const port = await said(child)
  access = { api: `http://127.0.0.1:${port.trim()}`, token: '' }
})

afterEach(() => void child.kill('SIGKILL'))

const said = (process: ChildProcess): Promise<string> =>
  new Promise((resolve) => process.stdout?.once('data', (bytes: Buffer) => resolve(String(bytes))))

/** A busy machine may need a second look to find somebody slow, as the engine gives it. */
const seen = async (look: Pacing['look'], speed: number) =>
  (await look(0, speed)) || (await look(0, speed))

/** A signal is sent before it is heeded. */
const becomes = (stopped: boolean) =>
  until(`stopped: ${stopped}`, 10_000, () => Promise.resolve(isStopped(pid()) === stopped))

test('what was done is seen, and what was not done is not', async () => {
  await withBrake(at, async ({ set, look }) => {
    expect([await look(0, 1), await look(0, 0), await look(0, 0.5)]).toEqual([true, false, false])
    await set(0, 0)
    expect([await look(0, 1), await look(0, 0), await look(0, 0.5)]).toEqual([false, true, false])
    await set(0, 0.5)
    expect([await look(0, 1), await look(0, 0), await seen(look, 0.5)]).toEqual([
      false,
      false,
      true,
    ])
    await set(0, 1)
    expect(await look(0, 1)).toBe(true)
    await set(0, 0)
  })
  await becomes(false)
}, 30_000)

test('it goes on when the run fails, and when the brake loses whoever held it', async () => {
  const failing = withBrake(at, async ({ set }) => {
    await set(0, 0)
    await becomes(true)
    throw new Error('failed')
  })
  await expect(failing).rejects.toThrow('failed')
  await becomes(false)
  for (const speed of [0, 0.001]) {
    const brake = spawn(process.execPath, [brakeProgram], { stdio: ['pipe', 'pipe', 'inherit'] })
    const answer = said(brake)
    brake.stdin.write(`${JSON.stringify({ id: 1, pid: pid(), speed })}\n`)
    expect(JSON.parse(await answer)).toEqual({ id: 1 })
    await becomes(true)
    // As when the bench is killed.
    brake.stdin.end()
    await becomes(false)
  }
}, 60_000)

test('who is gone cannot be slowed', async () => {
  const nobody = () => ({ pid: 2 ** 30, access })
  await withBrake(nobody, async ({ set }) => {
    await expect(set(0, 0)).rejects.toThrow('could not be paced: Error: kill ESRCH')
    await set(0, 1)
  })
})

test('turns keep the speed, and are long enough to be seen', () => {
  for (const times of [2, 10, 26, 300, 1_000]) {
    const { runMs, stopMs } = turnOf(1 / times)
    expect((runMs + stopMs) / runMs).toBeCloseTo(times, 6)
    expect(stopMs).toBeGreaterThanOrEqual(150)
    expect(runMs).toBeGreaterThanOrEqual(8 - 1e-9)
    expect(lookMs(1 / times)).toBeGreaterThan(2 * (runMs + stopMs))
  }
})

test('a late answer now and then is not slowness, nor a stop that the kernel did not see', () => {
  const tenth = (pulse: Partial<Pulse>) =>
    isAtSpeed({ overMs: 600, answers: [], waitingMs: 0, stopped: 0.9, ...pulse }, 0.1)
  const late = { answers: [2, 149, 3, 151, 2, 150], waitingMs: 145 }
  expect(tenth(late)).toBe(true)
  expect(tenth({ ...late, stopped: undefined })).toBe(true)
  expect(tenth({ ...late, stopped: 0 })).toBe(false)
  expect(tenth({ answers: [2, 180, 3, 60, 4, 50] })).toBe(false)
  // Nothing at all is not late but silent.
  expect(tenth({ waitingMs: 600 })).toBe(false)
  const still = (pulse: Partial<Pulse>) =>
    isAtSpeed({ overMs: 600, answers: [], waitingMs: 600, stopped: 1, ...pulse }, 0)
  expect(still({})).toBe(true)
  expect(still({ answers: [3] })).toBe(false)
  expect(still({ stopped: 0 })).toBe(false)
})
