/**
 * The message types by number. Types 0-127 are critical: a node that does not know one must not
 * judge what builds on it. Types 128-255 are plain: header rules only, shown as unknown content.
 * Numbers that this version does not judge yet are reserved: SPEC.md says for what.
 */

export const MessageType = {
  join: 0,
  genesis: 1,
  text: 2,
  attest: 3,
  add: 4,
  remove: 5,
  leave: 6,
  dormant: 7,
  epoch: 8,
  prekey: 9,
  rekeyRequest: 10,
  evidence: 11,
  meta: 13,
} as const

const known = new Set<number>(Object.values(MessageType))

/** First type number that needs no understanding. */
export const PLAIN_TYPE_FIRST = 128

/** True when this version can judge the type, or may take it without understanding it. */
export const isUnderstood = (type: number): boolean => known.has(type) || type >= PLAIN_TYPE_FIRST

/** Types whose body is sealed under an epoch. */
export const isSealed = (type: number): boolean =>
  type === MessageType.text || type === MessageType.meta

/**
 * Types that membership and keys depend on: the control past of a message is the set of these in
 * its past. Texts, attestations and Meta change neither.
 */
export const isControl = (type: number): boolean =>
  type === 0 || type === 1 || (type >= 4 && type <= 11) || type === 14
