// Loaded before the program into each node that a run may tell to lie: bends its ports, and hears from the
// lab, over a channel of its own, when it begins and when it ends.

import { register } from 'node:module'
import type { Ask } from './words.ts'

register(new URL('./hooks.js', import.meta.url))

process.on('message', (word: Ask & { readonly id: number }) => {
  const { id, ...ask } = word
  import('./own.ts')
    .then(({ own }) => own.do(ask))
    .then(
      (seen) => process.send?.({ id, seen }),
      (error: Error) => process.send?.({ id, problem: error.message }),
    )
})
// Listening must not keep alive what has otherwise come to its end.
process.channel?.unref()
