// A hostile member that asks for keys as it likes, and what it is answered.
import { decode } from '../../src/codec/canonical.ts'
import type { GroupFrame } from '../../src/core/anti-entropy/frames.ts'
import { readGroupFrame, writeGroupFrame } from '../../src/core/anti-entropy/frames.ts'
import { Endpoint } from '../../src/core/endpoint.ts'
import type { ShareRequest } from '../../src/core/key-share/request.ts'
import { signShareRequest } from '../../src/core/key-share/request.ts'
import { SecretKind, bytesOf, secretKey } from '../../src/core/replica/state.ts'
import { within } from '../../src/core/storage.ts'
import { secretOf } from './author.ts'
import { crypto } from './bench.ts'
import { Hostile, hostileAt, sendFrames } from './hostile.ts'
import { type Mesh, endpointOf, found, groupOf, later, meshWorld } from './mesh.ts'

export const nothing = new Uint8Array()
export const filled = (byte: number, length = 32): Uint8Array => new Uint8Array(length).fill(byte)

/** Group frames of a kind that a hostile node was sent. */
export const framesOf = <Kind extends GroupFrame['kind']>(
  mesh: Mesh,
  node: number,
  kind: Kind,
): Extract<GroupFrame, { kind: Kind }>[] =>
  hostileAt(mesh.world, node).heard.flatMap(({ frame }) => {
    const value = decode(frame, { maxBytes: frame.length })
    const read = value.ok ? readGroupFrame(value.value) : value
    return read.ok && read.value.kind === kind
      ? [read.value as Extract<GroupFrame, { kind: Kind }>]
      : []
  })

export const selfOf = (mesh: Mesh, node: number): Uint8Array =>
  bytesOf(groupOf(mesh, node)?.self ?? '')

/** Nodes 0 and 1 are honest, 2 is hostile and was added last; nobody has said anything since. */
export const setting = (seed: string): Mesh => {
  const world = meshWorld({
    seed,
    nodes: 3,
    endpoint: (identity, provider, node) => new (node < 2 ? Endpoint : Hostile)(identity, provider),
  })
  const mesh = found(world, 1, 3, 'partition-tolerant')
  later(mesh, 5_000)
  return mesh
}

export const epochsOf = (mesh: Mesh, node = 0): Uint8Array[] => {
  const number = endpointOf(mesh.world, node).groupNumber(mesh.group) ?? 0
  const range = within(secretKey(number, SecretKind.epoch, nothing))
  return mesh.world
    .node(node)
    .rows.read(range)
    .map((row) => row.key.slice(-32))
}

let nonces = 0

/** A request by node 2, as it would be honest but for `bent`. */
export const requestOf = (
  mesh: Mesh,
  seed: string,
  bent: Partial<ShareRequest> & { readonly signer?: Uint8Array } = {},
): Uint8Array => {
  const { signer = secretOf(seed, 2, 'device'), ...fields } = bent
  const heads = groupOf(mesh, 0)?.epochHeads ?? []
  return signShareRequest(crypto, signer, {
    group: bytesOf(mesh.group),
    requester: selfOf(mesh, 2),
    epochs: heads.map((epoch) => ({ epoch: bytesOf(epoch), after: nothing })),
    key: crypto.xPublicKey(filled(3)),
    nonce: filled(nonces++, 16),
    timeMs: 0,
    ...fields,
  })
}

export const ask = (mesh: Mesh, request: Uint8Array, to = 0): void => {
  sendFrames(mesh.world, 2, to, [writeGroupFrame({ kind: 'share-request', index: 0, request })])
  later(mesh, 300)
}

export const codes = (mesh: Mesh): number[] => framesOf(mesh, 2, 'share').map(({ code }) => code)
export const given = (mesh: Mesh): number => codes(mesh).filter((code) => code === 0).length
