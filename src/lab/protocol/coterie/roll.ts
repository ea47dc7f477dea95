// Which member a node is, and which node a member is or was. Whoever comes in anew is another member on the
// same node: what is meant for the one it was is not meant for the one it is.

import type { GroupReport } from '../../../core/report.ts'

export class Roll {
  readonly #nodes = new Map<string, number>()
  readonly #members = new Map<number, string>()

  /** A node is, from now on, this member. @returns whether that is news */
  name(node: number, member: string): boolean {
    if (this.#members.get(node) === member) return false
    this.#nodes.set(member, node)
    this.#members.set(node, member)
    return true
  }

  nodeOf(member: string): number | undefined {
    return this.#nodes.get(member)
  }

  memberAt(node: number): string | undefined {
    return this.#members.get(node)
  }

  /** The nodes that belong by a report, in order. */
  present(report: GroupReport): number[] {
    return report.members
      .filter(({ state }) => state === 'active' || state === 'dormant' || state === 'invited')
      .flatMap(({ member }) => {
        const node = this.#nodes.get(member)
        return node === undefined || this.#members.get(node) !== member ? [] : [node]
      })
      .sort((a, b) => a - b)
  }
}
