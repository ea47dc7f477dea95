// Nodes that are processes, as engines of real nodes handle them: who runs where, how one ends and whether
// it is gone, by the word of the kernel.

import type { Daemon } from '../../demo/daemon.ts'
import type { Fleet } from '../../demo/fleet.ts'
import type { Mesh } from './mesh.ts'

/** What a mesh of processes does with them. */
export function processesOf(fleet: Fleet): Pick<Mesh, 'member' | 'end' | 'isGone'> {
  const daemon = (node: number): Daemon => {
    const found = fleet.daemons[node]
    if (found === undefined) throw new RangeError(`there is no node ${node}`)
    return found
  }
  return {
    member: daemon,
    async end(node, how) {
      const { child } = daemon(node)
      if (how === 'stop') return child.stop()
      child.kill()
      await child.ended
    },
    isGone: (node) => isGone(daemon(node).child.pid),
  }
}

function isGone(pid: number | undefined): boolean {
  try {
    process.kill(pid ?? Number.NaN, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
