// One connection between two nodes and the channels on it. Each end knows only what arrived: after a
// crash or a reset into a cut the other end stays open, and learns by the refusal that its next bytes
// earn. So half-open connections exist here as they do in the world.

import type { Bytes } from '../../base/bytes.ts'
import type { ChannelId, PeerId, Protocol } from '../../core/input.ts'
import type { Fabric } from './fabric.ts'
import { fingerprint } from './trace.ts'
import { type Parcel, Wire } from './wire.ts'

/** Who uses an end. Told only from happenings, never from inside one of its own calls. */
export interface Party {
  readonly node: number
  readonly peerId: PeerId
  nextChannel(): ChannelId
  opened(line: Line): void
  closed(line: Line): void
  frame(channel: ChannelId, frame: Bytes): void
  /** The end is closed; its channels were closed before. */
  lost(connection: Connection): void
}

/** One end of a channel. */
export interface Line {
  readonly id: ChannelId
  readonly protocol: Protocol
  readonly connection: Connection
  readonly end: End
  readonly initiator: boolean
  readonly ref?: number
  open: boolean
  /** The end at the other side, once it has heard of the channel. */
  other: Line | undefined
}

export interface End {
  readonly party: Party
  readonly wire: Wire
  readonly lines: Set<Line>
  open: boolean
}

export class Connection {
  readonly ends: readonly [End, End]
  readonly #fabric: Fabric

  constructor(fabric: Fabric, dialler: Party, listener: Party) {
    this.#fabric = fabric
    this.ends = [end(fabric, dialler, listener), end(fabric, listener, dialler)]
    fabric.connections.add(this)
  }

  endOf(party: Party): End {
    return this.ends[0].party === party ? this.ends[0] : this.ends[1]
  }

  across(own: End): End {
    return this.ends[0] === own ? this.ends[1] : this.ends[0]
  }

  /** Opens a channel; the other side hears of it when that arrives. */
  openLine(own: End, protocol: Protocol, ref: number): Line {
    const id = own.party.nextChannel()
    const line: Line = {
      id,
      protocol,
      connection: this,
      end: own,
      initiator: true,
      ref,
      open: true,
      other: undefined,
    }
    own.lines.add(line)
    this.#send(own, 'open', `"c":${id}`, false, () => this.#welcome(line))
    return line
  }

  sendFrame(line: Line, frame: Bytes): void {
    if (!line.open) return
    const copy = frame.slice()
    const from = line.end.party.node
    const detail = `"from":${from},"c":${line.id},"b":${copy.length},"h":${fingerprint(copy)}`
    this.#fabric.count(from, copy.length)
    const to = this.across(line.end).party.node
    const about = { c: line.protocol, bytes: copy.length }
    this.#fabric.moved?.({ d: 'tx', node: from, peer: to, ...about })
    this.#send(line.end, 'frame', detail, true, () => {
      const { other } = line
      if (other?.open !== true) return
      this.#fabric.moved?.({ d: 'rx', node: to, peer: from, ...about })
      this.#fabric.delivered?.(from, other.end.party.node)
      other.end.party.frame(other.id, copy)
    })
  }

  /** Ends a channel after what was sent on it. */
  closeLine(line: Line): void {
    if (!line.open) return
    this.#shut(line)
    this.#send(line.end, 'fin', `"c":${line.id}`, false, () => {
      if (line.other?.open === true) this.#shut(line.other)
    })
  }

  /** Gives the connection up from one end. `silent`: the other side is not told. */
  abort(own: End, options: { readonly silent: boolean } = { silent: false }): void {
    if (!own.open) return
    const drains = own.wire.stalled && this.#fabric.options.drainAfterReset && !options.silent
    this.#end(own)
    if (drains) return own.wire.send(this.#reset(own))
    own.wire.drop()
    if (!options.silent) own.wire.push(this.#reset(own))
  }

  /** Applies the links in force. */
  linksChanged(): void {
    const [a, b] = this.ends
    const { links } = this.#fabric
    const there = links.link(a.party.node, b.party.node)
    const back = links.link(b.party.node, a.party.node)
    if (there.cut !== 'reset' && back.cut !== 'reset') {
      for (const { wire } of this.ends) wire.linksChanged()
      return
    }
    for (const each of this.ends) {
      each.wire.drop()
      if (each.open) this.#end(each)
    }
  }

  #send(own: End, kind: string, detail: string, frame: boolean, arrive: () => void): void {
    const there = this.across(own)
    const deliver = () => (there.open ? arrive() : this.#refuse(there))
    own.wire.send({ kind, detail, frame, deliver })
  }

  /** Whoever sends to a closed end is told so, unless the whole machine is off. */
  #refuse(closed: End): void {
    if (!this.across(closed).open || !this.#fabric.powered(closed.party.node)) return
    closed.wire.push(this.#reset(closed))
  }

  #reset(from: End): Parcel {
    const there = this.across(from)
    const deliver = () => {
      if (!there.open) return
      there.wire.drop()
      this.#end(there)
    }
    return { kind: 'reset', detail: `"from":${from.party.node}`, frame: false, deliver }
  }

  #welcome(offered: Line): void {
    const own = this.across(offered.end)
    const line: Line = {
      id: own.party.nextChannel(),
      protocol: offered.protocol,
      connection: this,
      end: own,
      initiator: false,
      open: true,
      other: offered,
    }
    offered.other = line
    own.lines.add(line)
    own.party.opened(line)
  }

  #end(own: End): void {
    own.open = false
    for (const line of [...own.lines]) this.#shut(line)
    own.party.lost(this)
    if (!this.across(own).open) this.#fabric.connections.delete(this)
  }

  #shut(line: Line): void {
    line.open = false
    line.end.lines.delete(line)
    line.end.party.closed(line)
  }
}

function end(fabric: Fabric, party: Party, other: Party): End {
  return { party, wire: new Wire(fabric, party.node, other.node), lines: new Set(), open: true }
}
