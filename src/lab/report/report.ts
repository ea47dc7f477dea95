// Writes what a run looks like into its folder: the page, each plot as a picture of its own, the curves
// as tables. All of it follows from scenario and seed: equal runs give equal bytes.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Markup } from './html.ts'
import { metricsCsv, seriesCsv } from './csv.ts'
import { pageOf, plotsOf } from './page.ts'
import { lanesOf } from './sides.ts'
import { type ReportSource, endOf, readReport } from './source.ts'
import { palette, pictureStyle } from './style.ts'
import { swimlanes } from './swimlanes.ts'

/** The files that were written, relative to the folder. @throws CoterieError USAGE */
export async function writeReport(dir: string): Promise<readonly string[]> {
  const source = await readReport(dir)
  const files = filesOf(source)
  mkdirSync(join(dir, 'plots'), { recursive: true })
  for (const [file, text] of files) writeFileSync(join(dir, file), text)
  return [...files.keys()]
}

export function filesOf(source: ReportSource): ReadonlyMap<string, string> {
  const lanes = lanesOf(source.scenario)
  const scenes = source.protocols.flatMap(({ name, scene }) =>
    scene === undefined
      ? []
      : [[`run-${name}`, swimlanes(name, scene, lanes, endOf(source))] as const],
  )
  const plots = plotsOf(source).map(({ name, svg }) => [name, svg] as const)
  return new Map([
    ['report.html', pageOf(source)],
    ['metrics.csv', metricsCsv(source)],
    ['series.csv', seriesCsv(source)],
    ...[...scenes, ...plots].map(
      ([name, svg]) => [`plots/${fileName(name)}.svg`, alone(svg)] as const,
    ),
  ])
}

/** A picture with the rules that it needs. */
function alone(svg: Markup): string {
  const style = `<style>${palette}svg{background:var(--paper)}${pictureStyle}</style>`
  return `${svg.text.replace('>', `>${style}`)}\n`
}

const fileName = (name: string): string => name.replace(/[^A-Za-z0-9_-]/g, '_')
