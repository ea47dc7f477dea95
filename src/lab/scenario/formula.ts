// The formulas of `expect`: `A_large >= 0.95 && heal_read < 10s`. Names are metrics, times are
// milliseconds, truths are 1 and 0. What could not be measured is NaN and makes what needs it unknown:
// neither true nor false, as `&&` and `||` of Kleene's logic have it.

import { durationMs } from './duration.ts'

export type Formula =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'name'; readonly name: string; readonly at: number }
  | { readonly kind: 'not' | 'minus'; readonly of: Formula }
  | {
      readonly kind: 'binary'
      readonly operator: string
      readonly left: Formula
      readonly right: Formula
    }

/** A formula that cannot be read: says where, counted in characters from 0. */
export class FormulaError extends Error {
  override readonly name = 'FormulaError'
  readonly at: number

  constructor(message: string, at: number) {
    super(message)
    this.at = at
  }
}

interface Token {
  readonly text: string
  readonly at: number
}

/** Operators from the loosest to the tightest; each group binds to the left. */
const levels: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['<', '<=', '>', '>=', '==', '!='],
  ['+', '-'],
  ['*', '/'],
]

const LEXEME =
  /\s*(?:([0-9]+(?:\.[0-9]+)?(?:ms|s|m|h|d)?(?![A-Za-z0-9_]))|([A-Za-z_][A-Za-z0-9_]*)|(&&|\|\||<=|>=|==|!=|[<>!+\-*/()]))/y

/** @throws FormulaError */
export function parseFormula(text: string): Formula {
  const tokens = tokensOf(text)
  let place = 0
  const peek = (): Token => tokens[place] ?? { text: '', at: text.length }

  function binary(level: number): Formula {
    const operators = levels[level]
    if (operators === undefined) return unary()
    let left = binary(level + 1)
    while (operators.includes(peek().text)) {
      const operator = peek().text
      place++
      left = { kind: 'binary', operator, left, right: binary(level + 1) }
    }
    return left
  }

  function unary(): Formula {
    const token = peek()
    place++
    if (token.text === '!') return { kind: 'not', of: unary() }
    if (token.text === '-') return { kind: 'minus', of: unary() }
    if (token.text === '(') {
      const inner = binary(0)
      if (peek().text !== ')') throw new FormulaError('a ")" is missing here', peek().at)
      place++
      return inner
    }
    if (/^[A-Za-z_]/.test(token.text)) return named(token)
    if (/^[0-9]/.test(token.text)) return { kind: 'number', value: valueOf(token.text) }
    const what =
      token.text === '' ? 'something is missing at the end' : `not expected here: "${token.text}"`
    throw new FormulaError(what, token.at)
  }

  const formula = binary(0)
  if (place < tokens.length)
    throw new FormulaError(`not expected here: "${peek().text}"`, peek().at)
  return formula
}

function named({ text, at }: Token): Formula {
  if (text === 'true') return { kind: 'number', value: 1 }
  if (text === 'false') return { kind: 'number', value: 0 }
  return { kind: 'name', name: text, at }
}

const valueOf = (text: string): number => durationMs(text) ?? Number(text)

function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  while (text.slice(at).trim() !== '') {
    LEXEME.lastIndex = at
    const match = LEXEME.exec(text)
    const start = at + (text.slice(at).length - text.slice(at).trimStart().length)
    if (match === null) throw new FormulaError(`cannot be read: "${text.slice(start)}"`, start)
    tokens.push({ text: match[0].trim(), at: start })
    at = LEXEME.lastIndex
  }
  return tokens
}

/** Every name in a formula, with its place. */
export function namesOf(formula: Formula): { readonly name: string; readonly at: number }[] {
  switch (formula.kind) {
    case 'number':
      return []
    case 'name':
      return [formula]
    case 'binary':
      return [...namesOf(formula.left), ...namesOf(formula.right)]
    default:
      return namesOf(formula.of)
  }
}

/** Its value; NaN: unknown. @param valueOfName NaN for what was not measured */
export function evaluate(formula: Formula, valueOfName: (name: string) => number): number {
  switch (formula.kind) {
    case 'number':
      return formula.value
    case 'name':
      return valueOfName(formula.name)
    case 'minus':
      return -evaluate(formula.of, valueOfName)
    case 'not': {
      const value = evaluate(formula.of, valueOfName)
      return Number.isNaN(value) ? value : Number(value === 0)
    }
    case 'binary': {
      const left = evaluate(formula.left, valueOfName)
      return apply(formula.operator, left, evaluate(formula.right, valueOfName))
    }
  }
}

function apply(operator: string, left: number, right: number): number {
  if (operator === '&&') {
    if (left === 0 || right === 0) return 0
    return Number.isNaN(left) || Number.isNaN(right) ? Number.NaN : 1
  }
  if (operator === '||') {
    const holds = (value: number) => value !== 0 && !Number.isNaN(value)
    if (holds(left) || holds(right)) return 1
    return Number.isNaN(left) || Number.isNaN(right) ? Number.NaN : 0
  }
  if (Number.isNaN(left) || Number.isNaN(right)) return Number.NaN
  return Number(arithmetic[operator]?.(left, right) ?? Number.NaN)
}

const arithmetic: Readonly<Record<string, (left: number, right: number) => number | boolean>> = {
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
}
