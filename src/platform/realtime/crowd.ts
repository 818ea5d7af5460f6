import type { IncomingMessage } from 'node:http'

export interface WaitingRoom {
  /** false when too many of this address wait already */
  enter(request: IncomingMessage, address: string): boolean
  /** it was let in, or sent away: its place is free */
  leave(request: IncomingMessage): void
}

/** A connection costs memory before it has said who it is; so many of one address may be in that state at a time. */
export function createWaitingRoom(maxPerAddress: number): WaitingRoom {
  const waiting = new Map<string, number>()
  const places = new WeakMap<IncomingMessage, string>()

  return Object.freeze({ enter, leave })

  function enter(request: IncomingMessage, address: string): boolean {
    const taken = waiting.get(address) ?? 0
    if (taken >= maxPerAddress) return false
    waiting.set(address, taken + 1)
    places.set(request, address)
    request.socket.once('close', () => leave(request))
    return true
  }

  function leave(request: IncomingMessage): void {
    const address = places.get(request)
    if (address === undefined) return
    places.delete(request)
    const left = (waiting.get(address) ?? 1) - 1
    if (left > 0) waiting.set(address, left)
    else waiting.delete(address)
  }
}

export interface Seats<T> {
  /** Seats a newcomer. Who must rise for it, when all seats are taken: whoever sits longest. */
  take(principal: string, guest: T): T | undefined
  leave(principal: string, guest: T): void
}

/** So many live connections of one principal: a tab more than that closes the oldest. */
export function createSeats<T>(maxPerPrincipal: number): Seats<T> {
  const seated = new Map<string, Set<T>>()

  return Object.freeze({ take, leave })

  function take(principal: string, guest: T): T | undefined {
    const guests = seated.get(principal) ?? new Set<T>()
    seated.set(principal, guests)
    const [oldest] = guests
    guests.add(guest)
    if (guests.size <= maxPerPrincipal || oldest === undefined) return undefined
    guests.delete(oldest)
    return oldest
  }

  function leave(principal: string, guest: T): void {
    const guests = seated.get(principal)
    guests?.delete(guest)
    if (guests?.size === 0) seated.delete(principal)
  }
}
