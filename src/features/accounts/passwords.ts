import { hash, verify } from '@node-rs/argon2'
import { fail } from '../../kernel/errors.ts'

// OWASP's argon2id setting for one lane: 46 MiB, one pass.
const owaspMemoryKb = 46 * 1024
const atOnce = 2
const maxWaiting = 50

export interface Passwords {
  hash(password: string): Promise<string>
  verify(hash: string | undefined, password: string): Promise<boolean>
}

/** Hashes share libuv's few threads with the disk, so at most two run at once and at most fifty wait. @throws AppError `retry` beyond that */
export function createPasswords(memoryKb = owaspMemoryKb): Passwords {
  const cost = { memoryCost: memoryKb, timeCost: 1, parallelism: 1 }
  let running = 0
  const waiting: (() => void)[] = []
  let dummy: string | undefined

  return Object.freeze({
    hash: (password: string) => inTurn(() => hash(password, cost)),
    // Nobody learns from the time it takes whether an address is registered: without a hash, a dummy is verified.
    verify: (stored: string | undefined, password: string) =>
      inTurn(async () => {
        dummy ??= await hash('nobody has this password', cost)
        const matches = await verify(stored || dummy, password)
        return Boolean(stored) && matches
      }),
  })

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (running >= atOnce) {
      if (waiting.length >= maxWaiting) fail('retry', { retry_after_ms: 2_000 })
      await new Promise<void>((resolve) => waiting.push(resolve))
    }
    running++
    try {
      return await work()
    } finally {
      running--
      waiting.shift()?.()
    }
  }
}
