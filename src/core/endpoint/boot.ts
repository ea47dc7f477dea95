/**
 * The start of a run: everything durable is read, then the endpoint says that it is ready. No
 * network exists before that, so nothing can arrive while half of the state is missing.
 */
import { readU32, text } from '../../base/bytes.ts'
import { decode } from '../../codec/canonical.ts'
import type { Entry } from '../input.ts'
import { hexOf } from '../message/header.ts'
import { block } from '../presence/redial.ts'
import { bootReplicas, bootSpaces } from '../replica/boot.ts'
import { holdBack, letSpeak } from '../replica/recovery.ts'
import { Space, key, within } from '../storage.ts'
import type { Turn } from '../turn.ts'
import { emit, load } from '../turn.ts'
import { DeviceSecret, parseSavedCard } from './device-secret.ts'
import { startGroup } from './groups.ts'
import { resumeJoining } from './joining.ts'
import { chooseTargets } from './links.ts'
import type { EndpointState } from './state.ts'

export const boot = (turn: Turn, state: EndpointState): void => {
  const spaces = [Space.device, ...bootSpaces]
  load(
    turn,
    spaces.map((space) => within(key(space))),
    (later, results) => {
      const saved = new Map(spaces.map((space, i) => [space as number, results[i] ?? []]))
      bootDevice(state, saved.get(Space.device) ?? [])
      const secrets = saved.get(Space.secret) ?? []
      const device = { deviceSeed: state.identity.deviceSeed, archive: state.archive }
      bootReplicas(later, device, saved, (after, replicas) => {
        for (const replica of replicas) {
          state.replicas.set(replica.group, replica)
          if (state.recover === 'hold') holdBack(after, replica)
          if (state.recover === 'accept') letSpeak(after, replica)
          state.nextNumber = Math.max(state.nextNumber, replica.number + 1)
        }
        bootSecrets(after, state, secrets)
        start(after, state)
      })
    },
  )
}

const bootDevice = (state: EndpointState, entries: readonly Entry[]): void => {
  for (const { key: at, value } of entries) {
    if (at[1] === 0x63) {
      const address = text(value)
      if (address !== undefined) state.contacts.add(address)
      continue
    }
    const blocked = decode(value)
    if (!blocked.ok || !Array.isArray(blocked.value)) continue
    for (const peer of blocked.value) if (typeof peer === 'string') state.blocked.add(peer)
  }
}

const bootSecrets = (turn: Turn, state: EndpointState, secrets: readonly Entry[]): void => {
  for (const { key: at, value } of secrets) {
    if (readU32(at, 1) !== 0) continue
    if (at[5] === DeviceSecret.card) {
      const card = parseSavedCard(at.slice(6), value)
      if (card !== undefined) state.cards.set(hexOf(card.admission), card)
    }
    if (at[5] === DeviceSecret.join) resumeJoining(turn, state, value)
  }
}

const start = (turn: Turn, state: EndpointState): void => {
  state.ready = true
  emit(turn, { kind: 'gate', blocked: [...state.blocked].sort() })
  block(state.redial, state.blocked, turn.env)
  for (const replica of state.replicas.values()) startGroup(turn, state, replica)
  chooseTargets(turn, state)
  emit(turn, { kind: 'notify', event: { kind: 'ready' } })
}
