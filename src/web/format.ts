import { type Currency, exponentOf, isCurrency } from '../kernel/currency.ts'

/** Minor units as people read them: 2500 ZMW is "ZMW 25.00". */
export function formatMoney(amount: number, currency: string): string {
  const exponent = isCurrency(currency) ? exponentOf(currency) : 2
  return new Intl.NumberFormat(undefined, { style: 'currency', currency, currencyDisplay: 'code', minimumFractionDigits: exponent, maximumFractionDigits: exponent }).format(amount / 10 ** exponent)
}

/** What people type, in major units, as minor units; undefined when it is no amount. Digits are moved, never multiplied: no float is asked. */
export function parseMoney(text: string, currency: Currency): number | undefined {
  const exponent = exponentOf(currency)
  const match = /^\s*(\d{1,12})(?:[.,](\d*))?\s*$/.exec(text)
  if (!match) return undefined
  const fraction = match[2] ?? ''
  if (fraction.length > exponent) return undefined
  const amount = Number(`${match[1]}${fraction.padEnd(exponent, '0')}`)
  return Number.isSafeInteger(amount) && amount > 0 ? amount : undefined
}
