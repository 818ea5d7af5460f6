import type { Clock } from '../../kernel/clock.ts'
import type { Context, Logger } from '../../kernel/context.ts'
import type { DueRow } from '../../kernel/feature.ts'
import type { Failpoints } from '../../platform/failpoint.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { Vault } from '../../platform/vault.ts'
import { type PaymentProvider, type ProviderTransfer, ProviderRefused, ProviderUnavailable } from '../payments/index.ts'
import type { Freeze } from './freeze.ts'
import type { PayoutModels, PayoutRow } from './model.ts'
import type { Moving } from './moving.ts'
import { termsOf } from './terms.ts'

const pageSize = 100
const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
/** between two questions about a transfer; the last one goes on */
const askAgainMs = [minuteMs / 2, minuteMs, 5 * minuteMs, 15 * minuteMs, 60 * minuteMs]
/** for so long after it was sent a bank may send it back */
const returnsMs = 14 * dayMs

export interface SendingDependencies {
  models: PayoutModels
  moving: Moving
  freeze: Freeze
  provider: Pick<PaymentProvider, 'transfer' | 'queryTransfer'>
  unitOfWork: UnitOfWork
  vault: Vault
  clock: Clock
  context: () => Context
  failpoints: Failpoints
  log: Logger
}

export type Sending = ReturnType<typeof createSending>

/** What time does to payouts: lets go what was held, sends what was approved, asks what became of it, and hears of what came back. */
export function createSending({ models: { Payouts }, moving, freeze, provider, unitOfWork, vault, clock, context, failpoints, log }: SendingDependencies) {
  return Object.freeze({ next, runDue })

  async function next(): Promise<DueRow | null> {
    const row = await Payouts.findOne({ due_at: { $exists: true } }, { due_at: 1 }).sort({ due_at: 1 }).lean()
    return row?.due_at ? { at: row.due_at, row: row._id } : null
  }

  async function runDue(now: Date): Promise<number> {
    const rows = await Payouts.find({ due_at: { $lte: now } })
      .sort({ due_at: 1, _id: 1 })
      .limit(pageSize)
      .lean()
    let moved = 0
    for (const row of rows)
      await lookAt(row, now).then(
        () => void moved++,
        (error: unknown) => log.error({ err: error, payout_id: row._id }, 'a payout could not be looked at; it stays due'),
      )
    return moved
  }

  async function lookAt(row: PayoutRow, now: Date): Promise<unknown> {
    switch (row.state) {
      case 'held':
        return unless(row, (tx, found) => moving.move(tx, context(), found, 'pending', { due_at: null, reason: null }))
      case 'approved':
        return send(row, now)
      case 'processing':
        return ask(row, now)
      case 'completed':
        return watch(row, now)
      default:
        return unless(row, (_tx, found) => moving.note(found, { due_at: null }))
    }
  }

  /** First it is written down that it is on its way; then the company is asked, under the payout's own id: once, however often this runs. */
  async function send(row: PayoutRow, now: Date): Promise<void> {
    const obstacle = await obstacleOf(row)
    if (obstacle !== undefined) {
      log.error({ payout_id: row._id, obstacle }, 'an approved payout was not sent')
      await unless(row, (_tx, found) => moving.note(found, { due_at: new Date(now.getTime() + 60 * minuteMs), reason: obstacle }))
      return
    }
    const sent = await unless(row, (tx, found) => moving.move(tx, context(), found, 'processing', { due_at: new Date(now.getTime() + (askAgainMs[0] as number)), reason: null }))
    failpoints.hit('payouts.send.after-intent')
    if (sent) await transfer(sent)
  }

  async function transfer(row: PayoutRow): Promise<void> {
    try {
      const told = await provider.transfer({ reference: row._id, amount: row.amount, currency: row.currency, ...destinationOf(row) })
      failpoints.hit('payouts.send.after-provider')
      await settle(row, told)
      failpoints.hit('payouts.send.after-commit')
    } catch (error) {
      if (error instanceof ProviderRefused) await settle(row, { status: 'failed', failure_reason: error.reason, amount: row.amount, currency: row.currency })
      else if (error instanceof ProviderUnavailable) log.warn({ payout_id: row._id }, 'the provider does not answer; what became of the payout is asked for later')
      else throw error
    }
  }

  /** What nobody knows of is asked for. A company that never heard of it is told again under the same id; it is never sent under another. */
  async function ask(row: PayoutRow, now: Date): Promise<void> {
    const wait = askAgainMs[Math.min(row.asked + 1, askAgainMs.length - 1)] as number
    const asked = await unitOfWork.run(context(), () => moving.note(row, { asked: row.asked + 1, due_at: new Date(now.getTime() + wait) }))
    const told = await provider.queryTransfer(row._id).catch((error: unknown) => {
      if (error instanceof ProviderUnavailable) return undefined
      throw error
    })
    if (told?.status === 'not_found') {
      if ((await obstacleOf(asked)) === undefined) await transfer(asked)
    } else if (told) await settle(asked, told)
  }

  async function watch(row: PayoutRow, now: Date): Promise<void> {
    const told = await provider.queryTransfer(row._id).catch(() => undefined)
    const sentAt = row.transitions.find((step) => step.to === 'completed')?.at ?? now
    const due_at = now.getTime() - sentAt.getTime() < returnsMs ? new Date(now.getTime() + dayMs) : null
    if (told?.status === 'returned') await settle(row, told)
    else await unless(row, (_tx, found) => moving.note(found, { due_at }))
  }

  async function settle(row: PayoutRow, told: Pick<ProviderTransfer, 'status' | 'amount' | 'currency' | 'failure_reason'> & { provider_transfer_id?: string }): Promise<void> {
    if (told.amount !== row.amount || told.currency !== row.currency) return log.error({ payout_id: row._id }, 'the provider tells another amount of a payout than was sent')
    const provider_transfer_id = told.provider_transfer_id ?? null
    const now = clock.now()
    await unless(row, async (tx, found) => {
      if (told.status === 'processing') return moving.note(found, provider_transfer_id ? { provider_transfer_id } : {})
      if (told.status === 'failed') return moving.move(tx, context(), found, 'failed', { reason: told.failure_reason ?? 'failed', due_at: null, ...(provider_transfer_id ? { provider_transfer_id } : {}) })
      const done = found.state === 'processing' ? await moving.move(tx, context(), found, 'completed', { provider_transfer_id, due_at: new Date(now.getTime() + dayMs) }) : found
      return told.status === 'returned' ? moving.move(tx, context(), done, 'returned', { reason: told.failure_reason ?? 'returned', due_at: null }) : done
    })
  }

  /** Unless somebody else has moved it on meanwhile: undefined then. */
  async function unless(row: PayoutRow, work: (tx: Parameters<Moving['move']>[0], row: PayoutRow) => Promise<PayoutRow>): Promise<PayoutRow | undefined> {
    return unitOfWork.run(context(), async (tx) => {
      const found = await Payouts.findOne({ _id: row._id, state: row.state }).lean()
      return found ? work(tx, found) : undefined
    })
  }

  /** Why money must not leave just now. Looked at before each time that it may, also when it is told again. */
  async function obstacleOf(row: PayoutRow): Promise<string | undefined> {
    return (await freeze.reason()) ?? (isAsAgreed(row) ? undefined : 'It is not what was agreed to')
  }

  /** What leaves is what was asked for, and what each of those who agreed to it has seen. */
  function isAsAgreed(row: PayoutRow): boolean {
    const terms = termsOf({ payout_id: row._id, amount: row.amount, currency: row.currency, ...destinationOf(row) })
    return terms === row.terms && row.approvals.length > 0 && row.approvals.every((each) => each.terms === terms && each.admin_id !== row.creator_id)
  }

  function destinationOf(row: PayoutRow): { bank_account: string; account_name: string } {
    return { bank_account: vault.open(row.bank_account, row._id), account_name: vault.open(row.account_name, row._id) }
  }
}
