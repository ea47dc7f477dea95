// A scenario with some of its values set anew: what `sweep:` in a file asks for. A path names a value as
// `network.link.latency` or `protocols.0.with.policy` does.

export type SetValue = string | number | boolean

/** Values by path. */
export type Setting = Readonly<Record<string, SetValue>>

/** More of them nobody waits for. */
export const SETTINGS_MAX = 64

/** Every combination of the values, in order; one empty setting where nothing is swept. */
export function settingsOf(sweep: Readonly<Record<string, readonly SetValue[]>>): Setting[] {
  return Object.entries(sweep).reduce<Setting[]>(
    (settings, [path, values]) =>
      settings.flatMap((setting) => values.map((value) => ({ ...setting, [path]: value }))),
    [{}],
  )
}

export const settingText = (setting: Setting): string =>
  Object.entries(setting)
    .map(([path, value]) => `${path.split('.').at(-1) ?? path} ${String(value)}`)
    .join(', ')

/** The file's own values with these instead; parts of it that are missing are made. */
export function withSetting(value: unknown, setting: Setting): unknown {
  return Object.entries(setting).reduce((all, [path, to]) => set(all, path.split('.'), to), value)
}

function set(value: unknown, [key, ...rest]: readonly string[], to: SetValue): unknown {
  if (key === undefined) return to
  if (Array.isArray(value)) {
    const list = value as unknown[]
    return list.map((one, place) => (String(place) === key ? set(one, rest, to) : one))
  }
  const record = typeof value === 'object' && value !== null ? value : {}
  const before = (record as Record<string, unknown>)[key]
  return { ...record, [key]: set(before, rest, to) }
}
