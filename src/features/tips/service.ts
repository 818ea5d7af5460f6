import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import type { Currency } from '../../kernel/currency.ts'
import { ensure } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import { type Page, pageOf, type PageQuery } from '../../kernel/page.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { Failpoints } from '../../platform/failpoint.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { type AccountService, userOf } from '../accounts/index.ts'
import type { Checkout, Payments } from '../payments/index.ts'
import type { Profiles, Regard, Relations } from '../profiles/index.ts'
import type { AnnouncedTip, InitiateTip, ModerateTip, ReceivedTip, SendTip, SentTip, Tip, TipSettings } from './contract.ts'
import type { SentTipRow, TipModels, TipRow } from './model.ts'
import { isShown, moderate as moderateText } from './moderation.ts'
import { canTip } from './policy.ts'
import { announcementOf, presentAnnounced, presentReceived, presentSent, presentTip } from './present.ts'
import type { TipSettingsService } from './settings.ts'

const defaultLimit = 20

export interface TipDependencies {
  models: TipModels
  settings: TipSettingsService
  unitOfWork: UnitOfWork
  accounts: Pick<AccountService, 'find' | 'namesOf'>
  profiles: Profiles
  relations: Relations
  payments: Payments
  cursors: Cursors
  clock: Clock
  failpoints: Failpoints
  feeBps: number
}

export type TipService = ReturnType<typeof createTipService>

export function createTipService({ models, settings, unitOfWork, accounts, profiles, relations, payments, cursors, clock, failpoints, feeBps }: TipDependencies) {
  const { Tips } = models

  return Object.freeze({ send, initiate, list, sent, moderate, complete, giveUp, partiesOf, announcementsOf, ownersOf, ownersOfPayments })

  /** A tip from the wallet: money, tip and fact in one transaction. */
  async function send(ctx: Context, input: SendTip): Promise<Tip> {
    const { fan, creator, currency, wishes, regard, tippedBefore } = await parties(ctx, input)
    const answer = await unitOfWork.run(
      ctx,
      async (tx) => {
        const purchase = { payer_id: fan._id, creator_id: creator._id, purpose: 'tip' as const, amount: input.amount, currency, fee_bps: feeBps }
        const paymentId = await payments.fromWallet(tx, purchase, fan._id)
        const made: TipRow = { ...newTip(fan, input, currency), payment_id: paymentId, state: 'pending' }
        const tip = { ...made, ...(await sending(made, { wishes, regard, tippedBefore })) }
        tx.insert(Tips, [tip])
        await tx.publish('tip.sent', { tip: presentReceived(tip, regard), announced: announcementOf(tip), fan_id: fan._id })
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
  async function list(ctx: Context, { limit = defaultLimit, cursor }: PageQuery): Promise<Page<ReceivedTip>> {
    const { user_id } = userOf(ctx)
    const name = `tip:list|${user_id}`
    const [after] = cursor ? cursors.read(name, cursor) : []
    const rows = await Tips.find({ creator_id: user_id, state: 'sent', ...(after ? { _id: { $lt: after } } : {}) })
      .sort({ _id: -1 })
      .limit(limit + 1)
      .lean()
    const page = pageOf(rows, limit, (row) => cursors.write(name, [row._id]))
    const regards = await relations.among(user_id, page.data.map((row) => row.fan_id))
    return { ...page, data: page.data.map((row) => presentReceived(row as SentTipRow, regards.get(row.fan_id))) }
  }

  /** The tips that somebody gave, newest first, those that were never paid among them. */
  async function sent(ctx: Context, { limit = defaultLimit, cursor }: PageQuery): Promise<Page<SentTip>> {
    const { user_id } = userOf(ctx)
    const name = `tip:sent|${user_id}`
    const [after] = cursor ? cursors.read(name, cursor) : []
    const rows = await Tips.find({ fan_id: user_id, ...(after ? { _id: { $lt: after } } : {}) })
      .sort({ _id: -1 })
      .limit(limit + 1)
      .lean()
    const page = pageOf(rows, limit, (row) => cursors.write(name, [row._id]))
    const names = await accounts.namesOf(page.data.map((row) => row.creator_id))
    return { ...page, data: page.data.map((row) => presentSent(row, names.get(row.creator_id) ?? '')) }
  }

  /** Decides about a tip that waits. The same decision again is answered as the first was; another one comes too late. */
  async function moderate(ctx: Context, { tip_id, decision, mask_name = false }: ModerateTip): Promise<ReceivedTip> {
    const mine = { _id: tip_id, creator_id: userOf(ctx).user_id, state: 'sent' as const }
    return unitOfWork.run(ctx, async (tx) => {
      const found = (await Tips.findOne(mine).lean()) as SentTipRow | null
      ensure(found, 'not-found')
      const regard = await relations.between({ by: found.creator_id, whom: found.fan_id })
      const seen = { ...(mask_name || regard.silenced ? { shown_name: null } : {}), ...(regard.silenced ? { shown_message: '' } : {}) }
      const set: Partial<TipRow> = decision === 'allow' ? { moderation: 'shown', announced_at: clock.now(), ...seen } : { moderation: 'rejected' }
      const decided = (await Tips.findOneAndUpdate({ ...mine, moderation: 'pending' }, { $set: set }, { returnDocument: 'after' }).lean()) as SentTipRow | null
      const tip = decided ?? found
      ensure(tip.moderation === set.moderation, 'stale-state', `It is ${tip.moderation} already`)
      if (decided) await tx.publish('tip.moderated', { tip: presentReceived(decided, regard), announced: announcementOf(decided), fan_id: tip.fan_id })
      return presentReceived(tip, regard)
    })
  }

  /** Its payment succeeded. The state in the filter makes a second delivery of that news nothing. */
  async function complete(ctx: Context, paymentId: string): Promise<void> {
    await unitOfWork.run(ctx, async (tx) => {
      const unsent = { payment_id: paymentId, state: { $in: ['pending' as const, 'failed' as const] } }
      const row = await Tips.findOne(unsent).lean()
      if (!row) return
      // It was paid, so it arrives, whatever came between them meanwhile; only its name and its words stay unseen.
      const regard = await relations.between({ by: row.creator_id, whom: row.fan_id })
      const tip = { ...row, ...(await sending(row, { wishes: await settings.of(row.creator_id), regard, tippedBefore: row.guest === true })) }
      await Tips.updateOne(unsent, { $set: tip })
      await tx.publish('tip.sent', { tip: presentReceived(tip, regard), announced: announcementOf(tip), fan_id: row.fan_id })
      failpoints.hit('tips.complete.before-commit')
    })
  }

  /**
   * What is told of a tip in the moment in which it is sent: when, whether it is the fan's first, what the audience sees of it.
   * @param tippedBefore known to be no first: that stays true, so nobody has to look again
   */
  async function sending(tip: TipRow, { wishes, regard, tippedBefore }: { wishes: TipSettings; regard: Regard; tippedBefore: boolean }) {
    const sent_at = clock.now()
    const first_tip = !tippedBefore && !(await hasTipped(tip.fan_id, tip.creator_id))
    const { moderation, name, message } = moderateText(regard.silenced ? { name: null, message: '' } : { name: tip.anonymous ? null : tip.fan_name, message: tip.message }, wishes)
    return { state: 'sent' as const, sent_at, first_tip, moderation, shown_name: name, shown_message: message, ...(isShown(moderation) ? { announced_at: sent_at } : {}) }
  }

  async function hasTipped(fanId: string, creatorId: string): Promise<boolean> {
    return (await Tips.exists({ creator_id: creatorId, fan_id: fanId, first_tip: true })) !== null
  }

  /** Who sent it to whom, with which words. Null when there is no such tip, or it was never paid. */
  async function partiesOf(tipId: string): Promise<{ fan_id: string; creator_id: string; message: string } | null> {
    return Tips.findOne({ _id: tipId, state: 'sent' }, { fan_id: 1, creator_id: 1, message: 1 }).lean()
  }

  /** What the audience sees of these tips at this moment; one that it does not see is missing. */
  async function announcementsOf(tipIds: readonly string[]): Promise<ReadonlyMap<string, AnnouncedTip>> {
    const rows = (await Tips.find({ _id: { $in: tipIds }, announced_at: { $exists: true } }).lean()) as SentTipRow[]
    const told = new Map<string, AnnouncedTip>()
    for (const creator_id of new Set(rows.map((row) => row.creator_id))) {
      const theirs = rows.filter((row) => row.creator_id === creator_id && isShown(row.moderation))
      const regards = await relations.among(creator_id, theirs.map((row) => row.fan_id))
      for (const row of theirs) told.set(row._id, presentAnnounced(row, regards.get(row.fan_id)))
    }
    return told
  }

  async function giveUp(paymentId: string): Promise<void> {
    await Tips.updateOne({ payment_id: paymentId, state: 'pending' }, { $set: { state: 'failed' } })
  }

  async function ownersOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const rows = await Tips.find({ _id: { $in: ids } }, { fan_id: 1 }).lean()
    return new Map(rows.map((row) => [row._id, row.fan_id]))
  }

  async function ownersOfPayments(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const rows = await Tips.find({ payment_id: { $in: ids } }, { payment_id: 1, fan_id: 1, guest: 1 }).lean()
    return new Map(rows.map((row) => [row.payment_id, row.guest ? 'anonymous' : row.fan_id]))
  }

  async function parties(ctx: Context, input: InitiateTip) {
    const { user_id } = userOf(ctx)
    const { creator_id } = input
    const [creator, fan, wishes, regard, tippedBefore] = await Promise.all([
      profiles.creator(creator_id),
      accounts.find(user_id),
      settings.of(creator_id),
      relations.between({ by: creator_id, whom: user_id }),
      hasTipped(user_id, creator_id),
    ])
    ensure(canTip(ctx.actor, creator), 'self')
    ensure(!regard.blocked, 'blocked')
    const currency = payments.ensurePayable(input)
    ensure(fan, 'session-revoked')
    settings.ensureAccepted(input.amount, wishes)
    return { fan, creator, currency, wishes, regard, tippedBefore }
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
