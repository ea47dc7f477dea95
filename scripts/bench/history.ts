// The three histories of a run, each made once: the same number of messages in a coterie group, in
// signed logs and in chains. `full` directories hold everything; nothing writes to them again,
// every measurement works on copies.

import { type Bench, BODY_BYTES, CHAIN_RUN } from './bench.ts'
import type { Conversation } from './conversation.ts'

export interface History {
  readonly full: string
  /** A member that joined and saw nothing. */
  readonly cold: string
  readonly group: string
  readonly messages: number
  readonly buildMs: number
  readonly floor: string
  readonly chain: string
}

export async function makeHistory(bench: Bench): Promise<History> {
  const { authors, texts } = bench.sizes
  const full = bench.fresh('full')
  const cold = bench.fresh('cold')
  const built = await bench.with('build-role', (spawn) =>
    spawn().call<Conversation>(
      'converse',
      { full, cold, authors, texts, bytes: BODY_BYTES },
      300_000,
    ),
  )
  const floor = await writeLog(bench, 1)
  const chain = await writeLog(bench, CHAIN_RUN)
  const { group, messages, ms } = built
  return { full, cold, group, messages, buildMs: ms, floor, chain }
}

async function writeLog(bench: Bench, run: number): Promise<string> {
  const { authors, texts } = bench.sizes
  const directory = bench.fresh('log')
  await bench.with('log-role', async (spawn) => {
    const one = spawn()
    await one.call('open', { directory, run, bytes: BODY_BYTES })
    await one.call('write', { authors, texts })
    await one.call('close')
  })
  return directory
}
