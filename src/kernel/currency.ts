/** ISO 4217 codes that this server accepts, with the number of decimals of their minor unit. Frozen here, because ICU data moves with Node. */
const exponents = {
  AED: 2, ARS: 2, AUD: 2, BDT: 2, BGN: 2, BHD: 3, BIF: 0, BRL: 2, BWP: 2, CAD: 2, CDF: 2, CHF: 2, CLP: 0, CNY: 2, COP: 2, CZK: 2, DJF: 0, DKK: 2,
  DZD: 2, EGP: 2, ETB: 2, EUR: 2, GBP: 2, GHS: 2, GMD: 2, GNF: 0, HKD: 2, HUF: 2, IDR: 2, ILS: 2, INR: 2, ISK: 0, JMD: 2, JOD: 3, JPY: 0, KES: 2,
  KMF: 0, KRW: 0, KWD: 3, LKR: 2, LSL: 2, LYD: 3, MAD: 2, MGA: 2, MUR: 2, MWK: 2, MXN: 2, MYR: 2, MZN: 2, NAD: 2, NGN: 2, NOK: 2, NPR: 2, NZD: 2,
  OMR: 3, PEN: 2, PHP: 2, PKR: 2, PLN: 2, PYG: 0, QAR: 2, RON: 2, RWF: 0, SAR: 2, SCR: 2, SEK: 2, SGD: 2, SLE: 2, SZL: 2, THB: 2, TND: 3, TRY: 2,
  TTD: 2, TWD: 2, TZS: 2, UAH: 2, UGX: 0, USD: 2, UYU: 2, VND: 0, XAF: 0, XOF: 0, XPF: 0, ZAR: 2, ZMW: 2,
} as const

export type Currency = keyof typeof exponents

export const currencies = Object.freeze(Object.keys(exponents) as Currency[])

export function isCurrency(code: string): code is Currency {
  return Object.hasOwn(exponents, code)
}

/** Decimals of the minor unit: 2 for ZMW, 0 for JPY, 3 for KWD. */
export function exponentOf(currency: Currency): number {
  return exponents[currency]
}

/** Minor units as one would type them: 2550 ZMW is "25.50". Digits are moved, never divided: no float is asked. */
export function inMajorUnits(amount: number, currency: string): string {
  const exponent = isCurrency(currency) ? exponentOf(currency) : 2
  const digits = String(amount).padStart(exponent + 1, '0')
  return exponent === 0 ? digits : `${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`
}

/** The largest amount one entry may move, in minor units: ten million major units. */
export function capOf(currency: Currency): number {
  return 10_000_000 * 10 ** exponents[currency]
}
