// Loaded before the program into each node of the `proc` engine: whatever the node dials goes through
// the link shaper of the engine, which is told in a first line who dials whom. The program itself is the
// built one and knows nothing of it.

import net from 'node:net'
import { NODE_VARIABLE, SHAPER_VARIABLE, greeting } from './greeting.ts'

const shaper = Number(process.env[SHAPER_VARIABLE])
const node = Number(process.env[NODE_VARIABLE])
const dial = net.connect

type Target = { readonly host?: string; readonly port?: number }

/** Adds the way through the shaper to a dial over TCP; anything else is as it was. */
function connect(...words: unknown[]): net.Socket {
  const [target, ...rest] = words
  const { port } = (typeof target === 'object' ? target : {}) as Target
  if (port === undefined) return (dial as (...all: unknown[]) => net.Socket)(...words)
  const through = { ...(target as Target), host: '127.0.0.1', port: shaper }
  const socket = (dial as (...all: unknown[]) => net.Socket)(through, ...rest)
  socket.write(greeting(node, port))
  return socket
}

net.connect = connect
net.createConnection = connect
