import { expect } from 'chai'
import { startApp } from '../support/app.ts'
import { signUp, topUp } from '../support/cast.ts'

describe('a server that ends in an orderly way', () => {
  it('answers the commands that run, and leaves no transaction open behind it', async () => {
    const app = await startApp()
    const creator = await signUp(app, 'creator')
    const fan = await signUp(app, 'fan')
    await topUp(fan, 10_000)
    const live = await fan.socket()
    const send = (n: number) => live.call('tip:send', { creator_id: creator.id, amount: 100, currency: 'ZMW', key: `drain-${n}` })
    const sent = Array.from({ length: 8 }, (_each, n) => send(n))
    // They came together and spend the same money: with the first answer the others are at work.
    await Promise.race(sent)
    const notice = live.next('server:draining')
    const ended = app.app.stop(0)
    const answers = (await Promise.all(sent)) as { ok: boolean; problem?: { code: string } }[]
    await ended
    await notice
    expect([...new Set(answers.map((each) => (each.ok ? 'ok' : each.problem?.code)))].filter((each) => each !== 'ok' && each !== 'retry')).to.deep.equal([])

    // Documents that an open transaction had touched would refuse these for a minute.
    const next = await startApp({ PORT: String(app.port) }, app)
    const again = await fan.socket()
    for (let n = 0; n < 8; n++) expect(await again.call('tip:send', { creator_id: creator.id, amount: 100, currency: 'ZMW', key: `drain-${n}` }), `tip ${n}`).to.have.property('ok', true)
    expect((await creator.http('GET', '/api/v1/creators/me/tips')).body.data).to.have.length(8)
    expect(await next.check()).to.deep.equal([])
    await next.stop()
    await app.stop()
  })
})
