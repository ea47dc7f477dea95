// One process at a time on one data directory. The lock file appears complete or not at all, and
// names its process by number and start time, so that a number used again after a crash does not
// keep the owner out. The database has a lock of its own as a second line.

import { link, readFile, rename, rm, stat } from 'node:fs/promises'
import { CoterieError } from '../base/error.ts'
import { uniqueWord, writeNew } from './durable-file.ts'

/** Who holds a data directory. */
export interface LockOwner {
  readonly pid: number
  /** When that process started, in the system's own terms; empty where it does not tell. */
  readonly started: string
  /** Tells this lock from any other. */
  readonly nonce: string
}

/** A lock that this process holds. */
export interface Lock {
  readonly owner: LockOwner
  /** Gives the directory free; does nothing when the file is no longer ours. */
  release(): Promise<void>
}

/** How a lock learns about processes; tests bring their own. */
export interface ProcessView {
  readonly pid: number
  /** Undefined when no such process runs; empty when the system tells no start time. */
  startOf(pid: number): Promise<string | undefined>
}

const ATTEMPTS = 5

/** Takes the lock. @throws CoterieError DATA_DIR_LOCKED naming the process that holds it */
export async function takeLock(path: string, processes: ProcessView = system): Promise<Lock> {
  const owner: LockOwner = {
    pid: processes.pid,
    started: (await processes.startOf(processes.pid)) ?? '',
    nonce: uniqueWord(),
  }
  const draft = `${path}.${owner.nonce}.tmp`
  await writeNew(draft, `${JSON.stringify(owner)}\n`)
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const taken = (await linked(draft, path)) || (await takenOver(draft, path, processes))
      if (taken) return { owner, release: () => release(path, owner) }
    }
    throw new CoterieError('DATA_DIR_LOCKED', 'Other processes are taking this directory.', {
      hint: 'Try again in a moment.',
    })
  } finally {
    await rm(draft, { force: true })
  }
}

/** Who holds the lock, as the file says; undefined when there is none or it cannot be read. */
export async function readLock(path: string): Promise<LockOwner | undefined> {
  try {
    const parsed: unknown = JSON.parse(await readFile(path, 'utf8'))
    if (typeof parsed !== 'object' || parsed === null) return undefined
    const { pid, started, nonce } = parsed as Record<string, unknown>
    if (typeof pid !== 'number' || !Number.isInteger(pid) || pid < 1) return undefined
    if (typeof nonce !== 'string' || !/^[0-9a-z]{1,32}$/.test(nonce)) return undefined
    return { pid, started: typeof started === 'string' ? started : '', nonce }
  } catch {
    return undefined
  }
}

/** Whether the process that took the lock still runs. */
export async function isRunning(
  owner: LockOwner,
  processes: ProcessView = system,
): Promise<boolean> {
  const started = await processes.startOf(owner.pid)
  if (started === undefined) return false
  return started === '' || owner.started === '' || started === owner.started
}

/** A hard link is made or refused in one step, also between processes. */
async function linked(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/**
 * Puts our lock in the place of a dead one. Only the one who made the claim on that very lock may do
 * so; a claim whose maker died is claimed in turn. Claims go after the lock was replaced: who makes
 * one later finds another lock than the one it judged, and leaves it alone.
 *
 * @throws CoterieError DATA_DIR_LOCKED when the holder, or who takes over from it, is alive
 */
async function takenOver(draft: string, path: string, processes: ProcessView): Promise<boolean> {
  const judged = await readLock(path)
  if (judged !== undefined && (await isRunning(judged, processes))) throw lockedBy(judged)
  const claims: string[] = []
  for (let dead = judged; ;) {
    const claim = `${path}.${dead?.nonce ?? 'damaged'}.claim`
    claims.push(claim)
    if (await linked(draft, claim)) break
    dead = await readLock(claim)
    if (dead === undefined) return false
    if (await isRunning(dead, processes)) throw lockedBy(dead)
  }
  const unchanged = (await exists(path)) && (await readLock(path))?.nonce === judged?.nonce
  if (unchanged) await rename(draft, path)
  for (const claim of unchanged ? claims : claims.slice(-1)) await rm(claim, { force: true })
  return unchanged
}

async function release(path: string, owner: LockOwner): Promise<void> {
  const holder = await readLock(path)
  if (holder?.nonce === owner.nonce) await rm(path, { force: true })
}

function lockedBy(owner: LockOwner): CoterieError {
  return new CoterieError('DATA_DIR_LOCKED', `Process ${owner.pid} uses this data directory.`, {
    hint: `Stop process ${owner.pid}, or name another directory with --home.`,
  })
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

const system: ProcessView = {
  pid: process.pid,
  async startOf(pid) {
    try {
      process.kill(pid, 0)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined
    }
    const found = await linuxProcess(pid)
    return found?.ended === true ? undefined : (found?.started ?? '')
  },
}

/** Boot id and start tick together never repeat. A process that only waits to be buried has ended. */
async function linuxProcess(pid: number): Promise<{ started: string; ended: boolean } | undefined> {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The second field is the program's name in brackets and may itself hold blanks and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const started = `${boot.trim()}/${fields[19] ?? ''}`
    return { started, ended: fields[0] === 'Z' || fields[0] === 'X' }
  } catch {
    return undefined
  }
}
