import { expect } from 'chai'
import type { Operations } from '../../../src/features/catalogue.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { type Person, signIn, signUp, topUp } from '../../support/cast.ts'
import type { Answer } from '../../support/http.ts'

export type Membership = Operations['membership:read']['output']
export type Tier = Operations['tier:create']['output']

export interface Club {
  app: TestApp
  admin: Person
  creator: Person
  basic: Tier
  premium: Tier
  /** a new fan with so much in the wallet */
  fan(cash: number): Promise<Person>
  join(fan: Person, tier: Tier, more?: object): Promise<Answer & { body: Membership }>
  look(fan: Person, membership: Pick<Membership, 'membership_id'>): Promise<Membership>
  access(fan: Person): Promise<Operations['access:check']['output']>
  cashOf(fan: Person): Promise<number>
  advance(by: string): Promise<void>
  now(): Promise<Date>
  stop(): Promise<void>
}

let keys = 0
export function newKey(): string {
  return `membership-test-${++keys}`
}

/** A creator with two tiers, and an admin who moves the clock. */
export async function openClub(settings: Record<string, string> = {}): Promise<Club> {
  const app = await startApp({ MEMBERSHIP_FEE_BPS: '1000', ...settings })
  const admin = await signIn(app, app.admin.email, app.admin.password)
  const creator = await signUp(app, 'creator')
  const offer = async (name: string, rank: number, month: number): Promise<Tier> => {
    const answer = await creator.http('POST', '/api/v1/tiers', {
      name,
      rank,
      benefits: ['Hello'],
      prices: [
        { interval: 'week', amount: Math.round(month / 4), currency: 'ZMW' },
        { interval: 'month', amount: month, currency: 'ZMW' },
        { interval: 'year', amount: month * 10, currency: 'ZMW' },
      ],
    })
    expect(answer.status, answer.text).to.equal(201)
    return answer.body
  }
  const [basic, premium] = [await offer('Basic', 1, 1_000), await offer('Premium', 2, 3_000)]
  return {
    app,
    admin,
    creator,
    basic,
    premium,
    async fan(cash) {
      const fan = await signUp(app, 'fan')
      if (cash > 0) await topUp(fan, cash)
      return fan
    },
    join: (fan, tier, more = {}) => fan.http('POST', '/api/v1/memberships', { tier_id: tier.tier_id, interval: 'month', pay_with: 'wallet', ...more }, newKey()),
    async look(fan, { membership_id }) {
      return (await fan.http('GET', `/api/v1/memberships/${membership_id}`)).body
    },
    async access(fan) {
      return (await fan.http('GET', `/api/v1/creators/${creator.id}/access`)).body
    },
    async cashOf(fan) {
      return (await fan.http('GET', '/api/v1/wallets/me')).body.buckets.cash
    },
    async advance(by) {
      const answer = await admin.http('POST', '/api/v1/admin/clock/advance', { by })
      expect(answer.status, answer.text).to.equal(200)
    },
    async now() {
      return new Date((await admin.http('GET', '/api/v1/clock')).body.now)
    },
    stop: () => app.stop(),
  }
}
