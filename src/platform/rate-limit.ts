import { BurstyRateLimiter, RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import { fail } from '../kernel/errors.ts'
import type { Redis } from './redis.ts'

export interface Rate {
  name: string
  per_second: number
  burst: number
}

export interface Window {
  name: string
  points: number
  window_s: number
}

export interface Limiter {
  /** @throws AppError `rate-limited` with `retry_after_ms` */
  take(key: string, points?: number): Promise<void>
}

export interface FailureLimiter {
  /** @throws AppError `rate-limited` when the key has failed too often already */
  ensureOpen(key: string): Promise<void>
  /** `isLast`: with this one the key is closed */
  countFailure(key: string): Promise<{ isLast: boolean }>
  forgive(key: string): Promise<void>
}

export interface Limits {
  /** A steady rate with a burst on top; the burst fills up again over a minute. */
  rate(rate: Rate): Limiter
  /** At most so many of something per key and window, like registrations from one address. */
  quota(window: Window): Limiter
  /** Counts only failures: a sign-in that succeeds costs nothing. */
  failures(window: Window): FailureLimiter
}

/**
 * With Redis, all processes count together. While it is away each counts in its own memory, with half of what is allowed: two processes
 * then let nobody do more than before, and nobody is locked out because a counter can't be asked.
 */
export function createLimits(redis?: Redis): Limits {
  return Object.freeze({ rate, quota, failures })

  function rate({ name, per_second, burst }: Rate): Limiter {
    const steady = counter({ name, points: per_second, window_s: 1 })
    const above = counter({ name: `${name}-burst`, points: Math.max(1, burst - per_second), window_s: 60 })
    return limiterOf(new BurstyRateLimiter(steady, above))
  }

  function quota(window: Window): Limiter {
    return limiterOf(counter(window))
  }

  function failures(window: Window): FailureLimiter {
    const limiter = counter(window)
    return Object.freeze({
      async ensureOpen(key: string) {
        const state = await limiter.get(key)
        if (state && state.consumedPoints >= window.points) fail('rate-limited', { retry_after_ms: waitOf(state) })
      },
      async countFailure(key: string) {
        return { isLast: (await limiter.penalty(key)).consumedPoints === window.points }
      },
      async forgive(key: string) {
        await limiter.delete(key)
      },
    })
  }

  function counter({ name, points, window_s }: Window): RateLimiterMemory | RateLimiterRedis {
    if (!redis) return new RateLimiterMemory({ keyPrefix: name, points, duration: window_s })
    const insuranceLimiter = new RateLimiterMemory({ keyPrefix: name, points: Math.max(1, Math.floor(points / 2)), duration: window_s })
    return new RateLimiterRedis({ storeClient: redis.counters, keyPrefix: `${redis.prefix}:${name}`, points, duration: window_s, insuranceLimiter, rejectIfRedisNotReady: true })
  }
}

function limiterOf(limiter: { consume(key: string, points?: number): Promise<RateLimiterRes> }): Limiter {
  return Object.freeze({
    async take(key: string, points = 1) {
      try {
        await limiter.consume(key, points)
      } catch (refusal) {
        if (refusal instanceof RateLimiterRes) fail('rate-limited', { retry_after_ms: waitOf(refusal) })
        throw refusal
      }
    },
  })
}

function waitOf(state: RateLimiterRes): number {
  return Math.max(1, Math.ceil(state.msBeforeNext))
}
