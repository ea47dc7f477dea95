// Every history of two leaders and a member up to a number of operations, heard in every order and through
// every split, over the real reducers (test/support/every-order.ts). Bounded in operations and in time: exit 1
// when something is broken, 3 when the time ran out before all was walked.
//
//   npm run sim:orders -- --operations 6 --minutes 30
//   npm run sim:orders -- --subject going --operations 5
import { parseArgs } from 'node:util'
import { EveryOrder, liarsIn, smallGroup, subjects } from '../test/support/every-order.ts'

const { values } = parseArgs({
  options: {
    operations: { type: 'string', default: '5' },
    minutes: { type: 'string', default: '20' },
    subject: { type: 'string' },
  },
})

const TELL_EVERY_MS = 10_000

/** How far a long walk is, now and then. */
function progressOf(name: string) {
  let toldMs = performance.now()
  return (operations: number, place: number, of: number): void => {
    if (performance.now() < toldMs + TELL_EVERY_MS) return
    toldMs = performance.now()
    console.error(`${name}: ${operations} operations, world ${place} of ${of}`)
  }
}

/** The time was over before all was walked: nothing is known to be wrong, nor that all is right. */
const OUT_OF_TIME = 3

const { cast, prelude } = smallGroup()
const chosen = Object.entries(subjects).filter(([name]) => (values.subject ?? name) === name)
if (chosen.length === 0) {
  console.error(`--subject is one of ${Object.keys(subjects).join(', ')}`)
  process.exit(2)
}
for (const [name, actsOf] of chosen) {
  const startedMs = performance.now()
  const walk = new EveryOrder({
    cast,
    prelude,
    acts: actsOf(cast),
    liars: liarsIn[name as keyof typeof subjects] ?? [],
    operations: Number(values.operations),
    withinMs: Number(values.minutes) * 60_000,
    nowMs: () => performance.now(),
    onWorld: progressOf(name),
  }).walk()
  for (const one of walk.broken) console.error(one)
  if (walk.broken.length > 0) process.exit(1)
  const { worlds, parts, ways, operations } = walk
  const wanted = Number(values.operations)
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0)
  const size = `${String(worlds)} worlds, ${String(parts)} parts, ${String(ways)} ways`
  console.log(`${name}: all of ${String(operations)} operations hold: ${size}, ${seconds} s`)
  if (operations < wanted) {
    console.error(`${name}: the time ran out before all of ${String(wanted)} were walked`)
    process.exitCode = OUT_OF_TIME
  }
}
