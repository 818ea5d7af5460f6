import { expect } from 'chai'
import type { Browser, Page } from 'playwright-core'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, problemOf, signUp } from '../support/cast.ts'
import { picture } from '../support/media.ts'
import { hasRedisServer, startRedis, type TestRedis } from '../support/redis.ts'
import { chromiumPath, closeWindows, keepScreenshot, launchBrowser, look, openBrowser, openPage, seriousFindings, sizes, windowOf } from './support.ts'

describe('two people in two browsers, on two processes', function () {
  this.timeout(120_000)
  if (!chromiumPath) return void it('skipped: no Chromium on this machine (set CHROMIUM_PATH, or install the package chromium)')
  if (!hasRedisServer()) return void it('skipped: no redis-server on this machine')

  let redis: TestRedis
  let one: TestApp
  let two: TestApp
  let browsers: Browser[]

  before(async () => {
    redis = await startRedis()
    one = await startApp({ REDIS_URL: redis.url })
    two = await startApp({ REDIS_URL: redis.url }, one)
    browsers = [await openBrowser(), await launchBrowser()]
  })
  after(async () => {
    await Promise.all((browsers ?? []).map(closeWindows))
    await browsers?.[1]?.close()
    await two?.stop()
    expect(await one.check()).to.deep.equal([])
    await one?.stop()
    await redis?.stop()
  })

  async function openAs(browser: Browser, app: TestApp, person: Person, path: string, viewport: { width: number; height: number }) {
    return openPage(await windowOf(browser, app, person, { viewport }), `${app.url}${path}`)
  }

  const write = async (page: Page, text: string): Promise<void> => {
    await page.getByPlaceholder('Write a message').fill(text)
    await page.keyboard.press('Enter')
  }
  const said = (page: Page) => page.locator('.bubble:not(.draft) p.text').allTextContents()

  for (const { name, viewport } of sizes)
    it(`talk: written, read, answered, reacted to, changed and taken away (${name})`, async () => {
      const [ana, ben] = [await signUp(one, 'creator', `Ana ${name}`), await signUp(two, 'fan', `Ben ${name}`)]
      const fan = await openAs(browsers[0] as Browser, two, ben, `/fan/#/creator/${ana.id}`, viewport)
      await fan.page.getByRole('button', { name: /^Follow/ }).click()
      await fan.page.getByRole('button', { name: /^Following/ }).waitFor()
      await fan.page.getByRole('button', { name: 'Message', exact: true }).click()
      await fan.page.waitForURL(/#\/chat\/con_/)
      await write(fan.page, 'Hello <b>Ana</b> 👋')
      await fan.page.getByText('Sent', { exact: true }).waitFor()
      const studio = await openAs(browsers[1] as Browser, one, ana, '/studio/#/chat', viewport)
      await studio.page.getByText('1 new').waitFor()
      await studio.page.getByRole('link', { name: new RegExp(`Ben ${name}`) }).click()
      await studio.page.locator('.bubble', { hasText: 'Hello <b>Ana</b> 👋' }).waitFor()
      await fan.page.getByText('Read', { exact: true }).waitFor()
      await fan.page.locator('.chat-thread .seen', { hasText: 'Online' }).waitFor()
      await studio.page.getByPlaceholder('Write a message').pressSequentially('Hi Ben')
      await fan.page.getByText(`Ana ${name} is writing…`).waitFor()
      await studio.page.keyboard.press('Enter')
      await fan.page.locator('.bubble', { hasText: 'Hi Ben' }).waitFor()
      const bubble = fan.page.locator('.bubble', { hasText: 'Hi Ben' })
      await bubble.locator('summary').click()
      await bubble.locator('details').getByRole('button', { name: '🎉' }).click()
      await studio.page.getByRole('button', { name: '🎉 1' }).waitFor()
      const own = studio.page.locator('.bubble.own', { hasText: 'Hi Ben' })
      await own.locator('summary').click()
      await own.getByRole('button', { name: 'Edit' }).click()
      await studio.page.getByLabel('New words').fill('Hi dear Ben')
      await studio.page.getByRole('button', { name: 'Save' }).click()
      await fan.page.locator('.bubble', { hasText: 'Hi dear Ben' }).getByText('edited').waitFor()
      await keepScreenshot(fan.page, `chat-${name}`)
      await keepScreenshot(studio.page, `inbox-${name}`)
      const mine = fan.page.locator('.bubble.own', { hasText: 'Hello' })
      await mine.locator('summary').click()
      await mine.getByRole('button', { name: 'Delete for all' }).click()
      await studio.page.getByText('Message deleted').first().waitFor()
      for (const { page } of [fan, studio]) expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).to.equal(true)
      expect([...fan.faults, ...studio.faults]).to.deep.equal([])
      await Promise.all([fan, studio].map(({ page }) => page.context().close()))
    })

  it('hear what a creator announces, see that they are there, and can do without either', async () => {
    const [ana, ben] = [await signUp(one, 'creator', 'Ann'), await signUp(two, 'fan', 'Bob')]
    await ben.call('creator:follow', { creator_id: ana.id })
    const studio = await openAs(browsers[1] as Browser, one, ana, '/studio/#/announcements', sizes[0].viewport)
    await studio.page.getByText('Nothing yet.').waitFor()
    await studio.page.getByLabel('Some of them').check()
    await studio.page.getByLabel('Bob').check()
    await studio.page.getByLabel('Your words').fill('A new song tonight!')
    await studio.page.getByRole('button', { name: 'Announce', exact: true }).click()
    await studio.page.getByRole('button', { name: 'Announce it' }).click()
    await studio.page.getByText('1 of 1 reached').waitFor()
    await look(studio.page, 'announcements')
    const fan = await openAs(browsers[0] as Browser, two, ben, '/fan/#/chat', sizes[0].viewport)
    await fan.page.getByRole('img', { name: 'online' }).waitFor()
    await fan.page.getByRole('link', { name: /A new song tonight!/ }).waitFor()
    await look(fan.page, 'announced')
    await fan.page.goto(`${two.url}/fan/#/creator/${ana.id}`)
    await fan.page.getByRole('button', { name: 'No announcements' }).click()
    await fan.page.getByRole('button', { name: 'Get announcements again' }).waitFor()
    await fan.page.goto(`${two.url}/fan/#/account`)
    await fan.page.getByLabel(/Hide it/).check()
    await fan.page.getByText('Saved.').waitFor()
    await look(fan.page, 'presence-setting')
    await fan.page.goto(`${two.url}/fan/#/chat`)
    await fan.page.getByRole('link', { name: /A new song tonight!/ }).waitFor()
    expect(await fan.page.getByRole('img', { name: 'online' }).count()).to.equal(0)
    expect([...fan.faults, ...studio.faults]).to.deep.equal([])
    await Promise.all([fan, studio].map(({ page }) => page.context().close()))
  })

  it('say what they wrote while they were offline when they are back, once and in order, and have what they missed', async () => {
    const [ana, ben] = [await signUp(one, 'creator', 'Ana Away'), await signUp(two, 'fan', 'Ben Away')]
    await ben.call('creator:follow', { creator_id: ana.id })
    const { conversation_id } = await ben.call('conversation:create', { type: 'direct', member_ids: [ana.id] })
    const fan = await openAs(browsers[0] as Browser, two, ben, `/fan/#/chat/${conversation_id}`, sizes[1].viewport)
    await fan.page.getByText('Nothing yet').waitFor()
    await fan.page.context().setOffline(true)
    await fan.page.getByText(/You are offline|Reconnecting/).waitFor()
    await write(fan.page, 'from the tunnel')
    await fan.page.getByText('Sending…').waitFor()
    await ana.call('message:send', { conversation_id, client_msg_id: 'meanwhile-1', text: 'meanwhile' })
    await fan.page.context().setOffline(false)
    await fan.page.locator('.bubble:not(.draft)', { hasText: 'from the tunnel' }).waitFor()
    expect(await said(fan.page)).to.deep.equal(['meanwhile', 'from the tunnel'])
    expect((await ana.call('conversation:history', { conversation_id })).data.map((each) => each.text)).to.deep.equal(['from the tunnel', 'meanwhile'])
    await fan.page.context().close()
  })

  it('keep order in a room: rules are set, words wait and are let go or turned down, and somebody is silenced', async () => {
    const [ana, ben] = [await signUp(one, 'creator', 'Ana Order'), await signUp(two, 'fan', 'Ben Order')]
    const { conversation_id } = await ana.call('conversation:create', { type: 'room' })
    await ben.call('conversation:join', { conversation_id })
    const studio = await openAs(browsers[0] as Browser, one, ana, '/studio/#/order', sizes[0].viewport)
    await studio.page.getByLabel(/Words that are not welcome/).fill('rude\nvery bad')
    await studio.page.getByLabel('Seconds between two messages').fill('0')
    await studio.page.getByRole('button', { name: 'Save' }).click()
    await studio.page.getByText('Saved.').waitFor()
    const fan = await openAs(browsers[1] as Browser, two, ben, `/fan/#/chat/${conversation_id}`, sizes[1].viewport)
    await fan.page.locator('.messages').getByText('Ana Order changed the settings').waitFor()
    await fan.page.getByLabel('Files to send').setInputFiles([{ name: 'beach.png', mimeType: 'image/png', buffer: await picture(90, 60) }])
    for (const text of ['something Rüde', 'very  bad']) {
      await write(fan.page, text)
      await fan.page.locator('.bubble.held', { hasText: text.slice(0, 4) }).getByText('Waits for approval').waitFor()
    }
    await fan.page.reload()
    await fan.page.getByText('Waits for approval').nth(1).waitFor()
    await studio.page.getByRole('listitem').filter({ hasText: 'something' }).waitFor()
    await studio.page.evaluate('scrollTo(0, 0)')
    // A file is asked for when it comes into sight.
    for (const { page } of [fan, studio]) await page.getByRole('listitem').filter({ hasText: 'something' }).getByRole('button', { name: /Open beach/ }).locator('img[src]').waitFor()
    await keepScreenshot(studio.page, 'order-phone')
    await keepScreenshot(fan.page, 'held-desk')
    expect(await seriousFindings(studio.page)).to.deep.equal([])
    await studio.page.getByRole('listitem').filter({ hasText: 'something' }).getByRole('button', { name: 'Approve' }).click()
    await fan.page.locator('.bubble:not(.held)', { hasText: 'something Rüde' }).waitFor()
    await studio.page.getByRole('listitem').filter({ hasText: 'very' }).getByRole('button', { name: 'Reject' }).click()
    await fan.page.getByText('Was not approved').waitFor()
    expect(await fan.page.locator('.bubble:not(.held) p.text').allTextContents()).to.deep.equal(['something Rüde'])
    await studio.page.getByRole('link', { name: 'To the conversation' }).click()
    const bubble = studio.page.locator('.bubble', { hasText: 'something' })
    await bubble.locator('summary').click()
    await bubble.getByRole('button', { name: 'Silence for 10 minutes' }).click()
    await bubble.getByText('Ben Order is silent for 10 minutes.').waitFor()
    await keepScreenshot(studio.page, 'silence-phone')
    await write(fan.page, 'hello?')
    await fan.page.getByText('You may not write here for a while').waitFor()
    for (const { page } of [fan, studio]) expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).to.equal(true)
    expect([...fan.faults, ...studio.faults]).to.deep.equal([])
    await Promise.all([fan, studio].map(({ page }) => page.context().close()))
  })

  it('part: a block from the head of a conversation, and a report of what was said', async () => {
    const [ana, ben] = [await signUp(one, 'creator', 'Ana Parts'), await signUp(two, 'fan', 'Ben Parts')]
    await ben.call('creator:follow', { creator_id: ana.id })
    const { conversation_id } = await ben.call('conversation:create', { type: 'direct', member_ids: [ana.id] })
    await ben.call('message:send', { conversation_id, client_msg_id: 'to-be-reported', text: 'ugly words' })
    const studio = await openAs(browsers[0] as Browser, one, ana, `/studio/#/chat/${conversation_id}`, sizes[1].viewport)
    const bubble = studio.page.locator('.bubble', { hasText: 'ugly words' })
    await bubble.locator('summary').click()
    await bubble.getByRole('button', { name: 'Report' }).click()
    await bubble.getByRole('button', { name: 'Reported' }).waitFor()
    await studio.page.getByRole('button', { name: 'Block', exact: true }).click()
    await studio.page.getByRole('dialog').getByRole('button', { name: 'Block' }).click()
    await studio.page.getByRole('button', { name: 'Unblock' }).waitFor()
    expect(await problemOf(ben.call('message:send', { conversation_id, client_msg_id: 'after-the-block', text: 'more' }))).to.include({ code: 'blocked' })
    expect(studio.faults).to.deep.equal([])
    await studio.page.context().close()
  })
})
