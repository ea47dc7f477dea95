// Where the program makes a node of its ports, two of them are others: a hook on the resolution of modules,
// so that the program stays the built one and has no way to lie. Runs on a thread of its own.

import type { ResolveHook } from 'node:module'

const MAKER = '/node/start.js'
const standIns: readonly (readonly [port: string, standIn: string])[] = [
  ['/adapters/libp2p/libp2p.js', './libp2p.js'],
  ['/adapters/system/clock.js', './clock.js'],
]

export const resolve: ResolveHook = async (specifier, context, next) => {
  const found = await next(specifier, context)
  if (context.parentURL?.endsWith(MAKER) !== true) return found
  const other = standIns.find(([port]) => found.url.endsWith(port))?.[1]
  return other === undefined ? found : { ...found, url: new URL(other, import.meta.url).href }
}
