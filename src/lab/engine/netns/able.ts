// What this machine can do of namespaces, found by trying it once: make two networks, a bridge and a link
// between them, turn an address into nobody's, and, where there is nft, filter on the bridge. What cannot be
// done is said with the reason, in the words of the tool that refused.

import type { CutProvider } from './cuts.ts'
import { type Rights, apart, run } from './tools.ts'

export interface Able {
  readonly rights: Rights
  /** The better first. */
  readonly cuts: readonly CutProvider[]
}

/** Either what can be done, or why nothing can. */
export type Found = { readonly able: Able } | { readonly reason: string }

/** In a network of its own, which is gone with the shell. */
const links = `set -e
ip link add lab type bridge
ip link add v0 type veth peer name eth0
ip link set v0 master lab
ip link set eth0 up
ip neigh replace 10.77.0.2 lladdr 02:c0:7e:ff:ff:ff dev eth0 nud permanent
unshare --net -- true
`

const nft = `table bridge lab {
set cut {
type ifname . ifname
elements = { "v0" . "v1" }
}
chain pass {
type filter hook forward priority 0; policy accept;
iifname . oifname @cut drop
}
}
`

let found: Promise<Found> | undefined

export function findAble(): Promise<Found> {
  found ??= look()
  return found
}

async function look(): Promise<Found> {
  if (process.platform !== 'linux') return { reason: 'network namespaces are of Linux only' }
  const tools = await run(['ip', '-Version'])
  if (tools.problem !== '') return { reason: `there is no ip command here (${tools.problem})` }
  const reasons: string[] = []
  for (const rights of ['root', 'user'] as const) {
    const { problem } = await run([...apart(rights), 'sh', '-c', links])
    if (problem !== '') reasons.push(`as ${rights}: ${problem}`)
    else {
      const filtered = await run([...apart(rights), 'nft', '-f', '-'], nft)
      return { able: { rights, cuts: filtered.problem === '' ? both : [neighbours] } }
    }
  }
  return { reason: `no namespaces may be made here (${reasons.join('; ')})` }
}

const neighbours: CutProvider = 'neighbours'
const both: readonly CutProvider[] = ['nft', neighbours]
