import { expect } from 'chai'
import fc from 'fast-check'
import { backoff } from '../../src/client/pause.ts'

describe('the wait between two attempts', () => {
  it('doubles up to its bound, and never takes less than half of that', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 1_000, max: 60_000 }), (attempt, firstMs, maxMs) => {
        const full = Math.min(maxMs, firstMs * 2 ** Math.max(0, attempt - 1))
        const ms = backoff(attempt, { firstMs, maxMs })
        return ms >= full / 2 && ms <= full
      }),
    )
  })

  it('is spread, so that those who failed together do not come back together', () => {
    const waits = Array.from({ length: 200 }, () => backoff(3, { firstMs: 300, maxMs: 5_000 }))
    expect(new Set(waits).size).to.be.above(100)
  })
})
