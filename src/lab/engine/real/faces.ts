// A real node that says two things at once: a second daemon over a copy of its home, with the same keys, speaks
// to some of the others, and the first to the rest. The two are kept apart on the links: each pair of a peer
// and the face that is not for it is refused. Both say what they are told, and both sign it.

import { type Link, type LinkRule, LinkTable, passes } from '../../world/links.ts'
import type { Member } from './mesh.ts'

/** What engines whose nodes can be copied do to make one of them lie. */
export interface Faces {
  /** From now on these hear another face. Both faces run when it resolves. */
  readonly open: (node: number, deceived: ReadonlySet<number>) => Promise<void>
  /** The second face is gone when it resolves. */
  readonly close: (node: number) => Promise<void>
  /** The second face of a node; undefined: it has one only. */
  readonly second: (node: number) => Member | undefined
  /** Whether a second face reaches whom it is for, and nobody else, by a look that does not ask it. */
  readonly look: (node: number, links: LinkTable) => Promise<boolean>
}

/** Who shows a second face to whom, and under which number the links know that one. */
export interface Face {
  readonly node: number
  readonly place: number
  readonly deceived: ReadonlySet<number>
}

/** Half of the others: every second. */
export function halfOf(nodes: number, node: number): ReadonlySet<number> {
  const others = Array.from({ length: nodes }, (_, one) => one).filter((one) => one !== node)
  return new Set(others.filter((_, index) => index % 2 === 1))
}

/** The links with second faces among them, each of which has a number above those of the nodes. */
export function faced(links: LinkTable, nodes: number, faces: readonly Face[]): LinkTable {
  if (faces.length === 0) return links
  const rules: LinkRule[] = []
  const add = (from: number, to: number, shown: boolean, link: Link): void => {
    rules.push({ from, to, link: shown ? link : { ...link, cut: 'reset' } })
  }
  for (let a = 0; a < nodes; a++) {
    for (let b = 0; b < nodes; b++) if (a !== b) add(a, b, true, links.link(a, b))
  }
  for (const { node, place, deceived } of faces) {
    for (let other = 0; other < nodes; other++) {
      if (other === node) continue
      const isDeceived = deceived.has(other)
      if (isDeceived) {
        add(node, other, false, links.link(node, other))
        add(other, node, false, links.link(other, node))
      }
      add(place, other, isDeceived, links.link(node, other))
      add(other, place, isDeceived, links.link(other, node))
    }
  }
  const places = Math.max(nodes, ...faces.map(({ place }) => place + 1))
  return new LinkTable(places, { base: { cut: 'reset' }, rules })
}

/** Whether an echo from a second face to another node ought to come back. */
export function reaches({ node, deceived }: Face, other: number, links: LinkTable): boolean {
  const [there, back] = [links.link(node, other), links.link(other, node)]
  return deceived.has(other) && there.cut === 'none' && passes(back)
}
