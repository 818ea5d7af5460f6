import { createHmac } from 'node:crypto'
import { expect } from 'chai'
import { newId } from '../../src/kernel/ids.ts'
import { type Person, signIn } from '../support/cast.ts'
import { type Answer, ask } from '../support/http.ts'
import { besieged, refused } from './support.ts'

interface InboxRow {
  _id: string
  outcome: string
  body_hash: string
  entry_ids: string[]
}

besieged('hostile webhooks', (siege) => {
  const url = () => `${siege.app.url}/api/v1/payments/webhook`
  const now = () => Math.floor(siege.app.wall.now().getTime() / 1000)
  const hook = (fields: object = {}) => JSON.stringify({ payment_id: newId('pay'), status: 'success', timestamp: new Date().toISOString(), ...fields })
  const seal = (id: string, stamp: string | number, body: string, key: Buffer | string = siege.app.webhookKey) => createHmac('sha256', key).update(`${id}.${stamp}.${body}`).digest('base64')
  const inbox = () => siege.app.db.collection<InboxRow>('payment_inbox')

  type Headers = Record<string, string | string[]>
  /** A good webhook, with what this row changes. */
  function send(body: string, change: (good: { id: string; stamp: string; signature: string }) => Headers = () => ({}), path = ''): Promise<Answer> {
    const [id, stamp] = [newId('evt'), String(now())]
    const signature = seal(id, stamp, body)
    const headers: Headers = { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': stamp, 'webhook-signature': `v1,${signature}`, ...change({ id, stamp, signature }) }
    return ask(`${url()}${path}`, { raw: body, headers: Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== '')) })
  }

  describe('W1: signed', () => {
    const rows: [string, (good: { id: string; stamp: string; signature: string }) => Headers][] = [
      ['by nobody', () => ({ 'webhook-signature': '' })],
      ['by nobody, for somebody who is signed in', () => ({ 'webhook-signature': '', authorization: `Bearer ${siege.fan.token}` })],
      ['without an id', () => ({ 'webhook-id': '' })],
      ['by another secret', ({ id, stamp }) => ({ 'webhook-signature': `v1,${seal(id, stamp, 'x', 'wrong')}` })],
      ['for another body', ({ id, stamp }) => ({ 'webhook-signature': `v1,${seal(id, stamp, '{}')}` })],
      ['for another id', ({ stamp, signature }) => ({ 'webhook-id': newId('evt'), 'webhook-timestamp': stamp, 'webhook-signature': `v1,${signature}` })],
      ['for another time', ({ stamp }) => ({ 'webhook-timestamp': String(Number(stamp) + 1) })],
      ['by an old scheme', ({ signature }) => ({ 'webhook-signature': `v0,${signature}` })],
      ['by a newer scheme', ({ signature }) => ({ 'webhook-signature': `v1a,${signature}` })],
      ['without a scheme', ({ signature }) => ({ 'webhook-signature': signature })],
      ['with one bit turned', ({ signature }) => ({ 'webhook-signature': `v1,${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}` })],
      ['with half of it', ({ signature }) => ({ 'webhook-signature': `v1,${signature.slice(0, 20)}` })],
      ['twice, in two headers', ({ signature }) => ({ 'webhook-signature': [`v1,${signature}`, `v1,${signature}`] })],
      ['under two ids', ({ id }) => ({ 'webhook-id': [id, id] })],
      ['in hexadecimal', ({ signature }) => ({ 'webhook-signature': `v1,${Buffer.from(signature, 'base64').toString('hex')}` })],
    ]
    for (const [what, change] of rows) it(what, async () => refused(await send(hook(), change), 400, 'signature'))
    it('and edited by one byte on the way', async () => {
      const body = hook()
      const [id, stamp] = [newId('evt'), String(now())]
      const headers = { 'webhook-id': id, 'webhook-timestamp': stamp, 'webhook-signature': `v1,${seal(id, stamp, body)}` }
      refused(await ask(url(), { raw: body.replace('success', 'Success'), headers }), 400, 'signature')
    })
    it('well grants nothing else', async () => {
      const [id, stamp] = [newId('evt'), String(now())]
      refused(await ask(`${siege.app.url}/api/v1/wallets/me`, { headers: { 'webhook-id': id, 'webhook-timestamp': stamp, 'webhook-signature': `v1,${seal(id, stamp, '')}` } }), 401, 'unauthenticated')
    })
  })

  describe('W2: stamped', () => {
    const signedAt = (stamp: string): ((good: { id: string }) => Headers) => ({ id }) => ({ 'webhook-timestamp': stamp, 'webhook-signature': `v1,${seal(id, stamp, body)}` })
    const body = hook()
    for (const offset of [-310, 310, -86_400, 86_400 * 365]) it(`${offset} seconds away`, async () => refused(await send(body, signedAt(String(now() + offset))), 400, 'signature-time'))
    for (const stamp of ['NaN', 'Infinity', '-1', '1e9', '0x10', ' ', '99999999999999999999', '1.5', 'now']) it(`with ${JSON.stringify(stamp)}`, async () => refused(await send(body, signedAt(stamp)), 400, 'signature-time'))
    it('not at all', async () => refused(await send(body, () => ({ 'webhook-timestamp': '' })), 400, 'signature-time'))
    it('twice', async () => refused(await send(body, ({ stamp }) => ({ 'webhook-timestamp': [stamp, stamp] })), 400, 'signature-time'))
    for (const offset of [-290, 290])
      it(`${offset} seconds away is within what clocks may differ`, async () => {
        expect((await send(body, (good) => signedAt(String(now() + offset))(good))).body).to.deep.equal({ status: 'success' })
        await worked()
      })
  })

  describe('W3: sent again', () => {
    it('twenty times at once, it is kept once, and each time answered with success', async () => {
      const body = hook()
      const [id, stamp] = [newId('evt'), String(now())]
      const headers = { 'webhook-id': id, 'webhook-timestamp': stamp, 'webhook-signature': `v1,${seal(id, stamp, body)}` }
      const answers = await Promise.all(Array.from({ length: 20 }, () => ask(url(), { raw: body, headers })))
      for (const answer of answers) expect([answer.status, answer.body]).to.deep.equal([200, { status: 'success' }])
      expect(await inbox().countDocuments({ _id: `sandbox:${id}` })).to.equal(1)
      await worked()
    })

    it('with other content under the same id: success, an alarm, and the first stays', async () => {
      const id = newId('evt')
      const give = async (body: string) => {
        const stamp = String(now())
        return (await ask(url(), { raw: body, headers: { 'webhook-id': id, 'webhook-timestamp': stamp, 'webhook-signature': `v1,${seal(id, stamp, body)}` } })).body as object
      }
      const [first, second] = [hook(), hook({ status: 'failed' })]
      expect(await give(first)).to.deep.equal({ status: 'success' })
      await worked()
      const kept = await inbox().findOne({ _id: `sandbox:${id}` })
      expect(await give(second)).to.deep.equal({ status: 'success' })
      expect(await inbox().findOne({ _id: `sandbox:${id}` })).to.deep.equal(kept)
      expect(siege.app.logs.some((line) => line.level === 'error' && line.message.includes('another message under an event id'))).to.equal(true)
    })
  })

  describe('W4: of', () => {
    const parked: [string, object, string][] = [
      ['a kind that nobody knows is ignored', { status: 'teleported' }, 'ignored'],
      ['a payment that nobody knows is parked', { payment_id: 'pay_00000000000000000000000000000000' }, 'parked'],
      ['an id that is a path is parked', { payment_id: '../../v1/payments' }, 'parked'],
      ['an id that is a query is parked', { payment_id: '{"$ne":""}' }, 'parked'],
    ]
    for (const [what, fields, outcome] of parked)
      it(what, async () => {
        const before = await siege.app.db.collection('entries').countDocuments()
        expect((await send(hook(fields))).body).to.deep.equal({ status: 'success' })
        await worked()
        expect((await inbox().find().sort({ received_at: -1 }).limit(1).toArray())[0]).to.deep.include({ outcome, entry_ids: [] })
        expect(await siege.app.db.collection('entries').countDocuments()).to.equal(before)
      })

    for (const change of [{ amount: 1 }, { amount: 351 }, { currency: 'USD' }])
      it(`a payment of which the company says ${JSON.stringify(change)} moves nothing, and a person is told`, async () => {
        const { body } = await siege.fan.http('POST', '/api/v1/wallets/me/top-ups', { amount: 350, currency: 'ZMW' }, `w4-${JSON.stringify(change)}`)
        const { payment_id } = body as { payment_id: string }
        await siege.app.sandboxDb.collection('charges').updateOne({ reference: payment_id }, { $set: { ...change, status: 'succeeded' } })
        const before = await siege.app.db.collection('entries').countDocuments()
        await send(hook({ payment_id }))
        await worked()
        expect(await inbox().findOne({ reference: payment_id } as object)).to.deep.include({ outcome: 'mismatch', entry_ids: [] })
        expect((await siege.fan.http('GET', `/api/v1/payments/${payment_id}`)).body).to.include({ status: 'pending' })
        expect(await siege.app.db.collection('entries').countDocuments()).to.equal(before)
        expect(siege.app.logs.some((line) => line.level === 'error' && line.message.includes('another amount'))).to.equal(true)
        await siege.accept()
      })
  })

  describe('W5: whose body is', () => {
    it('larger than 256 KiB, announced or not', async () => {
      refused(await ask(url(), { raw: 'x'.repeat(257 * 1024) }), 413, 'too-large')
      refused(await ask(url(), { raw: 'x'.repeat(257 * 1024), headers: { 'transfer-encoding': 'chunked', 'content-length': [] } }), 413, 'too-large')
    })
    for (const body of ['', 'not json', '5', 'null', '[]', '{}', '{"payment_id":5,"status":"success"}', '{"payment_id":"","status":"success"}', `{"payment_id":"${'x'.repeat(201)}","status":"success"}`, '{"payment_id":"a"}', '\ufeff{}', '{"__proto__":{"payment_id":"a","status":"success"}}'])
      it(`well signed, and ${JSON.stringify(body.slice(0, 40))}`, async () => refused(await send(body), 400, 'bad-json'))
    it('no JSON, and not signed: that is told first', async () => refused(await send('not json', () => ({ 'webhook-signature': '' })), 400, 'signature'))
  })

  describe('W6: that nobody can vouch for', () => {
    it('comes to a company that is none', async () => {
      for (const path of ['/nobody', '/wallet', '/__proto__', '/constructor', '/sandbox/x', '/..%2fsandbox']) refused(await send(hook(), undefined, path), 404, 'not-found')
    })
    it('says success of a payment that has not happened: the company is asked, and it decides', async () => {
      const { body } = await siege.fan.http('POST', '/api/v1/wallets/me/top-ups', { amount: 380, currency: 'ZMW' }, 'w6')
      const { payment_id } = body as { payment_id: string }
      const before = await siege.app.db.collection('entries').countDocuments()
      expect((await send(hook({ payment_id }))).status).to.equal(200)
      await worked()
      expect(await inbox().findOne({ reference: payment_id } as object)).to.deep.include({ outcome: 'superfluous', entry_ids: [] })
      expect(await siege.app.db.collection('entries').countDocuments()).to.equal(before)
      await siege.accept()
    })
    it('is forged by the company’s own fault switch: only the true one counts', async () => {
      const admin: Person = await signIn(siege.app, siege.app.admin.email, siege.app.admin.password)
      await siege.accept()
      refused(await siege.fan.http('POST', '/sandbox/faults', { forge: true }), 403, 'forbidden')
      refused(await admin.http('POST', '/sandbox/faults', { forge: 'yes' }), 400, 'validation')
    })
  })

  /** Until the worker has come to an end with everything that was let in; what was let in was meant to be. */
  async function worked(): Promise<void> {
    while ((await inbox().countDocuments({ outcome: 'received' })) > 0) await new Promise((resolve) => setImmediate(resolve))
    await siege.accept()
  }
})
