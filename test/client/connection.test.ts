import { execFile } from 'node:child_process'
import { performance } from 'node:perf_hooks'
import { expect } from 'chai'
import type { Facts } from '../../src/features/catalogue.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { pay, type Person, settled, signUp, topUp } from '../support/cast.ts'
import { type Proxy, startProxy } from '../support/proxy.ts'
import { restart } from './support.ts'

describe('a connection of the client', () => {
  let app: TestApp
  let proxy: Proxy
  let creator: Person
  let fan: Person

  beforeEach(async () => {
    app = await startApp()
    proxy = await startProxy(app.port)
    creator = await signUp(app, 'creator', undefined, { url: proxy.url })
    fan = await signUp(app, 'fan', undefined, { url: proxy.url })
    await topUp(fan, 10_000)
    await creator.fact('session:ready')
  })
  afterEach(async () => {
    await app.stop()
    await proxy.close()
  })

  it('comes back by itself when the server was started again, and calls made in between are answered', async () => {
    const [earner, giver] = [await signUp(app, 'creator'), await signUp(app, 'fan')]
    await topUp(giver, 10_000)
    await earner.fact('session:ready')
    const tip = (message: string) => giver.call('tip:send', { creator_id: earner.id, amount: 100, currency: 'ZMW', message })
    const states: string[] = []
    earner.client.onState((state) => states.push(state))
    const restarted = restart(app)
    const tips = await Promise.all(Array.from({ length: 5 }, (_each, n) => tip(`in between ${n}`)))
    await earner.fact('session:ready')
    expect(states).to.deep.equal(['connecting', 'online'])
    const { data } = await earner.call('tip:list', {})
    expect(data.map(({ tip_id }) => tip_id)).to.have.members(tips.map(({ tip_id }) => tip_id))
    await tip('after')
    while ((await earner.fact('tip:received')).message !== 'after') continue
    const again = await restarted
    expect(await again.check()).to.deep.equal([])
    for (const person of [earner, giver, creator, fan]) person.client.close()
    await again.stop()
  })

  it('comes back after the server went away, not before it was told to', async () => {
    let toldAt = 0
    let told: Facts['server:draining'] | undefined
    creator.on('server:draining', (fact) => {
      told = fact
      toldAt = performance.now()
    })
    const cameBack = proxy.request(/socket\.io/).then(() => performance.now() - toldAt)
    fan.client.close()
    const again = restart(app)
    const waitedMs = await cameBack
    // A timer may be a millisecond early.
    expect(waitedMs).to.be.at.least((told?.reconnect_in_ms ?? Infinity) - 2)
    await creator.fact('session:ready')
    creator.client.close()
    await (await again).stop()
  })

  it('comes back when the way is there again, however often it was not', async () => {
    proxy.open(false)
    for (let times = 0; times < 4; times++) await proxy.refused()
    expect(creator.client.state).to.equal('connecting')
    proxy.open(true)
    await creator.fact('session:ready')
    expect(creator.client.state).to.equal('online')
  })

  it('closed as the oldest of too many does not come back at once to push out the next', async () => {
    const down = new Promise<void>((resolve) => creator.client.onState((state) => state === 'connecting' && resolve()))
    const newer = await Promise.all(Array.from({ length: 10 }, () => creator.socket()))
    await down
    const before = connects()
    // Whoever lost the line twice has waited longer for the second time than anybody does for the first.
    for (let times = 0; times < 2; times++) {
      const back = new Promise<void>((resolve) => fan.client.onState((state) => state === 'online' && resolve()))
      proxy.open(false)
      proxy.open(true)
      await back
    }
    expect(connects() - before, 'the fan’s alone').to.equal(2)
    expect(newer.every(({ raw }) => raw.connected)).to.equal(true)
    expect((await creator.call('account:me', {})).user.id, 'HTTP goes on').to.equal(creator.id)
    for (const socket of newer) socket.close()
  })

  it('hears a fact once though it is delivered twice', async () => {
    const bare = await creator.socket()
    await fan.call('tip:send', { creator_id: creator.id, amount: 100, currency: 'ZMW', message: 'twice' })
    await bare.next('tip:received')
    await deliverAgain({})
    await bare.next('tip:received')
    await fan.call('tip:send', { creator_id: creator.id, amount: 100, currency: 'ZMW', message: 'then' })
    expect((await creator.fact('tip:received')).message).to.equal('twice')
    expect((await creator.fact('tip:received')).message, 'the next one').to.equal('then')
    bare.close()
  })

  it('hears nothing of a payment that is older than what it knows', async () => {
    fan.client.close()
    const started = await fan.http('POST', '/api/v1/wallets/me/top-ups', { amount: 500, currency: 'ZMW' }, 'k')
    const paymentId = (started.body as { payment_id: string }).payment_id
    const bare = await fan.socket()
    await pay(started.body as never, 'late')
    expect(await settled(bare, paymentId)).to.equal('failed')
    expect(await settled(bare, paymentId)).to.equal('success')
    const late = await signUp(app, 'fan')
    late.client.setTokens({ access_token: fan.token, refresh_token: fan.refresh_token })
    await late.fact('session:ready')
    const heard: string[] = []
    late.on('payment:updated', ({ payment_id, status }) => payment_id === paymentId && heard.push(status))
    await deliverAgain({ 'payload.payment_id': paymentId, 'payload.status': 'success' })
    expect(await settled(late, paymentId)).to.equal('success')
    await deliverAgain({ 'payload.payment_id': paymentId, 'payload.status': 'failed' })
    while ((await bare.next<{ status: string }>('payment:updated')).status !== 'failed') continue
    const other = (await late.call('wallet:top-up', { amount: 600, currency: 'ZMW' })).payment_id
    await pay((await late.call('payment:read', { payment_id: other })) as never)
    expect(await settled(late, other)).to.equal('success')
    expect(heard).to.deep.equal(['success'])
    bare.close()
  })

  it('keeps no process alive once it is closed', async () => {
    const script = `
      import { createClient, createOverlayClient } from './src/client/index.ts'
      const tokens = ${JSON.stringify({ access_token: fan.token, refresh_token: fan.refresh_token })}
      const client = createClient({ url: '${proxy.url}', tokens })
      client.onState((state) => {
        if (state !== 'online') return
        const nowhere = createClient({ url: 'http://127.0.0.1:9', tokens })
        nowhere.connect()
        nowhere.call('wallet:me', {}).catch(() => {})
        const overlay = createOverlayClient({ url: 'http://127.0.0.1:9', token: 'x', onPlay() {}, onState() {} })
        client.call('wallet:me', {}).then(() => {
          for (const each of [client, nowhere, overlay]) each.close()
          console.log('closed')
        })
      })
      client.connect()`
    const { code, output } = await run(script)
    expect(output).to.equal('closed\n')
    expect(code).to.equal(0)
  })

  function connects(): number {
    return proxy.requests.filter((line) => line.startsWith('GET /socket.io/')).length
  }

  /** The outbox takes them for not delivered yet. */
  async function deliverAgain(which: object): Promise<void> {
    await app.app.dispatcher.whenIdle()
    const events = await app.db.collection('events').find(which, { projection: { _id: 1 } }).toArray()
    await app.db.collection('deliveries').updateMany({ event_id: { $in: events.map(({ _id }) => _id) as never } }, { $set: { state: 'due', due_at: new Date(0) } })
    await app.app.dispatcher.pollDue()
    await app.app.dispatcher.whenIdle()
  }
})

function run(script: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], (error, stdout, stderr) => resolve({ code: error ? child.exitCode : 0, output: stdout + stderr }))
  })
}
