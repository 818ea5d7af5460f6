import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import type { Currency } from '../../kernel/currency.ts'
import { ensure } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import { type Page, pageOf } from '../../kernel/page.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { Failpoints } from '../../platform/failpoint.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { type AccountService, userOf } from '../accounts/index.ts'
import type { Checkout, Payments } from '../payments/index.ts'
import type { Profiles } from '../profiles/index.ts'
import type { InitiateTip, SendTip, Tip } from './contract.ts'
import type { TipModel, TipRow } from './model.ts'
import { canTip } from './policy.ts'
import { presentTip } from './present.ts'

const defaultLimit = 20

export interface TipDependencies {
  Tips: TipModel
  unitOfWork: UnitOfWork
  accounts: Pick<AccountService, 'find'>
  profiles: Profiles
  payments: Payments
  cursors: Cursors
  clock: Clock
  failpoints: Failpoints
  feeBps: number
}

export type TipService = ReturnType<typeof createTipService>

export function createTipService({ Tips, unitOfWork, accounts, profiles, payments, cursors, clock, failpoints, feeBps }: TipDependencies) {
  return Object.freeze({ send, initiate, list, complete, giveUp })

  /** A tip from the wallet: money, tip and fact in one transaction. */
  async function send(ctx: Context, input: SendTip): Promise<Tip> {
    const { fan, creator, currency } = await parties(ctx, input)
    const answer = await unitOfWork.run(
      ctx,
      async (tx) => {
        const purchase = { payer_id: fan._id, creator_id: creator._id, purpose: 'tip' as const, amount: input.amount, currency, fee_bps: feeBps }
        const paymentId = await payments.fromWallet(tx, purchase, fan._id)
        const tip: TipRow = { ...newTip(fan, input, currency), payment_id: paymentId, state: 'sent', sent_at: clock.now() }
        await Tips.insertMany([tip])
        await tx.publish('tip.sent', presentTip(tip))
        failpoints.hit('tips.send.before-commit')
        return presentTip(tip)
      },
      fan._id,
    )
    failpoints.hit('tips.send.after-commit')
    return answer
  }

  /** A tip by checkout: it is kept as pending with its payment, and sent when the money is there. */
  async function initiate(ctx: Context, input: InitiateTip): Promise<Checkout> {
    const { fan, creator, currency } = await parties(ctx, input)
    return unitOfWork.staged(ctx, {
      intend: async (tx) => {
        const paymentId = await payments.intend(tx, { payer_id: fan._id, creator_id: creator._id, purpose: 'tip', amount: input.amount, currency, fee_bps: feeBps })
        await Tips.insertMany([{ ...newTip(fan, input, currency), payment_id: paymentId, state: 'pending' }])
        failpoints.hit('tips.initiate.before-commit')
        return paymentId
      },
      settle: (paymentId) => payments.openCheckout(ctx, paymentId),
    })
  }

  /** The tips that a creator received, newest first. */
  async function list(ctx: Context, { limit = defaultLimit, cursor }: { limit?: number; cursor?: string }): Promise<Page<Tip>> {
    const { user_id } = userOf(ctx)
    const name = `tip:list|${user_id}`
    const [after] = cursor ? cursors.read(name, cursor) : []
    const rows = await Tips.find({ creator_id: user_id, state: 'sent', ...(after ? { _id: { $lt: after } } : {}) })
      .sort({ _id: -1 })
      .limit(limit + 1)
      .lean()
    const page = pageOf(rows, limit, (row) => cursors.write(name, [row._id]))
    return { ...page, data: page.data.map(presentTip) }
  }

  /** Its payment succeeded. The state in the filter makes a second delivery of that news nothing. */
  async function complete(ctx: Context, paymentId: string): Promise<void> {
    await unitOfWork.run(ctx, async (tx) => {
      const tip = await Tips.findOneAndUpdate(
        { payment_id: paymentId, state: { $in: ['pending', 'failed'] } },
        { $set: { state: 'sent', sent_at: clock.now() } },
        { returnDocument: 'after' },
      ).lean()
      if (tip) await tx.publish('tip.sent', presentTip(tip))
      failpoints.hit('tips.complete.before-commit')
    })
  }

  async function giveUp(paymentId: string): Promise<void> {
    await Tips.updateOne({ payment_id: paymentId, state: 'pending' }, { $set: { state: 'failed' } })
  }

  async function parties(ctx: Context, input: InitiateTip) {
    const creator = await profiles.creator(input.creator_id)
    ensure(canTip(ctx.actor, creator), 'self')
    const currency = payments.ensurePayable(input)
    const fan = await accounts.find(userOf(ctx).user_id)
    ensure(fan, 'session-revoked')
    return { fan, creator, currency }
  }

  function newTip(fan: { _id: string; full_name: string }, input: SendTip, currency: Currency) {
    return {
      _id: newId('tip'),
      fan_id: fan._id,
      fan_name: fan.full_name,
      creator_id: input.creator_id,
      amount: input.amount,
      currency,
      message: input.message ?? '',
      anonymous: input.anonymous ?? false,
      created_at: clock.now(),
    }
  }
}
