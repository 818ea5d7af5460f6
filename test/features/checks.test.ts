import { expect } from 'chai'
import type { Collection, Document } from 'mongodb'
import { account } from '../../src/features/ledger/index.ts'
import type { Violation } from '../../src/kernel/feature.ts'
import { newId } from '../../src/kernel/ids.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { pay, type Person, settled, signIn, signUp, topUp } from '../support/cast.ts'
import { broken } from '../support/tamper.ts'

type Row = Document & { _id: string }

/** Every collection that a breakage below touches. */
const touched = ['entries', 'balances', 'unsealed', 'batches', 'ledger_heads', 'payments', 'payment_inbox', 'idempotency_keys', 'tips']

describe('an invariant that was broken on purpose is reported, exactly it', () => {
  let app: TestApp
  let fan: Person
  let stranger: Person
  let creator: Person
  const paid = { topUp: '', sealedTip: '', checkout: '', late: '', failed: '', tailTip: '' }

  before(async () => {
    app = await startApp()
    creator = await signUp(app, 'creator')
    fan = await signUp(app, 'fan')
    stranger = await signUp(app, 'fan')
    paid.topUp = await topUp(fan, 10_000)
    await topUp(stranger, 500)
    paid.sealedTip = await tip(1_000, 'sealed')
    paid.checkout = await byCheckout('success')
    paid.failed = await byCheckout('failed')
    paid.late = await byCheckout('late')
    await everythingSealed()
    await rows('ledger_roots').deleteMany({})
    await app.runJob('ledger.sign')
    // From here on nobody seals or signs: what follows stays in the unsealed tail, and the last batch is the one that is signed.
    for (const _id of ['sealer', 'ledger-roots']) await rows('leases').replaceOne({ _id }, { owner: 'nobody', until: new Date('2999-01-01') }, { upsert: true })
    // What this process was told of its leases is over by then.
    app.wall.advance({ minutes: 2 })
    // 5.5 of 110 are the platform's: halves go up.
    paid.tailTip = await tip(110, 'tail')
    await app.app.dispatcher.whenIdle()
    expect(await app.check()).to.deep.equal([])
  })
  // Nobody seals, however long these tests take.
  beforeEach(() => rows('unsealed').updateMany({}, { $set: { since: app.wall.now() } }))
  after(async () => {
    expect(await app.check(), 'after all repairs').to.deep.equal([])
    await app.stop()
  })

  describe('in the ledger:', () => {
    reports('I1 (a)(g): an entry whose sides differ, kept in every balance', { 'ledger.entries-balance': 'ent_bad', 'ledger.trial-balance': 'ZMW' }, () =>
      enter({ debit: [[account.clearing('sandbox'), 10]], credit: [[account.cash(fan.id), 9]] }))
    reports('I2 (a): an entry with one posting', { 'ledger.entries-balance': 'ent_bad', 'ledger.trial-balance': 'ZMW' }, () => enter({ debit: [[account.clearing('sandbox'), 10]], credit: [] }))
    reports('I2 (a): an entry that names an account twice', { 'ledger.entries-balance': 'ent_bad' }, () =>
      enter({ debit: [[account.clearing('sandbox'), 10]], credit: [[account.cash(fan.id), 4], [account.cash(fan.id), 6]] }))
    reports('I2 (a): an entry of an account that the chart does not know', { 'ledger.entries-balance': 'ent_bad', 'ledger.balances-fold': 'user:nobody:cash/ZMW' }, async () => {
      await enter({ debit: [[account.clearing('sandbox'), 10]], credit: [[account.suspense('sandbox'), 10]] })
      await rows('entries').updateOne({ _id: 'ent_bad' }, { $set: { 'postings.1.account': 'user:nobody:cash' } })
      await rows('unsealed').updateOne({ _id: 'ent_bad' }, { $set: { 'deltas.1.balance': 'user:nobody:cash/ZMW' } })
    }, ['ledger.trial-balance'])
    for (const [amount, what] of [[0, 'nothing'], [-5, 'less than nothing'], [1.5, 'half a minor unit'], [1_000_000_001, 'more than the cap'], [2 ** 53, 'no safe integer']] as const)
      reports(`I4 (a): an entry of ${what}`, { 'ledger.entries-balance': 'ent_bad' }, () => enter({ debit: [[account.clearing('sandbox'), amount]], credit: [[account.suspense('sandbox'), amount]] }))
    reports('I4 (a): yen with hidden hundredths, past the cap of a currency that has none', { 'ledger.entries-balance': 'ent_bad' }, () =>
      enter({ currency: 'JPY', debit: [[account.clearing('sandbox'), 10_000_001]], credit: [[account.suspense('sandbox'), 10_000_001]] }))
    reports('I4 (a): an entry in a currency that is none', { 'ledger.entries-balance': 'ent_bad', 'ledger.balances-fold': 'provider:sandbox:clearing/XXX' }, () =>
      enter({ currency: 'XXX', debit: [[account.clearing('sandbox'), 5]], credit: [[account.suspense('sandbox'), 5]] }))
    reports('I5 (f): a sealed entry that was edited', { 'ledger.batches': /\d/ }, () => rows('entries').updateOne(sealed(), { $set: { actor: 'somebody else' } }))
    reports('I5 (e)(f): a sealed entry that was deleted', { 'ledger.sealed-xor-unsealed': /^ent_/, 'ledger.batches': /\d/, 'ledger.balances-fold': /ZMW$/, 'payments.money-follows-state': () => paid.sealedTip, 'payments.fee-split': () => paid.sealedTip }, () => rows('entries').deleteOne(sealed()))
    reports('(b): two entries of one reference', { 'ledger.references-unique': () => `payment:${paid.topUp}` }, async () => {
      await rows('entries').dropIndex('reference_1')
      await enter({ reference: `payment:${paid.topUp}`, debit: [[account.clearing('sandbox'), 5]], credit: [[account.suspense('sandbox'), 5]] })
    })
    reports('(b): the unique index of references gone', { 'ledger.references-unique': undefined }, () => rows('entries').dropIndex('reference_1'))
    reports('(c): money moved from one balance to another, without an entry', { 'ledger.balances-fold': /ZMW$/ }, async () => {
      await rows('balances').updateOne({ _id: `${account.cash(fan.id)}/ZMW` }, { $inc: { posted: 5 } })
      await rows('balances').updateOne({ _id: `${account.cash(stranger.id)}/ZMW` }, { $inc: { posted: -5 } })
    })
    reports('(c): an unsealed row that counts twice', { 'ledger.balances-fold': /ZMW$/, 'ledger.trial-balance': 'ZMW' }, () => rows('unsealed').updateOne({ _id: /^ent_/ as never }, { $inc: { 'deltas.0.delta': 1 } }))
    reports('(c): a balance of no account', { 'ledger.balances-fold': 'somebody/ZMW' }, () => rows('balances').insertOne({ _id: 'somebody/ZMW', class: 'open', posted: 5 }))
    reports('(d): cash below zero', { 'ledger.none-below-zero': () => `${account.cash(creator.id)}/ZMW` }, () => enter({ debit: [[account.cash(creator.id), 5]], credit: [[account.cash(fan.id), 5]] }))
    reports('(d): earnings below zero', { 'ledger.none-below-zero': () => `${account.pending(stranger.id)}/ZMW` }, () => enter({ debit: [[account.pending(stranger.id), 5]], credit: [[account.cash(fan.id), 5]] }))
    reports('(e): an entry that is neither sealed nor waiting', { 'ledger.sealed-xor-unsealed': 'ent_bad' }, async () => {
      await enter({ debit: [[account.cash(fan.id), 5]], credit: [[account.cash(stranger.id), 5]] })
      await rows('unsealed').deleteOne({ _id: 'ent_bad' })
    })
    reports('(e): an entry that is sealed and waits', { 'ledger.sealed-xor-unsealed': /^ent_/ }, async () => {
      const entry = await rows('entries').findOne(sealed())
      await rows('unsealed').insertOne({ _id: entry?._id as string, deltas: [], since: app.wall.now() })
    })
    reports('(e): an entry that waits and does not exist', { 'ledger.sealed-xor-unsealed': 'ent_none' }, () => rows('unsealed').insertOne({ _id: 'ent_none', deltas: [], since: app.wall.now() }))
    for (const [what, change] of [['root', { root: '0'.repeat(64) }], ['hash', { hash: '0'.repeat(64) }], ['count', { count: 99 }], ['link to the one before', { prev: '1'.repeat(64) }], ['time', { sealed_at: new Date(0) }]] as const)
      reports(`(f): a batch with another ${what}`, { 'ledger.batches': '1' }, () => batches().updateOne({ _id: 1 }, { $set: change }))
    reports('(f): a batch gone from the middle', { 'ledger.batches': '2', 'ledger.sealed-xor-unsealed': /^ent_/ }, () => batches().deleteOne({ _id: 1 }))
    reports('(f): the last batch gone', { 'ledger.batches': /\d/, 'ledger.sealed-xor-unsealed': /^ent_/, 'ledger.roots': /\d/ }, async () => batches().deleteOne({ _id: (await rows('ledger_heads').findOne({ _id: 'head' }))?.['n'] as number }))
    reports('(f): a head that names another hash', { 'ledger.batches': /\d/ }, () => rows('ledger_heads').updateOne({ _id: 'head' }, { $set: { hash: '0'.repeat(64) } }))
    reports('(h): a sealer that has not kept up for a minute', { 'ledger.sealed-in-time': /^ent_/ }, () => rows('unsealed').updateMany({}, { $set: { since: new Date(app.wall.now().getTime() - 61_000) } }))
  })

  describe('between payments and the ledger:', () => {
    for (const [amount, currency] of [[1.5, 'ZMW'], [0, 'ZMW'], [-5, 'ZMW'], [2 ** 53, 'ZMW'], [1_000_000_001, 'ZMW'], [10_000_001, 'JPY'], [100, 'XXX'], [100, 'zmw']] as const)
      reports(`I4: a payment of ${amount} ${currency}`, { 'payments.amounts': () => paid.failed }, () => rows('payments').updateOne({ _id: paid.failed }, { $set: { amount, currency } }))
    reports('I4: a fee of more than everything', { 'payments.amounts': () => paid.failed }, () => rows('payments').updateOne({ _id: paid.failed }, { $set: { fee_bps: 10_001 } }))

    reports('I9: one minor unit of the creator’s kept by the platform', { 'payments.fee-split': () => paid.tailTip }, () => shift(1))
    reports('I9: a half that went down', { 'payments.fee-split': () => paid.tailTip }, () => shift(-1))
    reports('I9: all of it kept by the platform', { 'payments.fee-split': () => paid.tailTip }, () => shift(103))
    reports('I9: another fee than the payment agreed on', { 'payments.fee-split': () => paid.tailTip }, () => rows('payments').updateOne({ _id: paid.tailTip }, { $set: { fee_bps: 100 } }))
    reports('I9: another amount than the payment agreed on', { 'payments.fee-split': () => paid.tailTip, 'payments.money-follows-state': () => paid.tailTip }, () => rows('payments').updateOne({ _id: paid.tailTip }, { $inc: { amount: 1 } }))
    reports('I9: a share that went to somebody else', { 'payments.fee-split': () => paid.tailTip, 'payments.money-follows-state': () => paid.tailTip }, async () => {
      const other = account.pending(stranger.id)
      await rows('entries').updateOne({ reference: `payment:${paid.tailTip}`, 'postings.account': account.pending(creator.id) }, { $set: { 'postings.$.account': other } })
      await rows('unsealed').updateOne({ 'deltas.balance': `${account.pending(creator.id)}/ZMW` }, { $set: { 'deltas.$.balance': `${other}/ZMW` } })
    })

    reports('I10: an entry named by two webhooks', { 'payments.inbox-once': /^sandbox:/ }, async () => {
      const row = await appliedRow()
      await rows('payment_inbox').insertOne({ ...row, _id: 'sandbox:twice' })
    })
    reports('I10: a webhook that names an entry which is not there', { 'payments.inbox-once': /^sandbox:/ }, async () => rows('payment_inbox').updateOne({ _id: (await appliedRow())._id }, { $push: { entry_ids: 'ent_none' } as never }))
    reports('I10: an entry whose webhook does not name it', { 'payments.inbox-once': /^ent_/ }, async () => rows('payment_inbox').updateOne({ _id: (await appliedRow())._id }, { $set: { entry_ids: [] } }))
    reports('I10: a webhook that found the work done, yet names an entry', { 'payments.inbox-once': /^sandbox:/ }, async () => rows('payment_inbox').updateOne({ _id: (await appliedRow())._id }, { $set: { outcome: 'superfluous' } }))

    reports('I11: a payment of the company claimed twice', { 'payments.provider-objects': /^sandbox:/ }, async () => {
      await rows('payments').dropIndex('provider_1_provider_payment_id_1')
      await rows('payments').insertOne({ ...((await rows('payments').findOne({ _id: paid.failed })) as Row), _id: newId('pay') })
    })
    reports('I11: the unique index of the company’s payments gone', { 'payments.provider-objects': undefined }, () => rows('payments').dropIndex('provider_1_provider_payment_id_1'))
    reports('I11: a success that no payment of the company stands behind', { 'payments.provider-objects': () => paid.checkout }, () => rows('payments').updateOne({ _id: paid.checkout }, { $unset: { provider_payment_id: 1 } }))
    reports('I11: a payment by a wallet that names one of a company', { 'payments.provider-objects': () => paid.tailTip }, () => rows('payments').updateOne({ _id: paid.tailTip }, { $set: { provider_payment_id: 'ch_x' } }))

    reports('I12: an answer of the company without a step that brought it', { 'payments.intent-first': 'pay_bad' }, async () => {
      const { transitions, ...rest } = (await rows('payments').findOne({ _id: paid.failed })) as Row
      await rows('payments').insertOne({ ...rest, _id: 'pay_bad', provider_payment_id: 'ch_x', state: 'created', version: 1, transitions: [(transitions as Document[])[0]] })
    })
    reports('I12: a step that is older than its intent', { 'payments.intent-first': () => paid.checkout }, () => rows('payments').updateOne({ _id: paid.checkout }, { $set: { 'transitions.1.at': new Date(0) } }))
    reports('I12: a payment that was with the company before it was stored', { 'payments.intent-first': () => paid.checkout, 'payments.transitions': () => paid.checkout }, () => rows('payments').updateOne({ _id: paid.checkout }, { $pop: { transitions: -1 } as never }))
    reports('I12: a checkout for what a wallet paid', { 'payments.intent-first': () => paid.tailTip }, () => rows('payments').updateOne({ _id: paid.tailTip }, { $set: { checkout_url: 'https://pay.example/1' } }))

    reports('I14: a step that the table does not know', { 'payments.transitions': () => paid.failed }, () => rows('payments').updateOne({ _id: paid.failed }, { $set: { state: 'created' }, $inc: { version: 1 }, $push: { transitions: { from: 'failed', to: 'created', cause: 'sweeper', at: app.clock.now() } } as never }))
    reports('I14: a terminal state that was left', { 'payments.transitions': () => paid.checkout, 'payments.money-follows-state': () => paid.checkout }, () => rows('payments').updateOne({ _id: paid.checkout }, { $set: { state: 'failed' }, $inc: { version: 1 }, $push: { transitions: { from: 'succeeded', to: 'failed', cause: 'sweeper', at: app.clock.now() } } as never }))
    reports('I14: a step without a cause', { 'payments.transitions': () => paid.checkout }, () => rows('payments').updateOne({ _id: paid.checkout }, { $set: { 'transitions.1.cause': '' } }))
    reports('I14: a step caused by a webhook that never came', { 'payments.transitions': () => paid.checkout }, () => rows('payments').updateOne({ _id: paid.checkout }, { $set: { 'transitions.1.cause': 'sandbox:evt_none' } }))
    reports('I14: a step that is missing', { 'payments.transitions': () => paid.failed }, () => rows('payments').updateOne({ _id: paid.failed }, { $pop: { transitions: 1 } as never }))
    reports('I14: more versions than steps', { 'payments.transitions': () => paid.failed }, () => rows('payments').updateOne({ _id: paid.failed }, { $inc: { version: 1 } }))

    reports('a success whose money is not there', { 'payments.money-follows-state': () => paid.tailTip }, () => rows('entries').updateOne({ reference: `payment:${paid.tailTip}` }, { $set: { source: 'elsewhere' } }))
    reports('a success that was paid twice', { 'payments.money-follows-state': () => paid.checkout }, () => enter({ source: paid.checkout, debit: [[account.clearing('sandbox'), 5]], credit: [[account.suspense('sandbox'), 5]] }))
    reports('a failure for which money moved', { 'payments.money-follows-state': () => paid.failed }, () => enter({ source: paid.failed, debit: [[account.clearing('sandbox'), 5]], credit: [[account.suspense('sandbox'), 5]] }))
    reports('a late success that did not go through suspense', { 'payments.money-follows-state': () => paid.late, 'ledger.batches': /\d/ }, () => rows('entries').updateOne({ reference: `payment:${paid.late}:late` }, { $set: { source: 'elsewhere' } }))
  })

  describe('between keys and what they made:', () => {
    reports('I13: an answer that names a thing which is not there', { 'idempotency.one-effect': () => keyOf('tip:send', 'tail') }, () => keys().updateOne({ _id: keyOf('tip:send', 'tail') }, { $set: { 'answer.tip_id': 'tip_none' } }))
    reports('I13: an answer that names nothing', { 'idempotency.one-effect': () => keyOf('tip:send', 'tail') }, () => keys().updateOne({ _id: keyOf('tip:send', 'tail') }, { $unset: { answer: 1 } }))
    reports('I13: an answer that names another intent than its own', { 'idempotency.one-effect': () => keyOf('payment:initiate', 'c-failed') }, () => keys().updateOne({ _id: keyOf('payment:initiate', 'c-failed') }, { $set: { resource_id: 'pay_other' } }))
    reports('I13: a key of one person for what another made', { 'idempotency.one-effect': () => `${stranger.id}|tip:send|tail` }, async () => {
      const row = (await keys().findOneAndDelete({ _id: keyOf('tip:send', 'tail') })) as Row
      await keys().insertOne({ ...row, _id: `${stranger.id}|tip:send|tail` })
    })
    reports('I13: two keys for one effect', { 'idempotency.one-effect': /tip:send/ }, async () => {
      const row = (await keys().findOne({ _id: keyOf('tip:send', 'tail') })) as Row
      await keys().insertOne({ ...row, _id: keyOf('tip:send', 'again') })
    })
    reports('I13: a tip’s key that answers a top-up', { 'idempotency.one-effect': () => keyOf('payment:initiate', 'wrong') }, async () => {
      const row = (await keys().findOneAndDelete({ 'answer.payment_id': paid.topUp })) as Row
      await keys().insertOne({ ...row, _id: keyOf('payment:initiate', 'wrong') })
    })
    reports('I13: a start whose lease is over and that has no intent', { 'idempotency.one-effect': () => keyOf('wallet:top-up', 'lost') }, () => started({ lease_until: new Date(0) }))
    reports('I13: a start whose intent is gone', { 'idempotency.one-effect': () => keyOf('wallet:top-up', 'lost') }, () => started({ resource_id: 'pay_gone', lease_until: new Date('2999-01-01') }))
    reports('I13: a key without a request', { 'idempotency.one-effect': () => keyOf('tip:send', 'tail') }, () => keys().updateOne({ _id: keyOf('tip:send', 'tail') }, { $unset: { request_hash: 1 } }))
    reports('I13: a key of an operation that takes none', { 'idempotency.one-effect': () => keyOf('wallet:me', 'x') }, async () => {
      const row = (await keys().findOne({ _id: keyOf('tip:send', 'tail') })) as Row
      await keys().insertOne({ ...row, _id: keyOf('wallet:me', 'x') })
    })
  })

  describe('and told', () => {
    it('to the admin who asks, over HTTP and over a socket, and to nobody else', async () => {
      const admin = await signIn(app, app.admin.email, app.admin.password)
      const live = await admin.socket()
      const ask = async () => [(await admin.http('POST', '/api/v1/admin/check', { full: true })).body, (await live.call('admin:check', { full: true }) as unknown as { data: object }).data] as { violations: Violation[] }[]
      for (const { violations } of await ask()) expect(violations).to.deep.equal([])
      const found = await broken(app.db, () => rows('payments').updateOne({ _id: paid.failed }, { $inc: { version: 1 } }), ask, ['payments'])
      for (const { violations } of found) expect(violations.map(({ check, subject }) => [check, subject])).to.deep.equal([['payments.transitions', paid.failed]])
      for (const { violations } of await ask()) expect(violations).to.deep.equal([])
      expect((await fan.http('POST', '/api/v1/admin/check', { full: true })).status).to.equal(403)
      live.close()
    })

    it('but not while all is well and money moves', async () => {
      const live = await fan.socket()
      const moving = Promise.all(Array.from({ length: 20 }, (_each, n) => live.call('tip:send', { creator_id: creator.id, amount: 10 + n, currency: 'ZMW', key: `moving-${n}` })))
      const looks = await Promise.all(Array.from({ length: 5 }, () => app.check()))
      expect((await moving).filter((answer) => answer.ok)).to.have.length(20)
      expect(looks.flat()).to.deep.equal([])
      live.close()
    })

    it('only then: I12, all that the company has on its books was ours first', async () => {
      const charges = await app.sandboxDb.collection('charges').find().toArray()
      expect(charges).to.have.length.above(4)
      for (const charge of charges) {
        const intent = await rows('payments').findOne({ _id: charge['reference'] as string })
        expect(intent?.['created_at'] <= charge['created_at'], String(charge['reference'])).to.equal(true)
      }
    })
  })

  /** @param expected check → its first subject; the checks that report are these and no others, but for `also` */
  function reports(what: string, expected: Record<string, string | RegExp | (() => string) | undefined>, tamper: () => Promise<unknown>, also: string[] = []): void {
    it(what, async () => {
      const found = await broken(app.db, tamper, () => app.check(), touched)
      expect([...new Set(found.map((each) => each.check))], JSON.stringify(found)).to.have.members([...Object.keys(expected), ...also])
      for (const [name, subject] of Object.entries(expected)) {
        const told = found.find((each) => each.check === name)?.subject
        if (subject instanceof RegExp) expect(told).to.match(subject)
        else expect(told).to.equal(typeof subject === 'function' ? subject() : subject)
      }
    })
  }

  /** An entry that the balances agree with, whatever is wrong with itself. */
  async function enter({ debit, credit, currency = 'ZMW', reference = 'bad', source = 'bad' }: { debit: [string, number][]; credit: [string, number][]; currency?: string; reference?: string; source?: string }): Promise<void> {
    const postings = [...debit.map(([name, amount]) => ({ account: name, side: 'debit', amount })), ...credit.map(([name, amount]) => ({ account: name, side: 'credit', amount }))]
    const isDebitNormal = (name: string) => name.startsWith('provider:')
    const deltas = postings.map((each) => ({ balance: `${each.account}/${currency}`, delta: (each.side === 'debit') === isDebitNormal(each.account) ? each.amount : -each.amount }))
    const guarded = deltas.filter(({ balance }) => balance.includes(':cash/'))
    for (const { balance, delta } of guarded) await rows('balances').updateOne({ _id: balance }, { $inc: { posted: delta }, $setOnInsert: { class: 'guarded' } }, { upsert: true })
    await rows('entries').insertOne({ _id: 'ent_bad', reference, reason: 'tip', currency, source, actor: 'test', at: app.clock.now(), postings })
    await rows('unsealed').insertOne({ _id: 'ent_bad', deltas: deltas.filter((each) => !guarded.includes(each)), since: app.wall.now() })
  }

  /** So much more for the platform, so much less for the creator, in the tail tip's entry and in the balances that wait for it. */
  async function shift(by: number): Promise<void> {
    const [earned, kept] = [account.pending(creator.id), account.revenue('tip')]
    for (const [name, delta] of [[earned, -by], [kept, by]] as const) {
      await rows('entries').updateOne({ reference: `payment:${paid.tailTip}`, 'postings.account': name }, { $inc: { 'postings.$.amount': delta } })
      await rows('unsealed').updateOne({ 'deltas.balance': `${name}/ZMW` }, { $inc: { 'deltas.$.delta': delta } })
    }
  }

  async function started(fields: object): Promise<void> {
    await keys().insertOne({ _id: keyOf('wallet:top-up', 'lost'), request_hash: 'x', state: 'started', expires_at: new Date('2999-01-01'), ...fields })
  }

  async function appliedRow(): Promise<Row> {
    return (await rows('payment_inbox').findOne({ reference: paid.topUp, outcome: 'applied' })) as Row
  }

  async function tip(amount: number, key: string): Promise<string> {
    const sent = await fan.http('POST', `/api/v1/creators/${creator.id}/tips`, { amount, currency: 'ZMW' }, key)
    return (await rows('tips').findOne({ _id: (sent.body as { tip_id: string }).tip_id }))?.['payment_id'] as string
  }

  async function byCheckout(outcome: 'success' | 'failed' | 'late'): Promise<string> {
    const live = await fan.socket()
    const { body } = await fan.http('POST', '/api/v1/payments/initiate', { creator_id: creator.id, amount: 700, currency: 'ZMW' }, `c-${outcome}`)
    const { payment_id } = body as { payment_id: string }
    await pay(body as never, outcome)
    await settled(live, payment_id)
    if (outcome === 'late') await settled(live, payment_id)
    live.close()
    return payment_id
  }

  async function everythingSealed(): Promise<void> {
    while ((await rows('unsealed').countDocuments()) > 0) await new Promise((resolve) => setImmediate(resolve))
  }

  function sealed(): { reference: string } {
    return { reference: `payment:${paid.sealedTip}` }
  }

  function keyOf(operation: string, key: string): string {
    return `${fan.id}|${operation}|${key}`
  }

  function keys(): Collection<Row> {
    return rows('idempotency_keys')
  }

  function rows(name: string): Collection<Row> {
    return app.db.collection<Row>(name)
  }

  function batches(): Collection<Document & { _id: number }> {
    return app.db.collection<Document & { _id: number }>('batches')
  }
})
