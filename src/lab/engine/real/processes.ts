// Nodes that are processes, as engines of real nodes handle them: who runs where, how one ends, whether it is
// gone, by the word of the kernel, how it gets on, and how those are told to lie that can be.

import type { Child, ChildSettings } from '../../demo/child.ts'
import type { Daemon } from '../../demo/daemon.ts'
import type { Fleet } from '../../demo/fleet.ts'
import { withBrake } from './brake-handle.ts'
import type { Ask, Seen } from '../bent/words.ts'
import type { Hands } from './hands.ts'
import type { Mesh } from './mesh.ts'

/** What a mesh of processes does with them. */
export type Processes = Pick<Mesh, 'member' | 'end' | 'isGone' | 'pacing' | 'hands'>

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

/** What a process is given so that it can be told to lie: the program in it is the built one all the same. */
export function withHand(settings: ChildSettings): ChildSettings {
  return { ...settings, before: [...(settings.before ?? []), 'engine/bent/preload'], answers: true }
}

function handsOf(childOf: (node: number) => Child): Hands {
  const ask = async (node: number, word: Ask) => (await childOf(node).ask(word)) as Seen
  return {
    begin: (node, lies, shunned) => ask(node, { do: 'begin', lies, shunned }),
    end: (node) => ask(node, { do: 'end' }),
    look: (node) => ask(node, { do: 'look' }),
  }
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
    hands: handsOf((node) => daemon(node).child),
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
