import { expect } from 'chai'
import type { OperationName } from '../../src/features/catalogue.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { type LiveSocket, type Person, signUp, topUp } from '../support/cast.ts'
import { ask } from '../support/http.ts'

interface Cast {
  creator: Person
  fan: Person
  tip_id: string
  tier_id: string
  direct_id: string
  /** the fan's, with the creator in it */
  group_id: string
  /** the creator's, with the fan in it */
  room_id: string
}

interface Row {
  /** what the fan, or the creator where `as` says so, meets when a block stands between them, whoever made it */
  across: 'refused' | 'as-anonymous' | 'hidden' | 'masked' | 'allowed'
  why: string
  as?: 'creator'
  input(cast: Cast): object
}

/** Every operation that names another person, or shows other people, and what a block between the two does to it. */
const table: Partial<Record<OperationName, Row>> = {
  'creator:read': { across: 'as-anonymous', why: 'a public page; hiding it would tell more than showing it', input: ({ creator }) => ({ creator_id: creator.id }) },
  'creator:search': { across: 'hidden', why: 'nobody is offered whom they are parted from', input: () => ({ q: 'Blocking' }) },
  'creator:suggested': { across: 'hidden', why: 'nobody is offered whom they are parted from', input: () => ({}) },
  'creator:follow': { across: 'refused', why: 'a follow would tell of new things', input: ({ creator }) => ({ creator_id: creator.id }) },
  'creator:unfollow': { across: 'allowed', why: 'it only parts them', input: ({ creator }) => ({ creator_id: creator.id }) },
  'following:list': { across: 'hidden', why: 'the block ended the follow', input: () => ({}) },
  'follower:list': { across: 'hidden', as: 'creator', why: 'the block ended the follow', input: ({ creator }) => ({ creator_id: creator.id }) },
  'tip:send': { across: 'refused', why: 'a tip carries a name and words', input: ({ creator }) => ({ creator_id: creator.id, amount: 100, currency: 'ZMW', key: 'k' }) },
  'payment:initiate': { across: 'refused', why: 'the same by checkout', input: ({ creator }) => ({ creator_id: creator.id, amount: 100, currency: 'ZMW', key: 'k' }) },
  'tip:list': { across: 'masked', as: 'creator', why: 'the money stays in the books, the name and the words go', input: () => ({}) },
  'tier:list': { across: 'allowed', why: 'anybody may read it without signing in', input: ({ creator }) => ({ creator_id: creator.id }) },
  'membership:subscribe': { across: 'refused', why: 'a block ends what there is between them', input: ({ tier_id }) => ({ tier_id, interval: 'month', pay_with: 'wallet', key: 'k' }) },
  'membership:gift': { across: 'refused', why: 'it would pay whom they are parted from', input: ({ creator, tier_id }) => ({ tier_id, interval: 'month', user_id: creator.id, key: 'k' }) },
  'member:comp': { across: 'refused', as: 'creator', why: 'nobody is made a member of whom they are parted from', input: ({ fan, tier_id }) => ({ tier_id, user_id: fan.id, until: new Date(Date.now() + 3600_000).toISOString() }) },
  'access:check': { across: 'allowed', why: 'it says that there is none', input: ({ creator }) => ({ creator_id: creator.id }) },
  'tip-settings:public': { across: 'allowed', why: 'anybody may read it without signing in', input: ({ creator }) => ({ creator_id: creator.id }) },
  'goal:public': { across: 'allowed', why: 'anybody may read it without signing in', input: ({ creator }) => ({ creator_id: creator.id }) },
  'live:read': { across: 'allowed', why: 'anybody may read it without signing in', input: ({ creator }) => ({ creator_id: creator.id }) },
  'live:join': { across: 'refused', why: 'a block takes both out of each other’s rooms, so none is entered across it', input: ({ creator }) => ({ creator_id: creator.id }) },
  'live:leave': { across: 'allowed', why: 'it only parts them', input: ({ creator }) => ({ creator_id: creator.id }) },
  'user:block': { across: 'allowed', why: 'each may block the other', input: ({ creator }) => ({ user_id: creator.id }) },
  'user:unblock': { across: 'allowed', why: 'it takes down only what the same person made', input: ({ creator }) => ({ user_id: creator.id }) },
  'user:mute': { across: 'allowed', why: 'it refuses nothing', input: ({ creator }) => ({ user_id: creator.id }) },
  'user:unmute': { across: 'allowed', why: 'it refuses nothing', input: ({ creator }) => ({ user_id: creator.id }) },
  'conversation:create': { across: 'refused', why: 'it would begin what the block ends', input: ({ creator }) => ({ type: 'direct', member_ids: [creator.id] }) },
  'conversation:add-members': { across: 'refused', why: 'nobody is brought together with whom they are parted from', input: ({ creator, group_id }) => ({ conversation_id: group_id, member_ids: [creator.id] }) },
  'message:send': { across: 'refused', why: 'between two, a block ends it', input: ({ direct_id }) => ({ conversation_id: direct_id, client_msg_id: 'across-a-block', text: 'Words' }) },
  'conversation:set-role': { across: 'allowed', why: 'a group is a place of its own, kept in order by its owner', input: ({ creator, group_id }) => ({ conversation_id: group_id, user_id: creator.id, role: 'member' }) },
  'moderation:timeout': { across: 'allowed', why: 'order is kept whoever is blocked', input: ({ creator, group_id }) => ({ conversation_id: group_id, user_id: creator.id, until: null }) },
  'conversation:remove-member': { across: 'allowed', why: 'it only parts them', input: ({ creator, group_id }) => ({ conversation_id: group_id, user_id: creator.id }) },
  'conversation:join': { across: 'refused', why: 'a room is its creator’s company', input: ({ room_id }) => ({ conversation_id: room_id }) },
  'room:read': { across: 'refused', why: 'a room is its creator’s company', input: ({ creator }) => ({ creator_id: creator.id }) },
  'presence:subscribe': { across: 'hidden', why: 'whether somebody is there is for those whom they talk with', input: ({ creator }) => ({ user_ids: [creator.id] }) },
  'presence:read': { across: 'refused', why: 'whether somebody is there is for those whom they talk with', input: ({ creator }) => ({ user_id: creator.id }) },
  'announcement:create': { across: 'allowed', as: 'creator', why: 'whoever a block parts from them is skipped', input: ({ fan }) => ({ audience: 'list', user_ids: [fan.id], text: 'Words' }) },
  'announcement-consent:read': { across: 'allowed', why: 'it says only what one wants oneself', input: ({ creator }) => ({ creator_id: creator.id }) },
  'announcement-consent:update': { across: 'allowed', why: 'it says only what one wants oneself', input: ({ creator }) => ({ creator_id: creator.id, receives: true }) },
  'moderation:ban': { across: 'allowed', as: 'creator', why: 'it only parts them', input: ({ fan, room_id }) => ({ conversation_id: room_id, user_id: fan.id, until: '2999-01-01T00:00:00.000Z' }) },
  'report:create': { across: 'allowed', why: 'whoever had to block has most to report', input: ({ creator }) => ({ subject_type: 'user', subject_id: creator.id, reason: 'abuse' }) },
}

const naming = ['user_id', 'creator_id', 'fan_id', 'follower_id', 'subject_id', 'member_ids', 'user_ids']

describe('a block', () => {
  let app: TestApp

  before(async () => {
    app = await startApp()
  })
  after(() => app.stop())

  it('has a row here for every operation that names another person', () => {
    const rows = app.app.features.flatMap((feature) => feature.operations).filter((each) => each.audience !== 'admin' && each.audience !== 'overlay')
    // What has no socket command is for people without an account, between whom and anybody nothing can stand.
    const named = rows.filter((each) => each.door !== 'http' && naming.some((key) => Object.hasOwn((each.input.describe() as { keys?: object }).keys ?? {}, key))).map((each) => each.name)
    expect(named.filter((name) => !Object.hasOwn(table, name))).to.deep.equal([])
    expect(Object.keys(table).filter((name) => !rows.some((each) => each.name === name))).to.deep.equal([])
  })

  for (const blocker of ['creator', 'fan'] as const)
    describe(`made by the ${blocker}`, () => {
      let cast: Cast
      const live = new Map<Person, LiveSocket>()
      let asked = 0

      before(async () => {
        const creator = await signUp(app, 'creator', 'Blocking Creator')
        const fan = await signUp(app, 'fan', 'Blocked Benjamin')
        await topUp(fan, 1_000)
        for (const each of [creator, fan]) live.set(each, await each.socket())
        await callAs(fan, 'creator:follow', { creator_id: creator.id })
        const sent = await callAs(fan, 'tip:send', { creator_id: creator.id, amount: 100, currency: 'ZMW', message: 'Words', key: 'first' })
        const begun = async (who: Person, input: object) => ((await callAs(who, 'conversation:create', input)) as { data: { conversation_id: string } }).data.conversation_id
        const room_id = await begun(creator, { type: 'room' })
        await callAs(fan, 'conversation:join', { conversation_id: room_id })
        await begun(creator, { type: 'direct', member_ids: [fan.id] })
        const tier = (await callAs(creator, 'tier:create', { name: 'Tier', rank: 1, benefits: [], prices: [{ interval: 'month', amount: 100, currency: 'ZMW' }] })) as { data: { tier_id: string } }
        cast = {
          creator,
          fan,
          tier_id: tier.data.tier_id,
          tip_id: (sent as { data: { tip_id: string } }).data.tip_id,
          direct_id: await begun(fan, { type: 'direct', member_ids: [creator.id] }),
          group_id: await begun(fan, { type: 'group', member_ids: [creator.id] }),
          room_id,
        }
        await app.app.dispatcher.whenIdle()
      })
      beforeEach(async () => {
        await cast[blocker].http('POST', '/api/v1/blocks', { user_id: blocker === 'creator' ? cast.fan.id : cast.creator.id })
        // The follow that ends with it is counted afterwards.
        await app.app.dispatcher.whenIdle()
      })
      after(() => {
        for (const each of live.values()) each.close()
      })

      for (const [name, row] of Object.entries(table))
        it(`${name}: ${row.across}, because ${row.why}`, async () => {
          const [self, other] = row.as === 'creator' ? [cast.creator, cast.fan] : [cast.fan, cast.creator]
          const answer = await callAs(self, name, row.input(cast))
          if (row.across === 'refused') {
            expect(answer).to.have.nested.property('problem.code', 'blocked')
            return
          }
          expect(answer.ok).to.equal(true)
          const data = (answer as { data: unknown }).data
          if (row.across === 'as-anonymous') expect(data).to.deep.equal((await ask(`${app.url}/api/v1/creators/${other.id}`)).body)
          if (row.across === 'hidden') expect(JSON.stringify(data)).not.to.include(other.id)
          if (row.across === 'masked') expect(JSON.stringify(data)).to.include(cast.tip_id).and.not.match(/Benjamin|Words/)
        })

      // A quick machine asks more than one socket is let ask.
      async function callAs(person: Person, name: string, input: object) {
        if (++asked % 20 === 0) {
          live.get(person)?.close()
          live.set(person, await person.socket())
        }
        return (live.get(person) as LiveSocket).call(name, input)
      }
    })
})
