/**
 * A replica as it begins: the fixed facts of a group, and nothing held, known or under way. What a start
 * from disk adds to it is said in `boot.ts`.
 */
import type { Bytes } from '../../base/bytes.ts'
import { MEMBERS_MAX } from '../../base/limits.ts'
import { Lru } from '../../base/lru.ts'
import type { Constitution } from '../constitution/constitution.ts'
import { topicOf } from '../epoch/topic.ts'
import type { Env } from '../env.ts'
import { seatFacts } from '../membership/facts.ts'
import { hexOf } from '../message/header.ts'
import { createPending } from '../transcript/pending.ts'
import { createTranscript } from '../transcript/transcript.ts'
import type { ControlInfo } from '../validity/context.ts'
import { createJurisdiction } from '../validity/context.ts'
import { createFinalising } from './final.ts'
import type { Metas, Replica, Self } from './state.ts'
import { createSharingState } from './sharing-state.ts'
import { createSyncState } from './sync-state.ts'
import { nothingWatched } from './watched.ts'

/** Rows in memory besides the tips: enough that live traffic and a batch never read the disk. */
const WINDOW_ROWS = 4096
/** Texts that a node without an archive can still show. */
const RECENT_TEXTS = 4096

const createMetas = (): Metas => ({
  held: new Map(),
  maxima: undefined,
  state: undefined,
  version: 0,
  looked: '',
  restating: false,
})

/** Nothing calls for an epoch, nothing is held, nobody complains. */
const nothingUnderWay = (): Pick<
  Replica,
  | 'calling'
  | 'epochsSeen'
  | 'epochsUsed'
  | 'rekeyed'
  | 'drafts'
  | 'releasing'
  | 'opening'
  | 'heard'
  | 'amongSinceMs'
  | 'complainedMs'
  | 'joinWaiters'
  | 'joining'
  | 'told'
  | 'final'
> => ({
  calling: '',
  epochsSeen: new Map(),
  epochsUsed: new Set(),
  rekeyed: new Map(),
  drafts: new Map(),
  releasing: false,
  opening: 0,
  heard: new Map(),
  amongSinceMs: undefined,
  complainedMs: Number.NEGATIVE_INFINITY,
  joinWaiters: [],
  joining: false,
  told: undefined,
  final: createFinalising(),
})

const noKeys = (): Pick<
  Replica,
  | 'unopened'
  | 'sharing'
  | 'prekeys'
  | 'prekeyPlan'
  | 'prekeyPostedMs'
  | 'epochs'
  | 'spent'
  | 'reopening'
  | 'stale'
  | 'staleMs'
> => ({
  unopened: new Map(),
  sharing: createSharingState(),
  prekeys: new Map(),
  prekeyPlan: '',
  prekeyPostedMs: Number.NEGATIVE_INFINITY,
  epochs: new Map(),
  spent: new Set(),
  reopening: new Set(),
  stale: new Set(),
  staleMs: undefined,
})

const nobodyAccused = (): Pick<
  Replica,
  'equivocators' | 'accused' | 'accusing' | 'suspects' | 'aside' | 'recovery'
> => ({
  equivocators: new Set(),
  accused: new Set(),
  accusing: new Set(),
  suspects: [],
  aside: new Map(),
  recovery: undefined,
})

const nothingRead = (
  archive: boolean,
): Pick<
  Replica,
  'archive' | 'archived' | 'archiveRuns' | 'archiving' | 'texts' | 'textsCounted' | 'recent'
> => ({
  archive,
  archived: { texts: 0, oldestMs: 0, newestMs: 0 },
  archiveRuns: [],
  archiving: new Map(),
  texts: new Map(),
  textsCounted: new Set(),
  recent: new Lru(RECENT_TEXTS),
})

export const createReplica = (
  env: Env,
  fixed: {
    number: number
    constitution: Constitution
    createdMs: number
    accessKey: Bytes
    self: Self
    /** Default: true. */
    archive?: boolean
  },
): Replica => {
  const leaders = fixed.constitution.leaders.map((seat) => seatFacts(env.crypto, seat))
  const transcript = createTranscript<ControlInfo>(WINDOW_ROWS)
  const group = hexOf(fixed.constitution.group)
  return {
    ...fixed,
    group,
    topic: topicOf(env.crypto, fixed.accessKey),
    jurisdiction: createJurisdiction({
      groupBytes: fixed.constitution.group,
      group,
      leaders,
      control: transcript.control,
    }),
    transcript,
    facts: new Map(leaders.map((facts) => [facts.member, facts])),
    pending: createPending(),
    taking: new Map(),
    reading: new Set(),
    freed: [],
    freeing: false,
    unknown: new Map(),
    ...noKeys(),
    ...nothingRead(fixed.archive ?? true),
    sending: '',
    outbox: [],
    intake: new Lru(MEMBERS_MAX),
    invites: new Map(),
    requests: new Map(),
    reach: new Map(),
    earlyReach: new Map(),
    sync: createSyncState(),
    ...nobodyAccused(),
    ...nothingWatched(),
    shown: { lamport: 0, member: '', counter: 0 },
    witnesses: new Set(),
    checked: false,
    root: undefined,
    changed: true,
    meta: createMetas(),
    departures: new Map(),
    unaware: undefined,
    ...nothingUnderWay(),
    vouchers: new Map(),
  }
}
