import { expect } from 'chai'
import type { Document } from 'mongodb'
import { broken } from '../../support/tamper.ts'
import { type Club, type Membership, openClub } from './support.ts'

type Row = Document & { _id: string }
const touched = ['memberships', 'tiers', 'payments', 'refunds']

describe('an invariant of memberships that was broken on purpose is reported, exactly it', () => {
  let club: Club
  let member: Membership
  let tierId = ''

  before(async () => {
    club = await openClub()
    const tier = (await club.creator.http('POST', '/api/v1/tiers', { name: 'Few', rank: 9, benefits: [], prices: [{ interval: 'month', amount: 100, currency: 'ZMW' }], seats: 5 })).body
    tierId = tier.tier_id
    const fan = await club.fan(1_000)
    member = (await club.join(fan, tier)).body
    const [payment] = await rows('payments').find({ purpose: 'membership' }).toArray()
    await club.creator.http('POST', `/api/v1/payments/${payment?._id}/refunds`, { amount: 40, reason: 'Part', to: 'wallet' }, 'part')
    await club.app.app.dispatcher.whenIdle()
    expect(await club.app.check()).to.deep.equal([])
  })
  after(async () => {
    expect(await club.app.check(), 'after all repairs').to.deep.equal([])
    await club.stop()
  })

  reports('I23: the unique index gone', ['memberships.one-live'], () => rows('memberships').dropIndex('fan_id_1_creator_id_1'))
  reports('I23: two that have not ended', ['memberships.one-live', 'memberships.paid', 'memberships.seats'], async () => {
    await rows('memberships').dropIndex('fan_id_1_creator_id_1')
    const row = (await rows('memberships').findOne({})) as Row
    await rows('memberships').insertOne({ ...row, _id: 'mbr_twin' })
    await rows('memberships').createIndex({ fan_id: 1, creator_id: 1 }, { name: 'other', unique: true, partialFilterExpression: { live: 'never' } })
  })
  reports('a step that the table does not know', ['memberships.transitions'], () => change({ $push: { transitions: { from: 'active', to: 'incomplete', cause: 'fan', at: new Date() } } }))
  reports('one that has ended and counts as one that has not', ['memberships.transitions', 'memberships.due'], () => change({ $set: { status: 'cancelled' }, $push: { transitions: { from: 'active', to: 'cancelled', cause: 'fan', at: new Date() } } }))
  reports('I25: a period that is a day too long', ['memberships.periods', 'memberships.due'], () => change({ $set: { current_period_end: new Date(new Date(member.current_period_end).getTime() + 24 * 3600_000) } }))
  reports('a ghost: active, and nobody paid', ['memberships.paid'], () => rows('payments').updateOne({ purpose: 'membership' }, { $set: { subject: 'mbr_other' } }))
  reports('I24: a period that was charged twice', ['memberships.paid', 'payments.money-follows-state', 'payments.fee-split', 'payments.refunds'], async () => {
    const row = (await rows('payments').findOne({ purpose: 'membership' })) as Row
    await rows('payments').updateOne({ _id: row._id }, { $set: { effect_key: `membership:${member.membership_id}:period:1:0` } })
    await rows('payments').insertOne({ ...row, _id: 'pay_twin', effect_key: `membership:${member.membership_id}:period:1:1` })
  })
  reports('I39: one that hangs', ['memberships.due'], () => change({ $unset: { due_at: 1 } }))
  reports('a seat that nobody sits on', ['memberships.seats'], () => rows('tiers').updateOne({ _id: tierId }, { $inc: { seats_left: -1 } }))
  reports('I16: more given back than is counted', ['payments.refunds'], () => rows('payments').updateOne({ purpose: 'membership' }, { $set: { refunded: 39 } }))
  reports('I16: more given back than came', ['payments.refunds'], async () => {
    await rows('payments').updateOne({ purpose: 'membership' }, { $set: { refunded: 140 } })
    await rows('refunds').updateOne({}, { $set: { amount: 140 } })
  })
  reports('a refund that moved another amount', ['payments.refunds'], async () => {
    await rows('payments').updateOne({ purpose: 'membership' }, { $set: { refunded: 41 } })
    await rows('refunds').updateOne({}, { $set: { amount: 41 } })
  })

  function reports(what: string, checks: string[], tamper: () => Promise<unknown>): void {
    it(what, async () => {
      const found = await broken(club.app.db, tamper, () => club.app.check(), touched)
      expect([...new Set(found.map(({ check }) => check))], JSON.stringify(found)).to.have.members(checks)
    })
  }

  function change(update: Document) {
    return rows('memberships').updateOne({ _id: member.membership_id }, update)
  }

  function rows(collection: string) {
    return club.app.db.collection<Row>(collection)
  }
})
