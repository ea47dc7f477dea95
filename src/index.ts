// The library: start a node of your own, talk through it, and tell its errors apart. Everything else
// in this package is an inside that may change between versions.

export { CoterieError, errorTable } from './base/error.ts'
export type { ErrorCode, ErrorGroup } from './base/error.ts'
export { startDaemon } from './api/daemon.ts'
export type { Daemon, DaemonOptions } from './api/daemon.ts'
export { API_VERSION, IDEMPOTENCY_HEADER, LINES_TYPE } from './api/contract.ts'
export type { Answers, ErrorAnswer, EventFrame } from './api/contract.ts'
export { configDefaults, loadConfig } from './node/config.ts'
export type { Config } from './node/config.ts'
export { createIdentity } from './node/init.ts'
export type { NewIdentity } from './node/init.ts'
export type { ModerateWish, Moderation } from './node/moderating.ts'
export type { Node } from './node/node.ts'
export type { CreateGroupOptions, InviteOptions, SendOptions } from './node/node-options.ts'
export { resolvePaths } from './node/paths.ts'
export type { PathOptions, Paths } from './node/paths.ts'
export type { ReadOptions } from './node/reading.ts'
export type { LeaveOptions, Removal, RemoveOptions } from './node/removing.ts'
export { startNode } from './node/start.ts'
export type { StartOptions } from './node/start.ts'
export type { GroupStatus, Status } from './node/status.ts'
export type {
  Event,
  GroupReport,
  HeldText,
  MemberReport,
  MessageReport,
  PeerReport,
  ReadRow,
  RequestReport,
  ShareReport,
  StandingCause,
  StandingReport,
  SyncRound,
  TextReport,
} from './node/words.ts'
