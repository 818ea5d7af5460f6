import { expect } from 'chai'
import { type Delivery, newOrder, pay, type Stage, stage } from './stage.ts'

describe('the hosted checkout', () => {
  let self: Stage

  beforeEach(async () => {
    self = await stage()
  })
  afterEach(() => self.stop())

  for (const [outcome, word, status] of [
    ['success', 'success', 'succeeded'],
    ['failed', 'failed', 'failed'],
    ['cancelled', 'cancelled', 'cancelled'],
    ['late', 'failed', 'failed'],
  ] as const)
    it(`answers a form that says ${outcome} with ${word}`, async () => {
      const { reference, url } = await open()
      expect(await pay(self.http, url, outcome)).to.deep.equal({ status: 200, data: { status: word, changed: true } })
      expect(await self.adapter.query(reference)).to.include({ status })
    })

  it('changes nothing by a second form, whatever it says, and says so', async () => {
    const { reference, url } = await open()
    await pay(self.http, url, 'success')
    for (const outcome of ['success', 'failed', 'cancelled', 'late', 'requires_action']) {
      const { status, data } = await pay(self.http, url, outcome)
      expect(status).to.equal(200)
      expect(data).to.deep.equal({ status: 'success', changed: false, detail: 'This was decided before: nothing has changed' })
    }
    await self.provider.drain()
    expect(await self.adapter.query(reference)).to.include({ status: 'succeeded' })
    expect(self.deliveries).to.have.length(1)
  })

  it('is decided by one of twenty forms that come at once', async () => {
    const { reference, url } = await open()
    const outcomes = ['success', 'failed', 'cancelled', 'late']
    const answers = await Promise.all(Array.from({ length: 20 }, (_each, n) => pay(self.http, url, outcomes[n % 4] as string)))
    const words = answers.map(({ data }) => data as { status: string; changed: boolean })
    expect(words.filter(({ changed }) => changed)).to.have.length(1)
    expect(new Set(words.map(({ status }) => status)).size).to.equal(1)
    await self.provider.drain()
    expect(self.deliveries).to.have.length(1)
    const { raw, headers } = self.deliveries[0] as Delivery
    expect(self.adapter.readWebhook(raw, headers)).to.include({ reference, status: words[0]?.status })
  })

  it('asks for one more step, and is decided after it', async () => {
    const { reference, url } = await open()
    expect(await pay(self.http, url, 'requires_action')).to.deep.equal({ status: 200, data: { status: 'pending', changed: true } })
    expect((await pay(self.http, url, 'requires_action')).data).to.include({ changed: false })
    expect(await html(url))
      .to.contain('Yes, pay')
      .and.not.to.contain('Ask me to confirm')
    expect(await pay(self.http, url, 'success')).to.deep.equal({ status: 200, data: { status: 'success', changed: true } })
    await self.provider.drain()
    expect(self.deliveries.map(({ raw }) => (JSON.parse(raw.toString()) as { status: string }).status)).to.deep.equal([
      'pending',
      'success',
    ])
    expect(await self.adapter.query(reference)).to.include({ status: 'succeeded' })
  })

  it('succeeds late, once, also when the company was restarted in between', async () => {
    const { reference, url } = await open()
    await pay(self.http, url, 'late')
    await self.provider.drain()
    await self.restart()
    expect(await self.adapter.query(reference)).to.include({ status: 'failed', failure_reason: 'confirmation_timed_out' })
    self.clock.advance({ ms: 2_000 })
    await self.provider.drain()
    expect(await self.adapter.query(reference)).to.include({ status: 'failed' })
    self.clock.advance({ ms: 1_001 })
    await Promise.all([self.provider.drain(), self.provider.drain()])
    const told = await self.adapter.query(reference)
    expect(told).to.include({ status: 'succeeded' }).and.not.to.have.property('failure_reason')
    await self.provider.drain()
    expect(self.deliveries.map(({ raw }) => (JSON.parse(raw.toString()) as { status: string }).status)).to.deep.equal(['failed', 'success'])
    expect(new Set(self.deliveries.map(({ headers }) => headers['webhook-id'])).size).to.equal(2)
  })

  it('succeeds late by itself', async () => {
    await self.restart({ lateMs: 40 })
    const { url } = await open()
    await pay(self.http, url, 'late')
    await self.arrived(2)
  })

  it('keeps what was decided over a restart', async () => {
    const [paid, waiting] = [await open(), await open()]
    await pay(self.http, paid.url, 'success')
    await self.restart()
    expect(await self.adapter.query(paid.reference)).to.include({ status: 'succeeded' })
    expect(await pay(self.http, waiting.url, 'cancelled')).to.deep.equal({ status: 200, data: { status: 'cancelled', changed: true } })
  })

  describe('against hostile forms', () => {
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' }

    it('refuses what is no outcome, names those that are, and stays undecided', async () => {
      const { reference, url } = await open()
      for (const body of [
        '',
        'outcome=',
        'outcome=SUCCESS',
        'outcome=paid',
        'outcome=success&outcome=failed',
        'outcome=success&outcome=success',
        'outcome[]=success',
        'outcome[$ne]=x',
        '__proto__=success',
        'outcome=success&amount=1',
        'outcome=constructor',
        'outcome=success%00',
        '{"outcome":"success"}',
      ]) {
        const answer = await post(url, body, form)
        expect(answer.status, body).to.equal(400)
        expect(answer.data, body).to.include({
          code: 'validation',
          detail: 'Send one field, outcome: success, failed, cancelled, late, requires_action',
        })
      }
      expect(await self.adapter.query(reference)).to.include({ status: 'pending' })
    })

    it('refuses other types, encodings and lengths', async () => {
      const { reference, url } = await open()
      expect((await post(url, '{"outcome":"success"}', { 'Content-Type': 'application/json' })).data).to.include({
        code: 'media-type',
        status: 415,
      })
      expect((await post(url, 'outcome=success', { 'Content-Type': 'text/plain' })).status).to.equal(415)
      expect((await post(url, 'outcome=success', {})).status).to.equal(415)
      expect((await post(url, 'outcome=success', { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-7' })).status).to.equal(
        415,
      )
      expect((await post(url, 'outcome=success', { ...form, 'Content-Encoding': 'br' })).status).to.equal(415)
      expect((await post(url, `outcome=success&x=${'x'.repeat(5_000)}`, form)).status).to.equal(413)
      expect(await self.adapter.query(reference)).to.include({ status: 'pending' })
    })

    it('knows no checkout by a token that is not quite right', async () => {
      const { reference, url } = await open()
      const token = url.slice(-43)
      const wrong = [
        `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`,
        token.toLowerCase(),
        `${token}A`,
        token.slice(1),
        '%24ne',
        '..%2f..',
        reference,
        'a'.repeat(4_000),
        '%00',
      ]
      for (const each of wrong) {
        const address = `${self.url}/sandbox/checkout/${each}`
        expect((await post(address, 'outcome=success', form)).status, each).to.equal(404)
        const page = await self.http.request({ method: 'GET', url: address, headers: { Accept: 'text/html' } })
        expect(page.status, each).to.equal(404)
        expect(page.body.toString()).to.contain('There is no such checkout')
      }
      expect(await self.adapter.query(reference)).to.include({ status: 'pending' })
    })

    it('allows GET and POST only', async () => {
      const { url } = await open()
      for (const method of ['PUT', 'DELETE'] as const) {
        const answer = await self.http.request({ method, url })
        expect(answer.status).to.equal(405)
        expect(answer.headers['allow']).to.equal('GET, POST')
      }
    })
  })

  describe('as a page', () => {
    const accept = { Accept: 'text/html,application/xhtml+xml' }

    it('shows what is paid, for what and to whom, and says that it is a sandbox', async () => {
      const { url } = await open({
        amount: 1_234_567_89,
        description: 'Tip for Chanda & <Co>',
        return_url: 'https://ovation.example/thanks?a=1&b=2',
      })
      const page = await html(url)
      expect(page)
        .to.contain('ZMW 1,234,567.89')
        .and.to.contain('Tip for Chanda &amp; &lt;Co&gt;')
        .and.to.contain('ovation.example')
        .and.to.contain('No real money moves')
    })

    for (const [currency, amount, shown] of [
      ['JPY', 1_234, 'JPY 1,234'],
      ['KWD', 1_234_567, 'KWD 1,234.567'],
      ['KWD', 5, 'KWD 0.005'],
      ['ZMW', 5, 'ZMW 0.05'],
      ['ZMW', 100, 'ZMW 1.00'],
      ['UGX', 5, 'UGX 5'],
      ['EUR', 100_000_00, 'EUR 100,000.00'],
    ] as const)
      it(`writes ${amount} minor units of ${currency} as ${shown}`, async () => {
        const { url } = await open({ currency, amount })
        expect(await html(url)).to.contain(`>${shown}<`)
      })

    it('sends a browser back where it came from, and after that shows how it ended', async () => {
      const { url } = await open({ return_url: 'https://ovation.example/thanks?payment=1' })
      const decided = await self.http.request({
        method: 'POST',
        url,
        body: 'outcome=success',
        headers: { ...accept, 'Content-Type': 'application/x-www-form-urlencoded' },
      })
      expect(decided.status).to.equal(303)
      expect(decided.headers.location).to.equal('https://ovation.example/thanks?payment=1')
      const again = await self.http.request({
        method: 'POST',
        url,
        body: 'outcome=failed',
        headers: { ...accept, 'Content-Type': 'application/x-www-form-urlencoded' },
      })
      expect(again.status).to.equal(303)
      expect(new URL(again.headers.location as string, url).href).to.equal(url)
      expect(await html(url))
        .to.contain('Paid')
        .and.to.contain('This checkout is over')
        .and.not.to.contain('<form')
    })

    it('tells a browser on a page what it refuses', async () => {
      const { url } = await open()
      const answer = await self.http.request({
        method: 'POST',
        url,
        body: 'outcome=<script>',
        headers: { ...accept, 'Content-Type': 'application/x-www-form-urlencoded' },
      })
      expect(answer.status).to.equal(400)
      expect(answer.headers['content-type']).to.contain('text/html')
      expect(answer.body.toString()).to.contain('Send one field, outcome').and.not.to.contain('<script>')
    })

    it('runs no script, loads nothing, is framed by nobody, kept by nobody and told to nobody', async () => {
      const { url } = await open({ return_url: 'https://ovation.example/thanks' })
      const { headers } = await self.http.request({ method: 'GET', url, headers: accept })
      expect(headers['content-security-policy']).to.match(
        /^default-src 'none'; style-src 'sha256-[\w+/=]+'; form-action 'self' https:\/\/ovation\.example; base-uri 'none'; frame-ancestors 'none'$/,
      )
      expect(headers).to.include({ 'referrer-policy': 'no-referrer', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
    })
  })

  async function open(changes: object = {}): Promise<{ reference: string; url: string }> {
    const order = newOrder(changes)
    const { checkout_url } = await self.adapter.createCheckout(order)
    return { reference: order.reference, url: checkout_url }
  }

  async function post(url: string, body: string, headers: Record<string, string>): Promise<{ status: number; data: unknown }> {
    const answer = await self.http.request({ method: 'POST', url, body, headers })
    return { status: answer.status, data: JSON.parse(answer.body.toString()) as unknown }
  }

  async function html(url: string): Promise<string> {
    const { status, body } = await self.http.request({ method: 'GET', url, headers: { Accept: 'text/html' } })
    expect(status).to.equal(200)
    return body.toString()
  }
})
