// What engines share whose nodes all listen on loopback of this machine: the link shaper between them, the
// probe that looks at it, and the mesh that both are part of. Whatever the nodes are made of, they say on
// which ports they listen and send their dials here.

import { connect } from 'node:net'
import { SeededRandom } from '../../../base/random.ts'
import type { EngineReport, EngineRun } from '../engine.ts'
import { greeting } from './greeting.ts'
import { LinkTable } from '../../world/links.ts'
import { type Face, type Faces, faced, reaches } from './faces.ts'
import type { Mesh } from './mesh.ts'
import { Probe, disagreements, slowestMs } from './probe.ts'
import { Shaper } from './shaper.ts'
import { sweep } from './sweep.ts'

/** What is handled differently where nodes are made of something else. */
export type MeshNodes = Pick<
  Mesh,
  'signal' | 'member' | 'end' | 'isGone' | 'restart' | 'pacing' | 'hands'
> & {
  /** Ends a node, copies its home and runs both: the copy dials, and is known, under a number of its own. */
  readonly copy?: (node: number, place: number) => Promise<void>
}

export interface Loopback {
  /** The port to which every dial of a node goes. */
  readonly port: number
  /** Says on which addresses a node listens. */
  readonly place: (node: number, listen: readonly string[]) => void
  /** From now on nothing leaves a node or comes to it, until it is placed again. */
  readonly drop: (node: number) => void
  readonly mesh: (nodes: MeshNodes) => Mesh
}

/** In one run. */
const COPIES_MAX = 32

const delayProvider = 'link shaper on loopback'

/** Runs `work` with a shaper and its probe, and closes both afterwards, however it went. */
export async function onLoopback(
  run: EngineRun,
  work: (loopback: Loopback) => Promise<Pick<EngineReport, 'steps' | 'notes'>>,
): Promise<EngineReport> {
  const { nodes, seed } = run.scenario
  sweep()
  const random = new SeededRandom(seed).fork('shaper')
  const counted: Counted = { steps: 0, passed: () => undefined }
  const faces = new Map<number, Face>()
  const shaper = new Shaper({
    nodes: nodes + COPIES_MAX,
    random: () => random.float(),
    passed: (from, to) => {
      counted.steps += 1
      const nodeOf = (place: number): number => {
        return [...faces.values()].find((face) => face.place === place)?.node ?? place
      }
      counted.passed(nodeOf(from), nodeOf(to))
    },
  })
  const port = await shaper.listen()
  const probe = new Probe({
    nodes,
    dial: (from, to) => {
      const socket = connect({ port, host: '127.0.0.1' })
      socket.write(greeting(from, to))
      return socket
    },
    placed: (place, node) => shaper.place(place, node, true),
  })
  try {
    await probe.open()
    const played = await work({
      port,
      place: (node, listen) => portsOf(listen).forEach((one) => shaper.place(one, node)),
      drop: (node) => shaper.drop(node),
      mesh: (own) => meshOf(own, { shaper, probe, nodes, counted, faces }),
    })
    return { ...played, delayProvider }
  } catch (error) {
    // A run that is interrupted while its nodes start has nothing to tell.
    if (!run.signal.aborted) throw error
    return { steps: counted.steps, delayProvider, notes: [] }
  } finally {
    await probe.close()
    await shaper.close()
  }
}

/** The ports of addresses over TCP. */
export function portsOf(addresses: readonly string[]): number[] {
  return addresses.flatMap((address) => {
    const port = /\/tcp\/([0-9]+)/.exec(address)?.[1]
    return port === undefined ? [] : [Number(port)]
  })
}

interface Counted {
  steps: number
  passed: (from: number, to: number) => void
}

interface Parts {
  readonly shaper: Shaper
  readonly probe: Probe
  readonly nodes: number
  readonly counted: Counted
  /** By node. */
  readonly faces: Map<number, Face>
}

function meshOf(own: MeshNodes, parts: Parts): Mesh {
  const { shaper, probe, nodes, counted, faces } = parts
  let asked = new LinkTable(nodes, { base: { delayMs: 0 } })
  const now = (links: LinkTable) => faced(links, nodes, [...faces.values()])
  const relink = () => shaper.set(now(asked))
  const copy = own.copy?.bind(own)
  return {
    nodes,
    signal: own.signal,
    member: (node) => own.member(node),
    end: (node, how) => own.end(node, how),
    isGone: (node) => own.isGone(node),
    restart: (node) => own.restart(node),
    ...(own.pacing === undefined ? {} : { pacing: own.pacing }),
    ...(own.hands === undefined ? {} : { hands: own.hands }),
    ...(copy === undefined ? {} : { faces: facesOf(copy, own, parts, relink) }),
    setLinks(links) {
      asked = links
      relink()
      return Promise.resolve()
    },
    look: async (links) => {
      return disagreements(await probe.look(slowestMs(links, nodes)), now(links), nodes)
    },
    set passed(listener: (from: number, to: number) => void) {
      counted.passed = listener
    },
    get passed() {
      return counted.passed
    },
    get steps() {
      return counted.steps
    },
  }
}

function facesOf(
  copy: (node: number, place: number) => Promise<void>,
  own: Pick<Mesh, 'member' | 'end'>,
  { probe, nodes, faces }: Parts,
  relink: () => void,
): Faces {
  const running = new Set<number>()
  let copies = 0
  return {
    async open(node, deceived) {
      const place = nodes + copies++
      if (copies > COPIES_MAX) throw new Error(`more than ${COPIES_MAX} copies in one run`)
      // Apart before they run: neither ever meets whom it is not for.
      faces.set(node, { node, place, deceived })
      relink()
      await copy(node, place)
      running.add(node)
    },
    async close(node) {
      const face = faces.get(node)
      if (face === undefined) return
      running.delete(node)
      await own.end(face.place, 'stop')
      faces.delete(node)
      relink()
    },
    second(node) {
      const face = faces.get(node)
      return face === undefined || !running.has(node) ? undefined : own.member(face.place)
    },
    async look(node, links) {
      const face = faces.get(node)
      if (face === undefined) return false
      const others = Array.from({ length: nodes }, (_, one) => one).filter((one) => one !== node)
      const echoes = await Promise.all(
        others.map((other) => probe.echo(face.place, other, slowestMs(links, nodes))),
      )
      return others.every((other, index) => {
        return (echoes[index] !== undefined) === reaches(face, other, links)
      })
    },
  }
}
