import { expect } from 'chai'
import type { Person } from '../../support/cast.ts'
import { type Club, type Membership, newKey, openClub } from './support.ts'

describe('what is for members', () => {
  let club: Club
  let conversation_id = ''

  before(async () => {
    club = await openClub()
    const room = await club.creator.http('POST', '/api/v1/conversations', { type: 'room', open_to: 'members', tier_rank: 2 })
    expect(room.status, room.text).to.equal(201)
    conversation_id = room.body.conversation_id
  })
  afterEach(async () => expect(await club.app.check()).to.deep.equal([]))
  after(() => club.stop())

  it('in a room is open from its tier upwards, and closed when the membership ends: sockets are out of it, too', async () => {
    const fan = await club.fan(50_000)
    expect((await enter(fan)).body).to.include({ code: 'forbidden' })
    const { body: joined } = await club.join(fan, club.basic)
    expect((await enter(fan)).body).to.include({ code: 'forbidden' })
    await fan.http('POST', `/api/v1/memberships/${joined.membership_id}/change`, { tier_id: club.premium.tier_id }, newKey())
    expect((await enter(fan)).status).to.equal(200)
    const socket = await fan.socket()
    expect((await say(fan, 'Here I am')).status).to.equal(201)
    await socket.next('message:created')

    await end(fan, joined)
    expect((await say(fan, 'Still here?')).status).to.be.oneOf([403, 404])
    expect((await fan.http('GET', `/api/v1/conversations/${conversation_id}/messages?since_seq=0`)).status).to.be.oneOf([403, 404])
    await club.creator.http('POST', `/api/v1/conversations/${conversation_id}/messages`, { client_msg_id: newKey(), text: 'Among us' })
    await club.app.app.dispatcher.whenIdle()
    let heard = false
    void socket.next('message:created').then(() => (heard = true))
    // What was sent to this socket before the answer came before it.
    await socket.call('clock:now')
    expect(heard).to.equal(false)
    socket.close()
    expect((await enter(fan)).body).to.include({ code: 'forbidden' })
  })

  it('in a room is closed to whoever is below when its door is made narrower; who keeps order stays', async () => {
    const [low, high] = [await club.fan(50_000), await club.fan(50_000)]
    await club.creator.http('PUT', `/api/v1/conversations/${conversation_id}`, { open_to: 'members', tier_rank: 0 })
    await club.join(low, club.basic)
    await club.join(high, club.premium)
    for (const each of [low, high]) expect((await enter(each)).status).to.equal(200)
    await club.creator.http('PUT', `/api/v1/conversations/${conversation_id}`, { tier_rank: 2 })
    await club.app.app.dispatcher.whenIdle()
    expect((await say(low, 'May I?')).status).to.be.oneOf([403, 404])
    expect((await say(high, 'I may')).status).to.equal(201)
    expect((await say(club.creator, 'And I')).status).to.equal(201)
  })

  it('is closed when grace is over, by the passing of time alone', async () => {
    const fan = await club.fan(3_000)
    await club.join(fan, club.premium)
    expect((await enter(fan)).status).to.equal(200)
    await club.advance('P1M')
    expect((await say(fan, 'In my grace')).status).to.equal(201)
    await club.advance('P8D')
    expect((await say(fan, 'Out')).status).to.be.oneOf([403, 404])
  })

  it('in somebody’s letterbox lets members write, or who ever paid, and nobody else', async () => {
    const [member, payer, other] = [await club.fan(5_000), await club.fan(5_000), await club.fan(0)]
    await club.join(member, club.basic)
    await payer.http('POST', `/api/v1/creators/${club.creator.id}/tips`, { amount: 100, currency: 'ZMW' }, newKey())
    const write = (fan: Person) => fan.http('POST', '/api/v1/conversations', { type: 'direct', member_ids: [club.creator.id] })
    await club.creator.http('PUT', '/api/v1/messaging-settings', { who_may_write: 'members' })
    expect((await write(payer)).body).to.include({ code: 'forbidden' })
    expect((await write(member)).status).to.equal(201)
    await club.creator.http('PUT', '/api/v1/messaging-settings', { who_may_write: 'paid' })
    expect((await write(payer)).status).to.equal(201)
    expect((await write(other)).body).to.include({ code: 'forbidden' })
    await club.creator.http('PUT', '/api/v1/messaging-settings', { who_may_write: 'everyone' })
  })

  it('is announced to members of a tier and above, once, and to nobody whose access is over', async () => {
    const [basic, premium, gone, stranger] = [await club.fan(50_000), await club.fan(50_000), await club.fan(50_000), await club.fan(0)]
    await club.join(basic, club.basic)
    await club.join(premium, club.premium)
    const { body: past } = await club.join(gone, club.premium)
    await end(gone, past)
    const made = await club.creator.http('POST', '/api/v1/announcements', { audience: 'members', tier_rank: 2, text: 'For the front row' })
    expect(made.status, made.text).to.equal(201)
    for (;;) {
      await club.app.runJob('announcements.tell')
      const { status } = (await club.creator.http('GET', `/api/v1/announcements/${made.body.announcement_id}`)).body
      if (status === 'done') break
    }
    const got = async (fan: Person) => ((await fan.http('GET', '/api/v1/conversations')).body.data as { last_message: { text: string } | null }[]).filter(({ last_message }) => last_message?.text === 'For the front row').length
    expect(await Promise.all([basic, premium, gone, stranger].map(got))).to.deep.equal([0, 1, 0, 0])
    expect((await club.creator.http('POST', '/api/v1/announcements', { audience: 'followers', tier_rank: 2, text: 'x' })).body).to.include({ code: 'validation' })
  })

  async function enter(fan: Person) {
    return fan.http('POST', `/api/v1/conversations/${conversation_id}/join`)
  }

  async function say(who: Person, text: string) {
    return who.http('POST', `/api/v1/conversations/${conversation_id}/messages`, { client_msg_id: newKey(), text })
  }

  async function end(fan: Person, { membership_id }: Membership): Promise<void> {
    await fan.http('POST', `/api/v1/memberships/${membership_id}/cancel`, { at: 'now' })
    await club.app.app.dispatcher.whenIdle()
  }
})
