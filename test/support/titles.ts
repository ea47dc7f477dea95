// The tests of a file as its source writes them: title and the names of the blocks around it. A title of
// `test.each` stands as it is written, with its place holders. What is skipped is no test.
import ts from 'typescript'

export interface Title {
  readonly title: string
  /** Titles of the blocks around it, the outermost first. */
  readonly within: readonly string[]
}

type Kind = 'test' | 'block' | 'off'

const switches = ['skip', 'todo', 'skipIf', 'runIf', 'fails']

/** `test`, `it` or `describe`, whatever hangs on it (`each`, `for`); or switched off; or nothing of these. */
const kindOf = (called: ts.Expression): Kind | undefined => {
  if (ts.isCallExpression(called)) return kindOf(called.expression)
  if (ts.isTaggedTemplateExpression(called)) return kindOf(called.tag)
  if (ts.isPropertyAccessExpression(called)) {
    const kind = kindOf(called.expression)
    return kind !== undefined && switches.includes(called.name.text) ? 'off' : kind
  }
  if (!ts.isIdentifier(called)) return undefined
  if (['test', 'it'].includes(called.text)) return 'test'
  return called.text === 'describe' ? 'block' : undefined
}

const textOf = (node: ts.Node | undefined): string | undefined =>
  node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined

/** Every test in a source text. */
export function titlesIn(source: string): Title[] {
  const found: Title[] = []
  const walk = (node: ts.Node, within: readonly string[]): void => {
    const kind = ts.isCallExpression(node) ? kindOf(node.expression) : undefined
    const title = ts.isCallExpression(node) ? textOf(node.arguments[0]) : undefined
    if (kind === 'off' && title !== undefined) return
    // `test.each(...)` alone has no title: the call around it has.
    const named = kind !== undefined && title !== undefined
    if (named && kind === 'test') found.push({ title, within })
    const inner = named && kind === 'block' ? [...within, title] : within
    node.forEachChild((child) => walk(child, inner))
  }
  walk(ts.createSourceFile('x.ts', source, ts.ScriptTarget.Latest), [])
  return found
}
