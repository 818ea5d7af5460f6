import { createHash } from 'node:crypto'
import { type Currency, capOf } from '../../kernel/currency.ts'
import { balanceId, kindOf, type Side } from './chart.ts'
import type { Party, SealedEntry } from './contract.ts'

export interface Posting {
  account: string
  side: Side
  /** minor units, 1…cap */
  amount: number
}

/** One immutable, balanced movement of money. It holds ids and numbers only: erasing a person must never touch a hashed byte. */
export interface Entry {
  /** unique for ever: the same business fact can't be posted twice */
  reference: string
  /** what happened, a fixed word: `tip`, `top-up`, `late-success` */
  reason: string
  currency: Currency
  /** the document that the money moved for */
  source: string
  /** who or what caused it */
  actor: string
  /** the inbox row that brought the news, when one did */
  cause?: string
  postings: Posting[]
}

export interface EntryRow extends Entry {
  _id: string
  at: Date
  /** 128 random bits, from which each party's blinding is derived */
  nonce: string
}

/** @throws Error when it is not balanced, names an account twice or an amount is out of bounds: a fault of ours */
export function ensureBalanced(entry: Entry): void {
  const { postings, currency, reference } = entry
  if (postings.length < 2) throw new Error(`${reference}: an entry has at least two postings`)
  if (new Set(postings.map((posting) => posting.account)).size !== postings.length) throw new Error(`${reference}: an account stands twice`)
  for (const { account, amount } of postings) {
    kindOf(account)
    if (!Number.isSafeInteger(amount) || amount < 1 || amount > capOf(currency)) throw new Error(`${reference}: ${amount} is no amount`)
  }
  if (sum(postings, 'debit') !== sum(postings, 'credit')) throw new Error(`${reference}: debits and credits differ`)
}

export function sum(postings: readonly Posting[], side: Side): number {
  return postings.filter((posting) => posting.side === side).reduce((total, posting) => total + posting.amount, 0)
}

/** What a posting does to its balance, counted on the account's normal side. */
export function deltaOf(posting: Posting): number {
  return posting.side === kindOf(posting.account).normal ? posting.amount : -posting.amount
}

export interface Delta {
  /** balance id */
  balance: string
  delta: number
}

export function deltasOf(entry: Pick<Entry, 'postings' | 'currency'>): Delta[] {
  return entry.postings.map((posting) => ({ balance: balanceId(posting.account, entry.currency), delta: deltaOf(posting) }))
}

/**
 * An entry as a batch seals it. Its parties are commitments, so that a proof can show the amounts to one party without naming the other:
 * who is told a name and its blinding can recompute the commitment; without the blinding nobody can guess it.
 * @param mayName which parties are told by name
 */
export function sealEntry(row: EntryRow, mayName: (party: string) => boolean = () => false): SealedEntry {
  const party = (name: string, index: number): Party => {
    const blinding = createHash('sha256').update(`${row.nonce}:${index}`).digest('hex')
    return { commitment: commit(name, blinding), ...(mayName(name) ? { name, blinding } : {}) }
  }
  return {
    entry_id: row._id,
    reference: row.reference,
    reason: row.reason,
    currency: row.currency,
    source: row.source,
    cause: row.cause ?? null,
    at: row.at.toISOString(),
    actor: party(row.actor, 0),
    postings: row.postings.map(({ account, side, amount }, index) => ({ account: party(account, index + 1), side, amount })),
  }
}

export function commit(name: string, blinding: string): string {
  return createHash('sha256').update(JSON.stringify([name, blinding])).digest('hex')
}

/** The bytes that a batch seals. Field order is fixed here and never changes; a new field would need a new version word. */
export function canonicalEntry({ entry_id, reference, reason, currency, source, actor, cause, at, postings }: SealedEntry): string {
  return JSON.stringify(['v1', entry_id, reference, reason, currency, source, actor.commitment, cause, at, postings.map(({ account, side, amount }) => [account.commitment, side, amount])])
}
