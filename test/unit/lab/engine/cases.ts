// Every fault and shape that a scenario can name, each in a small scenario of its own: a fault `p1` that
// lasts a while under a chat, and time to heal after it. Run by the tests and by hand alike.

interface Case {
  /** Lines of `schedule`, in flow style; the fault is called p1. */
  readonly schedule: string
  readonly group?: string
  readonly network?: string
  readonly workload?: string
}

const split = (more: string): Case => ({
  schedule: `{ at: 6s, id: p1, do: split, ${more}, for: 16s }`,
})
const fault = (more: string): Case => ({ schedule: `{ at: 6s, id: p1, for: 8s, ${more} }` })
const overlay = (kind: string): Case => ({
  ...split('shape: halves'),
  network: `{ overlay: ${kind}, link: { latency: 20ms } }`,
})

export const cases: Readonly<Record<string, Case>> = {
  'crash, kept': fault('do: crash, target: "1", unsynced: keep'),
  'crash, lost': fault('do: crash, target: "1", unsynced: lose'),
  'crash, torn, silent': fault('do: crash, target: "0,1", unsynced: torn, silent: true'),
  'crash of the manager': fault('do: crash, target: "role:manager", unsynced: lose'),
  offline: fault('do: offline, target: "2"'),
  'skew ahead': fault('do: skew, target: "1", ahead: 5m, driftPpm: 200'),
  'skew behind': fault('do: skew, target: "1", behind: 5m'),
  disk: fault('do: disk, target: "2"'),
  pause: fault('do: pause, target: "2"'),
  slow: fault('do: slow, target: "2", factor: 300'),
  'cut both': fault('do: cut, from: "0,1", to: "2,3"'),
  'cut one way': fault('do: cut, from: "0,1", to: "2,3", both: false'),
  'cut one way, no-new': fault('do: cut, from: "0,1", to: "2,3", both: false, mode: no-new'),
  'cut, reset': fault('do: cut, from: "0,1", to: "2,3", mode: reset'),
  'cut, hold': fault('do: cut, from: "0,1", to: "2,3", mode: hold'),
  'link worse': fault(
    'do: link, from: "0", to: "1", latency: 2s, loss: 0.2, duplicate: 0.2, reorder: 0.2',
  ),
  'link grows': fault('do: link, latency: 20ms, grow: { to: 4s, steps: 6 }'),
  halves: split('shape: halves'),
  'halves, forward': split('shape: halves, direction: forward'),
  majority: split('shape: majority-minority, mode: reset'),
  'isolate one': split('shape: isolate-one'),
  'isolate manager': split('shape: isolate-manager'),
  bridge: split('shape: bridge'),
  'two-leaf': split('shape: two-leaf'),
  ring: { ...split('shape: ring'), group: '{ nodes: 6 }' },
  random: split('shape: random'),
  swizzle: split('shape: swizzle, every: 2s'),
  nested: split('shape: nested'),
  'overlay ring': overlay('ring'),
  'overlay line': overlay('line'),
  'overlay star': overlay('star'),
  'overlay grid': overlay('grid'),
  'overlay tree': overlay('tree'),
  'overlay random-regular': overlay('random-regular, degree: 4'),
  'join, leave, read': {
    ...split('shape: halves'),
    group: '{ nodes: 6, roles: { leaders: "0,3" } }',
    workload:
      '{ kind: join, who: "5", at: 9s }, { kind: join, who: "2", at: 26s }, { kind: leave, who: "1", at: 10s }, { kind: read, who: "*", perNodePerMinute: 20 }',
  },
  // Both are answered long after they were given up, and what is said meanwhile is for who it was before.
  'left and came back late': {
    schedule: '{ at: 6s, id: p1, do: pause, target: "1", for: 18s }',
    workload: '{ kind: leave, who: "1", at: 8s }, { kind: join, who: "1", at: 15s }',
  },
  // What node 1 says as the links come back is shown on its side and withdrawn when the word of 0 arrives,
  // with new keys in the same instant.
  'removed and heard once more': {
    schedule: '{ at: 2s, id: p1, do: split, sides: ["0", "1,2"], for: 18s }',
    group: '{ nodes: 3, roles: { manager: "0", leaders: "0,2" } }',
    workload:
      '{ kind: kick, at: 17s, who: "0", target: "1" }, { kind: chat, who: "1", from: 19s, to: 21s, arrivals: periodic, perNodePerMinute: 600 }',
  },
  'several groups': { ...split('shape: halves'), group: '{ nodes: 9, count: 3 }' },
}

export function scenarioOf(name: string): string {
  const one = cases[name]
  if (one === undefined) throw new Error(name)
  return `
lab: 1
name: case
title: ${JSON.stringify(name)}
seed: one
group: ${one.group ?? '{ nodes: 4 }'}
network: ${one.network ?? '{ link: { latency: 20ms, jitter: 5ms } }'}
protocols: [{ use: coterie }, { use: ideal }, { use: managed }, { use: direct }]
workload: [{ kind: chat, who: "*", perNodePerMinute: 20 }${one.workload === undefined ? '' : `, ${one.workload}`}]
schedule: [${one.schedule}]
run: { duration: 30s, quiesce: 60s }
`
}
