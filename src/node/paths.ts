// Where everything of one node lies. By the XDG base directory specification, or all under one
// directory when a home is named, so that several nodes can live on one machine.
// Pure: reads no file, so that a short command pays nothing for it.

import { isAbsolute, join, resolve } from 'node:path'

/** The files and directories of one node. All absolute. */
export interface Paths {
  /** The directory that holds everything, when one was named. */
  readonly home: string | undefined
  /** Settings a person may edit. */
  readonly config: string
  /** Directory of everything that must not be lost. */
  readonly data: string
  /** Directory of the private keys, mode 0700. */
  readonly keys: string
  /** Directory of the database. */
  readonly store: string
  /** File with the version of the data's layout. */
  readonly format: string
  /** File that names the process that uses the data now. */
  readonly lock: string
  /** Directory of what only lives while a daemon runs, mode 0700. */
  readonly run: string
  /** File with the address and the token of the running daemon, mode 0600. */
  readonly api: string
}

/** What the paths are worked out from. */
export interface PathOptions {
  /** One directory for everything. Default: `COTERIE_HOME`, else the XDG directories. */
  readonly home?: string | undefined
  /** Environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** The user's home directory. */
  readonly userHome: string
}

/** Works the paths out. A relative XDG variable is ignored, as that specification asks. */
export function resolvePaths(options: PathOptions): Paths {
  const { env, userHome } = options
  const home = options.home ?? nonEmpty(env['COTERIE_HOME'])
  if (home !== undefined) {
    const root = resolve(home)
    return layout(root, join(root, 'config.yaml'), root, root)
  }
  const config = absolute(env['XDG_CONFIG_HOME']) ?? join(userHome, '.config')
  const data = join(absolute(env['XDG_DATA_HOME']) ?? join(userHome, '.local', 'share'), 'coterie')
  const runtime = absolute(env['XDG_RUNTIME_DIR'])
  const run = runtime === undefined ? join(data, 'run') : join(runtime, 'coterie')
  return layout(undefined, join(config, 'coterie', 'config.yaml'), data, run)
}

function layout(home: string | undefined, config: string, data: string, run: string): Paths {
  return {
    home,
    config,
    data,
    keys: join(data, 'keys'),
    store: join(data, 'store'),
    format: join(data, 'FORMAT'),
    lock: join(data, 'LOCK'),
    run,
    api: join(run, 'api.json'),
  }
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value
}

function absolute(value: string | undefined): string | undefined {
  return value !== undefined && isAbsolute(value) ? value : undefined
}
