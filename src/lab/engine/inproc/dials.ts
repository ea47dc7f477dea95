// Sends the dials of nodes that live in this process through the link shaper. Each node marks what it dials
// over TCP, because nobody else could tell whose dial it is; whatever has no mark, such as a call of a local
// interface, goes where it went before. The way is open for as long as somebody needs it.

import net from 'node:net'
import { greeting } from '../real/greeting.ts'

/** What a dial carries beside its target. */
const MARK = 'labDial'

/** Who dials, and the port of the shaper. */
interface Mark {
  readonly node: number
  readonly through: number
}

type Dial = (...words: unknown[]) => net.Socket
type Target = { readonly [MARK]?: Mark; readonly port?: number }

/** What a node adds to each of its dials. */
export function marked(node: number, through: number): object {
  return { [MARK]: { node, through } satisfies Mark }
}

let users = 0
let before: typeof net.connect | undefined

/** Marked dials go through the shaper from now on. @returns ends it; call it once */
export function openWay(): () => void {
  if (users++ === 0) {
    before = net.connect
    const dial = before as Dial
    net.connect = (...words: unknown[]) => connect(dial, words)
  }
  return () => {
    if (--users === 0 && before !== undefined) net.connect = before
  }
}

function connect(dial: Dial, words: readonly unknown[]): net.Socket {
  const [target, ...rest] = words
  const { [MARK]: mark, port } = (typeof target === 'object' ? target : {}) as Target
  if (mark === undefined || port === undefined) return dial(...words)
  const through = {
    ...(target as Target),
    host: '127.0.0.1',
    port: mark.through,
  }
  const socket = dial(through, ...rest)
  socket.write(greeting(mark.node, port))
  return socket
}
