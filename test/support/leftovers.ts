// What runs on real nodes leave behind, seen from outside of them: processes that this one started, and
// folders with its number in their name.

import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'

/** Nodes, agents and hubs of this process, and folders of its fleets. */
export function leftovers(): string[] {
  const processes = execFileSync('ps', ['-eo', 'ppid=,pid=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.trim().startsWith(`${process.pid} `) && / daemon |owner=/.test(line))
  const folders = readdirSync(tmpdir()).filter((name) => {
    return name.startsWith(`coterie-lab-${process.pid}-`)
  })
  return [...processes, ...folders]
}
