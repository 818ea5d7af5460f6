import { BurstyRateLimiter, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { fail } from '../kernel/errors.ts'

export interface Rate {
  name: string
  per_second: number
  burst: number
}

export interface Limiter {
  /** @throws AppError `rate-limited` with `retry_after_ms` */
  take(key: string, points?: number): Promise<void>
}

/** A steady rate with a burst on top; the burst fills up again over a minute. */
export function createRateLimiter({ name, per_second, burst }: Rate): Limiter {
  const limiter = new BurstyRateLimiter(
    new RateLimiterMemory({ keyPrefix: name, points: per_second, duration: 1 }),
    new RateLimiterMemory({ keyPrefix: `${name}-burst`, points: Math.max(1, burst - per_second), duration: 60 }),
  )
  return Object.freeze({
    async take(key: string, points = 1) {
      try {
        await limiter.consume(key, points)
      } catch (refusal) {
        if (refusal instanceof RateLimiterRes) fail('rate-limited', { retry_after_ms: Math.max(1, Math.ceil(refusal.msBeforeNext)) })
        throw refusal
      }
    },
  })
}

export interface FailureLimiter {
  /** @throws AppError `rate-limited` when the key has failed too often already */
  ensureOpen(key: string): Promise<void>
  countFailure(key: string): Promise<void>
  forgive(key: string): Promise<void>
}

/** Counts only failures: a sign-in that succeeds costs nothing. */
export function createFailureLimiter({ name, failures, window_s }: { name: string; failures: number; window_s: number }): FailureLimiter {
  const limiter = new RateLimiterMemory({ keyPrefix: name, points: failures, duration: window_s })
  return Object.freeze({
    async ensureOpen(key: string) {
      const state = await limiter.get(key)
      if (state && state.consumedPoints >= failures) fail('rate-limited', { retry_after_ms: Math.max(1, Math.ceil(state.msBeforeNext)) })
    },
    async countFailure(key: string) {
      await limiter.penalty(key)
    },
    async forgive(key: string) {
      await limiter.delete(key)
    },
  })
}

/** At most so many of something per key and window, like registrations from one address. */
export function createQuota({ name, points, window_s }: { name: string; points: number; window_s: number }): Limiter {
  const limiter = new RateLimiterMemory({ keyPrefix: name, points, duration: window_s })
  return Object.freeze({
    async take(key: string, cost = 1) {
      try {
        await limiter.consume(key, cost)
      } catch (refusal) {
        if (refusal instanceof RateLimiterRes) fail('rate-limited', { retry_after_ms: Math.max(1, Math.ceil(refusal.msBeforeNext)) })
        throw refusal
      }
    },
  })
}
