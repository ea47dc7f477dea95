// What operators read: names, labels, a bound on series, and log lines.

import { describe, expect, it } from 'vitest'

import { createMetrics } from '../../../../src/adapters/telemetry/metrics.ts'
import { createTelemetry } from '../../../../src/adapters/telemetry/telemetry.ts'

describe('metrics', () => {
  it('spell names as Prometheus wants them', async () => {
    const metrics = createMetrics({ process: false })
    metrics.count('frames-in', undefined, 3)
    metrics.count('drops', 'bad-signature', 1)
    metrics.count('drops', 'bad-signature', 1)
    metrics.gauge('links', 4)
    const { text, contentType } = await metrics.scrape()
    expect(contentType).toContain('text/plain')
    expect(text).toContain('coterie_frames_in_total 3')
    expect(text).toContain('coterie_drops_total{label="bad-signature"} 2')
    expect(text).toContain('coterie_links 4')
  })

  it('keep the number of series bounded', async () => {
    const metrics = createMetrics({ process: false })
    for (let i = 0; i < 1_000; i++) metrics.count('drops', `reason ${i}`, 1)
    const { text } = await metrics.scrape()
    expect(text.split('\n').filter((line) => line.startsWith('coterie_drops_total{'))).toHaveLength(
      129,
    )
    expect(text).toContain('coterie_drops_total{label="other"} 872')
  })
})

describe('log lines', () => {
  it('are JSON with a level in words, from the least level on', () => {
    const lines: string[] = []
    const telemetry = createTelemetry({
      level: 'warn',
      destination: { write: (line) => void lines.push(line) },
      metrics: createMetrics({ process: false }),
    })
    telemetry.log('info', 'quiet')
    telemetry.log('error', 'the store failed', { code: 'DISK_FULL' })
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'error',
      msg: 'the store failed',
      code: 'DISK_FULL',
    })
  })
})
