import { Temporal } from 'temporal-polyfill'
import type { Clock } from '../../kernel/clock.ts'
import type { Context, Logger } from '../../kernel/context.ts'
import type { Currency } from '../../kernel/currency.ts'
import { AppError, ensure } from '../../kernel/errors.ts'
import type { DueRow } from '../../kernel/feature.ts'
import type { Audit } from '../../platform/audit.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { Vault } from '../../platform/vault.ts'
import { type AccountService, type StepUp, userOf } from '../accounts/index.ts'
import { account, type Ledger } from '../ledger/index.ts'
import type { Profiles } from '../profiles/index.ts'
import type { PayoutPlan, PayoutSettings } from './contract.ts'
import type { PayoutModels, PlanRow } from './model.ts'
import type { Requesting } from './requesting.ts'

const pageSize = 100
/** of the creator's day: after the night's maturation in most zones */
const hour = 6

export interface PlanDependencies {
  models: PayoutModels
  requesting: Pick<Requesting, 'reserve'>
  ledger: Pick<Ledger, 'balanceOf'>
  profiles: Pick<Profiles, 'creator' | 'destinations'>
  accounts: Pick<AccountService, 'find'>
  stepUp: StepUp
  unitOfWork: UnitOfWork
  vault: Vault
  audit: Audit
  clock: Clock
  context: () => Context
  currency: Currency
  minimum: number
  log: Logger
}

export type Plans = ReturnType<typeof createPlans>

/** Payouts that nobody has to ask for: all that is available, on a weekday or as soon as there is enough. They are approved like any other. */
export function createPlans({ models, requesting, ledger, profiles, accounts, stepUp, unitOfWork, vault, audit, clock, context, currency, minimum, log }: PlanDependencies) {
  return Object.freeze({ read, set, next, runDue, erase })

  async function read(ctx: Context): Promise<PayoutSettings> {
    const { user_id } = userOf(ctx)
    return present(user_id, await models.Plans.findById(user_id).lean())
  }

  /** @throws AppError `step-up-required`, `validation` for a plan that does not say when */
  async function set(ctx: Context, { mode, weekday, threshold, account_name }: PayoutPlan): Promise<PayoutSettings> {
    const { user_id } = userOf(ctx)
    await stepUp.ensure(ctx)
    ensure(mode !== 'weekly' || weekday !== null, 'validation', { errors: [{ path: 'weekday', code: 'required', detail: 'says on which day' }] })
    ensure(mode !== 'threshold' || threshold !== null, 'validation', { errors: [{ path: 'threshold', code: 'required', detail: 'says from how much on' }] })
    ensure(mode === 'off' || (threshold ?? minimum) >= minimum, 'amount', `The least that is paid out is ${minimum}`)
    const { time_zone } = await profiles.creator(user_id)
    const plan: PlanRow = { _id: user_id, mode, weekday: mode === 'weekly' ? weekday : null, threshold: mode === 'threshold' ? threshold : null, account_name: vault.seal(account_name, user_id) }
    const due_at = nextLook(plan, clock.now(), time_zone)
    await unitOfWork.run(ctx, async (tx) => {
      const { _id, ...rest } = plan
      await models.Plans.updateOne({ _id }, due_at ? { $set: { ...rest, due_at } } : { $set: rest, $unset: { due_at: 1 } }, { upsert: true })
      await audit.record(tx, ctx, { action: 'payout.plan-set', subject: user_id, details: { mode } })
    })
    return read(ctx)
  }

  async function next(): Promise<DueRow | null> {
    const row = await models.Plans.findOne({ due_at: { $exists: true } }, { due_at: 1 }).sort({ due_at: 1 }).lean()
    return row?.due_at ? { at: row.due_at, row: row._id } : null
  }

  async function runDue(now: Date): Promise<number> {
    const rows = await models.Plans.find({ due_at: { $lte: now } })
      .sort({ due_at: 1, _id: 1 })
      .limit(pageSize)
      .lean()
    let moved = 0
    for (const row of rows)
      await follow(row, now).then(
        () => void moved++,
        (error: unknown) => log.error({ err: error, creator_id: row._id }, 'a payout plan could not be followed; it stays due'),
      )
    return moved
  }

  /** The next look and the payout are one: seen twice, it pays once. What stands in the way today is looked at again at the next time. */
  async function follow(row: PlanRow, now: Date): Promise<void> {
    const creator = await accounts.find(row._id)
    const isCreator = creator?.role === 'creator' && !creator.suspended_at && !creator.erased_at
    const due_at = isCreator ? nextLook(row, now, (await profiles.creator(row._id)).time_zone) : undefined
    const moveOn = () => models.Plans.updateOne({ _id: row._id, due_at: row.due_at as Date }, due_at ? { $set: { due_at } } : { $unset: { due_at: 1 } })
    const amount = await ledger.balanceOf(account.available(row._id), currency)
    if (!isCreator || amount < Math.max(minimum, row.threshold ?? 0)) return void (await moveOn())
    try {
      await unitOfWork.run(context(), async (tx) => {
        if ((await moveOn()).modifiedCount === 1) await requesting.reserve(tx, context(), { creator_id: row._id, amount, account_name: vault.open(row.account_name, row._id), automatic: true })
      })
    } catch (error) {
      if (!(error instanceof AppError) || error.code === 'retry') throw error
      log.info({ creator_id: row._id, code: error.code }, 'nothing was paid out by plan')
      await moveOn()
    }
  }

  /** With whoever leaves goes their plan. */
  async function erase(userId: string): Promise<void> {
    await models.Plans.deleteOne({ _id: userId })
  }

  async function present(userId: string, row: PlanRow | null): Promise<PayoutSettings> {
    const { bank_account } = await profiles.destinations.of(userId)
    return {
      mode: row?.mode ?? 'off',
      weekday: row?.weekday ?? null,
      threshold: row?.threshold ?? null,
      account_name: row ? vault.open(row.account_name, userId) : '',
      next_at: row?.due_at?.toISOString() ?? null,
      account_ending: bank_account?.slice(-4) ?? null,
      minimum,
      available: await ledger.balanceOf(account.available(userId), currency),
      currency,
    }
  }
}

/** The first morning after a moment on which a plan looks whether there is something to pay out. */
export function nextLook({ mode, weekday }: Pick<PlanRow, 'mode' | 'weekday'>, after: Date, timeZone = 'UTC'): Date | undefined {
  if (mode === 'off') return undefined
  const now = Temporal.Instant.fromEpochMilliseconds(after.getTime()).toZonedDateTimeISO(timeZone)
  for (let days = 0; ; days++) {
    const morning = now.toPlainDate().add({ days }).toZonedDateTime({ timeZone, plainTime: { hour } })
    if (morning.epochMilliseconds > after.getTime() && (mode === 'threshold' || morning.dayOfWeek === weekday)) return new Date(morning.epochMilliseconds)
  }
}
