import { expect } from 'chai'
import { byHttp, doors, through } from '../../support/doors.ts'
import { type Club, newKey, openClub } from './support.ts'

describe('a membership that somebody else gives', () => {
  let club: Club

  before(async () => {
    club = await openClub()
  })
  afterEach(async () => expect(await club.app.check()).to.deep.equal([]))
  after(() => club.stop())

  for (const door of doors)
    it(`is paid once by its giver, opens what is for members, and is over by itself (${door})`, async () => {
      const [giver, friend] = [await club.fan(5_000), await club.fan(500)]
      const desk = await through(door, club.app, giver)
      const wish = { tier_id: club.premium.tier_id, user_id: friend.id, interval: 'month' as const }
      const key = newKey()
      const gift = await desk.call('membership:gift', wish, key)
      expect(gift).to.include({ status: 'active', amount: 3_000, pay_with: 'gift', cancel_at_period_end: true, next_charge_at: null })
      expect(await desk.call('membership:gift', wish, key)).to.deep.equal(gift)
      expect(await desk.refused('membership:gift', wish, newKey())).to.equal('conflict')
      expect([await club.cashOf(giver), await club.cashOf(friend)]).to.deep.equal([2_000, 500])
      expect(await club.access(friend)).to.include({ allowed: true, why: 'member', rank: 2 })
      expect((await club.access(giver)).allowed).to.equal(false)
      const mails = (await club.admin.http('GET', '/api/v1/admin/mails?limit=5')).body.data as { to: string; subject: string }[]
      expect(mails.some((each) => each.to === friend.email && each.subject.startsWith('You are a member of'))).to.equal(true)
      const own = byHttp(club.app, friend)
      expect(await own.refused('membership:uncancel', { membership_id: gift.membership_id })).to.equal('stale-state')
      expect(await own.refused('membership:change', { membership_id: gift.membership_id, interval: 'year' }, newKey())).to.equal('stale-state')
      await club.advance('P32D')
      expect(await club.look(friend, gift)).to.include({ status: 'expired', access_until: null })
      expect((await club.access(friend)).allowed).to.equal(false)
      expect([await club.cashOf(giver), await club.cashOf(friend)]).to.deep.equal([2_000, 500])
      desk.close()
    })

  it('is refused to oneself, to its creator, by who has too little, and across a block of any of the three', async () => {
    const [giver, friend] = [await club.fan(100), await club.fan(0)]
    const desk = byHttp(club.app, giver)
    const wish = (user_id: string) => ({ tier_id: club.basic.tier_id, user_id, interval: 'month' as const })
    expect(await desk.refused('membership:gift', wish(giver.id), newKey())).to.equal('self')
    expect(await desk.refused('membership:gift', wish(club.creator.id), newKey())).to.equal('self')
    expect(await desk.refused('membership:gift', wish(`usr_${'0'.repeat(32)}`), newKey())).to.equal('not-found')
    expect(await desk.refused('membership:gift', wish(friend.id), newKey())).to.equal('insufficient-funds')
    expect((await club.access(friend)).allowed).to.equal(false)
    await byHttp(club.app, friend).call('user:block', { user_id: giver.id })
    expect(await desk.refused('membership:gift', wish(friend.id), newKey())).to.equal('blocked')
  })

  it('that is given back goes to who paid it, and ends', async () => {
    const [giver, friend] = [await club.fan(1_000), await club.fan(0)]
    const gift = await byHttp(club.app, giver).call('membership:gift', { tier_id: club.basic.tier_id, user_id: friend.id, interval: 'month' }, newKey())
    const [line] = (await giver.http('GET', '/api/v1/wallets/me/transactions?limit=1')).body.data
    expect((await club.creator.http('POST', `/api/v1/payments/${line.payment_id}/refunds`, { reason: 'Not wanted', to: 'wallet' }, newKey())).body).to.include({ status: 'succeeded' })
    await club.app.app.dispatcher.whenIdle()
    expect(await club.cashOf(giver)).to.equal(1_000)
    expect(await club.look(friend, gift)).to.include({ status: 'cancelled' })
  })

  it('costs nothing where the creator gives it, until the day that they say', async () => {
    const friend = await club.fan(0)
    const now = await club.now()
    const until = new Date(now.getTime() + 10 * 24 * 3600_000).toISOString()
    const desk = byHttp(club.app, club.creator)
    const member = await desk.call('member:comp', { tier_id: club.basic.tier_id, user_id: friend.id, until })
    expect(member).to.include({ user_id: friend.id, status: 'active', amount: 0, current_period_end: until })
    expect(await desk.refused('member:comp', { tier_id: club.basic.tier_id, user_id: friend.id, until })).to.equal('conflict')
    expect(await desk.refused('member:comp', { tier_id: club.basic.tier_id, user_id: club.creator.id, until })).to.equal('self')
    expect(await desk.refused('member:comp', { tier_id: club.basic.tier_id, user_id: (await club.fan(0)).id, until: now.toISOString() })).to.equal('validation')
    expect(await club.access(friend)).to.include({ allowed: true, why: 'member', rank: 1 })
    await club.advance('P11D')
    expect((await club.access(friend)).allowed).to.equal(false)
    expect((await byHttp(club.app, friend).call('membership:list', {})).data[0]).to.include({ status: 'expired', pay_with: 'comp' })
  })
})
