import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { type CreatePaymentMethod, type PaymentMethod } from './contract.ts'
import type { MethodRow, PaymentModels } from './model.ts'
import { type PaymentProvider, ProviderRefused, ProviderUnavailable } from './port.ts'

const most = 10

export type MethodService = ReturnType<typeof createMethods>

/** Ways to pay that people leave here, so that renewals need not wait for them. The company keeps the card; here is only its name for it. */
export function createMethods({ models: { Methods }, defaultProvider, unitOfWork, clock }: { models: PaymentModels; defaultProvider: PaymentProvider; unitOfWork: UnitOfWork; clock: Clock }) {
  return Object.freeze({ create, list, remove, usable, ownersOf, allOf, removeAll })

  /** @throws AppError `payment-declined` when the company will not keep it, `retry` while it does not answer, `conflict` beyond ten */
  async function create(ctx: Context, details: CreatePaymentMethod): Promise<PaymentMethod> {
    const user_id = ownerOf(ctx)
    ensure((await Methods.countDocuments({ user_id, removed_at: { $exists: false } })) < most, 'conflict', `At most ${most}: remove one first`)
    const _id = newId('pmt')
    // Nothing is charged by it, so one that is kept there and lost here on the way costs nobody anything.
    const saved = await ask(() => defaultProvider.saveMethod(_id, details))
    return unitOfWork.run(ctx, async (tx) => {
      const row: MethodRow = { _id, user_id, kind: details.kind, provider: defaultProvider.name, ...saved, created_at: clock.now() }
      tx.insert(Methods, [row])
      return presentMethod(row)
    })
  }

  async function list(ctx: Context): Promise<{ data: PaymentMethod[] }> {
    const rows = await Methods.find({ user_id: ownerOf(ctx), removed_at: { $exists: false } })
      .sort({ _id: -1 })
      .lean()
    return { data: rows.map(presentMethod) }
  }

  /** What is paid with it falls due as before, and is refused then. */
  async function remove(ctx: Context, { payment_method_id }: { payment_method_id: string }): Promise<PaymentMethod> {
    const mine = { _id: payment_method_id, user_id: ownerOf(ctx) }
    await Methods.updateOne({ ...mine, removed_at: { $exists: false } }, { $set: { removed_at: clock.now() } })
    return presentMethod((await Methods.findOne(mine).lean()) ?? fail('not-found'))
  }

  /** Undefined unless it is that person's, and still there. */
  async function usable(userId: string, methodId: string): Promise<MethodRow | undefined> {
    return (await Methods.findOne({ _id: methodId, user_id: userId, removed_at: { $exists: false } }).lean()) ?? undefined
  }

  async function ownersOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const rows = await Methods.find({ _id: { $in: ids } }, { user_id: 1 }).lean()
    return new Map(rows.map((row) => [row._id, row.user_id]))
  }

  async function allOf(userId: string): Promise<PaymentMethod[]> {
    return (await Methods.find({ user_id: userId }).lean()).map(presentMethod)
  }

  async function removeAll(userId: string): Promise<void> {
    await Methods.updateMany({ user_id: userId, removed_at: { $exists: false } }, { $set: { removed_at: clock.now() } })
  }
}

async function ask<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await question()
  } catch (error) {
    if (error instanceof ProviderRefused) fail('payment-declined', `The payment company refused: ${error.reason}`)
    if (error instanceof ProviderUnavailable) fail('retry', { detail: 'The payment company does not answer; send the same request again', retry_after_ms: 2_000 })
    throw error
  }
}

function presentMethod({ _id, kind, provider, label, created_at }: MethodRow): PaymentMethod {
  return { payment_method_id: _id, kind, provider, label, created_at: created_at.toISOString() }
}

function ownerOf(ctx: Context): string {
  return ctx.actor.kind === 'user' ? ctx.actor.user_id : fail('unauthenticated')
}
