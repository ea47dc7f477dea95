// The first line on every connection to the link shaper: which node dials, and the port that it means.
// Shared by the nodes, the probe and the shaper itself.

/** Environment of a node: the port of the shaper, and which node it is. */
export const SHAPER_VARIABLE = 'LAB_SHAPER_PORT'
export const NODE_VARIABLE = 'LAB_SHAPER_NODE'

export interface Greeting {
  readonly node: number
  readonly port: number
}

const LENGTH = 16

/** 16 characters, so that it can be cut off without looking for its end. */
export function greeting(node: number, port: number): string {
  return `${node} ${port}`.padEnd(LENGTH - 1) + '\n'
}

/** Undefined while it is not complete; what follows it is left in `rest`. @throws on rubbish */
export function readGreeting(bytes: Buffer): (Greeting & { readonly rest: Buffer }) | undefined {
  if (bytes.length < LENGTH) return undefined
  const words = /^([0-9]+) ([0-9]+) *\n$/.exec(bytes.toString('latin1', 0, LENGTH))
  if (words === null) throw new Error('no greeting')
  return { node: Number(words[1]), port: Number(words[2]), rest: bytes.subarray(LENGTH) }
}
