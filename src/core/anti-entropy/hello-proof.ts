/**
 * The secrets of a hello: tags that only holders of a group's access key can make or recognise, and
 * sealed proofs of which member speaks. Everything binds the role, both nonces, both transport ids
 * and the group, so nothing here can be reflected, replayed or relayed to somebody else.
 */
import { type Bytes, concat, u32, utf8 } from '../../base/bytes.ts'
import { type Crypto, HASH_BYTES, NONCE_BYTES } from '../../crypto/crypto.ts'
import { labelled, labels, prefixOf } from '../../crypto/label.ts'
import type { PeerId } from '../input.ts'
import { type Role, helloBoxBytes, helloTagBytes } from './hello-frames.ts'

/** What makes one hello unlike any other. */
export interface HelloSession {
  readonly dialler: PeerId
  readonly listener: PeerId
  readonly diallerNonce: Bytes
  readonly listenerNonce: Bytes
}

/** What a member shows to be believed: check it with `checkProof` once its device key is known. */
export interface HelloProof {
  /** The exact bytes that the device key must have signed. */
  readonly input: Bytes
  readonly signature: Bytes
}

/** A member id that the peer claims, with its proof. */
export interface HelloClaim {
  readonly peerMember: Bytes
  readonly proof: HelloProof
}

const memberBytes = HASH_BYTES

/** The tag of one group for one side: 16 bytes. */
export function tagOf(
  crypto: Crypto,
  accessKey: Bytes,
  group: Bytes,
  role: Role,
  session: HelloSession,
): Bytes {
  const prefix = prefixOf(labels.hello)
  return crypto.hmac(accessKey, prefix, bind(role, session), group).slice(0, helloTagBytes)
}

/** The bytes that a member's device signs to prove itself in one hello. */
export function proofInput(
  crypto: Crypto,
  role: Role,
  session: HelloSession,
  group: Bytes,
  member: Bytes,
): Bytes {
  return labelled(labels.helloSig, crypto.sha256(bind(role, session), group, member))
}

/** Seals a member id and its signature for those who hold the group's access key. */
export function sealProof(
  crypto: Crypto,
  accessKey: Bytes,
  group: Bytes,
  role: Role,
  session: HelloSession,
  proof: { readonly member: Bytes; readonly signature: Bytes },
): Bytes {
  const { key, nonce } = sealKey(crypto, accessKey, group, role, session)
  return crypto.aeadSeal(key, nonce, bind(role, session), concat(proof.member, proof.signature))
}

/** Opens what `sealProof` of the side `role` made; `undefined` for anything else. */
export function openProof(
  crypto: Crypto,
  accessKey: Bytes,
  group: Bytes,
  role: Role,
  session: HelloSession,
  box: Bytes,
): HelloClaim | undefined {
  if (box.length !== helloBoxBytes) return undefined
  const { key, nonce } = sealKey(crypto, accessKey, group, role, session)
  const opened = crypto.aeadOpen(key, nonce, bind(role, session), box)
  if (opened === undefined) return undefined
  const peerMember = opened.slice(0, memberBytes)
  const input = proofInput(crypto, role, session, group, peerMember)
  return { peerMember, proof: { input, signature: opened.slice(memberBytes) } }
}

/** Whether the holder of this device key made the claim. The key is the member's, from its group. */
export function checkProof(claim: HelloClaim, devicePublic: Bytes, crypto: Crypto): boolean {
  return crypto.verify(devicePublic, claim.proof.input, claim.proof.signature)
}

/** Key and nonce of one side's one box for a group: used once, as both nonces are fresh. */
function sealKey(
  crypto: Crypto,
  accessKey: Bytes,
  group: Bytes,
  role: Role,
  session: HelloSession,
): { key: Bytes; nonce: Bytes } {
  const { diallerNonce, listenerNonce } = session
  const purpose = labelled(labels.helloKey, diallerNonce, listenerNonce, group)
  const each = HASH_BYTES + NONCE_BYTES
  const prk = crypto.hkdfExtract(new Uint8Array(0), accessKey)
  const derived = crypto.hkdfExpand(prk, purpose, 2 * each)
  const own = role === 'dialler' ? derived.slice(0, each) : derived.slice(each)
  return { key: own.slice(0, HASH_BYTES), nonce: own.slice(HASH_BYTES) }
}

/** The role and the session as bytes; ids carry their length, so that no two sessions read alike. */
function bind(role: Role, session: HelloSession): Bytes {
  const dialler = utf8(session.dialler)
  const listener = utf8(session.listener)
  return concat(
    Uint8Array.of(role === 'dialler' ? 1 : 2),
    session.diallerNonce,
    session.listenerNonce,
    u32(dialler.length),
    dialler,
    u32(listener.length),
    listener,
  )
}
