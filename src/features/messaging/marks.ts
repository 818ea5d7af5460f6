import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { Access } from './access.ts'
import type { Conversation, Marked } from './contract.ts'
import type { MessagingModels } from './model.ts'
import type { Parting } from './parting.ts'
import type { Placing } from './placing.ts'
import { hearersOf, seenBy } from './present.ts'
import type { Reading } from './reading.ts'

type UpTo = { conversation_id: string; up_to_seq: number }

export type Marks = ReturnType<typeof createMarks>

/** How far somebody has got and read. A mark only ever rises, whatever order marks come in from however many devices. */
export function createMarks({ models, access, reading, placing, parting, unitOfWork, clock }: { models: MessagingModels; access: Access; placing: Pick<Placing, 'unreadOf'>; parting: Parting; reading: Pick<Reading, 'read'>; unitOfWork: UnitOfWork; clock: Clock }) {
  const { Participations, Mentions, Settings } = models

  return Object.freeze({ delivered: (ctx: Context, input: UpTo) => mark(ctx, input, ['delivered_seq']), read: (ctx: Context, input: UpTo) => mark(ctx, input, ['delivered_seq', 'read_seq']), mute })

  /** @throws AppError `validation` for what was not said yet */
  async function mark(ctx: Context, { conversation_id, up_to_seq }: UpTo, marks: readonly ('delivered_seq' | 'read_seq')[]): Promise<Marked> {
    const { conversation, me } = await access.to(ctx, conversation_id)
    ensure(up_to_seq <= conversation.last_seq, 'validation', { errors: [{ path: 'up_to_seq', code: 'number.max', detail: 'is more than was said' }] })
    return unitOfWork.run(
      ctx,
      async (tx) => {
        const before = (await Participations.findById(me._id).lean()) ?? fail('not-found')
        const risen = Object.fromEntries(marks.filter((each) => before[each] < up_to_seq).map((each) => [each, up_to_seq]))
        const after = { ...before, ...risen }
        if (Object.keys(risen).length > 0) {
          await Participations.updateOne({ _id: me._id }, { $max: risen })
          const { user_id, delivered_seq, read_seq } = after
          const privately = (await Settings.exists({ _id: user_id, reads_privately: true })) !== null
          // In a room nobody waits for anybody's marks, and across a block nobody hears of anybody; one's own devices do, everywhere.
          const only = privately || conversation.type === 'room' || me.state === 'requested' || (await parting.at(conversation, [user_id])).has(user_id) ? user_id : null
          await tx.publish('receipt.moved', { ...hearersOf(conversation), only, fact: { conversation_id, user_id, delivered_seq, read_seq } })
        }
        const mentions = await Mentions.countDocuments({ user_id: me.user_id, conversation_id, seq: { $gt: seenBy(after) } })
        return { conversation_id, delivered_seq: after.delivered_seq, read_seq: after.read_seq, unread: await placing.unreadOf(conversation, after), mentions }
      },
      me._id,
    )
  }

  /** No noise of it until then, on all of one's devices; nobody else hears of it. */
  async function mute(ctx: Context, { conversation_id, until }: { conversation_id: string; until: string | null }): Promise<Conversation> {
    const { conversation, me } = await access.to(ctx, conversation_id)
    ensure(until === null || new Date(until) > clock.now(), 'validation', { errors: [{ path: 'until', code: 'past', detail: 'is over already' }] })
    await unitOfWork.run(ctx, async (tx) => {
      await Participations.updateOne({ _id: me._id }, { $set: { muted_until: until === null ? null : new Date(until) } })
      await tx.publish('conversation.changed', { conversation_id, member_ids: [me.user_id], version: conversation.version, parted: [] })
    })
    return reading.read(ctx, { conversation_id })
  }
}
