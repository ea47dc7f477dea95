// Looks at what a node stands on: program, directories, keys, lock, settings, clock, disk. Each finding
// has a verdict and, where it is not good, the next step. Changes nothing and never throws.

import { stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { loadConfig } from './config.ts'
import { isInitialised, openToOthers } from './data-dir.ts'
import { toCoterieError } from './failure.ts'
import { FORMAT_VERSION, readFormat } from './format.ts'
import { isRunning, readLock } from './lock.ts'
import type { Paths } from './paths.ts'

export interface Finding {
  readonly name: string
  readonly state: 'ok' | 'warn' | 'fail'
  readonly detail: string
  /** What to do next; empty when nothing is. */
  readonly next: string
}

const NODE_MAJOR_MIN = 20
const NODE_MINOR_MIN = 19
const DISK_WARN_BYTES = 200 * 1_024 * 1_024
const DISK_FAIL_BYTES = 20 * 1_024 * 1_024
const CLOCK_BACK_MS = 60_000
/** This program did not exist before, so no right clock says less. */
const EARLIEST_WALL_MS = Date.UTC(2025, 0, 1)

/** Every finding, in the order in which they should be mended. */
export async function examine(
  paths: Paths,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly Finding[]> {
  const checks: readonly (readonly [string, () => Promise<Omit<Finding, 'name'>>])[] = [
    ['node', () => Promise.resolve(checkNode(process.versions.node))],
    ['data', () => checkData(paths)],
    ['keys', () => checkKeys(paths)],
    ['settings', () => checkSettings(paths, env)],
    ['lock', () => checkLock(paths)],
    ['clock', () => checkClock(paths)],
    ['disk', () => checkDisk(paths)],
  ]
  const findings: Finding[] = []
  for (const [name, check] of checks) {
    try {
      findings.push({ name, ...(await check()) })
    } catch (error) {
      const { message, hint = '' } = toCoterieError(error)
      findings.push({ name, state: 'fail', detail: message, next: hint })
    }
  }
  return findings
}

/** @param version of Node, such as `20.19.0` */
export function checkNode(version: string): Omit<Finding, 'name'> {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > NODE_MAJOR_MIN || (major === NODE_MAJOR_MIN && minor >= NODE_MINOR_MIN)) {
    return good(`Node ${version}`)
  }
  return bad(`Node ${version}`, `Install Node ${NODE_MAJOR_MIN}.${NODE_MINOR_MIN} or newer.`)
}

async function checkData(paths: Paths): Promise<Omit<Finding, 'name'>> {
  if (!(await isInitialised(paths))) return bad(`no identity in ${paths.data}`, initCommand(paths))
  const version = await readFormat(paths.format)
  if (version <= FORMAT_VERSION) return good(`layout ${version} in ${paths.data}`)
  return bad(`layout ${version} is newer than this program`, 'Install the newer coterie.')
}

async function checkKeys(paths: Paths): Promise<Omit<Finding, 'name'>> {
  if (!(await isInitialised(paths))) return warn('no keys yet', initCommand(paths))
  const open = await openToOthers(paths)
  if (open.length === 0) return good('readable by you alone')
  return bad(`others may read ${open.join(', ')}`, `chmod -R go= ${paths.keys}`)
}

async function checkSettings(
  paths: Paths,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Omit<Finding, 'name'>> {
  const { values } = await loadConfig({ file: paths.config, env })
  return good(`${values.name} on ${values.listen.join(', ')}`)
}

async function checkLock(paths: Paths): Promise<Omit<Finding, 'name'>> {
  const owner = await readLock(paths.lock)
  if (owner === undefined) return good('free')
  if (await isRunning(owner)) return good(`held by process ${owner.pid}`)
  return warn(
    `left behind by process ${owner.pid}, which is gone`,
    'Nothing to do: the next daemon takes it over.',
  )
}

async function checkClock(paths: Paths): Promise<Omit<Finding, 'name'>> {
  const nowMs = Date.now()
  const marks = await Promise.all(
    [paths.format, paths.store, paths.config].map((path) =>
      stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  )
  const behindMs = Math.max(...marks, EARLIEST_WALL_MS) - nowMs
  const shown = new Date(nowMs).toISOString()
  if (behindMs <= CLOCK_BACK_MS) return good(shown)
  return warn(`${shown} is earlier than files written here`, 'Set the clock of this machine.')
}

async function checkDisk(paths: Paths): Promise<Omit<Finding, 'name'>> {
  const { bavail, bsize } = await statfs(await nearestExisting(paths.data))
  const free = bavail * bsize
  const detail = `${Math.floor(free / 1_048_576)} MiB free`
  const next = 'Make room: a full disk stops the node.'
  if (free < DISK_FAIL_BYTES) return bad(detail, next)
  return free < DISK_WARN_BYTES ? warn(detail, next) : good(detail)
}

async function nearestExisting(path: string): Promise<string> {
  for (let place = path; ; place = dirname(place)) {
    const found = await stat(place).catch(() => undefined)
    if (found !== undefined || place === dirname(place)) return place
  }
}

function initCommand(paths: Paths): string {
  return `coterie init${paths.home === undefined ? '' : ` --home ${paths.home}`}`
}

function good(detail: string): Omit<Finding, 'name'> {
  return { state: 'ok', detail, next: '' }
}

function warn(detail: string, next: string): Omit<Finding, 'name'> {
  return { state: 'warn', detail, next }
}

function bad(detail: string, next: string): Omit<Finding, 'name'> {
  return { state: 'fail', detail, next }
}
