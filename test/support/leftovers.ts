// What runs on real nodes leave behind, seen from outside of them: processes that this one started, nodes of
// its fleets whoever is their parent now, also those that stand still, and folders with its number.

import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'

/** Nodes, agents, hubs and brakes of a process, and folders of its fleets. */
export function leftovers(owner = process.pid): string[] {
  const fleet = `coterie-lab-${owner}-`
  const processes = processTable().filter((line) => {
    const isOurs = line.startsWith(`${owner} `) && / daemon |owner=/.test(line)
    return isOurs || line.includes(`/${fleet}`) || line.includes(`owner=${owner}:`)
  })
  const folders = readdirSync(tmpdir()).filter((name) => name.startsWith(fleet))
  return [...processes, ...folders]
}

/** A line for each process: parent, number, state (T: it stands still), words. */
export function processTable(): string[] {
  return execFileSync('ps', ['-eo', 'ppid=,pid=,stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim())
}
