// A short split of four nodes, for tests of the bench itself.
// Long enough that every protocol shows what it can and cannot do.

export const text = `
lab: 1
name: repeats
title: A short split
seed: one
group: { nodes: 4, labels: { left: "0,1", right: "2,3" } }
network: { link: { latency: 30ms, jitter: 10ms, loss: 0.01 } }
protocols: [{ use: coterie }, { use: ideal }, { use: managed }, { use: direct }]
workload: [{ kind: chat, who: "*", perNodePerMinute: 30 }]
schedule: [{ at: 5s, id: p1, do: split, sides: ["label:left", "label:right"], for: 10s }]
run: { duration: 25s, quiesce: 30s }
`
