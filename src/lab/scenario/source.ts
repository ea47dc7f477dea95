// A scenario file as text: read with its places kept, so that every complaint about it, of whatever kind,
// says line and column. A complaint names a path into the file; where the path has no place of its own,
// the nearest thing around it is meant.

import { LineCounter, type Document, isMap, isNode, isScalar, parseDocument } from 'yaml'

import { CoterieError, type ErrorCode } from '../../base/error.ts'
import { type Scenario, scenarioSchema } from './schema.ts'
import { type Setting, withSetting } from './variants.ts'

export type Path = readonly (string | number)[]

/** What is wrong, and where. */
export interface Problem {
  readonly path: Path
  readonly message: string
  /** Default: USAGE. */
  readonly code?: ErrorCode
  /** Characters into the value at the path. Default: 0. */
  readonly offset?: number
  /** Whether the key is meant and not its value. */
  readonly key?: string
}

const SHOWN_MAX = 8
const TEXT_MAX = 1_000_000

export class ScenarioSource {
  readonly name: string
  readonly text: string
  readonly #document: Document
  readonly #lines: LineCounter

  /** @throws CoterieError USAGE when it is not YAML */
  constructor(name: string, text: string) {
    this.name = name
    this.text = text
    this.#lines = new LineCounter()
    if (text.length > TEXT_MAX) throw new CoterieError('USAGE', `${name}: larger than 1 MB.`)
    this.#document = parseDocument(text, { lineCounter: this.#lines, uniqueKeys: true })
    const [error] = this.#document.errors
    if (error === undefined) return
    const { line, col } = this.#lines.linePos(error.pos[0])
    const [what = ''] = error.message.split('\n')
    throw new CoterieError('USAGE', `${name}:${line}:${col}: ${what.replace(/ at line.*$/, '')}`, {
      hint: HINT,
    })
  }

  /**
   * @param set values by path that stand instead of the file's
   * @throws CoterieError USAGE with every place that does not fit the schema
   */
  parse(set: Setting = {}): Scenario {
    const parsed = scenarioSchema.safeParse(withSetting(this.value(), set))
    if (parsed.success) return parsed.data
    const swept = parsed.error.issues.find((issue) =>
      Object.keys(set).some((path) => meets(path, issue.path)),
    )
    if (swept !== undefined) {
      const message = `${dotted(swept.path as Path)} as set here: ${swept.message}`
      this.refuse([{ path: ['sweep'], message }])
    }
    this.refuse(
      parsed.error.issues.flatMap((issue): Problem[] => {
        const path = issue.path as Path
        if (issue.code === 'invalid_union') {
          return [
            {
              path,
              message: `${issue.message}, not ${JSON.stringify(this.#document.getIn(path))}`,
            },
          ]
        }
        if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }]
        return issue.keys.map((key) => ({ path, key, message: `no such key here: "${key}"` }))
      }),
    )
  }

  /** The file as plain values. */
  value(): unknown {
    return this.#document.toJS({ maxAliasCount: 100 }) as unknown
  }

  /** @throws CoterieError with all these problems; does nothing when there are none */
  refuse(problems: readonly Problem[]): never
  refuse(problems: readonly Problem[], soft: true): void
  refuse(problems: readonly Problem[], soft = false): void {
    const [first] = problems
    if (first === undefined) {
      if (soft) return
      throw new Error('nothing to refuse')
    }
    const shown = problems.slice(0, SHOWN_MAX).map((problem) => this.#say(problem))
    const more = problems.length > SHOWN_MAX ? [`and ${problems.length - SHOWN_MAX} more`] : []
    throw new CoterieError(first.code ?? 'USAGE', [...shown, ...more].join('; '), { hint: HINT })
  }

  /** Line and column of a problem, both from 1. */
  placeOf({ path, offset = 0, key }: Problem): { readonly line: number; readonly column: number } {
    const { line, col } = this.#lines.linePos(this.#offsetOf(path, key) + offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }

  #say(problem: Problem): string {
    const { line, column } = this.placeOf(problem)
    const where = problem.path.length === 0 ? '' : `${dotted(problem.path)}: `
    return `${this.name}:${line}:${column}: ${where}${problem.message}`
  }

  #offsetOf(path: Path, key?: string): number {
    for (let length = path.length; length >= 0; length--) {
      const node =
        length === 0 ? this.#document.contents : this.#document.getIn(path.slice(0, length), true)
      if (!isNode(node)) continue
      const exact = length === path.length
      if (exact && key !== undefined && isMap(node)) {
        const pair = node.items.find((item) => isScalar(item.key) && item.key.value === key)
        if (isNode(pair?.key)) return pair.key.range?.[0] ?? 0
      }
      const quoted =
        isScalar(node) && (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE')
      return (node.range?.[0] ?? 0) + (exact && quoted ? 1 : 0)
    }
    return 0
  }
}

const HINT = 'See: coterie lab validate -h; the format is described in src/lab/README.md.'

/** Whether a complaint is about what was set at a path. */
const meets = (path: string, at: readonly PropertyKey[]): boolean =>
  `${path}.`.startsWith(`${at.map(String).join('.')}.`) ||
  at.map(String).join('.').startsWith(`${path}.`)

function dotted(path: Path): string {
  return path
    .map((part, place) =>
      typeof part === 'number' ? `[${part}]` : place === 0 ? part : `.${part}`,
    )
    .join('')
}
