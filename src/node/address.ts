// What a multiaddr may look like, checked when a person types one: a wrong address is then a clear
// mistake at once, not a dial that fails for ever. The network adapter still has the last word.

import { isIPv4, isIPv6 } from 'node:net'

type Check = (value: string) => boolean

const port: Check = (value) => /^[0-9]{1,5}$/.test(value) && Number(value) <= 65_535
const hostName: Check = (value) => /^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})$/.test(value)
const peerId: Check = (value) => /^[1-9A-HJ-NP-Za-km-z]{46,64}$/.test(value)

/** The parts that this node can use, and what stands behind each name; `undefined` = nothing. */
const parts: Readonly<Record<string, Check | undefined>> = {
  ip4: isIPv4,
  ip6: isIPv6,
  dns: hostName,
  dns4: hostName,
  dns6: hostName,
  dnsaddr: hostName,
  tcp: port,
  p2p: peerId,
}

const ADDRESS_CHARACTERS_MAX = 256

/** Why a text is no usable multiaddr, in words; undefined when it is one. */
export function addressProblem(text: string): string | undefined {
  if (text.length > ADDRESS_CHARACTERS_MAX) return 'it is too long'
  const [first, ...rest] = text.split('/')
  if (first !== '' || rest.length === 0) return 'a multiaddr starts with /'
  const seen: string[] = []
  while (rest.length > 0) {
    const name = rest.shift() ?? ''
    if (!Object.hasOwn(parts, name)) return `the part "${name}" is not known here`
    const check = parts[name]
    seen.push(name)
    if (check === undefined) continue
    const value = rest.shift()
    if (value === undefined || !check(value)) return `"${value ?? ''}" does not fit /${name}/`
  }
  const transport = seen.filter((name) => name !== 'p2p').join('/')
  if (/^((ip4|ip6|dns|dns4|dns6)\/tcp|dnsaddr)$/.test(transport)) return undefined
  return 'it must be like /ip4/192.0.2.7/tcp/4001'
}
