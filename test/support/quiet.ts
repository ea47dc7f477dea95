// Rule Q straight from its definition: whether a message builds on evidence and on what nobody had
// heard in time. The least set is found by adding to it until nobody can be added.
import { MessageType } from '../../src/core/message/type.ts'
import type { Graph, Point, Reference } from './reference.ts'

type Held = ReadonlySet<string>

const pointsOf = (graph: Graph, held: Held): Point[] =>
  [...held].map((id) => graph.points.get(id)).filter((point) => point !== undefined)

/** Who may say what was heard of an accused member in time. */
const coverers = (graph: Graph, model: Reference, held: Held, accused: string): Set<string> => {
  const leaders = graph.leaders.map((seat) => seat.member)
  const found = new Set(leaders.filter((leader) => leader !== accused))
  const adds = pointsOf(graph, held).filter(({ type }) => type === MessageType.add)
  for (;;) {
    const more = adds.filter(
      ({ member = '', author, id }) =>
        member !== accused &&
        !found.has(member) &&
        (found.has(author) ||
          (author === accused && isCovered(graph, model, held, id, accused, found))),
    )
    if (more.length === 0) return found
    for (const { member = '' } of more) found.add(member)
  }
}

const isCovered = (
  graph: Graph,
  model: Reference,
  held: Held,
  id: string,
  accused: string,
  who: Held,
): boolean =>
  pointsOf(graph, held).some(
    ({ author, past }) =>
      who.has(author) && past.has(id) && model.accusations(past, accused).length === 0,
  )

/** Rule Q, as far as anybody is accused in the past of a message. */
export function isQuiet(graph: Graph, model: Reference, id: string): boolean {
  const past = graph.points.get(id)?.past ?? new Set<string>()
  return [...model.admitted(past).keys()].every((accused) => {
    if (model.accusations(past, accused).length === 0) return true
    const who = coverers(graph, model, past, accused)
    return pointsOf(graph, past).every(
      (one) => one.author !== accused || isCovered(graph, model, past, one.id, accused, who),
    )
  })
}
