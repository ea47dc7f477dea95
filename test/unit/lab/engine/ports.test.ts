// Which faults bridge ports cannot make: named by the fault that brings the shape, and by no other.

import { expect, test } from 'vitest'

import { unfitForPorts } from '../../../../src/lab/engine/netns/ports.ts'
import type { Fault, FaultEvent } from '../../../../src/lab/scenario/materialised.ts'
import { smallScenario } from '../../../support/told.ts'

const sides = (direction: 'both' | 'forward'): Fault => {
  return { do: 'split', sides: [[0, 1], [2]], rest: false, mode: 'blackhole', direction }
}
const slow: Fault = { do: 'link', from: [], to: [], both: true, change: { delayMs: 100 } }

const on = (atMs: number, id: string, fault: Fault, part = 0): FaultEvent => {
  return { kind: 'fault', atMs, id, part, fault }
}
const off = (atMs: number, id: string, part = 0): FaultEvent => {
  return { kind: 'fault', atMs, id, part }
}
const unfit = (...events: FaultEvent[]) =>
  unfitForPorts(smallScenario(3, 10_000, { events })).map(({ id }) => id)

test('whole sides, both ways, and slow links they can make', () => {
  expect(unfit(on(1, 'a', sides('both')), on(2, 'b', slow), off(3, 'a'), off(4, 'b'))).toEqual([])
})

test('one way only they cannot; what else begins or ends meanwhile is not to blame', () => {
  const oneWay = [on(1, 'a', sides('forward')), on(2, 'b', slow), off(3, 'b'), off(4, 'a')]
  expect(unfit(...oneWay, on(5, 'c', slow))).toEqual(['a'])
  // Told of once, however often it comes.
  expect(unfit(...oneWay, on(6, 'a', sides('forward'), 1), off(7, 'a', 1))).toEqual(['a'])
})
