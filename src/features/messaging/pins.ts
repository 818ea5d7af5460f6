import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { ensure } from '../../kernel/errors.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { Access } from './access.ts'
import type { Message } from './contract.ts'
import type { MessagingModels } from './model.ts'
import type { Placing } from './placing.ts'
import { canPin } from './policy.ts'
import { hearersOf } from './present.ts'
import type { Reading } from './reading.ts'

type Nothing = Record<string, never>

export const maxPins = 50

export type Pins = ReturnType<typeof createPins>

/** What is kept in sight. A pin is a change of its message, so whoever was away hears of it with `conversation:sync`. */
export function createPins({ models: { Messages }, access, placing, reading, unitOfWork, clock }: { models: MessagingModels; access: Access; placing: Placing; reading: Reading; unitOfWork: UnitOfWork; clock: Clock }) {
  return Object.freeze({ list, pin: (ctx: Context, input: { message_id: string }) => set(ctx, input, true), unpin: (ctx: Context, input: { message_id: string }) => set(ctx, input, false) })

  async function set(ctx: Context, { message_id }: { message_id: string }, pinned: boolean): Promise<Nothing> {
    const { conversation, me } = await access.toMessage(ctx, message_id)
    ensure(canPin(me, conversation), 'forbidden', 'Only who keeps order here pins')
    const { _id: conversation_id } = conversation
    await unitOfWork.run(
      ctx,
      async (tx) => {
        const message = await Messages.findById(message_id).lean()
        ensure(message && message.deleted_at === null, 'not-found')
        ensure(message.type !== 'system', 'forbidden', 'Only what was said is pinned')
        if ((message.pinned_at !== undefined) === pinned) return
        // The step first: whoever pins at the same moment conflicts there, so the count below holds.
        const change = await placing.nextStep(conversation_id)
        const there = await Messages.countDocuments({ conversation_id, pinned_at: { $exists: true } })
        ensure(!pinned || there < maxPins, 'conflict', `At most ${maxPins} pins`)
        await Messages.updateOne({ _id: message_id }, pinned ? { $set: { pinned_at: clock.now(), change } } : { $set: { change }, $unset: { pinned_at: 1 } })
        await tx.publish('message.pinned', { ...hearersOf(conversation), fact: { conversation_id, message_id, seq: message.seq, change, pinned } })
      },
      conversation_id,
    )
    return {}
  }

  /** The latest pin first. */
  async function list(ctx: Context, { conversation_id }: { conversation_id: string }): Promise<{ data: Message[]; has_more: boolean; next: null }> {
    const { me } = await access.to(ctx, conversation_id)
    const rows = await Messages.find({ conversation_id, pinned_at: { $exists: true } }).sort({ pinned_at: -1, _id: -1 }).limit(maxPins).lean()
    const theirs = rows.filter((row) => row.seq > me.joined_seq && !row.hidden_for.includes(me.user_id))
    return { data: await reading.presentAll(me.user_id, theirs), has_more: false, next: null }
  }
}
