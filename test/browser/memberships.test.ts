import { expect } from 'chai'
import type { Browser, Page } from 'playwright-core'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, signIn, signUp, topUp } from '../support/cast.ts'
import { goTo } from './journey.ts'
import { chromiumPath, closeWindows, keepScreenshot, look, openBrowser, openPage, sizes, windowOf } from './support.ts'

describe('memberships in the pages', function () {
  this.timeout(180_000)
  if (!chromiumPath) return void it('skipped: no Chromium on this machine (set CHROMIUM_PATH, or install the package chromium)')

  let app: TestApp
  let browser: Browser

  before(async () => {
    app = await startApp()
    browser = await openBrowser()
  })
  after(async () => {
    await closeWindows(browser)
    await app?.stop()
  })

  it('are offered, joined, changed, renewed by a moved clock, and ended', async () => {
    const creator = await signUp(app, 'creator', 'Mia')
    const fan = await signUp(app, 'fan', 'Finn')
    await topUp(fan, 100_000)
    const admin = await signIn(app, app.admin.email, app.admin.password)
    const studio = await open(creator, '/studio/#/members', sizes[0].viewport)
    await offer(studio.page, 'Basic', '10', '100')
    await offer(studio.page, 'Premium', '30', '300')
    await studio.page.getByRole('heading', { name: 'Premium', exact: true }).waitFor()
    await look(studio.page, 'studio-tiers')

    const home = await open(fan, `/fan/#/creator/${creator.id}`, sizes[0].viewport)
    const { page } = home
    await page.getByRole('button', { name: 'Join Basic' }).waitFor()
    await look(page, 'join')
    await page.getByRole('button', { name: 'Join Basic' }).click()
    await page.getByText(/You are a member until/).waitFor()
    await page.getByRole('link', { name: 'Your memberships' }).click()
    await page.getByRole('heading', { name: 'Your memberships' }).waitFor()
    await page.getByText(/Renews on/).waitFor()

    await page.getByText('Change it', { exact: true }).click()
    await page.getByLabel(/^To/).selectOption({ label: 'Premium, ZMW 30.00 a month' })
    await page.getByRole('button', { name: 'See what it costs' }).click()
    await page.getByText(/ZMW\s(20\.00|19\.99) now for the rest of this period, then ZMW\s30\.00 a month/).waitFor()
    await look(page, 'membership-change')
    await page.getByRole('button', { name: 'Change it', exact: true }).click()
    await page.locator('strong', { hasText: 'Premium' }).waitFor()
    await studio.page.getByText('Finn').waitFor()

    const desk = await open(admin, '/admin/#/clock', sizes[1].viewport, app.admin.password)
    await desk.page.getByText('The same as the real time.').or(desk.page.getByText(/days ahead of the real time/)).waitFor()
    await desk.page.getByLabel('Go forward by').selectOption('P1M')
    await desk.page.getByRole('button', { name: 'Move the clock' }).click()
    await desk.page.getByText('It is there.').waitFor()
    await desk.page.getByRole('cell', { name: 'memberships.due' }).first().waitFor()
    await look(desk.page, 'clock')
    await page.getByText(/Test clock/).waitFor()
    expect((await fan.http('GET', '/api/v1/wallets/me')).body.buckets.cash).to.be.within(100_000 - 6_000, 100_000 - 5_999)

    await page.getByText('Pause it', { exact: true }).click()
    await page.getByLabel(/^From .*, for/).selectOption('3')
    await page.getByRole('button', { name: 'Pause', exact: true }).click()
    await page.getByText(/^Paused from/).waitFor()
    await page.getByRole('button', { name: 'Do not pause' }).click()
    await page.getByText(/Renews on/).waitFor()

    await page.getByRole('button', { name: /^End it/ }).click()
    await page.locator('dialog').getByRole('button', { name: 'End it' }).click()
    await page.getByText(/You are charged no more/).first().waitFor()
    await page.getByRole('button', { name: 'Stay a member' }).click()
    await page.getByText(/Renews on/).waitFor()
    await look(page, 'memberships')

    for (const each of [studio, home, desk]) {
      expect(each.faults).to.deep.equal([])
      await each.page.context().close()
    }
  })

  it('are given away to a follower', async () => {
    const creator = await signUp(app, 'creator', 'Gil')
    await creator.http('POST', '/api/v1/tiers', { name: 'Friends', rank: 1, benefits: ['Thanks'], prices: [{ interval: 'month', amount: 1_500, currency: 'ZMW' }] })
    const fan = await signUp(app, 'fan', 'Follow Er')
    await fan.http('POST', `/api/v1/creators/${creator.id}/follow`, {})
    const studio = await open(creator, '/studio/#/members', sizes[0].viewport)
    await studio.page.getByText('Change the prices').click()
    await studio.page.getByLabel('A month, in ZMW').first().fill('17.50')
    await studio.page.getByRole('button', { name: 'Change them' }).click()
    await studio.page.getByText(/ZMW\s17\.50 a month/).waitFor()
    await studio.page.getByLabel(/^To/).selectOption({ label: 'Follow Er' })
    await studio.page.getByRole('button', { name: 'Give it' }).click()
    await studio.page.getByText('Follow Er is a member of Friends now.').waitFor()
    await look(studio.page, 'studio-give')
    const home = await open(fan, '/fan/#/memberships', sizes[0].viewport)
    await home.page.getByText(/^A gift until/).waitFor()
    await look(home.page, 'membership-given')
    const desk = await open(await signIn(app, app.admin.email, app.admin.password), '/admin/#/memberships', sizes[0].viewport, app.admin.password)
    const row = desk.page.getByRole('listitem').filter({ hasText: 'Follow Er' })
    await row.getByText('Friends of Gil').waitFor()
    await look(desk.page, 'admin-memberships')
    await row.getByRole('button', { name: 'End it' }).click()
    await desk.page.getByRole('dialog').getByRole('button', { name: 'End it' }).click()
    await row.getByText('cancelled').waitFor()
    await home.page.getByText('You are no member yet.').or(home.page.getByText(/^Ended/)).first().waitFor()
    for (const each of [studio, home, desk]) {
      expect(each.faults).to.deep.equal([])
      await each.page.context().close()
    }
  })

  it('are paid with a saved card, and paid now when that was refused', async () => {
    const creator = await signUp(app, 'creator', 'Rita')
    await creator.http('POST', '/api/v1/tiers', { name: 'Club', rank: 1, benefits: ['Thanks'], prices: [{ interval: 'month', amount: 1_500, currency: 'ZMW' }] })
    const fan = await signUp(app, 'fan', 'Card Holder')
    const { page, faults } = await open(fan, '/fan/#/memberships', sizes[1].viewport)
    await page.getByText('You are no member yet.').waitFor()
    await page.getByLabel('A card for tests that').selectOption('decline_after:1')
    await page.getByRole('button', { name: 'Save the card' }).click()
    await page.getByText('Sandbox card (decline_after:1)').first().waitFor()
    await page.goto(`${app.url}/fan/#/creator/${creator.id}`)
    await page.getByLabel(/^Pay/).selectOption({ label: 'Sandbox card (decline_after:1)' })
    await page.getByRole('button', { name: 'Join Club' }).click()
    await page.getByText(/You are a member until/).waitFor()
    const admin = await signIn(app, app.admin.email, app.admin.password)
    await admin.http('POST', '/api/v1/admin/clock/advance', { by: 'P1M' })
    await goTo(page, 'Creators', 'Memberships')
    await page.getByText('payment failed').waitFor()
    await topUp(fan, 5_000)
    await page.getByLabel(/^Pay/).selectOption('wallet')
    await keepScreenshot(page, 'membership-past-due')
    await page.getByRole('button', { name: /^Pay ZMW\s15\.00 now/ }).click()
    await page.getByText(/Renews on/).waitFor()
    expect(faults).to.deep.equal([])
    await page.context().close()
  })

  async function open(person: Person, address: string, viewport: { width: number; height: number }, password?: string) {
    return openPage(await windowOf(browser, app, person, { viewport, colorScheme: 'light' }, password), `${app.url}${address}`)
  }

  async function offer(page: Page, name: string, month: string, year: string): Promise<void> {
    await page.getByLabel('Name').fill(name)
    await page.getByLabel('What members get, one a line').fill('Early videos\nMy thanks')
    await page.getByLabel('ZMW a month').fill(month)
    await page.getByLabel('ZMW a year').fill(year)
    await page.getByRole('button', { name: 'Offer the tier' }).click()
    await page.getByRole('heading', { name, exact: true }).waitFor()
  }
})
