import type { Context } from '../../kernel/context.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { Letters } from './letters.ts'
import type { MembershipModels } from './model.ts'
import type { Moving } from './moving.ts'

const noticeMs = 30 * 24 * 3600_000

export type Repricing = ReturnType<typeof createRepricing>

/** New prices for those who are members already. What costs more is told a month before it is charged; what costs less is less from the next period on. */
export function createRepricing({ models: { Memberships, Tiers }, moving, letters, unitOfWork, context }: { models: MembershipModels; moving: Moving; letters: Letters; unitOfWork: UnitOfWork; context: () => Context }) {
  return Object.freeze({ follow })

  /** Told twice, it changes nothing the second time: who was told of a price is not told again. */
  async function follow({ tier_id, at }: { tier_id: string; at: string }): Promise<void> {
    const tier = await Tiers.findById(tier_id).lean()
    if (!tier) return
    for await (const { _id } of Memberships.find({ tier_id, live: true, given_by: { $exists: false } }, { _id: 1 }).lean().cursor())
      await unitOfWork.run(context(), async (tx) => {
        const row = await Memberships.findOne({ _id, tier_id, live: true }).lean()
        const amount = tier.prices.find((price) => price.interval === row?.interval)?.amount
        if (!row || amount === undefined || amount === (row.price_change?.amount ?? row.amount)) return
        const from = new Date(new Date(at).getTime() + (amount > row.amount ? noticeMs : 0))
        const after = await moving.must(tx, row, { price_change: amount === row.amount ? null : { amount, from } }, { cause: 'price' })
        await letters.repriced(tx, after)
      })
  }
}
