import { expect } from 'chai'
import { type CheckoutOrder, type MethodDetails, type PaymentProvider, ProviderRefused, ProviderUnavailable } from '../../src/features/payments/port.ts'
import { AppError } from '../../src/kernel/errors.ts'

export interface SignedMessage {
  raw: Buffer
  headers: Record<string, string | string[] | undefined>
}

/** What an adapter's own tests put under the shared ones: a company that can be made to do what is asked of it. */
export interface ProviderStage {
  provider: PaymentProvider
  newOrder(changes?: Partial<CheckoutOrder>): CheckoutOrder
  /** saved methods that are charged, that are refused, and that their payer has to confirm */
  methods: Record<'good' | 'bad' | 'shy', MethodDetails>
  /** what the payer does on the hosted page */
  pay(checkoutUrl: string, outcome: 'success' | 'failed' | 'cancelled'): Promise<void>
  /** the webhook that the company sent last */
  lastWebhook(): Promise<SignedMessage>
  /** the same message as the company would sign it at another time, or a stranger with another secret at any time */
  signAgain(message: SignedMessage, by: { seconds?: number; stranger?: boolean; body?: string }): SignedMessage
  /** the message with a signature of another scheme, or with none */
  spoil: Record<string, (message: SignedMessage) => SignedMessage>
  /** spoilt in what says when it was signed */
  spoilTime: Record<string, (message: SignedMessage) => SignedMessage>
  /** keeps what it is asked for and answers in a way that nobody can rely on, until the returned function is called */
  breakAnswers: Record<string, () => Promise<() => Promise<void>>>
  stop(): Promise<void>
}

/** What every payment adapter owes to the port, whatever company stands behind it. */
export function describePaymentProvider(name: string, open: () => Promise<ProviderStage>): void {
  describe(`${name} as a payment provider`, () => {
    let stage: ProviderStage

    before(async () => {
      stage = await open()
    })
    after(() => stage.stop())

    it('opens one checkout for a reference, however often and however much at once it is asked', async () => {
      const order = stage.newOrder()
      const all = await Promise.all(Array.from({ length: 8 }, () => stage.provider.createCheckout(order)))
      expect(new Set(all.map((each) => each.provider_payment_id)).size).to.equal(1)
      expect(new Set(all.map((each) => each.checkout_url)).size).to.equal(1)
      expect(await stage.provider.createCheckout(order)).to.deep.equal(all[0])
      expect(await stage.provider.query(order.reference)).to.include({
        status: 'pending',
        reference: order.reference,
        amount: order.amount,
        currency: order.currency,
      })
    })

    it('does not open a second one for another amount, and does not call that a doubt', async () => {
      const order = stage.newOrder()
      await stage.provider.createCheckout(order)
      const error = await faultOf(() => stage.provider.createCheckout({ ...order, amount: order.amount + 1 }))
      expect(error).to.be.instanceOf(Error).and.not.to.be.instanceOf(ProviderUnavailable)
      expect(await stage.provider.query(order.reference)).to.include({ amount: order.amount })
    })

    it('does not know what it was never asked for', async () => {
      expect(await stage.provider.query(stage.newOrder().reference)).to.deep.equal({ status: 'not_found' })
    })

    for (const [outcome, status] of [
      ['success', 'succeeded'],
      ['failed', 'failed'],
      ['cancelled', 'cancelled'],
    ] as const)
      it(`says ${status} after the payer chose ${outcome}, and sends a webhook that names the payment`, async () => {
        const order = stage.newOrder()
        const checkout = await stage.provider.createCheckout(order)
        await stage.pay(checkout.checkout_url, outcome)
        const told = await stage.provider.query(order.reference)
        expect(told).to.include({
          status,
          provider_payment_id: checkout.provider_payment_id,
          amount: order.amount,
          currency: order.currency,
        })
        expect('failure_reason' in told).to.equal(status !== 'succeeded')
        const { raw, headers } = await stage.lastWebhook()
        const event = stage.provider.readWebhook(raw, headers)
        expect(event).to.include({ reference: order.reference, status: outcome })
        expect(event.event_id).to.be.a('string').with.length.above(8)
        expect(new Date(event.occurred_at).toISOString()).to.equal(event.occurred_at)
      })

    it('charges a saved method once for a reference, while its payer is away, and gives back what was charged', async () => {
      const { provider_method_id, label } = await stage.provider.saveMethod('method-good', stage.methods.good)
      expect(label).to.be.a('string').and.not.to.equal('')
      expect((await stage.provider.saveMethod('method-good', stage.methods.good)).provider_method_id).to.equal(provider_method_id)
      const order = { ...stage.newOrder(), provider_method_id }
      const all = await Promise.all(Array.from({ length: 8 }, () => stage.provider.charge(order)))
      expect(new Set(all.map((each) => each.provider_payment_id)).size).to.equal(1)
      expect(all[0]).to.include({ status: 'succeeded', reference: order.reference, amount: order.amount, currency: order.currency })
      expect(await stage.provider.query(order.reference)).to.deep.equal(all[0])
      expect(stage.provider.readWebhook(...(await signed(stage)))).to.include({ reference: order.reference, status: 'success' })

      const { provider_payment_id } = all[0] as { provider_payment_id: string }
      const part = { reference: `${order.reference}-back`, provider_payment_id, amount: order.amount - 1, currency: order.currency }
      const refunds = await Promise.all(Array.from({ length: 8 }, () => stage.provider.refund(part)))
      expect(new Set(refunds.map((each) => each.provider_refund_id)).size).to.equal(1)
      expect(await stage.provider.queryRefund(part.reference)).to.deep.equal(refunds[0])
      const tooMuch = await faultOf(() => stage.provider.refund({ ...part, reference: `${order.reference}-more`, amount: 2 }))
      expect(tooMuch).to.be.instanceOf(ProviderRefused)
      expect(await stage.provider.queryRefund(`${order.reference}-more`)).to.deep.equal({ status: 'not_found' })
    })

    it('sends money to a bank account once, says what became of it, and knows nothing of what it was never asked', async () => {
      const out = { reference: 'payout-once', amount: 2_500, currency: 'ZMW', bank_account: 'ZM12 0001 0002 0004', account_name: 'Ana Banda' }
      const all = await Promise.all(Array.from({ length: 8 }, () => stage.provider.transfer(out)))
      expect(new Set(all.map((each) => each.provider_transfer_id)).size).to.equal(1)
      expect(all[0]).to.include({ reference: out.reference, status: 'succeeded', amount: 2_500, currency: 'ZMW' })
      expect(await stage.provider.queryTransfer(out.reference)).to.deep.equal(all[0])
      // Something was sent under it: nobody may take this for a refusal, and give the money back.
      expect(await faultOf(() => stage.provider.transfer({ ...out, amount: 2_501 }))).to.be.instanceOf(ProviderUnavailable)
      expect(await stage.provider.queryTransfer('payout-never')).to.deep.equal({ status: 'not_found' })
    })

    it('says so when a method is refused or its payer has to confirm, and refuses one that it does not keep', async () => {
      const bad = await stage.provider.saveMethod('method-bad', stage.methods.bad)
      const order = stage.newOrder()
      expect(await stage.provider.charge({ ...order, provider_method_id: bad.provider_method_id })).to.include({ status: 'failed', reference: order.reference })
      const shy = await stage.provider.saveMethod('method-shy', stage.methods.shy)
      const wanted = stage.newOrder()
      const waiting = await stage.provider.charge({ ...wanted, provider_method_id: shy.provider_method_id })
      expect(waiting.status).to.equal('pending')
      await stage.pay(waiting.checkout_url ?? '', 'success')
      expect(await stage.provider.query(wanted.reference)).to.include({ status: 'succeeded' })
      expect(await faultOf(() => stage.provider.charge({ ...stage.newOrder(), provider_method_id: 'no-such-method' }))).to.be.instanceOf(ProviderRefused)
    })

    describe('reading a webhook', () => {
      let message: SignedMessage

      before(async () => {
        const { checkout_url } = await stage.provider.createCheckout(stage.newOrder())
        await stage.pay(checkout_url, 'success')
        message = await stage.lastWebhook()
      })

      it('takes what the company signed, in either direction of a clock that is 300 s off', () => {
        for (const seconds of [-299, 0, 299]) expect(refusalOf(stage.signAgain(message, { seconds }))).to.equal(undefined)
      })

      it('refuses what is older or newer than that', () => {
        for (const seconds of [-302, 302, -86_400, 86_400])
          expect(refusalOf(stage.signAgain(message, { seconds })), `${seconds}`).to.equal('signature-time')
      })

      it("refuses a stranger's signature, and tells it nothing of its time", () => {
        for (const seconds of [-302, 0, 302]) expect(refusalOf(stage.signAgain(message, { stranger: true, seconds }))).to.equal('signature')
        expect(refusalOf(stage.signAgain(message, { stranger: true, body: 'no JSON' }))).to.equal('signature')
      })

      it('refuses a body in which any one bit was turned', () => {
        for (let at = 0; at < message.raw.length; at++) {
          const raw = Buffer.from(message.raw)
          raw[at] = (raw[at] as number) ^ (1 << (at % 8))
          expect(refusalOf({ ...message, raw }), `byte ${at}`).to.equal('signature')
        }
        expect(refusalOf({ ...message, raw: Buffer.concat([message.raw, Buffer.from(' ')]) })).to.equal('signature')
      })

      it('refuses every way of not being signed', () => {
        for (const [how, spoil] of Object.entries(stage.spoil)) expect(refusalOf(spoil(message)), how).to.equal('signature')
      })

      it('refuses every way of not saying when', () => {
        for (const [how, spoil] of Object.entries(stage.spoilTime)) expect(refusalOf(spoil(message)), how).to.equal('signature-time')
      })

      it('refuses what was signed but says nothing', () => {
        for (const body of [
          '',
          'no JSON',
          '5',
          'null',
          '[]',
          '{}',
          '{"payment_id":5,"status":"success"}',
          '{"payment_id":"","status":"success"}',
          '\uFEFF{}',
        ])
          expect(refusalOf(stage.signAgain(message, { body })), body).to.equal('bad-json')
      })

      function refusalOf({ raw, headers }: SignedMessage): string | undefined {
        try {
          stage.provider.readWebhook(raw, headers)
          return undefined
        } catch (error) {
          if (!(error instanceof AppError)) throw error
          expect(error.status).to.equal(400)
          return error.code
        }
      }
    })

    it('calls every answer that can not be relied on a doubt, and has one checkout all the same', async () => {
      for (const [how, breakIt] of Object.entries(stage.breakAnswers)) {
        const order = stage.newOrder()
        const mend = await breakIt()
        expect(await faultOf(() => stage.provider.createCheckout(order)), how).to.be.instanceOf(ProviderUnavailable)
        expect(await faultOf(() => stage.provider.query(order.reference)), how).to.be.instanceOf(ProviderUnavailable)
        await mend()
        const checkout = await stage.provider.createCheckout(order)
        expect(await stage.provider.query(order.reference), how).to.include({
          status: 'pending',
          provider_payment_id: checkout.provider_payment_id,
        })
      }
    })
  })
}

async function signed(stage: ProviderStage): Promise<[Buffer, SignedMessage['headers']]> {
  const { raw, headers } = await stage.lastWebhook()
  return [raw, headers]
}

async function faultOf(act: () => Promise<unknown>): Promise<unknown> {
  try {
    await act()
  } catch (error) {
    return error
  }
  return undefined
}
