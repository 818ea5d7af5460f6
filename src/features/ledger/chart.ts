import { type Currency, isCurrency } from '../../kernel/currency.ts'

/**
 * How an account's balance is kept, which decides what may contend for it.
 * - guarded: both directions move the balance document at once; the guard is in the filter. For money that somebody may spend.
 * - accrual: a credit is only a delta row, so a thousand never conflict; a debit sums up and moves the document.
 * - open: delta rows both ways, any sign. For the platform's own accounts.
 */
export type AccountClass = 'guarded' | 'accrual' | 'open'
export type Side = 'debit' | 'credit'

interface Kind {
  pattern: RegExp
  class: AccountClass
  /** the side on which the account grows */
  normal: Side
}

const party = '(usr_[0-9a-f]{32})'
const word = '[a-z][a-z0-9_-]{0,31}'

const kinds: readonly Kind[] = [
  { pattern: new RegExp(`^user:${party}:(cash|held)$`), class: 'guarded', normal: 'credit' },
  { pattern: new RegExp(`^creator:${party}:pending$`), class: 'accrual', normal: 'credit' },
  { pattern: new RegExp(`^creator:${party}:(available|payout_reserved|dispute_hold)$`), class: 'guarded', normal: 'credit' },
  { pattern: new RegExp(`^debt:${party}$`), class: 'guarded', normal: 'debit' },
  { pattern: new RegExp(`^provider:${word}:clearing$`), class: 'open', normal: 'debit' },
  { pattern: new RegExp(`^platform:revenue:${word}$`), class: 'open', normal: 'credit' },
  { pattern: /^platform:(provider_fees|losses|goodwill)$/, class: 'open', normal: 'debit' },
  { pattern: new RegExp(`^suspense:${word}$`), class: 'open', normal: 'credit' },
  { pattern: /^(refunds|payouts):in_transit$/, class: 'open', normal: 'credit' },
]

/** Names of accounts. Nothing else makes them. */
export const account = Object.freeze({
  cash: (userId: string) => `user:${userId}:cash`,
  held: (userId: string) => `user:${userId}:held`,
  pending: (creatorId: string) => `creator:${creatorId}:pending`,
  available: (creatorId: string) => `creator:${creatorId}:available`,
  clearing: (provider: string) => `provider:${provider}:clearing`,
  revenue: (kind: string) => `platform:revenue:${kind}`,
  suspense: (provider: string) => `suspense:${provider}`,
  debt: (creatorId: string) => `debt:${creatorId}`,
  reserved: (creatorId: string) => `creator:${creatorId}:payout_reserved`,
  refundsInTransit: 'refunds:in_transit',
  payoutsInTransit: 'payouts:in_transit',
})

/** @throws Error for a name that the chart does not know: a fault of ours, never of a client */
export function kindOf(name: string): { class: AccountClass; normal: Side } {
  const kind = kinds.find(({ pattern }) => pattern.test(name))
  if (!kind) throw new Error(`The chart of accounts has no ${name}`)
  return kind
}

/** The key of a balance: an account in one currency. */
export function balanceId(name: string, currency: Currency): string {
  return `${name}/${currency}`
}

export function splitBalanceId(id: string): { name: string; currency: Currency } {
  const cut = id.lastIndexOf('/')
  const currency = id.slice(cut + 1)
  if (cut < 0 || !isCurrency(currency)) throw new Error(`${id} is no balance`)
  return { name: id.slice(0, cut), currency }
}
