// The settings of a node: flag over environment over file over default, and for each value where it
// came from. One schema says what exists; an unknown key or a wrong value is an error with its
// place, never ignored. A rewrite keeps the comments that people put into the file.

import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Document, isMap, isNode, parseDocument } from 'yaml'
import { z } from 'zod'
import { CoterieError } from '../base/error.ts'
import { NAME_BYTES_MAX } from '../base/limits.ts'
import { checkName } from '../core/identity/name.ts'
import { addressProblem } from './address.ts'
import { makePrivateDirectory, writeDurable } from './durable-file.ts'
import { toCoterieError } from './failure.ts'

const address = z.string().superRefine((text, check) => {
  const problem = addressProblem(text)
  if (problem !== undefined) check.addIssue({ code: 'custom', message: `no multiaddr: ${problem}` })
})

const nameProblems: Readonly<Record<string, string>> = {
  'name-length': `a name has 1 to ${NAME_BYTES_MAX} bytes`,
  'name-control': 'a name holds no control characters',
  'name-bidi': 'a name holds no marks of writing direction',
  'name-not-nfc': 'a name is written in composed form (NFC)',
}

const name = z.string().superRefine((text, check) => {
  const valid = checkName(text)
  if (valid.ok && text.trim() === text) return
  const problem = valid.ok ? 'a name has no blanks around it' : nameProblems[valid.error]
  check.addIssue({ code: 'custom', message: problem ?? 'not a name' })
})

const apiAddress = z.string().refine(
  (text) => {
    const port = /^(127\.0\.0\.1|localhost|\[::1\]):([0-9]{1,5})$/.exec(text)?.[2]
    return port === undefined ? /^unix:\/./.test(text) : Number(port) <= 65_535
  },
  { message: 'must be a loopback HOST:PORT such as 127.0.0.1:0, or unix:/absolute/path' },
)

/** Every setting. Names are single words, so that a name is spelt alike in file and environment. */
export const configSchema = z.strictObject({
  /** What others see beside your messages; each group keeps the one you joined with. */
  name: name,
  /** Multiaddrs to listen on; port 0 takes a free one at each start. */
  listen: z.array(address).min(1, 'at least one address').max(16),
  /** Where the local interface listens: loopback HOST:PORT or unix:/path; port 0 is a free one. */
  api: apiAddress,
  /** Multiaddrs of nodes to get a first contact from. */
  peers: z.array(address).max(256),
  /** Whether to find nodes on the local network by multicast. */
  mdns: z.boolean(),
  /** Whether to take part in the address directory. */
  dht: z.boolean(),
  /** Whether texts that were read stay on disk; without it they are forgotten when the node ends. */
  archive: z.boolean(),
  /** Least urgent line that is logged. */
  log: z.enum(['debug', 'info', 'warn', 'error']),
})

export type Config = z.infer<typeof configSchema>
export type ConfigKey = keyof Config
export type Origin = 'flag' | 'environment' | 'file' | 'default'

/** Settings with, for each, where it came from. */
export interface LoadedConfig {
  readonly values: Config
  readonly origins: Readonly<Record<ConfigKey, Origin>>
}

/** What holds where nothing else was said. */
export const configDefaults: Readonly<Config> = Object.freeze({
  name: 'anonymous',
  listen: ['/ip4/0.0.0.0/tcp/0'],
  api: '127.0.0.1:0',
  peers: [],
  mdns: false,
  dht: true,
  archive: true,
  log: 'warn',
})

export const configKeys = Object.keys(configSchema.shape) as readonly ConfigKey[]

/** Where to look for settings. */
export interface ConfigSources {
  /** Path of the file; a missing file is an empty one. */
  readonly file: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** What was said on the command line. Default: nothing. */
  readonly flags?: Partial<Config>
}

/** Reads all sources. @throws CoterieError USAGE naming the place of what is wrong */
export async function loadConfig(sources: ConfigSources): Promise<LoadedConfig> {
  const file = await fileSettings(sources.file)
  const environment = environmentSettings(sources.env)
  const values: Record<string, unknown> = { ...configDefaults }
  const origins = Object.fromEntries(configKeys.map((key) => [key, 'default'])) as Record<
    ConfigKey,
    Origin
  >
  const layers: readonly (readonly [Origin, Record<string, unknown>])[] = [
    ['file', checked(file, sources.file)],
    ['environment', checked(environment, 'environment')],
    ['flag', checked(sources.flags ?? {}, 'command line')],
  ]
  for (const [origin, settings] of layers) {
    for (const key of configKeys) {
      if (settings[key] === undefined) continue
      values[key] = settings[key]
      origins[key] = origin
    }
  }
  return { values: values as Config, origins }
}

/** Reads a value as a person types it: lists by commas, `true` and `false` in words. */
export function parseSetting(key: ConfigKey, text: string): unknown {
  const fallback = configDefaults[key]
  if (Array.isArray(fallback)) return text === '' ? [] : text.split(',').map((item) => item.trim())
  if (typeof fallback !== 'boolean') return text
  if (/^(true|yes|on|1)$/i.test(text)) return true
  if (/^(false|no|off|0)$/i.test(text)) return false
  return text
}

/** Narrows a text to the name of a setting. @throws CoterieError USAGE listing the names */
export function settingName(text: string): ConfigKey {
  const key = configKeys.find((known) => known === text)
  if (key !== undefined) return key
  throw new CoterieError('USAGE', `There is no setting "${text}".`, {
    hint: `Settings are: ${configKeys.join(', ')}.`,
  })
}

/** Changes one setting in the file and nothing else in it. @throws CoterieError USAGE */
export async function setSetting(file: string, key: ConfigKey, value: unknown): Promise<void> {
  const [good] = Object.values(checked({ [key]: value }, 'value'))
  const document = await readDocument(file)
  const before: unknown = document.get(key, true)
  const after = document.createNode(good)
  if (isNode(before)) {
    after.comment = before.comment ?? null
    after.commentBefore = before.commentBefore ?? null
  }
  document.set(key, after)
  await makePrivateDirectory(dirname(file))
  await writeDurable(file, document.toString(), 0o600).catch((error: unknown) => {
    throw toCoterieError(error)
  })
}

async function readDocument(file: string): Promise<Document> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw toCoterieError(error)
  })
  const document = parseDocument(text, { prettyErrors: true })
  const problem = document.errors[0]
  if (problem !== undefined) throw fileProblem(file, problem.message.split('\n')[0] ?? 'not YAML')
  if (document.contents === null) {
    const empty = new Document({})
    empty.commentBefore = document.commentBefore
    return empty
  }
  if (!isMap(document.contents)) throw fileProblem(file, 'settings are written as "name: value"')
  return document
}

async function fileSettings(file: string): Promise<Record<string, unknown>> {
  const document = await readDocument(file)
  try {
    return document.toJS({ maxAliasCount: 0 }) as Record<string, unknown>
  } catch (error) {
    throw fileProblem(file, (error as Error).message)
  }
}

function environmentSettings(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, unknown> {
  const settings: Record<string, unknown> = {}
  for (const key of configKeys) {
    const text = env[`COTERIE_${key.toUpperCase()}`]
    if (text !== undefined && text !== '') settings[key] = parseSetting(key, text)
  }
  return settings
}

function checked(settings: object, place: string): Record<string, unknown> {
  const parsed = configSchema.partial().safeParse(settings)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const path = issue?.path.join('.') ?? ''
  throw fileProblem(place, `${path === '' ? '' : `${path}: `}${issue?.message ?? 'not understood'}`)
}

function fileProblem(place: string, message: string): CoterieError {
  return new CoterieError('USAGE', `A setting is wrong (${place}): ${message}`, {
    hint: 'See the settings and where they come from with: coterie config show --origin',
  })
}
