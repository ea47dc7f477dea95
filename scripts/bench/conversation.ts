// The history that backfill and heal are measured on: ten members who talk in turns, each building
// on what it has seen, with a few conversations at once. All members run in this process, over
// memory links; the first keeps everything in its directory. One more member joins before anybody
// speaks and leaves at once: its directory is the cold replica.

import { randomBytes } from 'node:crypto'

import { SeededRandom } from '../../src/base/random.ts'
import type { Node } from '../../src/node/node.ts'
import { startRig } from './rig.ts'
import { Room } from './room.ts'
import { until } from './waiting.ts'

export interface ConversationOptions {
  /** Directory of the member that holds everything. */
  readonly full: string
  /** Directory of the member that joined and saw nothing. */
  readonly cold: string
  readonly authors: number
  /** Texts of each author. */
  readonly texts: number
  /** Bytes of each text. */
  readonly bytes: number
}

export interface Conversation {
  readonly group: string
  /** Messages held at the end, those that admit members included. */
  readonly messages: number
  readonly ms: number
}

/** Conversations under way at once: how many heads the transcript has most of the time. */
const THREADS = 3
/** Texts that one member sends in a row, at most. */
const TURN_TEXTS_MAX = 8

/** A text of so many bytes that nothing compresses. */
export function randomText(bytes: number): string {
  return randomBytes(Math.ceil((bytes * 3) / 4))
    .toString('base64url')
    .slice(0, bytes)
}

/** Has the talk and stops all members. */
export async function converse(options: ConversationOptions): Promise<Conversation> {
  const startedMs = performance.now()
  const room = new Room()
  const founder = await startRig({ home: options.full, name: 'author-0', room })
  const { group } = await founder.node.createGroup({ name: 'bench' })
  const { ticket } = await founder.node.invite(group, { uses: options.authors })
  const cold = await startRig({ home: options.cold, name: 'cold', room })
  await cold.node.join(ticket)
  await cold.node.stop()
  const others = Array.from({ length: options.authors - 1 }, async (_, author) => {
    const { node } = await startRig({ home: undefined, name: `author-${author + 1}`, room })
    await node.join(ticket)
    return node
  })
  const nodes = [founder.node, ...(await Promise.all(others))]
  await talk(nodes, group, options)
  const held = () => nodes.map((node) => node.group(group).messages)
  await until(() => new Set(held()).size === 1, 120_000)
  const [messages = 0] = held()
  for (const node of nodes) await node.stop()
  return { group, messages, ms: performance.now() - startedMs }
}

async function talk(
  nodes: readonly Node[],
  group: string,
  { texts, bytes }: ConversationOptions,
): Promise<void> {
  const random = new SeededRandom('conversation')
  const left = nodes.map(() => texts)
  const busy = new Set<number>()
  const thread = async (): Promise<void> => {
    for (;;) {
      const able = [...left.keys()].filter((author) => (left[author] ?? 0) > 0 && !busy.has(author))
      const author = able[random.below(Math.max(1, able.length))]
      if (author === undefined) return
      const count = Math.min(left[author] ?? 0, 1 + random.below(TURN_TEXTS_MAX))
      left[author] = (left[author] ?? 0) - count
      busy.add(author)
      const sends: Promise<unknown>[] = []
      for (let text = 0; text < count; text++) {
        sends.push(nodes[author]?.send(group, randomText(bytes)) ?? Promise.resolve())
      }
      await Promise.all(sends)
      // One turn of the loop for each hop: the others have heard it before the next one speaks.
      for (let hop = 0; hop < 4; hop++) await new Promise((resolve) => setImmediate(resolve))
      busy.delete(author)
    }
  }
  await Promise.all(Array.from({ length: THREADS }, thread))
}
