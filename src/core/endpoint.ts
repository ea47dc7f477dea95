/**
 * One device's whole protocol as a machine without I/O: inputs in, effects out. Routing only; the
 * verbs live in `endpoint/` (links, joining, commands) and `replica/` (one group each).
 */
import type { Bytes } from '../base/bytes.ts'
import { EMPTY } from '../base/bytes.ts'
import type { Crypto } from '../crypto/crypto.ts'
import type { Effect } from './effect.ts'
import type { Env } from './env.ts'
import type { Identity } from './identity/identity.ts'
import type { Input } from './input.ts'
import type { Machine } from './machine.ts'
import { createKeepAlive } from './presence/keep-alive.ts'
import { hourOf } from './presence/links.ts'
import { complain } from './replica/complaint.ts'
import { renewPrekey } from './replica/author.ts'
import { answerSuspects } from './replica/suspects.ts'
import { saveArchive } from './replica/archive.ts'
import { eraseAfterChange } from './replica/erasure.ts'
import { exposureOf, noteTexts } from './replica/exposure.ts'
import { planEpoch } from './replica/manager.ts'
import { restateMetas } from './replica/moderate.ts'
import { dropGone, keepEarlyReach, proveWaiting, renewReach } from './replica/peers.ts'
import { planPrekey } from './replica/prekeys.ts'
import { takePush } from './replica/push.ts'
import { settleFinal } from './replica/final.ts'
import { heldTexts, textOf } from './replica/keys.ts'
import { releaseDrafts } from './replica/sealed.ts'
import { planShare } from './replica/share-asking.ts'
import { sharesOf } from './replica/share-log.ts'
import { standingOf } from './replica/standing.ts'
import type { Replica } from './replica/state.ts'
import { askSoon, joinWhenAdmitted, onReplicaTimer } from './replica.ts'
import type {
  EndpointReport,
  ExposureReport,
  GroupReport,
  HeldText,
  ShareReport,
  StandingReport,
  TextReport,
} from './report.ts'
import type { Turn } from './turn.ts'
import { createTurn, effectsOf, emit, loaded } from './turn.ts'
import { boot } from './endpoint/boot.ts'
import { answerJoins, runCommand } from './endpoint/commands.ts'
import { joinGreet, joinHosted } from './endpoint/hosting.ts'
import {
  joinAnswered,
  joinClosed,
  joinOpenFailed,
  joinOpened,
  joinTimer,
  joiningByChannel,
} from './endpoint/joining.ts'
import {
  blame,
  channelClosed,
  chooseSoon,
  chooseTargets,
  giveUp,
  linkTimer,
  openSync,
  redialNow,
  syncFrame,
  syncOpenFailed,
  syncOpened,
} from './endpoint/links.ts'
import { expirePings } from './endpoint/pings.ts'
import { reportEndpoint, reportGroups } from './endpoint/report.ts'
import type { EndpointState } from './endpoint/state.ts'
import { createEndpointState } from './endpoint/state.ts'
import type { ExportState } from './replica/exporting.ts'
import { exportStateOf, textKeyOf } from './replica/exporting.ts'

export interface EndpointOptions {
  /** Whether texts are kept on disk once they were opened. Default: true. */
  readonly archive?: boolean
  /** hold: the store may be an old one, so nothing is said at first. accept: it is said all the same. */
  readonly recover?: 'hold' | 'accept' | undefined
}

export class Endpoint implements Machine {
  readonly #state: EndpointState
  readonly #crypto: Crypto
  #moment = { nowMs: 0, wallMs: 0 }

  constructor(identity: Identity, crypto: Crypto, options: EndpointOptions = {}) {
    this.#crypto = crypto
    const { archive = true, recover } = options
    this.#state = createEndpointState(identity, crypto, { archive, recover })
  }

  get peerId(): string {
    return this.#state.self
  }

  step(input: Input, env: Env): Effect[] {
    this.#moment = { nowMs: env.nowMs, wallMs: env.wallMs }
    const turn = createTurn(env, this.#state.loads)
    const groups = this.#state.replicas.size
    route(turn, this.#state, input)
    settle(turn, this.#state, groups)
    return effectsOf(turn)
  }

  /** What is known now; asking changes nothing. */
  report(): EndpointReport {
    return reportEndpoint(this.#state, this.#crypto, this.#moment)
  }

  /** The groups of `report` alone. */
  groups(): GroupReport[] {
    return reportGroups(this.#state, this.#crypto, this.#moment)
  }

  /**
   * The stored record of a message as `read` shows it; undefined when it is no text. `archived`: its
   * key, if the archive has one.
   */
  openText(group: string, record: Bytes, line: number, archived?: Bytes): TextReport | undefined {
    const replica = this.#state.replicas.get(group)
    return replica && textOf(this.#crypto, replica, record, line, archived)
  }

  /** Own texts of a group that wait to be sent, in order. */
  heldTexts(group: string): HeldText[] {
    const replica = this.#state.replicas.get(group)
    return replica === undefined ? [] : heldTexts(replica)
  }

  /** Why a member stands as it does; undefined for one that was never admitted. */
  standing(group: string, member: string): StandingReport | undefined {
    const replica = this.#state.replicas.get(group)
    return replica && standingOf(replica, member)
  }

  /** What a thief of this device could read of a group now. */
  exposure(group: string): ExposureReport | undefined {
    const replica = this.#state.replicas.get(group)
    return replica && exposureOf(replica)
  }

  /** Who asked whom for keys of epochs, newest first. */
  shares(group: string): ShareReport[] | undefined {
    const replica = this.#state.replicas.get(group)
    return replica && sharesOf(replica)
  }

  /** What an archive of a group's transcript starts from, as of now. */
  exportState(group: string): ExportState | undefined {
    const replica = this.#state.replicas.get(group)
    return replica && exportStateOf(this.#crypto, replica)
  }

  /** The key of a stored text, if `read` shows what it says. */
  textKey(group: string, record: Bytes, line: number, archived?: Bytes): Bytes | undefined {
    const replica = this.#state.replicas.get(group)
    return replica && textKeyOf(this.#crypto, replica, record, line, archived)
  }

  /** The number under which a group's keys are stored. */
  groupNumber(group: string): number | undefined {
    return this.#state.replicas.get(group)?.number
  }
}

const route = (turn: Turn, state: EndpointState, input: Input): void => {
  switch (input.kind) {
    case 'start':
      return boot(turn, state)
    case 'loaded':
      return loaded(turn, input.ticket, input.results)
    case 'frame':
      return routeFrame(turn, state, input.channel, input.frame)
    case 'envelope':
      return routeEnvelope(turn, state, input)
    case 'channel-open':
      return routeOpen(turn, state, input)
    case 'channel-closed':
      joinClosed(turn, state, input.channel)
      return channelClosed(turn, state, input.channel)
    case 'open-failed':
      joinOpenFailed(turn, state, input.ref, input.reason)
      return syncOpenFailed(turn, state, input.ref, input.reason)
    case 'timer':
      return routeTimer(turn, state, input.timer)
    case 'command':
      return runCommand(turn, state, input.ticket, input.command)
    case 'listening':
      state.listen = input.addresses
      for (const replica of state.replicas.values()) renewReach(turn, replica, state.listen)
  }
}

const routeOpen = (
  turn: Turn,
  state: EndpointState,
  input: Extract<Input, { kind: 'channel-open' }>,
): void => {
  if (input.protocol === 'sync') return syncOpened(turn, state, input)
  const { channel, peer, initiator } = input
  state.channels.set(channel, {
    id: channel,
    protocol: 'join',
    peer,
    initiator,
    hello: undefined,
    keepAlive: createKeepAlive(initiator, turn.env.nowMs),
    groups: new Map(),
    nonce: EMPTY,
    established: false,
    joinNonce: EMPTY,
  })
  const entry = state.channels.get(channel)
  if (initiator) joinOpened(turn, state, input.ref, channel)
  else if (entry !== undefined) joinGreet(turn, entry)
}

const routeFrame = (turn: Turn, state: EndpointState, id: number, frame: Bytes): void => {
  const channel = state.channels.get(id)
  if (channel === undefined) return
  if (channel.protocol === 'sync') return syncFrame(turn, state, channel, frame)
  const joining = joiningByChannel(state, id)
  if (joining !== undefined) return joinAnswered(turn, state, joining, frame)
  if (!channel.initiator) joinHosted(turn, state, channel, frame)
}

const routeEnvelope = (
  turn: Turn,
  state: EndpointState,
  input: Extract<Input, { kind: 'envelope' }>,
): void => {
  const { token, from, envelope } = input
  const replica = [...state.replicas.values()].find((one) => one.topic === input.topic)
  if (replica === undefined) return emit(turn, { kind: 'verdict', token, verdict: 'ignore' })
  takePush(turn, replica, {
    from,
    envelope,
    done: (later, verdict, ask) => {
      emit(later, { kind: 'verdict', token, verdict })
      if (ask !== undefined) askSoon(later, replica, from, ask)
      if (verdict === 'reject') replica.sync.misdeeds.push(from)
    },
  })
}

const routeTimer = (turn: Turn, state: EndpointState, timer: string): void => {
  const [name = '', subject = ''] = timer.split('/')
  switch (name) {
    case 'link':
      return linkTimer(turn, state, Number(subject))
    case 'redial':
      return redialNow(turn, state)
    case 'choose':
      return chooseTargets(turn, state)
    case 'join':
      return joinTimer(turn, state, subject)
    case 'joins':
      return answerJoins(turn, state)
    case 'pings':
      return expirePings(turn, state)
  }
  const replica = [...state.replicas.values()].find((one) => one.number === Number(subject))
  if (replica !== undefined) onReplicaTimer(turn, replica, name)
}

/** After every step: what became possible because something changed. */
const settle = (turn: Turn, state: EndpointState, groupsBefore: number): void => {
  if (!state.ready) return
  let changed = false
  for (const replica of state.replicas.values()) {
    answerSuspects(turn, replica)
    joinWhenAdmitted(turn, replica)
    for (const peer of replica.sync.misdeeds.splice(0)) blame(turn, state, peer)
    changed = changed || replica.changed
    if (replica.changed) afterChange(turn, state, replica)
    saveArchive(turn, replica)
    noteTexts(turn, replica)
    settleFinal(turn, replica)
  }
  if (state.replicas.size !== groupsBefore) offerNewGroups(turn, state)
  const hour = hourOf(turn.env.wallMs)
  if (changed || (state.linkHour >= 0 && hour !== state.linkHour)) chooseSoon(turn, state)
  answerJoins(turn, state)
}

const afterChange = (turn: Turn, state: EndpointState, replica: Replica): void => {
  replica.changed = false
  keepEarlyReach(turn, replica)
  renewReach(turn, replica, state.listen)
  planEpoch(turn, replica)
  releaseDrafts(turn, replica)
  restateMetas(turn, replica)
  eraseAfterChange(turn, replica)
  planPrekey(turn, replica, renewPrekey)
  complain(turn, replica)
  planShare(turn, replica)
  dropGone(turn, replica)
  proveWaiting(turn, replica, (channel) => {
    const liar = state.channels.get(channel)?.peer
    if (liar !== undefined) giveUp(turn, state, liar, 'hello-signature')
  })
}

/** A hello offers the groups of its moment: a new group needs a new channel to each peer. */
const offerNewGroups = (turn: Turn, state: EndpointState): void => {
  const peers = new Set(
    [...state.channels.values()].filter((one) => one.protocol === 'sync').map((one) => one.peer),
  )
  for (const peer of peers) openSync(turn, state, peer, [], undefined)
}
