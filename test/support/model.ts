// Holds the core against the reference model: one random history, told to fresh replicas in several
// orders, with duplicates, forgotten rows and restarts; what they work out must be what the definitions
// give, for all of the history and for what is held on the way.
import { SeededRandom } from '../../src/base/random.ts'
import type { Message } from '../../src/core/message/message.ts'
import { Bench } from './bench.ts'
import { derivedOf } from './derived.ts'
import type { Derived, Graph, Mutant } from './reference.ts'
import { Reference, graphOf, wrongEpochs } from './reference.ts'
import { isQuiet } from './quiet.ts'
import type { Scribble } from './scribbles.ts'

/** Where two derived states differ. */
export function differences(found: Derived, wanted: Derived): string[] {
  return (Object.keys(wanted) as (keyof Derived)[])
    .filter((name) => JSON.stringify(found[name]) !== JSON.stringify(wanted[name]))
    .map((name) => `${name}: ${JSON.stringify(found[name])} for ${JSON.stringify(wanted[name])}`)
}

/** An order in which each message comes after its past, other than that of the writing. */
const causal = (random: SeededRandom, messages: readonly Message[], graph: Graph): Message[] => {
  const left = [...messages]
  const order: Message[] = []
  const done = new Set<string>()
  while (left.length > 0) {
    const ready = left.filter(({ id }) =>
      [...(graph.points.get(id)?.past ?? [])].every((before) => done.has(before)),
    )
    const next = ready[random.below(ready.length)]
    if (next === undefined) throw new Error('no order is left')
    left.splice(left.indexOf(next), 1)
    done.add(next.id)
    order.push(next)
  }
  return order
}

/** Whether a history tells a mistaken model from the core. */
export function notices({ cast, messages }: Scribble, mutant: Mutant): boolean {
  const graph = graphOf(cast.constitution, messages)
  const model = new Reference(graph, mutant)
  const bench = new Bench(cast.constitution)
  for (const message of messages) bench.take(message)
  const wanted = model.state(new Set(graph.points.keys()))
  return wrongEpochs(graph, model).length + differences(derivedOf(bench), wanted).length > 0
}

/** I38: messages that build on evidence and on what nobody had heard in time. */
const loud = (graph: Graph, model: Reference): string[] =>
  [...graph.points.keys()]
    .filter((id) => !isQuiet(graph, model, id))
    .map((id) => `${id.slice(0, 8)} is no message that Rule Q lets be`)

/** All ways in which the core and the model disagree on a history. */
export function disagreements(scribble: Scribble): string[] {
  const { cast, messages } = scribble
  const graph = graphOf(cast.constitution, messages)
  const model = new Reference(graph)
  const broken = [...wrongEpochs(graph, model), ...loud(graph, model)]
  const wanted = model.state(new Set(graph.points.keys()))
  const random = new SeededRandom(messages.at(-1)?.id ?? '')
  const judge = (how: string, bench: Bench): void => {
    if (bench.held().size !== messages.length) broken.push(`${how}: not everything was accepted`)
    broken.push(...differences(derivedOf(bench), wanted).map((one) => `${how}: ${one}`))
  }
  const asWritten = new Bench(cast.constitution)
  for (const message of messages) asWritten.take(message)
  judge('as written', asWritten)
  const shuffled = new Bench(cast.constitution)
  for (const message of random.shuffle([...messages, ...messages])) shuffled.take(message)
  judge('shuffled', shuffled)
  const restarted = new Bench(cast.constitution)
  const halts = new Set(Array.from({ length: 3 }, () => random.below(messages.length)))
  causal(random, messages, graph).forEach((message, i) => {
    restarted.take(message)
    if (random.below(4) === 0) restarted.forget()
    if (!halts.has(i)) return
    const before = derivedOf(restarted)
    restarted.reboot()
    broken.push(...differences(derivedOf(restarted), before).map((one) => `restart: ${one}`))
    const held = new Set(restarted.held().keys())
    broken.push(...differences(before, model.state(held)).map((one) => `on the way: ${one}`))
  })
  judge('restarted', restarted)
  return broken
}

/** I20: whoever is gone stays gone, whatever comes. `spoil`: a fault, standings as they are made wrong by a message. */
export function resurrected(
  { cast, messages }: Scribble,
  spoil = (standings: Derived['standings'], _: Message): Derived['standings'] => standings,
): string[] {
  const graph = graphOf(cast.constitution, messages)
  const bench = new Bench(cast.constitution)
  const gone = new Map<string, number>()
  const broken: string[] = []
  for (const message of causal(new SeededRandom('I20'), messages, graph)) {
    bench.take(message)
    for (const [member, standing] of spoil(derivedOf(bench).standings, message)) {
      const before = gone.get(member) ?? 0
      if (before > standing) broken.push(`${member} was ${String(before)}, is ${String(standing)}`)
      if (standing >= 3) gone.set(member, standing)
    }
  }
  return broken
}
