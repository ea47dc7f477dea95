// `config`: the settings in force and where each came from, and changes to the settings file that
// leave the comments in it alone.

import { type CommandSpec, type Context, argument, optionFlag } from '../command.ts'
import { fields, table } from '../output/table.ts'
import { pathsOf } from './connect.ts'

const show: CommandSpec = {
  name: 'show',
  summary: 'Show every setting in force.',
  options: [{ flags: '--origin', summary: 'also where each value came from' }],
  examples: ['config show', 'config show --origin --json'],
  async run(context, given) {
    const { values, origins } = await load(context)
    const withOrigin = optionFlag(given, 'origin')
    const result = withOrigin ? { config: values, origin: origins } : { config: values }
    await context.out.result(result, () =>
      table(
        ['setting', 'value', ...(withOrigin ? ['origin'] : [])],
        Object.entries(values).map(([key, value]) => [
          key,
          spell(value),
          ...(withOrigin ? [origins[key as keyof typeof origins]] : []),
        ]),
      ),
    )
  },
}

const get: CommandSpec = {
  name: 'get',
  summary: 'Print one setting.',
  arguments: ['<key>'],
  examples: ['config get name', 'config get listen --json'],
  async run(context, given) {
    const { settingName } = await import('../../node/config.ts')
    const key = settingName(argument(given, 0))
    const { values, origins } = await load(context)
    const result = { key, value: values[key], origin: origins[key] }
    await context.out.result(result, () => [spell(result.value)])
  },
}

const set: CommandSpec = {
  name: 'set',
  summary: 'Change one setting in the file; a daemon takes it at its next start.',
  arguments: ['<key>', '<value>'],
  examples: ['config set name ada', 'config set listen /ip4/0.0.0.0/tcp/4001,/ip6/::/tcp/4001'],
  async run(context, given) {
    const { parseSetting, setSetting, settingName } = await import('../../node/config.ts')
    const key = settingName(argument(given, 0))
    const value = parseSetting(key, argument(given, 1))
    const paths = await pathsOf(context)
    await setSetting(paths.config, key, value)
    const result = { key, value, file: paths.config }
    await context.out.result(result, () => fields([[key, spell(value)]]))
  },
}

const paths: CommandSpec = {
  name: 'paths',
  summary: 'Print where everything lies.',
  examples: ['config paths', 'config paths --home ./bob --json'],
  async run(context) {
    const all = await pathsOf(context)
    const { config: file, data, keys, store, format, lock, api } = all
    const shown = { config: file, data, keys, store, format, lock, api }
    await context.out.result({ paths: shown }, () => fields(Object.entries(shown)))
  },
}

export const config: CommandSpec = {
  name: 'config',
  summary: 'Show and change settings.',
  examples: ['config show --origin', 'config set name ada'],
  commands: [show, get, set, paths],
}

async function load(context: Context) {
  const { loadConfig } = await import('../../node/config.ts')
  const { config: file } = await pathsOf(context)
  return loadConfig({ file, env: context.env })
}

function spell(value: unknown): string {
  return Array.isArray(value) ? value.join(',') : String(value)
}
