import { expect } from 'chai'
import fc from 'fast-check'
import { capOf, currencies, exponentOf } from '../../src/kernel/currency.ts'
import { splitFee } from '../../src/kernel/money.ts'

describe('money', () => {
  it('rounds half a minor unit of fee up and gives the creator the rest', () => {
    expect(splitFee(1000, 500)).to.deep.equal({ fee: 50, net: 950 })
    expect(splitFee(10, 500)).to.deep.equal({ fee: 1, net: 9 })
    expect(splitFee(9, 500)).to.deep.equal({ fee: 0, net: 9 })
    expect(splitFee(1, 5000)).to.deep.equal({ fee: 1, net: 0 })
  })

  it('never loses or makes a unit, whatever the amount and the rate', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), fc.integer({ min: 0, max: 10_000 }), (gross, bps) => {
        const { fee, net } = splitFee(gross, bps)
        const exact = (BigInt(gross) * BigInt(bps)) / 10_000n
        return fee + net === gross && fee >= 0 && net >= 0 && BigInt(fee) - exact <= 1n && BigInt(fee) >= exact
      }),
      { verbose: true },
    )
  })

  it('gives three decimals to the same currencies as Intl, and none to none that Intl gives some', () => {
    // ICU also rounds some currencies with two decimals to whole units, as their cash does; ISO 4217 does not, so only one direction holds.
    for (const currency of currencies) {
      const digits = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits
      if (digits === 3 || exponentOf(currency) === 3) expect(exponentOf(currency), currency).to.be.oneOf([3, digits])
      if (exponentOf(currency) === 0) expect(digits, currency).to.equal(0)
      expect(Number.isSafeInteger(capOf(currency)), currency).to.equal(true)
    }
  })
})
