// I39 for the one work that takes more than one step: texts that are held and whose keys come later are
// read back in slices, under a marker on disk. A crash at any moment of it, whatever becomes of the write
// under way, leaves nothing closed: the next start takes it up again.
import { describe, expect, test } from 'vitest'
import { EMPTY } from '../../src/base/bytes.ts'
import { GroupNote, groupNoteKey } from '../../src/core/replica/state.ts'
import { within } from '../../src/core/storage.ts'
import type { CrashWrites } from '../../src/lab/world/disk.ts'
import { broken } from '../support/laws.ts'
import { type Mesh, converge, endpointOf, groupOf, readAll, say, later } from '../support/mesh.ts'
import { BEFORE, shutOut, textsAt, undecryptableAt } from '../support/sharing.ts'

const CUT = 1

/** Markers of epochs whose texts are being read back, on the disk of the node that was shut out. */
const markers = ({ world, group }: Mesh): Uint8Array[] => {
  const number = endpointOf(world, 3).groupNumber(group) ?? 0
  const range = within(groupNoteKey(number, GroupNote.reopening, EMPTY))
  return world
    .node(CUT)
    .rows.read(range)
    .map(({ key }) => key)
}

/** Heals until the marker is on disk, goes on for so many moments more, and crashes. */
const crashedAfter = (moments: number, writes: CrashWrites): Mesh => {
  const seed = `reopen ${String(moments)} ${writes}`
  const mesh = shutOut({ seed, policy: 'partition-tolerant' })
  mesh.world.heal()
  expect(mesh.world.runUntil(() => markers(mesh).length > 0, 60_000)).toBe(true)
  let left = moments
  mesh.world.runUntil(() => left-- <= 0, 1_000)
  mesh.world.crash(CUT, { writes, silent: false })
  return mesh
}

const resumed = (mesh: Mesh): void => {
  const { world } = mesh
  later(mesh, 300)
  world.restart(CUT)
  later(mesh, 30_000)
  converge(mesh, [1, 2, 3])
}

const cases = ([0, 1, 2, 3, 5, 8] as const).flatMap((moments) =>
  (['kept', 'lost'] as const).map((writes) => ({ moments, writes })),
)

describe('texts whose keys came late', () => {
  test.each(cases)(
    'open after a crash $moments moments into reading them back ($writes)',
    ({ moments, writes }) => {
      const mesh = crashedAfter(moments, writes)
      resumed(mesh)
      expect(undecryptableAt(mesh, CUT)).toBe(0)
      expect([...textsAt(mesh, CUT)].sort()).toEqual([...BEFORE, 'readable'].sort())
      expect(markers(mesh)).toEqual([])
      // The chains went on from where their authors are: what comes now opens, and it speaks itself.
      for (const node of [1, 2, 3]) say(mesh, node, `after by ${String(node)}`)
      later(mesh, 3_000)
      converge(mesh, [1, 2, 3])
      const after = [1, 2, 3].map((node) => `after by ${String(node)}`)
      const opened = (node: number): string[] =>
        readAll(mesh, node).flatMap(({ text, state }) => (state === 'ok' ? [text ?? ''] : []))
      expect(opened(CUT).sort()).toEqual([...after, ...BEFORE, 'readable'].sort())
      expect(opened(2).sort()).toEqual(opened(CUT).sort())
      expect(broken(mesh, [1, 2, 3])).toEqual([])
      expect(groupOf(mesh, 2)?.equivocators).toEqual([])
    },
  )

  test('stay closed where the marker is lost: the check can fail', () => {
    const mesh = crashedAfter(0, 'kept')
    const { rows } = mesh.world.node(CUT)
    expect(textsAt(mesh, 2)).toContain(BEFORE[0])
    rows.apply(markers(mesh).map((key) => ({ key, value: null })))
    resumed(mesh)
    expect(undecryptableAt(mesh, CUT)).toBeGreaterThan(0)
  })
})
