import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { fail } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import type { Audit } from '../../platform/audit.ts'
import type { Mails } from '../../platform/mail.ts'
import type { Vault } from '../../platform/vault.ts'
import type { AccountService } from '../accounts/index.ts'
import type { ProfileModels } from './model.ts'

/** Where a creator's earnings go. */
export interface Destination {
  bank_account: string | null
  /** when it took the place of another one; null for the first */
  changed_at: Date | null
}

export type Destinations = ReturnType<typeof createDestinations>

/** Bank accounts of creators. Whoever takes over an account changes this first: so each change is told to its owner, and payouts wait after it. */
export function createDestinations({ models: { Profiles }, accounts, mails, audit, vault, clock }: { models: ProfileModels; accounts: Pick<AccountService, 'find'>; mails: Pick<Mails, 'send'>; audit: Audit; vault: Vault; clock: Clock }) {
  return Object.freeze({ of, set })

  async function of(creatorId: string): Promise<Destination> {
    const row = (await Profiles.findById(creatorId, { bank_account: 1, bank_changed_at: 1 }).lean()) ?? fail('not-found')
    return { bank_account: row.bank_account ? vault.open(row.bank_account, creatorId) : null, changed_at: row.bank_changed_at ?? null }
  }

  /** The same one again changes nothing. One that follows on another, also on one that was taken away, counts as changed from now. */
  async function set(tx: Tx, ctx: Context, creatorId: string, bankAccount: string | null): Promise<Destination> {
    const before = await of(creatorId)
    if (before.bank_account === bankAccount) return before
    const isFirst = before.bank_account === null && before.changed_at === null
    const changed_at = isFirst ? null : clock.now()
    await Profiles.updateOne(
      { _id: creatorId },
      { $set: { ...(bankAccount === null ? {} : { bank_account: vault.seal(bankAccount, creatorId) }), ...(changed_at ? { bank_changed_at: changed_at } : {}) }, ...(bankAccount === null ? { $unset: { bank_account: 1 } } : {}) },
    )
    await audit.record(tx, ctx, { action: 'profile.bank-account-changed', subject: creatorId, details: { removed: bankAccount === null } })
    const creator = await accounts.find(creatorId)
    if (creator && !isFirst) await mails.send(tx, letter(creator, bankAccount))
    return { bank_account: bankAccount, changed_at }
  }
}

function letter({ email, full_name }: { email: string; full_name: string }, bankAccount: string | null): { to: string; subject: string; text: string } {
  const what = bankAccount === null ? 'Your bank account was taken out of your profile.' : `Your earnings go to the bank account that ends with ${bankAccount.slice(-4)} from now on. Payouts to it wait for three days.`
  return { to: email, subject: 'Your bank account was changed', text: `Hello ${full_name},\n\n${what}\n\nIf it was not you, choose a new password at once, and write to us.\n` }
}
