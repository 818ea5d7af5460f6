import type { PublicTipSettings } from '../../features/tips/contract.ts'
import type { Currency } from '../../kernel/currency.ts'
import { formatMoney, parseMoney } from '../format.ts'
import { Said } from './words.ts'

/** What was typed as a tip, in minor units. @throws Said when it is no amount, or none that this creator takes */
export function tipAmountOf(typed: string, { tip_min, tip_max, currency, name }: Pick<PublicTipSettings, 'tip_min' | 'tip_max' | 'currency'> & { name: string }): number {
  const amount = parseMoney(typed, currency as Currency)
  if (amount === undefined) throw new Said('Please type an amount like 25 or 25.50.')
  if (amount < tip_min || amount > tip_max) throw new Said(`${name} takes tips from ${formatMoney(tip_min, currency)} to ${formatMoney(tip_max, currency)}.`)
  return amount
}
