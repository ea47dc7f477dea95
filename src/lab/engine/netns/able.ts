// What this machine can do of namespaces, found by trying it once: make two networks, a bridge and a link
// between them; then each way to make packets vanish: filter on the bridge by nft, turn an address into
// nobody's, move a device to another bridge. What cannot be done is said with the reason, in the words of
// the tool that refused.

import { type CutProvider, cutProviders } from './cuts.ts'
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
unshare --net -- true
`

const neighbours = 'ip neigh replace 10.77.0.2 lladdr 02:c0:7e:ff:ff:ff dev eth0 nud permanent\n'

const ports = 'ip link add lab1 type bridge\nip link set v0 master lab1\n'

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
      const tried = await Promise.all(cutProviders.map((cuts) => attempt(rights, cuts)))
      const able = cutProviders.filter((_, index) => tried[index] === '')
      if (able.length > 0) return { able: { rights, cuts: able } }
      reasons.push(`as ${rights}: no way to make packets vanish: ${tried.join('; ')}`)
    }
  }
  return { reason: `no namespaces may be made here (${reasons.join('; ')})` }
}

/** @returns why a way of cutting cannot be gone here; empty: it can */
async function attempt(rights: Rights, cuts: CutProvider): Promise<string> {
  if (cuts === 'nft') return (await run([...apart(rights), 'nft', '-f', '-'], nft)).problem
  const script = links + (cuts === 'ports' ? ports : neighbours)
  return (await run([...apart(rights), 'sh', '-c', script])).problem
}
