// The folder of a run. What follows from scenario and seed alone (traces, metrics, verdict) holds no
// path, no host and no time of day, so that equal runs are equal byte by byte; all that is of this
// machine and this day stands in the manifest.

import { createWriteStream, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { PassThrough } from 'node:stream'
import { createGzip } from 'node:zlib'

import { CoterieError } from '../../base/error.ts'
import type { Materialised } from '../scenario/materialised.ts'

const RUNS = 'lab-runs'

/** Makes the folder of a new run. @throws CoterieError USAGE when it is there and not empty */
export function makeFolder(out: string | undefined, name: string): string {
  const dir = out ?? nextFolder(name)
  if (existsSync(dir) && readdirSync(dir).length > 0) {
    throw new CoterieError('USAGE', `"${dir}" is not empty.`, {
      hint: 'Name a new folder for the run with --out.',
    })
  }
  try {
    mkdirSync(dir, { recursive: true })
  } catch (cause) {
    throw new CoterieError('PERMISSION', `The folder "${dir}" could not be made.`, { cause })
  }
  if (out === undefined) linkLatest(dir)
  return dir
}

function nextFolder(name: string): string {
  const taken = existsSync(RUNS) ? readdirSync(RUNS) : []
  const numbers = taken.map((one) => Number(/-([0-9]+)$/.exec(one)?.[1] ?? 0))
  const next = Math.max(0, ...numbers) + 1
  return join(RUNS, `${name}-${String(next).padStart(3, '0')}`)
}

function linkLatest(dir: string): void {
  const link = join(RUNS, 'latest')
  try {
    rmSync(link, { force: true })
    symlinkSync(basename(dir), link)
  } catch {
    // A convenience only; some file systems have no links.
  }
}

export function writeJson(dir: string, file: string, value: unknown): void {
  writeFileSync(join(dir, file), `${JSON.stringify(value, written, 2)}\n`)
}

/** JSON has no word for what was never reached, nor for what could not be measured. */
export function written(_: string, value: unknown): unknown {
  if (typeof value !== 'number' || Number.isFinite(value)) return value
  return Number.isNaN(value) ? null : value > 0 ? 'never' : String(value)
}

/** And back. */
export function meant(key: string, value: unknown): unknown {
  if (value === 'never') return Number.POSITIVE_INFINITY
  return value === null && key !== '' ? Number.NaN : value
}

/** A file of compressed lines, the same bytes for the same lines. */
export interface TraceFile {
  write(text: string): void
  close(): Promise<void>
}

export function openTrace(dir: string, file: string): TraceFile {
  mkdirSync(dir, { recursive: true })
  const lines = new PassThrough({ highWaterMark: 1 << 26 })
  const done = pipeline(lines, createGzip({ level: 6 }), createWriteStream(join(dir, file)))
  return {
    write: (text) => void lines.write(text),
    close: async () => {
      lines.end()
      await done
    },
  }
}

/** What a run was made from. @throws CoterieError USAGE when the folder holds no run */
export function readRun(dir: string): { materialised: Materialised; manifest: Manifest } {
  try {
    const read = (file: string): unknown => JSON.parse(readFileSync(join(dir, file), 'utf8'))
    const materialised = read('materialised.json') as Materialised
    const manifest = read('manifest.json') as Manifest
    if (materialised.lab !== 1 || !Array.isArray(materialised.events)) throw new Error('no events')
    return { materialised, manifest }
  } catch (cause) {
    throw new CoterieError('USAGE', `"${dir}" is not the folder of a run.`, {
      hint: 'It holds materialised.json and manifest.json, as `coterie lab run` writes them.',
      cause,
    })
  }
}

/** What a run was made on, and how long it took there. */
export interface Manifest {
  readonly lab: 1
  readonly version: string
  readonly scenario: string
  readonly seed: string
  readonly engine: string
  readonly capabilities: object
  readonly digest: string
  readonly interrupted: boolean
  readonly started: string
  readonly host: { readonly node: string; readonly v8: string; readonly platform: string }
  readonly again: string
  readonly protocols: readonly {
    readonly as: string
    readonly digest: string
    readonly events: number
    readonly steps: number
    readonly wallMs: number
    readonly delayProvider: string
    readonly notes: readonly string[]
  }[]
}
