import { expect } from 'chai'
import { startApp } from '../../support/app.ts'
import { type Person, signIn, signUp } from '../../support/cast.ts'
import { byHttp, bySocket, doors, through } from '../../support/doors.ts'
import { banks, openTill, type Payout, type Till } from './support.ts'

describe('a payout', () => {
  let till: Till

  before(async () => {
    till = await openTill()
  })
  afterEach(async () => expect(await till.app.check()).to.deep.equal([]))
  after(() => till.app.stop())

  for (const door of doors)
    it(`is asked for, approved, sent and told of at each step (${door})`, async () => {
      const creator = await till.earner()
      const [desk, office] = [await through(door, till.app, creator), await through(door, till.app, till.admin)]
      const asked = await desk.call('payout:request', { amount: 10_000, bank_account: banks.good, account_name: 'Ana Banda' }, `first-${door}`)
      expect(asked).to.include({ status: 'pending', state: 'pending', amount: 10_000, currency: 'ZMW', account_ending: '0004', automatic: false })
      expect(await till.buckets(creator)).to.include({ available: 0, payout_reserved: 10_000 })
      const approved = await office.call('payout:approve', { payout_id: asked.payout_id, note: 'looked at' })
      expect(approved).to.include({ status: 'approved', creator_id: creator.id, bank_account: banks.good, account_name: 'Ana Banda', approvals_needed: 0 })
      await till.settle()
      expect((await desk.call('payout:mine', {})).data).to.have.length(1)
      expect((await desk.call('payout:mine', {})).data[0]).to.include({ status: 'completed', state: 'completed', reason: null })
      expect(await till.buckets(creator)).to.include({ available: 0, payout_reserved: 0 })
      expect(await till.paid(asked.payout_id)).to.equal(1)
      const [line] = (await creator.http('GET', '/api/v1/wallets/me/transactions?limit=1')).body.data
      expect(line).to.include({ type: 'payout', status: 'success', amount: -10_000, payout_id: asked.payout_id })
      const mails = (await office.call('mail:list', {})).data
      expect(mails[0]).to.include({ to: creator.email, subject: 'Your payout was sent' })
      for (const each of [desk, office]) each.close()
    })

  it('answers in the words that outside programs know', async () => {
    const creator = await till.earner()
    const { body, status } = await till.request(creator)
    expect(status).to.equal(201)
    expect(body).to.include.keys('payout_id', 'status', 'amount')
    expect((await till.admin.http('GET', '/api/v1/admin/payouts?status=pending')).body.data.map((each: Payout) => each.payout_id)).to.deep.equal([body.payout_id])
    expect((await till.decide(body.payout_id, 'reject')).body).to.include({ status: 'rejected', reason: 'does not look right' })
    expect((await till.admin.http('GET', '/api/v1/admin/payouts?status=pending')).body.data).to.deep.equal([])
    expect(await till.buckets(creator)).to.include({ available: 10_000, payout_reserved: 0 })
  })

  it('is told to the creator’s sockets and to admins', async () => {
    const creator = await till.earner()
    const [desk, office] = [await bySocket(till.app, creator), await bySocket(till.app, till.admin)]
    const { payout_id } = await desk.call('payout:request', { amount: 5_000, bank_account: banks.good, account_name: 'Ana' }, 'told')
    for (const each of [desk, office]) expect(await each.next('payout:updated')).to.include({ payout_id, creator_id: creator.id, status: 'pending', version: 1 })
    await desk.call('payout:cancel', { payout_id })
    for (const each of [desk, office]) expect(await each.next('payout:updated')).to.include({ payout_id, status: 'rejected', state: 'cancelled' })
    for (const each of [desk, office]) each.close()
  })

  it('is refused below the least, above what there is, and beside another one; the same key answers the same', async () => {
    const creator = await till.earner()
    expect((await till.request(creator, 999)).body).to.include({ code: 'amount' })
    expect((await till.request(creator, 10_001)).body).to.include({ code: 'insufficient-funds' })
    expect((await creator.http('POST', '/api/v1/payouts/request', { amount: 5_000, bank_account: banks.good, account_name: 'Ana' })).body).to.include({ code: 'idempotency-key' })
    const first = await till.request(creator, 5_000, banks.good, 'once')
    expect((await till.request(creator, 5_000, banks.good, 'once')).body).to.deep.equal(first.body)
    expect((await till.request(creator, 5_000, banks.good, 'again')).body).to.include({ code: 'conflict' })
    expect(await till.buckets(creator)).to.include({ available: 5_000, payout_reserved: 5_000 })
  })

  it('of all there is, asked for twenty times at once in two processes, is one', async () => {
    const creator = await till.earner()
    const beside = await startApp({ TIP_FEE_BPS: '0', PAYOUT_MINIMUM: '1000' }, till.app)
    try {
      const body = { amount: 10_000, bank_account: banks.good, account_name: 'Ana Banda' }
      const answers = await Promise.all(
        Array.from({ length: 20 }, async (_each, n) => byHttp(n % 2 ? beside : till.app, creator).call('payout:request', body, `race-${n}`).then(() => 'ok', (error: Error) => /"code":"([\w-]+)"/.exec(error.message)?.[1] ?? error.message)),
      )
      expect(answers.filter((each) => each === 'ok')).to.have.length(1)
      expect(answers.filter((each) => each !== 'ok' && !['conflict', 'insufficient-funds', 'busy', 'retry'].includes(each))).to.deep.equal([])
      const [payout] = await till.mine(creator)
      const desks = [till.app, beside].flatMap((app) => [byHttp(app, till.admin), byHttp(app, till.second)])
      const approvals = await Promise.all(Array.from({ length: 20 }, async (_each, n) => desks[n % 4]?.call('payout:approve', { payout_id: payout?.payout_id ?? '', note: '' }).then(() => 'ok', () => 'no')))
      expect(approvals.filter((each) => each === 'ok')).to.have.length(1)
      await Promise.all([till.settle(), beside.runJob('payouts.sending')])
      expect(await till.paid(payout?.payout_id ?? '')).to.equal(1)
    } finally {
      await beside.stop()
    }
    expect((await till.mine(creator))[0]).to.include({ state: 'completed' })
  })

  it('of much needs two admins, each once, and neither of them is paid by it', async () => {
    const creator = await till.earner(60_000)
    const { payout_id } = (await till.request(creator, 60_000)).body
    expect((await till.approve(payout_id)).body).to.include({ status: 'pending', approvals_needed: 1 })
    expect((await till.approve(payout_id)).body).to.include({ code: 'stale-state', detail: 'You have agreed to it: another admin has to, too' })
    await till.settle()
    expect(await till.paid(payout_id)).to.equal(0)
    expect((await till.approve(payout_id, till.second)).body).to.include({ status: 'approved', approvals_needed: 0 })
    await till.settle()
    expect(await till.paid(payout_id)).to.equal(1)

    const climber = await till.earner(10_000)
    const own = (await till.request(climber)).body.payout_id
    await till.admin.http('POST', `/api/v1/admin/users/${climber.id}/role`, { role: 'admin' })
    const climbed = await signIn(till.app, climber.email)
    expect((await till.approve(own, climbed)).body).to.include({ code: 'self' })
    expect((await till.decide(own, 'reject')).body).to.include({ status: 'rejected' })
  })

  it('to a bank account that took the place of another waits three days, and its owner is told', async () => {
    const creator = await till.earner()
    expect((await creator.http('PUT', '/api/v1/creators/me', { bank_account: banks.other })).status).to.equal(200)
    const { body } = await till.request(creator, 5_000, banks.good)
    expect(body).to.include({ status: 'pending', state: 'held', reason: 'The bank account was changed' })
    const mails = (await till.admin.http('GET', '/api/v1/admin/mails?limit=3')).body.data as { subject: string; to: string }[]
    expect(mails.filter((each) => each.to === creator.email).map((each) => each.subject)).to.include('Your bank account was changed')
    expect((await till.approve(body.payout_id)).body).to.include({ code: 'stale-state' })
    expect((await till.decide(body.payout_id, 'release')).body).to.include({ code: 'stale-state' })
    await till.days(2)
    expect((await till.mine(creator))[0]).to.include({ state: 'held' })
    await till.days(1)
    expect((await till.mine(creator))[0]).to.include({ state: 'pending', held_until: null, reason: null })
    expect((await till.approve(body.payout_id)).body).to.include({ status: 'approved' })
    await till.settle()
    expect((await till.mine(creator))[0]).to.include({ state: 'completed' })
  })

  it('is held by an admin until it is released, and agreed to anew', async () => {
    const creator = await till.earner(60_000)
    const { payout_id } = (await till.request(creator, 60_000)).body
    await till.approve(payout_id)
    expect((await till.decide(payout_id, 'hold', till.second)).body).to.include({ state: 'held', reason: 'does not look right', approvals_needed: 2 })
    expect((await till.approve(payout_id, till.second)).body).to.include({ code: 'stale-state' })
    await till.days(5)
    expect((await till.mine(creator))[0]).to.include({ state: 'held' })
    expect((await till.decide(payout_id, 'release')).body).to.include({ state: 'pending', reason: null })
    expect((await creator.http('POST', `/api/v1/payouts/${payout_id}/cancel`, {})).body).to.include({ state: 'cancelled', status: 'rejected' })
    expect(await till.buckets(creator)).to.include({ available: 60_000, payout_reserved: 0 })
  })

  describe('that the bank', () => {
    it('does not take goes back, with the reason', async () => {
      const creator = await sent(banks.closed)
      expect((await till.mine(creator))[0]).to.include({ status: 'rejected', state: 'failed', reason: 'account_closed' })
      expect(await till.buckets(creator)).to.include({ available: 10_000, payout_reserved: 0 })
      const [line] = (await creator.http('GET', '/api/v1/wallets/me/transactions?limit=1')).body.data
      expect(line).to.include({ type: 'payout', status: 'failed' })
    })

    it('sends back is available again', async () => {
      const creator = await sent(banks.returning)
      expect((await till.mine(creator))[0]).to.include({ state: 'completed' })
      await till.days(2)
      expect((await till.mine(creator))[0]).to.include({ status: 'rejected', state: 'returned', reason: 'name_mismatch' })
      expect(await till.buckets(creator)).to.include({ available: 10_000, payout_reserved: 0 })
    })

    it('takes a day for is asked after until it is there', async () => {
      const creator = await sent(banks.slow)
      expect((await till.mine(creator))[0]).to.include({ status: 'approved', state: 'processing' })
      expect((await till.request(creator, 1_000, banks.slow)).body.code).to.be.oneOf(['conflict', 'insufficient-funds'])
      await till.days(2)
      expect((await till.mine(creator))[0]).to.include({ state: 'completed' })
    })

    it('may have, and nobody knows, is asked for and never sent twice', async () => {
      const creator = await till.earner()
      const { payout_id } = (await till.request(creator)).body
      await till.admin.http('POST', '/sandbox/faults', { timeout_after_charge: true })
      await till.approve(payout_id)
      const sending = till.app.runJob('payouts.sending')
      while ((await till.paid(payout_id)) === 0);
      await till.admin.http('POST', '/sandbox/faults', { timeout_after_charge: false })
      await sending
      await till.days(1)
      expect((await till.mine(creator))[0]).to.include({ state: 'completed' })
      expect(await till.paid(payout_id)).to.equal(1)
    }).timeout(60_000)

    it('never heard of is told again under the same id, and not while the books do not add up', async () => {
      const creator = await sent(banks.slow)
      const [{ payout_id }] = (await till.mine(creator)) as [Payout]
      await till.app.sandboxDb.collection('transfers').deleteOne({ reference: payout_id })
      const freezes = till.app.db.collection<{ _id: string; reason: string; since: Date }>('payout_freezes')
      await freezes.insertOne({ _id: 'freeze', reason: 'a test', since: new Date() })
      await till.days(1)
      expect(await till.paid(payout_id), 'while it is frozen').to.equal(0)
      await freezes.deleteOne({ _id: 'freeze' })
      await till.days(3)
      expect(await till.paid(payout_id)).to.equal(1)
      expect((await till.mine(creator))[0]).to.include({ state: 'completed' })
    })

    async function sent(bank: string): Promise<Person> {
      const creator = await till.earner()
      const { payout_id } = (await till.request(creator, 10_000, bank)).body
      expect((await till.approve(payout_id)).body).to.include({ status: 'approved' })
      await till.settle()
      return creator
    }
  })

  it('waits while the books do not add up', async () => {
    const creator = await till.earner()
    const { payout_id } = (await till.request(creator)).body
    await till.app.db.collection<{ _id: string }>('payouts').updateOne({ _id: payout_id }, { $set: { open: false } })
    expect((await till.app.check()).map((each) => each.check)).to.include('payouts.transitions')
    expect((await till.approve(payout_id)).body).to.include({ code: 'stale-state', status: 409 })
    await till.app.db.collection<{ _id: string }>('payouts').updateOne({ _id: payout_id }, { $set: { open: true } })
    expect(await till.app.check(false), 'of what is new alone').to.deep.equal([])
    expect((await till.approve(payout_id)).body).to.include({ code: 'stale-state' })
    expect(await till.app.check()).to.deep.equal([])
    expect((await till.approve(payout_id)).body).to.include({ status: 'approved' })
    await till.settle()
  })

  it('that is not what somebody agreed to is not sent', async () => {
    const creator = await till.earner(60_000)
    const { payout_id } = (await till.request(creator, 60_000)).body
    const { approvals } = (await till.approve(payout_id)).body
    expect(approvals).to.have.length(1)
    const rows = till.app.db.collection<{ _id: string; terms: string; due_at: Date; approvals: { terms: string }[] }>('payouts')
    const terms = (await rows.findOne({ _id: payout_id }))?.terms as string
    await rows.updateOne({ _id: payout_id }, { $set: { 'approvals.0.terms': 'something else' } })
    await till.approve(payout_id, till.second)
    await till.settle()
    expect((await till.mine(creator))[0]).to.include({ state: 'approved', reason: 'It is not what was agreed to' })
    expect(await till.paid(payout_id)).to.equal(0)
    expect((await till.app.check()).map((each) => each.check)).to.deep.equal(['payouts.approved'])
    await rows.updateOne({ _id: payout_id }, { $set: { 'approvals.0.terms': terms } })
    expect(await till.app.check()).to.deep.equal([])
    await till.days(1)
    expect((await till.mine(creator))[0]).to.include({ state: 'completed', reason: null })
  })

  describe('by plan', () => {
    it('goes out on its weekday, all that is available, and waits for an admin like any other', async () => {
      const creator = await till.earner()
      const desk = byHttp(till.app, creator)
      expect(await desk.call('payout:settings', {})).to.include({ mode: 'off', next_at: null, account_ending: null, minimum: 1_000, available: 10_000 })
      await creator.http('PUT', '/api/v1/creators/me', { bank_account: banks.good, time_zone: 'Africa/Lusaka' })
      const now = new Date((await till.admin.http('GET', '/api/v1/clock')).body.now)
      const plan = await desk.call('payout:set-plan', { mode: 'weekly', weekday: 3, threshold: null, account_name: 'Ana Banda' })
      const next = new Date(plan.next_at as string)
      expect([next.getUTCDay(), next.getUTCHours()]).to.deep.equal([3, 4])
      expect(next.getTime() - now.getTime()).to.be.within(1, 7 * 24 * 3600_000)
      await till.days(7)
      const [payout] = await till.mine(creator)
      expect(payout).to.include({ amount: 10_000, automatic: true, state: 'pending' })
      await till.days(14)
      expect(await till.mine(creator), 'one open at a time').to.have.length(1)
      expect((await desk.call('payout:set-plan', { mode: 'off', weekday: null, threshold: null, account_name: 'Ana Banda' })).next_at).to.equal(null)
    })

    it('goes out as soon as there is enough, and not before', async () => {
      const creator = await till.earner(4_000)
      const desk = byHttp(till.app, creator)
      await creator.http('PUT', '/api/v1/creators/me', { bank_account: banks.good })
      expect(await desk.refused('payout:set-plan', { mode: 'threshold', weekday: null, threshold: null, account_name: 'Ana' })).to.equal('validation')
      expect(await desk.refused('payout:set-plan', { mode: 'threshold', weekday: null, threshold: 500, account_name: 'Ana' })).to.equal('amount')
      await desk.call('payout:set-plan', { mode: 'threshold', weekday: null, threshold: 6_000, account_name: 'Ana' })
      await till.days(3)
      expect(await till.mine(creator)).to.deep.equal([])
      await till.fan.http('POST', `/api/v1/creators/${creator.id}/tips`, { amount: 3_000, currency: 'ZMW' }, 'enough')
      await till.app.runJob('ledger.seal')
      await till.days(4)
      expect((await till.mine(creator))[0]).to.include({ amount: 7_000, automatic: true })
    })
  })

  it('is nobody’s who owes', async () => {
    const creator = await till.earner()
    const [line] = (await till.fan.http('GET', '/api/v1/wallets/me/transactions?limit=1')).body.data
    const { payout_id } = (await till.request(creator)).body
    await till.approve(payout_id)
    await till.settle()
    const back = await creator.http('POST', `/api/v1/payments/${line.payment_id}/refunds`, { reason: 'Sorry', to: 'wallet' }, 'owing')
    expect(back.body, back.text).to.include({ status: 'succeeded' })
    expect(await till.buckets(creator)).to.include({ available: 0, debt: 10_000 })
    expect((await till.request(creator, 1_000)).body).to.include({ code: 'stale-state' })
  })

  it('is asked for by creators, of their own, alone', async () => {
    const fan = await signUp(till.app, 'fan')
    expect((await till.request(fan, 1_000)).body).to.include({ code: 'forbidden' })
    const [one, other] = [await till.earner(2_000), await signUp(till.app, 'creator')]
    const { payout_id } = (await till.request(one, 2_000)).body
    expect((await other.http('POST', `/api/v1/payouts/${payout_id}/cancel`, {})).body).to.include({ code: 'not-found' })
    expect(await till.mine(other)).to.deep.equal([])
  })
})

describe('what moves money out', () => {
  let till: Till

  before(async () => {
    till = await openTill()
  })
  after(() => till.app.stop())

  it('wants the password again, in the same sign-in, unless that is young', async () => {
    const creator = await till.earner()
    const elsewhere = await signIn(till.app, creator.email)
    till.app.wall.advance({ minutes: 6 })
    expect((await till.request(creator)).body).to.include({ code: 'step-up-required', status: 403 })
    expect((await creator.http('PUT', '/api/v1/creators/me', { bank_account: banks.good })).body).to.include({ code: 'step-up-required' })
    expect((await creator.http('PUT', '/api/v1/creators/me', { bio: 'No money in this.' })).status).to.equal(200)
    expect(await byHttp(till.app, creator).refused('payout:set-plan', { mode: 'off', weekday: null, threshold: null, account_name: 'Ana' })).to.equal('step-up-required')
    expect((await creator.http('POST', '/api/v1/auth/step-up', { password: 'not the password' })).body).to.include({ code: 'validation' })
    expect((await creator.http('POST', '/api/v1/auth/step-up', { password: 'a good long password' })).status).to.equal(200)
    expect((await till.request(elsewhere)).body).to.include({ code: 'step-up-required' })
    const { body } = await till.request(creator)
    expect(body).to.include({ status: 'pending' })
    expect((await till.approve(body.payout_id)).body).to.include({ code: 'step-up-required' })
    expect((await till.admin.http('POST', '/api/v1/auth/step-up', { password: till.app.admin.password })).status).to.equal(200)
    expect((await till.approve(body.payout_id)).body).to.include({ status: 'approved' })
    await till.settle()
    expect(await till.app.check()).to.deep.equal([])
  })
})
