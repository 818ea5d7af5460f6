import { expect } from 'chai'
import type { Browser, Locator } from 'playwright-core'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, signUp, topUp } from '../support/cast.ts'
import { chromiumPath, closeWindows, keepScreenshot, look, openBrowser, openPage, sizes, windowOf } from './support.ts'

describe('messages of other kinds, in a browser', function () {
  this.timeout(120_000)
  if (!chromiumPath) return void it('skipped: no Chromium on this machine (set CHROMIUM_PATH, or install the package chromium)')

  let app: TestApp
  let browser: Browser
  let ana: Person
  let ben: Person
  let n = 0

  before(async () => {
    app = await startApp()
    browser = await openBrowser()
    ana = await signUp(app, 'creator', 'Ana')
    ben = await signUp(app, 'fan', 'Ben')
    await topUp(ben, 10_000)
  })
  after(async () => {
    await closeWindows(browser)
    await app?.stop()
  })

  it('are accepted, pinned, reminded of, found, jumped to and forwarded', async () => {
    const { conversation_id } = await ana.call('conversation:create', { type: 'group', title: 'Party', member_ids: [ben.id] })
    const say = (text: string, more: object = {}) => ana.call('message:send', { conversation_id, client_msg_id: `kinds-in-browser-${++n}`, text, ...more })
    const context = await windowOf(browser, app, ben, { viewport: sizes[0].viewport })
    const { page, faults } = await openPage(context, `${app.url}/fan/#/chat`)
    await page.getByRole('button', { name: 'Requests' }).click()
    await page.getByRole('link', { name: /Party/ }).click()
    await page.getByText('Ana invites you into Party.').waitFor()
    await page.getByRole('button', { name: 'Accept' }).click()
    await page.getByText('Ben joined').waitFor()
    const first = await say('Bring zebras')
    await ana.call('message:pin', { message_id: first.message_id })
    await page.getByRole('group', { name: 'Pinned' }).getByText('Bring zebras').waitFor()
    // More than is loaded at first, by both: nobody may say so much at once.
    await Promise.all([ana, ben].flatMap((who) => Array.from({ length: 27 }, () => who.call('message:send', { conversation_id, client_msg_id: `kinds-in-browser-${++n}`, text: 'filler' }))))
    await say('that was it')
    await page.getByText('that was it').waitFor()
    await page.getByRole('button', { name: /Remind$/ }).click()
    await page.getByRole('dialog').getByLabel('What').fill('Doors open')
    await page.getByRole('dialog').getByLabel('When').fill('2999-01-01T20:00')
    await page.getByRole('dialog').getByRole('button', { name: 'Remind' }).click()
    await page.getByRole('dialog').getByRole('alert').waitFor()
    const soon = new Date(app.clock.now().getTime() + 3_600_000)
    await page.getByRole('dialog').getByLabel('When').fill(new Date(soon.getTime() - soon.getTimezoneOffset() * 60_000).toISOString().slice(0, 16))
    await page.getByRole('dialog').getByRole('button', { name: 'Remind' }).click()
    await page.getByRole('dialog').getByText('Doors open').waitFor()
    await look(page, 'reminders')
    await page.getByRole('button', { name: 'Close' }).click()
    // Elsewhere in the app, one hears of it.
    await page.goto(`${app.url}/fan/#/people`)
    await say('Where are you, @Ben?', { mentions: [ben.id] })
    await page.getByText('Ana names you').waitFor()
    await look(page, 'notice')
    app.clock.advance({ hours: 1 })
    await page.getByText('Your reminder').waitFor()
    await page.getByRole('button', { name: 'Dismiss' }).first().click()
    await page.getByRole('button', { name: 'Dismiss' }).click()
    await page.getByText('Your reminder').waitFor({ state: 'detached' })
    await page.goto(`${app.url}/fan/#/chat`)
    await page.getByPlaceholder('Find in messages').fill('zebra')
    await page.getByRole('button', { name: 'Find' }).click()
    await page.getByText('Ana: Bring zebras').waitFor()
    await look(page, 'find')
    await page.getByRole('link', { name: 'Party' }).click()
    const bubble = page.locator('.bubble', { hasText: 'Bring zebras' })
    await bubble.waitFor()
    // It is drawn before it is scrolled to.
    while (!(await isInSight(bubble, page.locator('.messages'))));
    await bubble.locator('summary').click()
    await bubble.getByRole('button', { name: 'Forward' }).click()
    await page.getByRole('dialog').getByLabel('Party').check()
    await page.getByRole('dialog').getByRole('button', { name: 'Forward' }).click()
    await page.getByText('Forwarded.').waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
    await page.getByText('↪ Forwarded').waitFor()
    await look(page, 'kinds')
    // The year 2999 is refused on purpose, and a browser writes of what HTTP refuses.
    expect(faults.filter((fault) => !fault.endsWith('/reminders'))).to.deep.equal([])
    await context.close()
  })

  it('show a tip in the creator’s room', async () => {
    const { conversation_id } = await ana.call('conversation:create', { type: 'room' })
    await ben.call('conversation:join', { conversation_id })
    const context = await windowOf(browser, app, ben, { viewport: sizes[0].viewport })
    const { page } = await openPage(context, `${app.url}/fan/#/chat/${conversation_id}`)
    await page.getByText('Nothing yet').waitFor()
    await ben.http('POST', `/api/v1/creators/${ana.id}/tips`, { amount: 500, currency: 'ZMW', message: 'Encore!' }, 'kinds-in-browser')
    await page.getByRole('region', { name: 'What was said' }).getByText('Ben tipped ZMW 5.00: Encore!').waitFor()
    await keepScreenshot(page, 'tip-line')
    await context.close()
  })
})

async function isInSight(what: Locator, room: Locator): Promise<boolean> {
  const [inner, outer] = [await what.boundingBox(), await room.boundingBox()]
  return inner !== null && outer !== null && inner.y >= outer.y && inner.y + inner.height <= outer.y + outer.height
}
