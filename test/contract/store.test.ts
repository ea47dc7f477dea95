// Both stores keep the same promises.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { openLevelStore } from '../../src/adapters/level/store.ts'
import { Rows } from '../../src/adapters/memory/rows.ts'
import { createMemoryStore } from '../../src/adapters/memory/store.ts'
import { close, storeContract } from './store.contract.ts'

storeContract('in memory, at once', async () => {
  const rows = new Rows()
  return {
    store: createMemoryStore({ rows }),
    reopen: async () => createMemoryStore({ rows }),
    dispose: async () => {},
  }
})

storeContract('in memory, later', async () => {
  const rows = new Rows()
  const later = (complete: () => void) => void setTimeout(complete, 1)
  return {
    store: createMemoryStore({ rows, later }),
    reopen: async () => createMemoryStore({ rows, later }),
    dispose: async () => {},
  }
})

storeContract('in LevelDB', async () => {
  const location = await mkdtemp(join(tmpdir(), 'coterie-level-'))
  let store = await openLevelStore({ location })
  return {
    store,
    async reopen() {
      store = await openLevelStore({ location })
      return store
    },
    async dispose() {
      await close(store).catch(() => {})
      await rm(location, { recursive: true })
    },
  }
})
