// Nodes that are processes, as engines of real nodes handle them: who runs where, how one ends, whether it is
// gone, by the word of the kernel, and how it gets on.

import type { Daemon } from '../../demo/daemon.ts'
import type { Fleet } from '../../demo/fleet.ts'
import { withBrake } from './brake-handle.ts'
import type { Mesh } from './mesh.ts'

/** What a mesh of processes does with them. */
export type Processes = Pick<Mesh, 'member' | 'end' | 'isGone' | 'pacing'>

/** Runs `work` with the processes of a fleet. None of them stands still or is slow afterwards. */
export function withProcesses<T>(
  fleet: Fleet,
  work: (processes: Processes) => Promise<T>,
): Promise<T> {
  const nodes = processesOf(fleet)
  const at = (node: number) => {
    const { child, access } = nodes.member(node)
    return { pid: child.pid ?? 0, access }
  }
  return withBrake(at, (pacing) => work({ ...nodes, pacing }))
}

function processesOf(fleet: Fleet) {
  const daemon = (node: number): Daemon => {
    const found = fleet.daemons[node]
    if (found === undefined) throw new RangeError(`there is no node ${node}`)
    return found
  }
  return {
    member: daemon,
    async end(node: number, how: 'stop' | 'kill'): Promise<void> {
      const { child } = daemon(node)
      if (how === 'stop') return child.stop()
      child.kill()
      await child.ended
    },
    isGone: (node: number) => isGone(daemon(node).child.pid),
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
