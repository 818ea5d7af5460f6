import { expect } from 'chai'
import type { Operations } from '../../../src/features/catalogue.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { type Person, signIn, signUp, topUp } from '../../support/cast.ts'
import type { Answer } from '../../support/http.ts'

export type AdminPayout = Operations['payout:approve']['output']
export type Payout = Operations['payout:request']['output']

/** Endings of bank accounts as the sandbox's bank takes them. */
export const banks = { good: 'ZM12 0001 0002 0004', other: 'ZM12 0001 0002 0005', closed: 'ZM12 0001 0002 0001', returning: 'ZM12 0001 0002 0002', slow: 'ZM12 0001 0002 0003' }

export type Till = Awaited<ReturnType<typeof openTill>>

/** A platform on which what was earned can be paid out two days later, two admins, and a fan who has plenty. */
export async function openTill(settings: Record<string, string> = {}) {
  const app: TestApp = await startApp({ TIP_FEE_BPS: '0', MATURATION_DAYS: '1', MATURATION_DAYS_NEW: '1', PAYOUT_MINIMUM: '1000', PAYOUT_SECOND_APPROVAL: '50000', ...settings })
  const admin = await signIn(app, app.admin.email, app.admin.password)
  const second = await signIn(app, await promoted(), undefined)
  const fan = await signUp(app, 'fan')
  await topUp(fan, 10_000_000)
  let keys = 0
  return { app, admin, second, fan, earner, days, buckets, request, mine, paid, approve, decide, settle }

  async function promoted(): Promise<string> {
    const person = await signUp(app, 'fan', 'Second admin')
    expect((await admin.http('POST', `/api/v1/admin/users/${person.id}/role`, { role: 'admin' })).status).to.equal(200)
    return person.email
  }

  /** A creator to whom so much is available. */
  async function earner(amount = 10_000): Promise<Person> {
    const creator = await signUp(app, 'creator')
    expect((await fan.http('POST', `/api/v1/creators/${creator.id}/tips`, { amount, currency: 'ZMW' }, `earn-${++keys}`)).status).to.equal(201)
    await app.runJob('ledger.seal')
    await days(3)
    expect(await buckets(creator)).to.include({ available: amount - Math.round((amount * Number(settings['TIP_FEE_BPS'] ?? 0)) / 10_000) })
    return creator
  }

  async function days(count: number): Promise<void> {
    await admin.call('clock:advance', { by: `P${count}D` })
  }

  async function buckets(creator: Person): Promise<Record<string, number>> {
    return (await creator.http('GET', '/api/v1/wallets/me')).body.buckets
  }

  function request(creator: Person, amount = 10_000, bank_account = banks.good, key = `request-${++keys}`): Promise<Answer> {
    return creator.http('POST', '/api/v1/payouts/request', { amount, bank_account, account_name: 'Ana Banda' }, key)
  }

  async function mine(creator: Person): Promise<Payout[]> {
    return (await creator.http('GET', '/api/v1/payouts/me')).body.data
  }

  function approve(payout_id: string, by = admin): Promise<Answer> {
    return by.http('POST', `/api/v1/admin/payouts/${payout_id}/approve`, { note: 'looked at' })
  }

  function decide(payout_id: string, what: 'reject' | 'hold' | 'release', by = admin): Promise<Answer> {
    return by.http('POST', `/api/v1/admin/payouts/${payout_id}/${what}`, what === 'release' ? {} : { reason: 'does not look right' })
  }

  /** What was approved is sent, by whichever turn of whichever process, and its company has answered. */
  async function settle(): Promise<void> {
    const rows = app.db.collection('payouts')
    do await app.runJob('payouts.sending')
    while ((await rows.countDocuments({ $or: [{ state: 'approved', reason: { $exists: false } }, { state: 'processing', provider_transfer_id: { $exists: false } }] })) > 0)
  }

  async function paid(reference: string): Promise<number> {
    return app.sandboxDb.collection('transfers').countDocuments({ reference })
  }
}
