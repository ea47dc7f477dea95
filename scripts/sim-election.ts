// The figures of the manager: after a heal, how long until one epoch head is left and how many epochs that
// takes, for 2 to 16 leaders, near and far, with wrong beliefs and crashes; what flapping links, a day of
// silence and a day without leaders cost. test/property/election.test.ts holds them to bounds.
//
//   npm run sim:election -- --seeds 20
import { parseArgs } from 'node:util'
import { flap, healOnce, idleDay, leadersAway } from '../test/support/election.ts'

const { values } = parseArgs({ options: { seeds: { type: 'string', default: '5' } } })
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => `election ${String(i)}`)

const part = (numbers: number[], of: number): string => {
  const sorted = numbers.toSorted((a, b) => a - b)
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * of))] ?? 0).toFixed(1)
}

const row = (...cells: (string | number)[]): void => {
  console.log(cells.map((cell) => String(cell).padStart(12)).join(''))
}

console.log('one head after a heal: seconds and epochs, median / worst')
row('leaders', 'ms a hop', 'unlinked', 'crashed', 's', 's worst', 'epochs', 'worst')
for (const leaders of [2, 4, 8, 16]) {
  for (const [delayMs, unlinked, crashes] of [
    [20, 0, 0],
    [150, 0, 0],
    [1_200, 0, 0],
    [3_000, 0, 0],
    [20, 0.5, 0],
    [20, 0, 1],
  ] as const) {
    if (leaders <= crashes + 1) continue
    const figures = seeds.map((seed) => healOnce({ seed, leaders, delayMs, unlinked, crashes }))
    const seconds = figures.map(({ ms }) => ms / 1_000)
    const epochs = figures.map((one) => one.epochs)
    const ends = [part(seconds, 0.5), part(seconds, 1), part(epochs, 0.5), part(epochs, 1)]
    row(leaders, delayMs, unlinked, crashes, ...ends)
  }
}

console.log('\nhalf an hour of flapping between two halves: epochs asked for by hand, all others')
row('up s', 'down s', 'leaders', 'asked', 'others')
for (const [up, down] of [
  [6, 4],
  [12, 6],
  [20, 5],
  [30, 10],
  [60, 3],
] as const) {
  for (const leaders of [2, 6]) {
    const options = { seed: 'flap', leaders, upMs: up * 1_000, downMs: down * 1_000 }
    const { asked, merges } = flap(options)
    row(up, down, leaders, asked, merges)
  }
}

console.log('\na day of silence: epochs, prekeys, messages of any kind')
const { epochs, prekeys, messages, members } = idleDay('idle', 3, 6)
console.log(`${String(members)} members: ${[epochs, prekeys, messages].map(String).join(', ')}`)

console.log('\nall leaders away for a day, a member leaves: epochs after they are back')
for (const leaders of [2, 4, 6])
  row(leaders, leadersAway(`away ${String(leaders)}`, leaders).epochs)
