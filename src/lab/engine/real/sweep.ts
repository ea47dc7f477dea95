// What dead runs left behind, ended and removed: agents, hubs and brakes, each with the process that owned it
// in its line of the process table, and folders with the owner in their name, with the nodes that live there.
// Who is alive keeps everything; a number that went to another process meanwhile is known by when that one
// started.

import { readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const MARK = 'coterie-lab-owner='
/** What the name of a fleet's folder begins with. */
const FLEET = /^coterie-lab-([0-9]+)-/

/** What an owner puts on everything that it starts. */
export function ownerTag(): string {
  return `${MARK}${process.pid}:${startOf(process.pid) ?? 0}`
}

/** @returns process ids that were ended, and folders that were removed */
export function sweep(): readonly string[] {
  return [...sweepProcesses(), ...sweepFolders()]
}

function sweepProcesses(): string[] {
  return numbersIn('/proc').flatMap((pid) => {
    const line = textOf(`/proc/${pid}/cmdline`)
    if (!isOrphan(line) && !isHomeless(line)) return []
    try {
      process.kill(pid, 'SIGKILL')
      return [String(pid)]
    } catch {
      // It is gone, or not ours.
      return []
    }
  })
}

/** Carries the tag of an owner who is no more. */
function isOrphan(line: string): boolean {
  const owner = new RegExp(`${MARK}([0-9]+):([0-9]+)`).exec(line)
  return owner !== null && String(startOf(Number(owner[1]))) !== owner[2]
}

/** A node whose home belongs to nobody: its leash could not end it, because it stands still. */
function isHomeless(line: string): boolean {
  const words = line.split('\0')
  const home = words[words.indexOf('--home') + 1] ?? ''
  if (!words.some((word) => word.endsWith('cli/main.js')) || !home.startsWith(tmpdir()))
    return false
  const owner = FLEET.exec(home.slice(tmpdir().length + 1))?.[1]
  return owner !== undefined && !isAlive(Number(owner))
}

/** Folders of fleets: `coterie-lab-<owner>-...`. */
function sweepFolders(): string[] {
  return readdirSync(tmpdir()).flatMap((name) => {
    const owner = FLEET.exec(name)?.[1]
    if (owner === undefined || isAlive(Number(owner))) return []
    try {
      rmSync(join(tmpdir(), name), { recursive: true, force: true })
      return [name]
    } catch {
      return []
    }
  })
}

/** When a process started, in ticks of its machine; undefined: there is none. */
export function startOf(pid: number): number | undefined {
  const stat = textOf(`/proc/${pid}/stat`)
  // The name of the program, in parentheses, may hold anything.
  const words = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return stat === '' ? undefined : Number(words[19])
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function numbersIn(folder: string): number[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^[0-9]+$/.test(name))
      .map(Number)
  } catch {
    return []
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
