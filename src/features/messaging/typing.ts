import type { Context } from '../../kernel/context.ts'
import { newId } from '../../kernel/ids.ts'
import type { Wall } from '../../kernel/clock.ts'
import type { Relay } from '../../platform/realtime/relay.ts'
import type { Limiter } from '../../platform/rate-limit.ts'
import type { Access } from './access.ts'
import { roomsOf } from './hearers.ts'
import { hearersOf } from './present.ts'

export type Typing = ReturnType<typeof createTyping>

/** Who is writing just now. It is told and forgotten: nothing of it is stored, and who misses it misses nothing. */
export function createTyping({ access, relay, pace, wall }: { access: Access; relay: Relay; pace: Limiter; wall: Wall }) {
  return Object.freeze({
    start: (ctx: Context, input: { conversation_id: string }) => tell(ctx, input, true),
    stop: (ctx: Context, input: { conversation_id: string }) => tell(ctx, input, false),
  })

  async function tell(ctx: Context, { conversation_id }: { conversation_id: string }, typing: boolean): Promise<Record<string, never>> {
    const { conversation, me } = await access.to(ctx, conversation_id)
    await pace.take(`${me._id}/${String(typing)}`)
    // Whoever has not accepted a request yet tells the stranger nothing, not even that they are there.
    if (me.state === 'joined')
      relay.emit({ event: 'typing:changed', rooms: roomsOf(hearersOf(conversation)), data: { conversation_id, user_id: me.user_id, typing } }, { event_id: newId('evt'), at: wall.now().toISOString() })
    return {}
  }
}
