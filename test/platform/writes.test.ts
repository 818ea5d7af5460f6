import { expect } from 'chai'
import { systemContext } from '../../src/kernel/context.ts'
import { newId } from '../../src/kernel/ids.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { openOverlay, pay, type Person, settled, signUp, topUp } from '../support/cast.ts'
import type { SentWrite } from '../support/writes.ts'

describe('every write inside run', () => {
  let app: TestApp
  let creator: Person
  let fan: Person

  before(async () => {
    app = await startApp()
    creator = await signUp(app, 'creator')
    fan = await signUp(app, 'fan')
    await topUp(fan, 1_000)
  })
  after(() => app.stop())

  it('belongs to its transaction, through a whole tip from the wallet', async () => {
    const { token } = (await creator.http('POST', '/api/v1/overlays', {})).body as { token: string }
    const overlay = await openOverlay(app, token)
    const sent = await during(async () => {
      await fan.http('POST', `/api/v1/creators/${creator.id}/tips`, { amount: 100, currency: 'ZMW' }, 'w1')
      await overlay.play()
    })
    overlay.close()
    expect(collectionsInside(sent)).to.include.members(['entries', 'unsealed', 'balances', 'payments', 'tips', 'wallet_lines', 'events', 'deliveries', 'idempotency_keys', 'alerts', 'overlays'])
    expect(past(sent)).to.deep.equal([])
  })

  it('belongs to its transaction, through a whole tip by checkout', async () => {
    const live = await fan.socket()
    const sent = await during(async () => {
      const started = await fan.http('POST', '/api/v1/payments/initiate', { creator_id: creator.id, amount: 200, currency: 'ZMW' }, 'c1')
      await pay(started.body as never)
      await settled(live, (started.body as { payment_id: string }).payment_id)
    })
    live.close()
    expect(collectionsInside(sent)).to.include.members(['entries', 'unsealed', 'payments', 'payment_inbox', 'tips', 'wallet_lines', 'events', 'deliveries', 'idempotency_keys'])
    expect(past(sent)).to.deep.equal([])
  })

  it('is watched closely enough: one that goes past the transaction is seen, also as a retryable write', async () => {
    const ctx = systemContext('test', newId('req'), createLogger('silent'))
    const { db } = app.app.features.flatMap((feature) => feature.models)[0] as unknown as { db: { collection(name: string): { insertOne(row: object): Promise<unknown> } } }
    await app.app.unitOfWork.run(ctx, async () => void (await db.collection('strays').insertOne({ n: 1 })))
    expect(app.writes.takeStray()).to.deep.equal([{ command: 'insert', collection: 'strays', inside: true, inTransaction: false }])
    await app.db.collection('strays').drop()
  })

  async function during(act: () => Promise<unknown>): Promise<SentWrite[]> {
    const from = app.writes.sent.length
    await act()
    await app.app.dispatcher.whenIdle()
    return app.writes.sent.slice(from)
  }
})

function collectionsInside(sent: readonly SentWrite[]): string[] {
  return [...new Set(sent.filter((each) => each.inside).map((each) => each.collection))]
}

function past(sent: readonly SentWrite[]): SentWrite[] {
  return sent.filter((each) => each.inside && !each.inTransaction)
}
