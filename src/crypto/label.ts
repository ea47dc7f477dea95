// The registry of labels: every hash, signature, tag and derived key names its purpose by one of these.
// No label is used for two purposes; each is followed by a zero byte, and no label holds one, so that
// no labelled input is the beginning of another.

import { type Bytes, concat, utf8 } from '../base/bytes.ts'

/** Every label by the name of its purpose. */
export const labels = Object.freeze({
  // Identity and constitution
  group: 'coterie/1/group',
  member: 'coterie/1/member',
  card: 'coterie/1/card',
  cardSig: 'coterie/1/card-sig',
  deviceList: 'coterie/1/device-list',
  deviceListSig: 'coterie/1/device-list-sig',
  account: 'coterie/1/account',
  identity: 'coterie/1/identity',
  accessCommit: 'coterie/1/access-commit',

  // Joining
  joinRequest: 'coterie/1/join-request',
  joinSig: 'coterie/1/join-sig',
  leaderJoinSig: 'coterie/1/leader-join-sig',
  inviteMac: 'coterie/1/invite-mac',
  welcome: 'coterie/1/welcome',

  // Links and presence
  hello: 'coterie/1/hello',
  helloKey: 'coterie/1/hello-key',
  helloSig: 'coterie/1/hello-sig',
  links: 'coterie/1/links',
  topic: 'coterie/1/topic',
  hint: 'coterie/1/hint',
  reachSig: 'coterie/1/reach-sig',
  receiptSig: 'coterie/1/receipt-sig',
  presenceSig: 'coterie/1/presence-sig',

  // Messages
  id: 'coterie/1/id',
  body: 'coterie/1/body',
  messageSig: 'coterie/1/msg-sig',

  // Epochs and the keys under them
  epoch: 'coterie/1/epoch',
  epochCommit: 'coterie/1/epoch-commit',
  epochSeal: 'coterie/1/epoch-seal',
  prekeyId: 'coterie/1/prekey-id',
  chain: 'coterie/1/chain',
  envelope: 'coterie/1/envelope',
  exporter: 'coterie/1/exporter',
  messageKey: 'coterie/1/mk',
  chainKey: 'coterie/1/ck',
  aead: 'coterie/1/aead',
  env: 'coterie/1/env',
  keyring: 'coterie/1/keyring',
  elect: 'coterie/1/elect',

  // The fallback and the mailbox
  share: 'coterie/1/share',
  shareRequest: 'coterie/1/share-request',
  shareSig: 'coterie/1/share-sig',
  mailbox: 'coterie/1/mailbox',
  mailboxAddress: 'coterie/1/mbx',
  deposit: 'coterie/1/deposit',

  // Attestation
  leaf: 'coterie/1/leaf',
  view: 'coterie/1/view',
  members: 'coterie/1/members',

  // Archives of transcripts
  archive: 'coterie/1/archive',
})

/** One registered label. */
export type Label = (typeof labels)[keyof typeof labels]

const bytesOfLabel: ReadonlyMap<Label, Bytes> = new Map(
  Object.values(labels).map((label) => [label, utf8(`${label}\0`)]),
)

/** The label, a zero byte, then the parts: what is signed, authenticated or bound as a purpose. */
export function labelled(label: Label, ...parts: readonly Bytes[]): Bytes {
  return concat(prefixOf(label), ...parts)
}

/** The label and its zero byte. Shared: never written to. */
export function prefixOf(label: Label): Bytes {
  const prefix = bytesOfLabel.get(label)
  if (prefix === undefined) throw new RangeError(`not a registered label: ${label}`)
  return prefix
}
