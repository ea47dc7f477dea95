// Small words that several commands print alike: times, lengths of time, styles of states.
// Pure: what they are given decides alone, the local time zone excepted.

import type { MemberReport, Status } from '../../api/contract.ts'
import type { Style } from '../output/table.ts'

export function stateStyle(state: Status['state']): Style {
  if (state === 'healthy') return 'good'
  return state === 'behind' ? 'warn' : 'bad'
}

/** Whoever is gone stands back; who sleeps is pointed out. */
export function standingStyle(state: MemberReport['state']): Style {
  if (state === 'active') return 'good'
  return state === 'removed' || state === 'left' ? 'dim' : 'warn'
}

/** Local date and time to the minute. */
export function shortTime(wallMs: number): string {
  const time = new Date(wallMs)
  if (Number.isNaN(time.getTime())) return '-'
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}`
}

/** Local time to the millisecond. */
export function clockTime(wallMs: number): string {
  const time = new Date(wallMs)
  if (Number.isNaN(time.getTime())) return '-'
  const part = (value: number, digits: number) => String(value).padStart(digits, '0')
  const [hours, minutes] = [part(time.getHours(), 2), part(time.getMinutes(), 2)]
  return `${hours}:${minutes}:${part(time.getSeconds(), 2)}.${part(time.getMilliseconds(), 3)}`
}

/** `ago` for something that many milliseconds back. */
export function ago(ms: number | null): string {
  if (ms === null) return 'never'
  if (ms < 1_000) return 'now'
  if (ms < 120_000) return `${Math.round(ms / 1_000)} s ago`
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min ago`
  return `${Math.round(ms / 3_600_000)} h ago`
}
