import { expect } from 'chai'
import { newOrder, pay, type Stage, stage } from './stage.ts'

describe("the sandbox's API", () => {
  let self: Stage

  before(async () => {
    self = await stage()
  })
  after(() => self.stop())

  it('lets nobody in without its key', async () => {
    const keys = [
      undefined,
      '',
      'Bearer',
      'Bearer ',
      `Basic ${self.apiKey}`,
      self.apiKey,
      `Bearer ${self.apiKey.slice(0, -1)}`,
      `Bearer ${self.apiKey}x`,
      `Bearer ${self.apiKey} x`,
      'Bearer null',
    ]
    for (const Authorization of keys)
      for (const [method, path] of [
        ['POST', 'checkouts'],
        ['GET', 'payments'],
        ['GET', 'payments/pay_1'],
        ['GET', 'anything'],
      ] as const) {
        const answer = await self.http.json({
          method,
          url: `${self.url}/sandbox/v1/${path}`,
          ...(Authorization === undefined ? {} : { headers: { Authorization } }),
        })
        expect(answer.status, `${Authorization} ${path}`).to.equal(401)
        expect(answer.data).to.include({ code: 'unauthenticated' })
      }
    expect(await self.db.collection('charges').countDocuments()).to.equal(0)
  })

  it('answers 201 for the first asking and 200 with the same words for the next', async () => {
    const order = newOrder()
    const first = await call('POST', 'checkouts', order)
    const second = await call('POST', 'checkouts', { ...order, description: 'Another word', return_url: 'https://elsewhere.example/' })
    expect([first.status, second.status]).to.deep.equal([201, 200])
    expect(second.data).to.deep.equal(first.data)
    expect((first.data as { checkout_url: string }).checkout_url).to.match(new RegExp(`^${self.url}/sandbox/checkout/[A-Za-z0-9_-]{43}$`))
  })

  it('makes a hundred askings at once one charge', async () => {
    const order = newOrder()
    const answers = await Promise.all(Array.from({ length: 100 }, () => call('POST', 'checkouts', order)))
    expect(answers.filter(({ status }) => status === 201)).to.have.length(1)
    expect(await self.db.collection('charges').countDocuments({ reference: order.reference })).to.equal(1)
  })

  it('refuses the same reference for another amount or currency with 409', async () => {
    const order = newOrder()
    await call('POST', 'checkouts', order)
    for (const change of [{ amount: 1 }, { currency: 'EUR' }]) {
      const { status, data } = await call('POST', 'checkouts', { ...order, ...change })
      expect(status).to.equal(409)
      expect(data).to.include({ code: 'conflict' })
    }
  })

  it('refuses orders that are none, and keeps nothing of them', async () => {
    const before = await self.db.collection('charges').countDocuments()
    const wrong: [object, number][] = [
      ...[0, -1, 1.5, '100', '1e3', 1e21, Number.MAX_SAFE_INTEGER + 1, null, true].map((amount): [object, number] => [
        newOrder({ amount }),
        400,
      ]),
      [newOrder({ amount: 10_000_000_01 }), 422],
      [newOrder({ currency: 'zmw' }), 422],
      [newOrder({ currency: 'XXX' }), 422],
      [newOrder({ reference: '' }), 400],
      [newOrder({ reference: { $ne: null } }), 400],
      [newOrder({ reference: 'a b' }), 400],
      [newOrder({ reference: 'x'.repeat(129) }), 400],
      [newOrder({ description: 'x'.repeat(201) }), 400],
      [newOrder({ description: 'one\ntwo' }), 400],
      [newOrder({ description: 'safe \u202Eexe' }), 400],
      [newOrder({ return_url: 'javascript:alert(1)' }), 400],
      [newOrder({ return_url: '/relative' }), 400],
      [newOrder({ status: 'succeeded' }), 400],
      [newOrder({ $set: 1 }), 400],
      [[newOrder()], 400],
      [{}, 400],
    ]
    for (const [order, status] of wrong) expect((await call('POST', 'checkouts', order)).status, JSON.stringify(order)).to.equal(status)
    expect(await self.db.collection('charges').countDocuments()).to.equal(before)
  })

  it('knows the doors that it has', async () => {
    for (const [method, path, allow] of [
      ['GET', 'checkouts', 'POST'],
      ['DELETE', 'payments', 'GET'],
      ['PUT', 'payments/pay_1', 'GET'],
      ['GET', 'methods', 'POST'],
      ['PUT', 'charges', 'POST'],
      ['GET', 'refunds', 'POST'],
      ['POST', 'refunds/rfd_1', 'GET'],
    ] as const) {
      const answer = await call(method, path)
      expect(answer.status).to.equal(405)
      expect(answer.headers['allow']).to.equal(allow)
    }
    expect((await call('GET', 'payments/')).status).to.equal(404)
    expect((await call('GET', 'statements')).status).to.equal(404)
  })

  it('repeats the reference that it does not know', async () => {
    for (const reference of ['pay_nobody', '$ne', '..', '<script>']) {
      const { status, data } = await call('GET', `payments/${encodeURIComponent(reference)}`)
      expect(status, reference).to.equal(404)
      if (reference !== '..') expect(data).to.deep.equal({ status: 'not_found', reference })
    }
  })

  it('gives a statement page by page, oldest first, with every charge once', async () => {
    for (let n = 0; n < 5; n++) await call('POST', 'checkouts', newOrder())
    const { checkout_url, reference } = (await call('POST', 'checkouts', newOrder())).data as { checkout_url: string; reference: string }
    await pay(self.http, checkout_url, 'failed')
    const seen: { provider_payment_id: string; reference: string; status: string }[] = []
    for (let after = '', more = true; more;) {
      const { data } = await call('GET', `payments?limit=2${after && `&after=${after}`}`)
      const page = data as { data: typeof seen; has_more: boolean; next: string | null }
      expect(page.data.length).to.be.within(1, 2)
      expect(page.next).to.equal(page.has_more ? page.data[1]?.provider_payment_id : null)
      seen.push(...page.data)
      ;[after, more] = [page.next ?? '', page.has_more]
    }
    expect(seen).to.have.length(await self.db.collection('charges').countDocuments())
    expect(seen.map((each) => each.provider_payment_id)).to.deep.equal([...new Set(seen.map((each) => each.provider_payment_id))].sort())
    expect(seen.find((each) => each.reference === reference)).to.deep.include({
      status: 'failed',
      failure_reason: 'declined',
      amount: 50_00,
      currency: 'ZMW',
    })
    expect(JSON.stringify(seen), 'a statement decides nothing').not.to.contain(checkout_url.slice(-43))
  })

  it('refuses a statement that was not asked for properly', async () => {
    for (const query of [
      'limit=0',
      'limit=101',
      'limit=-1',
      'limit=1e1',
      'limit=',
      'limit=1&limit=2',
      'after[$gt]=',
      'after=%00',
      'after=a&after=b',
      'offset=1',
    ])
      expect((await call('GET', `payments?${query}`)).status, query).to.equal(400)
  })

  function call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, json?: unknown) {
    return self.http.json({ method, url: `${self.url}/sandbox/v1/${path}`, headers: { Authorization: `Bearer ${self.apiKey}` }, json })
  }
})
