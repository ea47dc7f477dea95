// One thread of a crew: runs one population after another as it is asked to, sends what they tell in
// blocks, and says how far it is. What it cannot finish it says, and ends.

import { parentPort } from 'node:worker_threads'

import { CoterieError } from '../../../../base/error.ts'
import { protocolOf } from '../../../protocol/registry.ts'
import { type News, type Task, runPopulation } from './crew.ts'

const abort = new AbortController()

function say(news: News): void {
  if (news.kind !== 'block') return parentPort?.postMessage(news)
  const block = news.block.slice()
  parentPort?.postMessage({ ...news, block }, [block.buffer])
}

async function run({ population, use }: Extract<Task, { kind: 'run' }>): Promise<void> {
  const { group } = population
  const protocol = protocolOf(use.use)
  const { signal } = abort
  const progress = ({ done, what }: { readonly done: number; readonly what: string }): void =>
    say({ kind: 'progress', group, done, what })
  const steps = await runPopulation({ protocol, use, signal, progress }, population, (block) =>
    say({ kind: 'block', group, block }),
  )
  say({ kind: 'done', group, steps })
}

parentPort?.on('message', (task: Task) => {
  if (task.kind === 'abort') return abort.abort()
  run(task).catch((error: unknown) => {
    const code = error instanceof CoterieError ? error.code : 'INTERNAL'
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
    say({ kind: 'failed', code, message })
  })
})
