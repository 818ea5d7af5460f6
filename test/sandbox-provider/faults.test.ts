import { expect } from 'chai'
import { createSandboxAdapter } from '../../src/features/payments/providers/sandbox.ts'
import { ProviderUnavailable } from '../../src/features/payments/port.ts'
import type { HttpClient } from '../../src/platform/http-client.ts'
import { newOrder, pay, type Stage, stage } from './stage.ts'

describe('the faults of the sandbox', () => {
  const off = { duplicate: 0, reorder: false, delay_ms: 0, drop: 0, forge: false, timeout_after_charge: false }
  let self: Stage

  beforeEach(async () => {
    self = await stage()
  })
  afterEach(() => self.stop())

  it('are all off at first, are set one by one, survive a restart, and are cleared by null, false or 0', async () => {
    expect(await self.provider.faults.read()).to.deep.equal(off)
    expect(await self.provider.faults.set({ duplicate: 3, reorder: true })).to.deep.equal({ ...off, duplicate: 3, reorder: true })
    expect(await self.provider.faults.set({ drop: true, delay_ms: 5, forge: true, timeout_after_charge: true })).to.deep.equal({
      duplicate: 3,
      reorder: true,
      delay_ms: 5,
      drop: true,
      forge: true,
      timeout_after_charge: true,
    })
    await self.restart()
    expect(await self.provider.faults.read()).to.include({ duplicate: 3, drop: true })
    expect(await self.provider.faults.set({})).to.include({ duplicate: 3, drop: true })
    expect(
      await self.provider.faults.set({
        duplicate: null,
        reorder: false,
        delay_ms: 0,
        drop: false,
        forge: null,
        timeout_after_charge: null,
      }),
    ).to.deep.equal(off)
  })

  it('are refused when they are none', async () => {
    const wrong: object[] = [
      { dup: 1 },
      { duplicate: -1 },
      { duplicate: 101 },
      { duplicate: '3' },
      { duplicate: 1.5 },
      { reorder: 1 },
      { delay_ms: 3 * 86_400_001 },
      { drop: -1 },
      { drop: 'all' },
      { forge: 'yes' },
      { $set: {} },
      { __proto__: null, constructor: 1 },
    ]
    for (const settings of wrong) {
      const error = await self.provider.faults.set(settings).catch((fault: unknown) => fault)
      expect(error, JSON.stringify(settings)).to.be.an('error').with.property('code', 'validation')
    }
    expect(await self.provider.faults.read()).to.deep.equal(off)
  })

  it('duplicate: the same message on connections of their own, in one instant', async () => {
    await self.provider.faults.set({ duplicate: 19 })
    const arrivals: number[] = []
    self.answerWith(() => {
      arrivals.push(performance.now())
      return 200
    })
    await decide('success')
    await self.arrived(20)
    await self.provider.drain()
    expect(self.deliveries).to.have.length(20)
    expect(new Set(self.deliveries.map(({ port }) => port)).size).to.equal(20)
    expect(new Set(self.deliveries.map(({ raw, headers }) => `${headers['webhook-id'] as string}${raw.toString()}`)).size).to.equal(1)
    expect((arrivals.at(-1) as number) - (arrivals[0] as number)).to.be.below(200)
    expect(await row()).to.deep.include({ state: 'delivered', answers: Array(20).fill(200) })
  })

  it('reorder: the later overtakes the earlier', async () => {
    await self.provider.faults.set({ reorder: true })
    const first = await decide('success')
    const second = await decide('failed')
    await self.arrived(2)
    expect(self.deliveries.map(referenceOf)).to.deep.equal([second, first])
  })

  it('reorder: one that stays alone leaves all the same', async () => {
    await self.provider.faults.set({ reorder: true })
    const alone = await decide('success')
    self.clock.advance({ ms: 1_500 })
    expect(self.deliveries).to.have.length(0)
    self.clock.advance({ ms: 501 })
    await self.arrived(1)
    expect(self.deliveries.map(referenceOf)).to.deep.equal([alone])
  })

  it('delay_ms: nothing leaves before its time', async () => {
    await self.provider.faults.set({ delay_ms: 60_000 })
    await decide('success')
    self.clock.advance({ ms: 59_000 })
    await self.provider.drain()
    expect(self.deliveries).to.have.length(0)
    self.clock.advance({ ms: 1_001 })
    await self.provider.drain()
    expect(self.deliveries).to.have.length(1)
  })

  it('drop: so many webhooks never come, while the company knows well what happened', async () => {
    await self.provider.faults.set({ drop: 2 })
    const references = [await decide('success'), await decide('success'), await decide('failed')]
    await self.provider.drain()
    self.clock.advance({ days: 4 })
    await self.provider.drain()
    expect(self.deliveries.map(referenceOf)).to.deep.equal(references.slice(2))
    expect(await self.adapter.query(references[0] as string)).to.include({ status: 'succeeded' })
    expect(await self.provider.faults.read()).to.deep.equal(off)
    await self.provider.faults.set({ drop: true })
    for (let n = 0; n < 3; n++) await decide('success')
    await self.provider.drain()
    expect(self.deliveries).to.have.length(1)
  })

  it('drop: counts right when many are decided at once', async () => {
    await self.provider.faults.set({ drop: 5 })
    await Promise.all(Array.from({ length: 8 }, () => decide('success')))
    await self.provider.drain()
    expect(self.deliveries).to.have.length(3)
    expect(await self.provider.faults.read()).to.deep.equal(off)
  })

  it('forge: with each webhook come two lies, which a careful receiver tells from the truth', async () => {
    await self.provider.faults.set({ forge: true })
    const reference = await decide('failed')
    await self.arrived(3)
    await self.provider.drain()
    const read = self.deliveries.map(({ raw, headers }) => {
      try {
        return self.adapter.readWebhook(raw, headers).status
      } catch (error) {
        return (error as { code: string }).code
      }
    })
    expect(read.sort()).to.deep.equal(['failed', 'signature', 'signature'])
    expect(self.deliveries.filter(({ headers }) => headers['webhook-signature'] === undefined)).to.have.length(1)
    expect(self.deliveries.filter(({ raw }) => raw.includes('"success"')).map(referenceOf)).to.deep.equal([reference, reference])
    expect(await row()).to.deep.include({ forged_answers: [200, 200] })
  })

  it('timeout_after_charge: the checkout is there, and nobody is told until the fault is over', async () => {
    await self.provider.faults.set({ timeout_after_charge: true })
    const hasty: HttpClient = { ...self.http, json: (options) => self.http.json({ ...options, totalMs: 100 }) }
    const adapter = createSandboxAdapter({
      baseUrl: () => self.url,
      apiKey: self.apiKey,
      webhookSecrets: self.secrets,
      http: hasty,
      wall: self.wall,
    })
    const order = newOrder()
    const doubts = await Promise.all([1, 2].map(() => adapter.createCheckout(order).catch((error: unknown) => error)))
    for (const doubt of doubts) expect(doubt).to.be.instanceOf(ProviderUnavailable)
    const told = await self.adapter.query(order.reference)
    expect(told).to.include({ status: 'pending', amount: order.amount })
    await self.provider.faults.set({ timeout_after_charge: false })
    const { provider_payment_id } = await adapter.createCheckout(order)
    expect(told).to.include({ provider_payment_id })
    expect(await self.db.collection('charges').countDocuments()).to.equal(1)
  })

  it('timeout_after_charge: who still waits when the company stops is hung up on', async () => {
    await self.provider.faults.set({ timeout_after_charge: true })
    const order = newOrder()
    const waiting = self.adapter.createCheckout(order).catch((error: unknown) => error)
    while ((await self.db.collection('charges').countDocuments()) === 0) await new Promise(setImmediate)
    await self.restart()
    expect(await waiting).to.be.instanceOf(ProviderUnavailable)
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

function referenceOf({ raw }: { raw: Buffer }): string {
  return (JSON.parse(raw.toString()) as { payment_id: string }).payment_id
}
