import { expect } from 'chai'
import { startApp, type TestApp } from '../support/app.ts'
import { openOverlay, type OverlayPage, type Person, signUp } from '../support/cast.ts'
import { type Proxy, startProxy } from '../support/proxy.ts'
import { restart } from './support.ts'

describe('an overlay page', () => {
  let app: TestApp
  let proxy: Proxy
  let creator: Person
  let link: { overlay_id: string; token: string }
  let page: OverlayPage

  beforeEach(async () => {
    app = await startApp()
    proxy = await startProxy(app.port)
    creator = await signUp(app, 'creator')
    link = await creator.call('overlay:create', {})
    page = await openOverlay(app, link.token, proxy.url)
  })
  afterEach(async () => {
    page.close()
    await app.stop()
    await proxy.close()
  })

  it('comes back after the server was started again, and plays what waited', async () => {
    await page.until('online')
    proxy.open(false)
    const again = await restart(app)
    await creator.call('alert:test', { overlay_id: link.overlay_id, message: 'waited' })
    proxy.open(true)
    expect((await page.play()).message).to.equal('waited')
    await page.until('online')
    page.close()
    creator.client.close()
    await again.stop()
  })

  it('plays again from the start what broke off in the middle', async () => {
    await page.until('online')
    await creator.call('alert:test', { overlay_id: link.overlay_id, message: 'broken off' })
    const alert = await page.next<{ alert_id: string }>('alert')
    await page.started(alert.alert_id)
    proxy.open(false)
    proxy.open(true)
    const again = await page.play()
    expect(again).to.include({ alert_id: alert.alert_id, message: 'broken off' })
    await played(alert.alert_id)
  })

  it('shows an alert once though the news of its end was lost', async () => {
    await creator.call('alert:test', { overlay_id: link.overlay_id, message: 'once' })
    await creator.call('alert:test', { overlay_id: link.overlay_id, message: 'next' })
    const alert = await page.next<{ alert_id: string }>('alert')
    await page.started(alert.alert_id)
    proxy.open(false)
    await page.until('connecting')
    await page.finished(alert.alert_id)
    proxy.open(true)
    expect((await page.play()).message).to.equal('next')
    await played(alert.alert_id)
  })

  it('stops when its link was replaced, and says so', async () => {
    await creator.call('overlay:rotate', { overlay_id: link.overlay_id })
    await page.until('replaced')
    const before = proxy.requests.length
    const other = await openOverlay(app, (await creator.call('overlay:create', {})).token, proxy.url)
    for (let times = 0; times < 2; times++) {
      proxy.open(false)
      proxy.open(true)
      await other.next('overlay:state')
    }
    expect(proxy.requests.length - before, 'connections, the other page’s alone').to.equal(3)
    other.close()
  })

  it('finds out on coming back that its link was replaced while it was away', async () => {
    proxy.open(false)
    await creator.call('overlay:rotate', { overlay_id: link.overlay_id })
    proxy.open(true)
    await page.until('replaced')
  })

  /** Until it has gone all the way. */
  async function played(alertId: string): Promise<void> {
    for (;;) {
      const row = await app.db.collection<{ _id: string; state: string }>('alerts').findOne({ _id: alertId })
      if (row?.state === 'played') return
      await creator.fact('alert:queue-updated')
    }
  }
})
