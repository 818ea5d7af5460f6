import type { Clock, Wall } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { AppError } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import type { Relay } from '../../platform/realtime/relay.ts'
import type { Limiter } from '../../platform/rate-limit.ts'
import { userOf } from '../accounts/index.ts'
import type { Access } from './access.ts'
import { roomsOf } from './hearers.ts'
import { refusalOfSilenced } from './order.ts'
import type { Parting } from './parting.ts'
import { hearersOf } from './present.ts'

export type Typing = ReturnType<typeof createTyping>

/** Who is writing just now. It is told and forgotten: nothing of it is stored, and who misses it misses nothing. */
export function createTyping({ access, parting, relay, pace, clock, wall }: { access: Access; parting: Parting; relay: Relay; pace: Limiter; clock: Clock; wall: Wall }) {
  return Object.freeze({
    start: (ctx: Context, input: { conversation_id: string }) => tell(ctx, input, true),
    stop: (ctx: Context, input: { conversation_id: string }) => tell(ctx, input, false),
  })

  async function tell(ctx: Context, { conversation_id }: { conversation_id: string }, typing: boolean): Promise<Record<string, never>> {
    const { user_id } = userOf(ctx)
    // What comes too often is dropped, before anything is looked up for it.
    if (!(await isInPace(`${conversation_id}/${user_id}/${String(typing)}`))) return {}
    const { conversation, me } = await access.to(ctx, conversation_id)
    // Whoever has not accepted a request yet tells the stranger nothing, not even that they are there; who may not write is not writing.
    const isHeard = me.state === 'joined' && !refusalOfSilenced(me, clock.now()) && !(await parting.at(conversation, [user_id])).has(user_id)
    if (isHeard) relay.emit({ event: 'typing:changed', rooms: roomsOf(hearersOf(conversation)), data: { conversation_id, user_id, typing } }, { event_id: newId('evt'), at: wall.now().toISOString() })
    return {}
  }

  async function isInPace(key: string): Promise<boolean> {
    try {
      await pace.take(key)
      return true
    } catch (error) {
      if (error instanceof AppError) return false
      throw error
    }
  }
}
