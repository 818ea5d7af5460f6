/**
 * Who decides about what, now: one holder of a subject, or several that share it. A document and a unique index key are held; a collection
 * is shared by those who write into it and held by whoever changes what it is.
 */
export interface Claims<Owner> {
  /** @returns false when somebody else has it */
  hold(subject: string, owner: Owner): boolean
  share(subject: string, owner: Owner): boolean
  has(subject: string, owner: Owner): boolean
  /** Lets go of it and wakes whoever waits longest. */
  release(subject: string, owner: Owner): void
  /**
   * Resolves when it may be this caller's turn; whoever waits longest is woken alone, or all would run to fail again. After its attempt the
   * woken one must call `passOn`. Rejects with `late()` at the deadline (of `performance.now()`).
   */
  wait(subject: string, deadline: number, late: () => Error): Promise<void>
  passOn(subject: string): void
}

interface Claim<Owner> {
  holder: Owner | undefined
  sharers: Set<Owner>
}

interface Waiter {
  wake: () => void
}

export function createClaims<Owner>(): Claims<Owner> {
  const claims = new Map<string, Claim<Owner>>()
  const waiting = new Map<string, Set<Waiter>>()
  return Object.freeze({ hold, share, has, release, wait, passOn })

  function hold(subject: string, owner: Owner): boolean {
    const claim = claims.get(subject)
    if (!claim) {
      claims.set(subject, { holder: owner, sharers: new Set() })
      return true
    }
    if (claim.holder === owner) return true
    if (claim.holder !== undefined || claim.sharers.size > (claim.sharers.has(owner) ? 1 : 0)) return false
    claim.holder = owner
    return true
  }

  function share(subject: string, owner: Owner): boolean {
    const claim = claims.get(subject)
    if (!claim) {
      claims.set(subject, { holder: undefined, sharers: new Set([owner]) })
      return true
    }
    if (claim.holder !== undefined) return claim.holder === owner
    claim.sharers.add(owner)
    return true
  }

  function has(subject: string, owner: Owner): boolean {
    const claim = claims.get(subject)
    return claim !== undefined && (claim.holder === owner || claim.sharers.has(owner))
  }

  function release(subject: string, owner: Owner): void {
    const claim = claims.get(subject)
    if (!claim) return
    if (claim.holder === owner) claim.holder = undefined
    claim.sharers.delete(owner)
    if (claim.holder === undefined && claim.sharers.size === 0) claims.delete(subject)
    wakeNext(subject)
  }

  function wait(subject: string, deadline: number, late: () => Error): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => {
          forget(subject, waiter)
          reject(late())
        },
        Math.max(0, deadline - performance.now()),
      )
      const waiter: Waiter = {
        wake() {
          clearTimeout(timer)
          resolve()
        },
      }
      const line = waiting.get(subject)
      if (line) line.add(waiter)
      else waiting.set(subject, new Set([waiter]))
    })
  }

  // The woken one may have found nothing to claim; then the next in line must not wait for a release that never comes.
  function passOn(subject: string): void {
    if (claims.get(subject)?.holder === undefined) wakeNext(subject)
  }

  function wakeNext(subject: string): void {
    const [first] = waiting.get(subject) ?? []
    if (!first) return
    forget(subject, first)
    first.wake()
  }

  function forget(subject: string, waiter: Waiter): void {
    const line = waiting.get(subject)
    line?.delete(waiter)
    if (line?.size === 0) waiting.delete(subject)
  }
}
