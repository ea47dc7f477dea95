// What other people's tools read of a run, made while it runs: Perfetto's trace events, a ShiViz log, a
// history of operations. They follow from the trace alone, as the report does.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Materialised } from '../scenario/materialised.ts'
import type { TraceReader } from '../trace/event.ts'
import { History } from './history.ts'
import { Perfetto } from './perfetto.ts'
import { SHIVIZ_NODES_MAX, Shiviz } from './shiviz.ts'

interface Export extends TraceReader {
  text(): string
}

export class Exports {
  readonly #files: ReadonlyMap<string, Export>

  constructor(scenario: Materialised) {
    const files = new Map<string, Export>([
      ['perfetto.json', new Perfetto(scenario)],
      ['history.json', new History(scenario.nodes)],
    ])
    if (scenario.nodes <= SHIVIZ_NODES_MAX) files.set('shiviz.log', new Shiviz())
    this.#files = files
  }

  get readers(): readonly TraceReader[] {
    return [...this.#files.values()]
  }

  write(dir: string): void {
    for (const [file, made] of this.#files) writeFileSync(join(dir, file), made.text())
  }
}
