import { type Currency, capOf } from './currency.ts'
import { ensure } from './errors.ts'

/**
 * Splits a gross amount into the platform's fee and what the creator gets. Halves go up; fee + net is the gross exactly.
 * BigInt only inside: gross × bps may pass 2^53.
 */
export function splitFee(gross: number, feeBps: number): { fee: number; net: number } {
  const fee = Number((BigInt(gross) * BigInt(feeBps) + 5_000n) / 10_000n)
  return { fee, net: gross - fee }
}

/** @throws AppError `amount` when it is no safe integer between 1 and the currency's cap */
export function ensureAmount(amount: number, currency: Currency): void {
  ensure(Number.isSafeInteger(amount) && amount >= 1 && amount <= capOf(currency), 'amount', `Between 1 and ${capOf(currency)} minor units`)
}
