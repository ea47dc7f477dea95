// The commands by name. Only the one that was asked for is loaded, because every module that a short
// command does not need is time that a person waits for.

import type { CommandSpec } from './command.ts'

const loaders: Readonly<Record<string, () => Promise<CommandSpec>>> = {
  init: async () => (await import('./commands/init.ts')).init,
  account: async () => (await import('./commands/account.ts')).account,
  daemon: async () => (await import('./commands/daemon.ts')).daemon,
  status: async () => (await import('./commands/status.ts')).status,
  card: async () => (await import('./commands/card.ts')).card,
  group: async () => (await import('./commands/group.ts')).group,
  invite: async () => (await import('./commands/invite.ts')).invite,
  join: async () => (await import('./commands/join.ts')).join,
  member: async () => (await import('./commands/member.ts')).member,
  send: async () => (await import('./commands/send.ts')).send,
  read: async () => (await import('./commands/read.ts')).read,
  hide: async () => (await import('./commands/hide.ts')).hide,
  unhide: async () => (await import('./commands/hide.ts')).unhide,
  rotate: async () => (await import('./commands/rotate.ts')).rotate,
  attest: async () => (await import('./commands/attest.ts')).attest,
  why: async () => (await import('./commands/why.ts')).why,
  peer: async () => (await import('./commands/peer.ts')).peer,
  sync: async () => (await import('./commands/sync.ts')).sync,
  watch: async () => (await import('./commands/watch.ts')).watch,
  check: async () => (await import('./commands/check.ts')).check,
  export: async () => (await import('./commands/export.ts')).exportCommand,
  verify: async () => (await import('./commands/verify.ts')).verify,
  config: async () => (await import('./commands/config.ts')).config,
  doctor: async () => (await import('./commands/doctor.ts')).doctor,
  demo: async () => (await import('./commands/demo.ts')).demo,
  lab: async () => (await import('./commands/lab.ts')).lab,
  completion: async () => (await import('./commands/completion.ts')).completion,
}

/** Names in the order in which help lists them. */
export const commandNames: readonly string[] = Object.keys(loaders)

/** Loads the one command of that name, or all of them when there is none. */
export async function loadCommands(name: string | undefined): Promise<readonly CommandSpec[]> {
  const load = name !== undefined && Object.hasOwn(loaders, name) ? loaders[name] : undefined
  if (load !== undefined) return [await load()]
  return Promise.all(Object.values(loaders).map((loadOne) => loadOne()))
}
