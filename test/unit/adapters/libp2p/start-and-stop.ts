// Run as a program: starts two nodes, links them, stops them, and prints how many milliseconds
// after that the process ended by itself.

import { link, startNode, stopAll } from './harness.ts'

const [a, b] = await Promise.all([startNode({ dht: true }), startNode({ dht: true })])
await link(a, b)
await stopAll()
const stoppedMs = performance.now()
process.on('exit', () => process.stdout.write(`${Math.round(performance.now() - stoppedMs)}`))
