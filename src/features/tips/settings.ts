import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { capOf, type Currency } from '../../kernel/currency.ts'
import { ensure } from '../../kernel/errors.ts'
import { userOf } from '../accounts/index.ts'
import type { Profiles } from '../profiles/index.ts'
import type { PublicTipSettings, TipSettings, UpdateTipSettings } from './contract.ts'
import type { TipModels } from './model.ts'

export type TipSettingsService = ReturnType<typeof createTipSettings>

/** What a creator takes as a tip, and what of it is shown. Who has set nothing takes everything and shows it at once. */
export function createTipSettings({ models, profiles, clock, defaultCurrency }: { models: TipModels; profiles: Profiles; clock: Clock; defaultCurrency: Currency }) {
  const { Settings } = models

  return Object.freeze({ mine, update, publicPart, of, ensureAccepted })

  async function mine(ctx: Context): Promise<TipSettings> {
    return of(userOf(ctx).user_id)
  }

  async function update(ctx: Context, input: UpdateTipSettings): Promise<TipSettings> {
    ensure(input.currency === defaultCurrency, 'currency', `Amounts here are in ${defaultCurrency}`)
    ensure(input.min_amount <= input.max_amount && input.max_amount <= capOf(defaultCurrency), 'amount', `The least may not pass the most, nor that ${capOf(defaultCurrency)}`)
    const { user_id } = userOf(ctx)
    const { min_amount, max_amount, currency, moderation, filter, guests = (await of(user_id)).guests } = input
    const settings: TipSettings = { min_amount, max_amount, currency, moderation, filter, guests }
    await Settings.updateOne({ _id: user_id }, { $set: { settings, updated_at: clock.now() } }, { upsert: true })
    return settings
  }

  async function publicPart(_ctx: Context, { creator_id }: { creator_id: string }): Promise<PublicTipSettings> {
    await profiles.creator(creator_id)
    const { min_amount, max_amount, currency, guests } = await of(creator_id)
    return { creator_id, tip_min: min_amount, tip_max: max_amount, currency, guests }
  }

  async function of(creatorId: string): Promise<TipSettings> {
    const row = await Settings.findById(creatorId).lean()
    const unset: TipSettings = { min_amount: 1, max_amount: capOf(defaultCurrency), currency: defaultCurrency, moderation: 'auto', filter: { words: [], action: 'hide-text', hide_links: false }, guests: true }
    return { ...unset, ...row?.settings }
  }

  /** @throws AppError `amount` outside of what the creator takes */
  function ensureAccepted(amount: number, { min_amount, max_amount }: TipSettings): void {
    ensure(amount >= min_amount && amount <= max_amount, 'amount', `This creator takes ${min_amount} to ${max_amount} minor units`)
  }
}
