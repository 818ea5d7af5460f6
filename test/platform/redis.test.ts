import { expect } from 'chai'
import { startApp, type TestApp } from '../support/app.ts'
import { connect, type LiveSocket, type Person, signIn, signUp, topUp } from '../support/cast.ts'
import { ask } from '../support/http.ts'
import { hasRedisServer, startRedis, type TestRedis } from '../support/redis.ts'

const password = 'a good long password'

describe('two processes on one store', () => {
  it('without Redis say so loudly', async () => {
    const one = await startApp()
    const two = await startApp({}, one)
    expect(two.logs.find((line) => line.message.startsWith('SEVERAL PROCESSES'))).to.deep.include({ level: 'error', fields: { processes: 2 } })
    await two.stop()
    await one.stop()
  })

  describe('joined by Redis', () => {
    let redis: TestRedis
    let one: TestApp
    let two: TestApp
    let creator: Person
    let fan: Person

    before(async function () {
      if (!hasRedisServer()) {
        process.stdout.write('skipped: no redis-server on this machine\n')
        this.skip()
      }
      redis = await startRedis()
      one = await startApp({ REDIS_URL: redis.url })
      two = await startApp({ REDIS_URL: redis.url }, one)
      creator = await signUp(one, 'creator')
      fan = await signUp(two, 'fan')
      await topUp(fan, 100_000)
    })
    after(async () => {
      await two?.stop()
      await one?.stop()
      await redis?.stop()
    })

    it('are quiet about each other', () => {
      expect([...one.logs, ...two.logs].filter((line) => line.level === 'error')).to.deep.equal([])
    })

    it('tell a fact to the sockets of both', async () => {
      const here = await creator.socket()
      const there = await (await signIn(two, creator.email, password)).socket()
      await tip('both')
      expect(await here.next('tip:received')).to.include({ message: 'both' })
      expect(await there.next('tip:received')).to.include({ message: 'both' })
      here.close()
      there.close()
    })

    it('end the sockets of a sign-in on both', async () => {
      const again = await signIn(one, fan.email, password)
      const elsewhere = await connect(two, '/', again.token)
      const closed = elsewhere.closed
      await again.call('account:logout', { refresh_token: again.refresh_token })
      await closed
    })

    it('count failed sign-ins together', async () => {
      const victim = await signUp(one, 'fan')
      const attempt = (app: TestApp) => ask(`${app.url}/api/v1/auth/login`, { json: { email: victim.email, password: 'wrong password' } })
      const statuses = []
      for (let n = 0; n < 11; n++) statuses.push((await attempt(n % 2 === 0 ? one : two)).status)
      expect(statuses).to.deep.equal([...Array.from({ length: 10 }, () => 401), 429])
      await redis.command(`EVAL "for _,k in ipairs(redis.call('keys','*failed-sign-in*')) do redis.call('del',k) end" 0`)
    })

    it('deliver again within two seconds after Redis was killed and came back, and lose no money meanwhile', async () => {
      const here = await creator.socket()
      await redis.kill()
      await tip('while away')
      await redis.start()
      await heals(here)
      here.close()
      const { data } = await creator.call('tip:list', {})
      expect(data.map(({ message }) => message)).to.include('while away')
    })

    it('play an alert on an overlay of the other one while Redis is away, and only once', async () => {
      const { body } = await creator.http('POST', '/api/v1/overlays', {})
      const overlay = await connect(one, '/overlay', body.token as string)
      await overlay.next('overlay:state')
      await redis.kill()
      await tip('across a gap')
      const alert = await overlay.next<{ alert_id: string; message: string }>('alert:play')
      expect(alert.message).to.equal('across a gap')
      await overlay.call('alert:started', { alert_id: alert.alert_id })
      await overlay.call('alert:finished', { alert_id: alert.alert_id })
      await redis.start()
      expect(await one.db.collection('alerts').findOne({ _id: alert.alert_id as never })).to.include({ state: 'played', attempts: 1 })
      overlay.close()
    })

    it('deliver again after Redis was paused', async () => {
      const here = await creator.socket()
      redis.pause()
      await tip('while paused')
      redis.resume()
      await heals(here)
      here.close()
    })

    it('deliver again after the subscriptions were cut', async () => {
      const here = await creator.socket()
      await redis.command('CLIENT KILL TYPE pubsub')
      await heals(here)
      here.close()
    })

    it('bear rubbish in their channels', async () => {
      const here = await creator.socket()
      const channel = `${one.db.databaseName}#/#user:${creator.id}#`
      for (const rubbish of ['x', '{}', '[]', '[1]', '"', 'null']) await redis.command(`PUBLISH ${channel} ${rubbish}`)
      for (const rubbish of ['x', '{}', '{"type":99}', '{"type":3}']) await redis.command(`PUBLISH ${one.db.databaseName}-request#/# '${rubbish}'`)
      await heals(here)
      here.close()
    })

    it('count limits on their own while Redis is away, and answer all the same', async () => {
      await redis.kill()
      const answers = await Promise.all(Array.from({ length: 20 }, () => fan.http('GET', '/api/v1/wallets/me')))
      expect(answers.map((each) => each.status)).to.deep.equal(Array.from({ length: 20 }, () => 200))
      await redis.start()
    })

    async function tip(message: string): Promise<void> {
      await fan.call('tip:send', { creator_id: creator.id, amount: 100, currency: 'ZMW', message })
    }

    /** Tips on the other process until one is heard here: each attempt is a fact of its own, the first heard ends it. */
    async function heals(live: LiveSocket): Promise<void> {
      const heard = live.next('tip:received')
      let done = false
      void heard.then(() => (done = true))
      while (!done) {
        await tip('are you there?')
        await Promise.race([heard, new Promise((resolve) => setTimeout(resolve, 100))])
      }
    }
  })
})
