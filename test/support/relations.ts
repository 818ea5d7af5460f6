import type { Person } from './cast.ts'
import type { Answer } from './http.ts'

let keys = 0

export function follow(person: Person, whom: Person): Promise<Answer> {
  return person.http('POST', `/api/v1/creators/${whom.id}/follow`)
}

export function block(by: Person, whom: Person): Promise<Answer> {
  return by.http('POST', '/api/v1/blocks', { user_id: whom.id })
}

export function unblock(by: Person, whom: Person): Promise<Answer> {
  return by.http('DELETE', `/api/v1/blocks/${whom.id}`)
}

export function mute(by: Person, whom: Person): Promise<Answer> {
  return by.http('POST', '/api/v1/mutes', { user_id: whom.id })
}

/** 100 minor units from the wallet. */
export function tip(from: Person, to: Person, message = ''): Promise<Answer> {
  return from.http('POST', `/api/v1/creators/${to.id}/tips`, { amount: 100, currency: 'ZMW', message }, `tip-${++keys}`)
}

/** 500 minor units by checkout, to be paid. */
export function checkout(from: Person, to: Person, message = ''): Promise<Answer> {
  return from.http('POST', '/api/v1/payments/initiate', { creator_id: to.id, amount: 500, currency: 'ZMW', message }, `checkout-${++keys}`)
}
