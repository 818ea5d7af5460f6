import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import type { Failpoints } from '../../platform/failpoint.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { Payments } from '../payments/index.ts'
import type { Profiles } from '../profiles/index.ts'
import type { GuestCheckout, GuestTip, InitiateGuestTip } from './contract.ts'
import type { TipModels } from './model.ts'
import type { Receipts } from './receipts.ts'
import type { TipSettingsService } from './settings.ts'

export type GuestTips = ReturnType<typeof createGuestTips>

/** Tips of people without an account: by checkout only, seen again by receipt only. What is paid goes the way of every tip. */
export function createGuestTips({
  models,
  settings,
  receipts,
  unitOfWork,
  profiles,
  payments,
  clock,
  failpoints,
  publicUrl,
  feeBps,
}: {
  models: TipModels
  settings: TipSettingsService
  receipts: Receipts
  unitOfWork: UnitOfWork
  profiles: Profiles
  payments: Payments
  clock: Clock
  failpoints: Failpoints
  publicUrl: () => string
  feeBps: number
}) {
  const { Tips } = models

  return Object.freeze({ initiate, read })

  /** @throws AppError `forbidden` for who is signed in: past the sign-in there would be a way around every block */
  async function initiate(ctx: Context, { creator_id, amount, currency: code, message = '', name }: InitiateGuestTip): Promise<GuestCheckout> {
    ensure(ctx.actor.kind === 'anonymous', 'forbidden', 'You are signed in: tip as yourself')
    const [creator, wishes] = await Promise.all([profiles.creator(creator_id), settings.of(creator_id)])
    ensure(wishes.guests, 'unauthenticated', 'This creator takes tips from people with an account only')
    const currency = payments.ensurePayable({ amount, currency: code })
    settings.ensureAccepted(amount, wishes)
    return unitOfWork.staged(ctx, {
      intend: async (tx) => {
        const guestId = newId('gst')
        const paymentId = await payments.intend(tx, { payer_id: guestId, creator_id, purpose: 'tip', amount, currency, fee_bps: feeBps })
        const tip = { _id: newId('tip'), payment_id: paymentId, fan_id: guestId, guest: true as const, fan_name: name ?? '', creator_id, amount, currency, message, anonymous: name === undefined }
        await Tips.insertMany([{ ...tip, state: 'pending', created_at: clock.now() }])
        failpoints.hit('tips.initiate.before-commit')
        return paymentId
      },
      settle: async (paymentId) => {
        const receipt = receipts.of(paymentId)
        const checkout = await payments.openCheckout(ctx, paymentId, `${publicUrl()}/@${creator.handle}#/receipt/${receipt}`)
        return { ...checkout, receipt }
      },
    })
  }

  async function read(_ctx: Context, { receipt }: { receipt: string }): Promise<GuestTip> {
    const paymentId = receipts.read(receipt) ?? fail('not-found')
    const [tip, payment] = await Promise.all([Tips.findOne({ payment_id: paymentId, guest: true }).lean(), payments.find(paymentId)])
    if (!tip || !payment) return fail('not-found')
    const { status, mobile_money_url, created_at } = payment
    return {
      payment_id: paymentId,
      status,
      creator_id: tip.creator_id,
      creator_name: (await profiles.nameOf(tip.creator_id)) ?? '',
      amount: tip.amount,
      currency: tip.currency,
      message: tip.message,
      name: tip.anonymous ? null : tip.fan_name,
      mobile_money_url: status === 'pending' ? mobile_money_url : null,
      created_at,
    }
  }
}
