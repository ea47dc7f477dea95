// A protocol that a program in another language speaks: its rules are asked over its standard input and
// output, one line for everything that happens to a node. Links, disk and the words of the trace are those
// of the models.

import { text as textOfBytes } from '../../../base/bytes.ts'
import type { Command } from '../../../core/command.ts'
import {
  type CommandDone,
  type Doing,
  type ModelMessage,
  type Rules,
  nodeOfName,
} from '../models/model.ts'
import { ModelRun, type ModelSeat } from '../models/run.ts'
import type { Protocol, Setup } from '../port.ts'
import { Pipe } from './pipe.ts'
import { type Happening, type StateWords, readAnswer } from './words.ts'

const ANSWER_MS = 5_000
const operations = ['send', 'read', 'join', 'leave', 'kick', 'rekey'] as const

export const stdio: Protocol = {
  name: 'stdio',
  title: 'stdio: a program of your own, in any language, over its standard input and output',
  source: 'src/lab/protocol/README.md',
  simplifications: ['what the program leaves out'],
  claims: [],
  operations: new Set(operations),
  judged: false,
  options: {
    command: { is: '', required: true },
    timeoutMs: { is: ANSWER_MS },
  },
  prepare: (setup) => new StdioRun(setup),
}

class StdioRun extends ModelRun {
  readonly #pipe: Pipe

  constructor(setup: Setup) {
    const command = String(setup.with['command'] ?? '')
    const timeoutMs = Number(setup.with['timeoutMs'] ?? ANSWER_MS)
    const pipe = new Pipe({ command, timeoutMs })
    const { nodes } = setup
    super(setup, {
      can: new Set(operations),
      rules: (seat) => new StdioRules({ seat, nodes, command, pipe }),
    })
    this.#pipe = pipe
  }

  close(): void {
    this.#pipe.close()
  }
}

interface StdioParts {
  readonly seat: ModelSeat
  readonly nodes: number
  readonly command: string
  readonly pipe: Pipe
}

/** How a node is, as the program said last. */
interface State {
  readonly members: readonly number[]
  readonly manager: number | null
  readonly epoch: number
  readonly order: readonly string[]
  readonly held: string
  readonly wanted: readonly number[]
}

class StdioRules implements Rules {
  readonly node: number
  readonly #parts: StdioParts
  readonly #messages = new Map<string, ModelMessage>()
  #state: State

  constructor(parts: StdioParts) {
    const { node, members, outside, manager } = parts.seat
    this.node = node
    this.#parts = parts
    const wanted = [...members, ...outside].filter((one) => one !== node)
    this.#state = { members: [...members], manager, epoch: 0, order: [], held: '', wanted }
    this.#tell({ happens: 'begin', members, outside, manager })
  }

  recall(rows: readonly string[]): void {
    this.#tell({ happens: 'recall', rows })
  }

  wanted(): readonly number[] {
    return this.#state.wanted
  }

  linked(peer: number, doing: Doing): void {
    this.#tell({ happens: 'linked', peer }, doing)
  }

  frame(peer: number, content: string, doing: Doing): void {
    this.#tell({ happens: 'frame', peer, content }, doing)
  }

  command(command: Command, doing: Doing): CommandDone {
    const asked = happeningOf(command, doing.ticket)
    if (asked === undefined) return { ok: false, code: 'USAGE', message: `no ${command.kind}` }
    this.#tell(asked, doing)
    return undefined
  }

  members(): readonly number[] {
    return this.#state.members
  }

  isMember(): boolean {
    return this.#state.members.includes(this.node)
  }

  manager(): number | null {
    return this.#state.manager
  }

  epoch(): number {
    return this.#state.epoch
  }

  order(): readonly string[] {
    return this.#state.order
  }

  held(): string {
    return this.#state.held
  }

  message(id: string): ModelMessage | undefined {
    return this.#messages.get(id)
  }

  /** Tells what happens and does what is answered. Before anything runs only the state counts. */
  #tell(happening: Happening, doing?: Doing): void {
    const { pipe, command, nodes } = this.#parts
    const { node } = this
    const up = doing?.up() ?? []
    const line = pipe.ask(JSON.stringify({ node, nodes, up, ...happening }))
    const { do: actions, is } = readAnswer(command, line)
    this.#state = changed(this.#state, is)
    for (const action of actions) {
      if ('news' in action) {
        const message = { ...action.news, lamport: 0 }
        this.#messages.set(message.id, message)
        doing?.news(message, action.how)
      } else if ('send' in action) {
        for (const to of action.to) if (to < nodes && to !== node) doing?.send(to, action.send)
      } else if ('keep' in action) doing?.keep(action.keep)
      else if ('refused' in action) {
        const { reply, refused: code, why: message } = action
        doing?.reply(reply, { ok: false, code, message })
      } else doing?.reply(action.reply, { ok: true, id: action.id ?? '' })
    }
    if (Object.keys(is).length > 0) doing?.changed()
  }
}

function happeningOf(command: Command, ticket: number): Happening | undefined {
  switch (command.kind) {
    case 'send':
      return { happens: 'send', ticket, text: textOfBytes(command.payload) ?? '' }
    case 'rotate':
      return { happens: 'rekey', ticket }
    case 'leave-group':
      return { happens: 'leave', ticket }
    case 'remove-member':
      return { happens: 'kick', ticket, target: nodeOfName(command.target) }
    case 'accept-request':
      return { happens: 'join', ticket, target: nodeOfName(command.request) }
    default:
      return undefined
  }
}

const changed = (state: State, is: StateWords): State => ({
  members: is.members ?? state.members,
  manager: is.manager === undefined ? state.manager : is.manager,
  epoch: is.epoch ?? state.epoch,
  order: is.order ?? state.order,
  held: is.held ?? state.held,
  wanted: is.wanted ?? state.wanted,
})
