import { expect } from 'chai'
import { byHttp } from '../../support/doors.ts'
import { redeliver } from '../../support/doors.ts'
import { type Club, newKey, openClub, type Tier } from './support.ts'

describe('a tier whose price changes', () => {
  let club: Club

  before(async () => {
    club = await openClub()
  })
  afterEach(async () => expect(await club.app.check()).to.deep.equal([]))
  after(() => club.stop())

  it('costs its members what they agreed to, and whoever joins now the new price', async () => {
    const [old, young] = [await club.fan(10_000), await club.fan(10_000)]
    const joined = (await club.join(old, club.basic)).body
    const changed = await reprice(club.basic, 1_500, 'agreed')
    expect(changed.prices.map((each) => each.amount)).to.deep.equal([1_500])
    expect((await club.join(young, club.basic)).body).to.include({ amount: 1_500 })
    await club.advance('P32D')
    expect(await club.look(old, joined)).to.deep.include({ status: 'active', amount: 1_000, price_change: null })
    expect(await club.cashOf(old)).to.equal(8_000)
  })

  it('costs its members more a month after they were told, from the first period that begins then', async () => {
    const fan = await club.fan(50_000)
    const joined = (await club.join(fan, club.premium)).body
    await club.advance('P10D')
    await reprice(club.premium, 4_000, 'new')
    await club.app.app.dispatcher.whenIdle()
    const told = await club.look(fan, joined)
    expect(told).to.include({ amount: 3_000 })
    expect(told.price_change?.amount).to.equal(4_000)
    await redeliver(club.app, 'memberships.reprice')
    const letters = ((await club.admin.http('GET', '/api/v1/admin/mails?limit=100')).body.data as { to: string; subject: string }[]).filter((each) => each.to === fan.email && each.subject.startsWith('The price'))
    expect(letters).to.have.length(1)
    await club.advance('P22D')
    expect(await club.look(fan, joined), 'within the month').to.include({ amount: 3_000 })
    expect(await club.cashOf(fan)).to.equal(44_000)
    await club.advance('P31D')
    expect(await club.look(fan, joined)).to.deep.include({ amount: 4_000, price_change: null })
    expect(await club.cashOf(fan)).to.equal(40_000)
  })

  it('costs them less from the next period on', async () => {
    const fan = await club.fan(50_000)
    const joined = (await club.join(fan, club.premium)).body
    await reprice(club.premium, 2_000, 'new')
    await club.app.app.dispatcher.whenIdle()
    await club.advance('P32D')
    expect(await club.look(fan, joined)).to.deep.include({ amount: 2_000, price_change: null })
    expect(await club.cashOf(fan)).to.equal(50_000 - joined.amount - 2_000)
  })

  it('has no two prices for one interval', async () => {
    const prices = [1, 2].map((amount) => ({ interval: 'month' as const, amount, currency: 'ZMW' }))
    expect(await byHttp(club.app, club.creator).refused('tier:update', { tier_id: club.basic.tier_id, prices }, newKey())).to.equal('validation')
  })

  async function reprice({ tier_id }: Tier, amount: number, members_pay: 'agreed' | 'new'): Promise<Tier> {
    return byHttp(club.app, club.creator).call('tier:update', { tier_id, prices: [{ interval: 'month', amount, currency: 'ZMW' }], members_pay })
  }
})
