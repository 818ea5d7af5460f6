import { expect } from 'chai'
import { topUp } from '../../support/cast.ts'
import { byHttp, doors, through } from '../../support/doors.ts'
import { type Club, newKey, openClub } from './support.ts'

const dayMs = 24 * 3600_000

describe('a membership that is paused', () => {
  let club: Club

  before(async () => {
    club = await openClub()
  })
  afterEach(async () => expect(await club.app.check()).to.deep.equal([]))
  after(() => club.stop())

  for (const door of doors)
    it(`rests from the end of its period until its day, and is charged from then on (${door})`, async () => {
      const fan = await club.fan(5_000)
      const joined = (await club.join(fan, club.basic)).body
      const desk = await through(door, club.app, fan)
      const until = later(joined.current_period_end, 20)
      expect(await desk.refused('membership:pause', { membership_id: joined.membership_id, until: later(joined.current_period_end, -1) })).to.equal('validation')
      expect(await desk.refused('membership:pause', { membership_id: joined.membership_id, until: later(joined.current_period_end, 400) })).to.equal('validation')
      const planned = await desk.call('membership:pause', { membership_id: joined.membership_id, until })
      expect(planned).to.include({ status: 'active', resume_at: until, next_charge_at: until })
      expect((await club.access(fan)).allowed, 'what is paid stays open').to.equal(true)
      await club.advance('P32D')
      expect(await club.look(fan, joined)).to.include({ status: 'paused', resume_at: until, access_until: null })
      expect(await club.access(fan)).to.include({ allowed: false, why: 'paused' })
      expect(await club.cashOf(fan)).to.equal(4_000)
      await club.advance('P20D')
      const again = await club.look(fan, joined)
      expect(again).to.include({ status: 'active', resume_at: null })
      expect(Math.abs(new Date(again.current_period_start).getTime() - new Date(until).getTime()), 'its days are counted from there').to.be.below(60_000)
      expect(await club.cashOf(fan)).to.equal(3_000)
      expect((await club.access(fan)).allowed).to.equal(true)
      desk.close()
    })

  it('goes on when its fan says so, and is not paused at all when that is said in time', async () => {
    const fan = await club.fan(5_000)
    const joined = (await club.join(fan, club.basic)).body
    const desk = byHttp(club.app, fan)
    const { membership_id } = joined
    expect(await desk.refused('membership:resume', { membership_id }, newKey())).to.equal('stale-state')
    await desk.call('membership:pause', { membership_id, until: later(joined.current_period_end, 100) })
    expect(await desk.call('membership:resume', { membership_id }, newKey())).to.include({ status: 'active', resume_at: null, next_charge_at: joined.current_period_end })
    await desk.call('membership:pause', { membership_id, until: later(joined.current_period_end, 100) })
    await club.advance('P40D')
    expect(await club.look(fan, joined)).to.include({ status: 'paused' })
    const key = newKey()
    const [one, two] = await Promise.all([desk.call('membership:resume', { membership_id }, key), desk.call('membership:resume', { membership_id }, key).catch(() => undefined)])
    expect(one).to.include({ status: 'active', resume_at: null })
    expect(two?.status ?? 'active').to.equal('active')
    expect(await club.cashOf(fan)).to.equal(3_000)
  })

  it('that can’t be paid afterwards is tried each day for a week, and is over then', async () => {
    const [poor, late] = [await club.fan(1_000), await club.fan(1_000)]
    const memberships = []
    for (const fan of [poor, late]) {
      const joined = (await club.join(fan, club.basic)).body
      await byHttp(club.app, fan).call('membership:pause', { membership_id: joined.membership_id, until: later(joined.current_period_end, 10) })
      memberships.push(joined)
    }
    await club.advance('P45D')
    for (const [n, fan] of [poor, late].entries()) expect(await club.look(fan, memberships[n] as never)).to.include({ status: 'paused' })
    await topUp(late, 1_000)
    await club.advance('P2D')
    expect(await club.look(late, memberships[1] as never)).to.include({ status: 'active' })
    await club.advance('P7D')
    expect(await club.look(poor, memberships[0] as never)).to.include({ status: 'cancelled' })
    const mails = (await club.admin.http('GET', '/api/v1/admin/mails?limit=100')).body.data as { to: string; subject: string }[]
    expect(mails.filter((each) => each.to === poor.email && each.subject.includes('could not go on'))).to.have.length(1)
  })

  it('is charged to a saved card when it goes on', async () => {
    const fan = await club.fan(0)
    const { payment_method_id } = (await fan.http('POST', '/api/v1/payment-methods', { kind: 'card', behaviour: 'success' })).body
    const joined = (await club.join(fan, club.basic, { pay_with: payment_method_id })).body
    await byHttp(club.app, fan).call('membership:pause', { membership_id: joined.membership_id, until: later(joined.current_period_end, 5) })
    await club.advance('P37D')
    expect(await club.look(fan, joined)).to.include({ status: 'active', resume_at: null })
    const payments = (await club.admin.http('GET', '/api/v1/admin/transactions?status=success&limit=100')).body.data as { purpose: string; payer_id: string }[]
    expect(payments.filter((each) => each.purpose === 'membership' && each.payer_id === fan.id)).to.have.length(2)
  })
})

function later(at: string, days: number): string {
  return new Date(new Date(at).getTime() + days * dayMs).toISOString()
}
