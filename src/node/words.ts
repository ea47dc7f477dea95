// The words of the core that the layers above the node speak too, so that they need not reach past the
// node into it: types only, nothing of them exists at run time.

export type { Event } from '../core/event.ts'
export type { CommandResult, MetaWrite, PolicyName, SyncRound } from '../core/command.ts'
export type { BecauseReport, HolderReport, MessageReport } from '../core/message-report.ts'
export type {
  EndpointReport,
  GroupReport,
  HeldText,
  MemberReport,
  PeerReport,
  ReadRow,
  RequestReport,
  ShareReport,
  StandingCause,
  StandingReport,
  TextReport,
} from '../core/report.ts'
