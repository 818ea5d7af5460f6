import type { Context } from '../../kernel/context.ts'
import { createBatches } from '../../platform/batches.ts'
import type { Failpoints } from '../../platform/failpoint.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { AccountService } from '../accounts/index.ts'
import type { AnnouncedTip, ReceivedTip } from '../tips/contract.ts'
import type { Changing } from './changing.ts'
import type { MessagingModels } from './model.ts'
import type { Placing } from './placing.ts'
import { hearersOf, presentMessage } from './present.ts'

const batchSize = 64

/** Tips as the audience sees them at this moment; those that it does not see are missing. */
export interface Announcements {
  announcementsOf(tipIds: readonly string[]): Promise<ReadonlyMap<string, AnnouncedTip>>
}

export type TipLines = ReturnType<typeof createTipLines>

/**
 * Tips in their creator's room. News of a tip says only that there is one: whether the audience sees it, and how, is asked when it is put
 * there, so neither the order of the news nor its coming twice matters.
 */
export function createTipLines({
  models,
  placing,
  changing,
  tips,
  accounts,
  unitOfWork,
  context,
  failpoints,
}: {
  models: MessagingModels
  placing: Placing
  changing: Pick<Changing, 'withdraw'>
  tips: Announcements
  accounts: Pick<AccountService, 'namesOf'>
  unitOfWork: UnitOfWork
  context: () => Context
  failpoints: Failpoints
}) {
  const { Conversations, Messages } = models
  const batches = createBatches<string>(batchSize, showAll)

  return Object.freeze({ show })

  /** A room that was opened after it was sent does not show it. */
  async function show({ tip_id, creator_id, created_at }: Pick<ReceivedTip, 'tip_id' | 'creator_id' | 'created_at'>): Promise<void> {
    const room = await Conversations.findOne({ creator_id, type: 'room', created_at: { $lte: new Date(created_at) } }, { _id: 1 }).lean()
    if (room) await batches.add(room._id, tip_id)
  }

  async function showAll(roomId: string, tipIds: string[]): Promise<void> {
    const wanted = [...new Set(tipIds)]
    await unitOfWork.run(
      context(),
      async (tx) => {
        const room = await Conversations.findById(roomId).lean()
        if (!room?.creator_id) return
        const sender_id = room.creator_id
        const told = await tips.announcementsOf(wanted)
        const there = new Map((await Messages.find({ conversation_id: roomId, sender_id, client_msg_id: { $in: wanted.map(placeOf) } }).lean()).map((row) => [row.client_msg_id, row]))
        const names = await accounts.namesOf([sender_id])
        const messages = []
        for (const tip_id of wanted) {
          const row = there.get(placeOf(tip_id))
          const tip = told.get(tip_id)
          if (row && !tip && row.deleted_at === null) await changing.withdraw(tx, room, row)
          if (row || !tip) continue
          const placed = await placing.append(roomId, { type: 'tip', sender_id, client_msg_id: placeOf(tip_id), tip: { tip_id, amount_minor: tip.amount, currency: tip.currency } })
          messages.push(presentMessage({ ...placed.row, told: tip }, names))
        }
        if (messages.length > 0) await tx.publish('messages.created', { ...hearersOf(room), messages, mentioned: [] })
        failpoints.hit('messaging.tip.before-commit')
      },
      roomId,
    )
    failpoints.hit('messaging.tip.after-commit')
  }
}

/** One place for one tip; no client's own id has a space in it. */
function placeOf(tipId: string): string {
  return `tip ${tipId}`
}
