import { createHmac } from 'node:crypto'
import { expect } from 'chai'
import { type Delivery, newOrder, newSecret, pay, type Stage, stage } from './stage.ts'

describe("the sandbox's webhooks", () => {
  let self: Stage

  beforeEach(async () => {
    self = await stage()
  })
  afterEach(() => self.stop())

  it('leave at once, signed over their exact bytes by the wall clock, whatever the business clock says', async () => {
    self.clock.advance({ days: 40 })
    const reference = await decide('success')
    const [delivery] = await self.arrived(1)
    const { raw, headers } = delivery as Delivery
    const body = JSON.parse(raw.toString()) as { timestamp: string }
    expect(Object.keys(body)).to.deep.equal(['payment_id', 'status', 'timestamp'])
    expect(body).to.include({ payment_id: reference, status: 'success' })
    expect(new Date(body.timestamp).getTime()).to.be.closeTo(self.clock.now().getTime(), 5_000)
    expect(Number(headers['webhook-timestamp']) * 1000).to.be.closeTo(self.wall.now().getTime(), 5_000)
    expect(headers['content-type']).to.equal('application/json')
    expect(headers['webhook-signature']).to.equal(signature(delivery as Delivery, self.secrets[0] as string))
  })

  it('carry a signature for every secret while one is replaced', async () => {
    const [old = ''] = self.secrets
    const present = newSecret()
    await self.restart({ secrets: [present, old] })
    await decide('failed')
    const [delivery] = await self.arrived(1)
    expect(delivery?.headers['webhook-signature']).to.equal(
      `${signature(delivery as Delivery, present)} ${signature(delivery as Delivery, old)}`,
    )
  })

  it('come again under the same id with a fresh signature until they are taken, ever more slowly', async () => {
    let taken = false
    self.answerWith(() => (taken ? 204 : 500))
    await decide('success')
    await self.arrived(1)
    const pass = (by: { hours?: number; seconds?: number }) => [self.clock, self.wall].forEach((each) => each.advance(by))
    const pauses = [1, 5, 30, 120, 600, 3600, 3600]
    for (const [n, seconds] of pauses.entries()) {
      await self.provider.drain()
      pass({ seconds: seconds - 0.9 })
      await self.provider.drain()
      expect(self.deliveries, `before pause ${n} is over`).to.have.length(n + 1)
      pass({ seconds: 1 })
      await self.provider.drain()
      expect(self.deliveries, `after pause ${n}`).to.have.length(n + 2)
    }
    taken = true
    pass({ hours: 1 })
    await self.provider.drain()
    self.clock.advance({ hours: 5 })
    await self.provider.drain()
    expect(self.deliveries).to.have.length(pauses.length + 2)
    expect(new Set(self.deliveries.map(({ headers }) => headers['webhook-id'])).size).to.equal(1)
    expect(new Set(self.deliveries.map(({ raw }) => raw.toString())).size).to.equal(1)
    expect(new Set(self.deliveries.map(({ headers }) => headers['webhook-timestamp'])).size).to.equal(pauses.length + 2)
    expect(await row())
      .to.deep.include({ state: 'delivered', answers: [204] })
      .and.not.to.have.property('due_at')
  })

  it('are given up after three days, and no earlier', async () => {
    self.answerWith(() => 410)
    await decide('success')
    await self.provider.drain()
    self.clock.advance({ hours: 71.9 })
    await self.provider.drain()
    expect(await row()).to.include({ state: 'waiting' })
    self.clock.advance({ hours: 1.1 })
    await self.provider.drain()
    const attempts = self.deliveries.length
    expect(await row()).to.deep.include({ state: 'given_up', attempts, answers: [410] })
    self.clock.advance({ days: 1 })
    await self.provider.drain()
    expect(self.deliveries).to.have.length(attempts)
  })

  it('are not taken for delivered when the answer is a redirect', async () => {
    self.answerWith(() => 302)
    await decide('success')
    await self.provider.drain()
    expect(await row()).to.deep.include({ state: 'waiting', answers: [302], attempts: 1 })
  })

  it('that were not taken before the company stopped come after it has started', async () => {
    self.answerWith(() => 503)
    await decide('success')
    await self.arrived(1)
    await self.restart()
    self.answerWith(() => 200)
    self.clock.advance({ seconds: 2 })
    await self.provider.drain()
    expect(self.deliveries).to.have.length(2)
    expect(self.deliveries[1]?.headers['webhook-id']).to.equal(self.deliveries[0]?.headers['webhook-id'])
  })

  it('of a company that died while it sent come when the lease is over', async () => {
    await decide('success')
    await self.provider.drain()
    // What a claim leaves behind when nothing follows it.
    await self.db.collection('webhooks').updateOne({}, { $set: { state: 'waiting', due_at: new Date(self.wall.now().getTime() + 30_000) } })
    await self.provider.drain()
    expect(self.deliveries).to.have.length(1)
    self.clock.advance({ seconds: 31 })
    await self.provider.drain()
    expect(self.deliveries).to.have.length(2)
  })

  it('are sent once by two companies over one book', async () => {
    self.answerWith(() => 503)
    for (let n = 0; n < 5; n++) await decide('success')
    await self.provider.drain()
    self.answerWith(() => 200)
    // Its own tick may come first.
    const before = self.deliveries.length
    self.clock.advance({ seconds: 2 })
    await Promise.all([self.provider.drain(), self.provider.drain(), self.provider.drain()])
    expect(self.deliveries.length - before).to.equal(5)
  })

  it('come by themselves, and soon', async () => {
    await decide('cancelled')
    await self.arrived(1)
    self.answerWith(() => 500)
    await decide('cancelled')
    await self.arrived(2)
    self.answerWith(() => 200)
    await self.arrived(3)
  })

  async function decide(outcome: string): Promise<string> {
    const order = newOrder()
    const { checkout_url } = await self.adapter.createCheckout(order)
    await pay(self.http, checkout_url, outcome)
    return order.reference
  }

  function row() {
    return self.db.collection('webhooks').findOne({})
  }
})

function signature({ raw, headers }: Delivery, secret: string): string {
  const mac = createHmac('sha256', Buffer.from(secret, 'base64')).update(
    `${headers['webhook-id'] as string}.${headers['webhook-timestamp'] as string}.`,
  )
  return `v1,${mac.update(raw).digest('base64')}`
}
