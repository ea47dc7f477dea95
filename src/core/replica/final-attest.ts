/**
 * The attestation that a leader adds so that texts become final: a while after something came, once, if
 * the order waits for its word (`order/due.ts`). It ends by itself.
 */
import { MessageType } from '../message/type.ts'
import { owesAttest } from '../order/due.ts'
import type { Row } from '../transcript/row.ts'
import { countAt } from '../transcript/vector.ts'
import type { Turn } from '../turn.ts'
import { count } from '../turn.ts'
import { postAttest } from './author.ts'
import { isWithdrawn } from './departures.ts'
import { groundOf } from './final.ts'
import type { Replica } from './state.ts'
import { isActingLeader, ownTip } from './state.ts'

/** The timer rang: a leader says once more how far it is, if a text waits for that. */
export const attestFinal = (turn: Turn, replica: Replica): void => {
  const { final, self } = replica
  final.armed = false
  const own = ownTip(replica)?.tip
  if (own === undefined || !isActingLeader(replica) || final.stale || final.loading) return
  const ground = groundOf(replica)
  if (ground.accused.has(self.member)) return
  const waits = (row: Row): boolean =>
    row.type === MessageType.text &&
    row.counter >= countAt(final.now.frontier, row.line) &&
    !isWithdrawn(replica, row.member, row.line, row.counter)
  if (!owesAttest(ground, final.now, own, waits)) return
  postAttest(turn, replica, (later, posted) => {
    count(later, posted.ok ? 'final_attests_posted' : 'attests_failed')
  })
}
