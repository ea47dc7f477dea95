// Whoever reads the store after `written` finds there all that had been stepped when it asked.

import { describe, expect, it } from 'vitest'

import type { Effect } from '../../../../src/core/effect.ts'
import { Rig, event, persist, send } from './rig.ts'

const scripted = (...answers: Effect[][]): Rig =>
  new Rig().begin((input) => (input.kind === 'frame' ? (answers[input.frame[0] ?? 0] ?? []) : []))

describe('written', () => {
  const told = (rig: Rig): void => rig.driver.written(() => rig.log.push('told'))

  it('is told at once where nothing waits, before and after a write', () => {
    const rig = scripted([persist(1), send(1)])
    told(rig)
    rig.frame(0)
    rig.durable()
    told(rig)
    expect(rig.log).toEqual(['told', 'step frame', 'write 1', 'durable', 'send 1 1', 'told'])
  })

  it.each<[string, Effect]>([
    ['is synced', send(1)],
    ['is not', event],
  ])('is told after the write under way, though it %s', (_, also) => {
    const rig = scripted([persist(1), also])
    rig.frame(0)
    told(rig)
    expect(rig.log).not.toContain('told')
    rig.durable()
    expect(rig.log.at(-1)).toBe('told')
  })

  it('waits for what was stepped meanwhile, and for nothing later', () => {
    const rig = scripted([persist(1), send(1)], [persist(2), send(2)])
    rig.frame(0)
    rig.frame(1)
    told(rig)
    rig.durable()
    expect(rig.log).not.toContain('told')
    rig.frame(1)
    rig.durable()
    expect(rig.log.indexOf('told')).toBeGreaterThan(rig.log.indexOf('send 1 2'))
    expect(rig.log.at(-1)).toBe('write 1')
  })

  it('is told when the driver ends, whatever was written', () => {
    const rig = scripted([persist(1), send(1)])
    rig.frame(0)
    told(rig)
    rig.durable(new Error('the disk is gone'))
    expect(rig.fatal).toHaveLength(1)
    expect(rig.log).toContain('told')
    told(rig)
    expect(rig.log.filter((line) => line === 'told')).toHaveLength(2)
  })
})
