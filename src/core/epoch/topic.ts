/**
 * The gossip topic of a group: fixed for its life, unknown to whoever never held the access key.
 * A past member still knows it and can see that the group lives, never what is said.
 */
import { type Bytes, toHex } from '../../base/bytes.ts'
import type { Crypto } from '../../crypto/crypto.ts'
import { labels, prefixOf } from '../../crypto/label.ts'

/** 64 hex digits. */
export function topicOf(crypto: Crypto, accessKey: Bytes): string {
  return toHex(crypto.hmac(accessKey, prefixOf(labels.topic)))
}
