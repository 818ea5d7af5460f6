import { expect } from 'chai'
import type { Browser } from 'playwright-core'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, signUp, topUp } from '../support/cast.ts'
import { byHttp } from '../support/doors.ts'
import { chromiumPath, closeWindows, keepScreenshot, openBrowser, openPage, seriousFindings, sizes } from './support.ts'

describe('a creator’s public page', function () {
  this.timeout(120_000)
  if (!chromiumPath) return void it('skipped: no Chromium on this machine (set CHROMIUM_PATH, or install the package chromium)')

  let app: TestApp
  let browser: Browser
  let creator: Person

  before(async () => {
    app = await startApp()
    browser = await openBrowser()
    creator = await signUp(app, 'creator', 'Zoe Open')
    const desk = byHttp(app, creator)
    await desk.call('creator:update', { bio: 'Paints what you name.', tags: ['painting'], category: 'art', shows_earnings: true })
    await desk.call('goal:create', { title: 'A larger easel', kind: 'amount', target: 20_000 })
  })
  after(async () => {
    await closeWindows(browser)
    expect(await app.check()).to.deep.equal([])
    await app?.stop()
  })

  for (const [{ name, viewport }, colorScheme] of [[sizes[0], 'light'], [sizes[1], 'dark']] as const)
    it(`takes a stranger’s tip and shows what became of it (${name}, ${colorScheme})`, async () => {
      const { page, faults } = await openPage(await browser.newContext({ viewport, colorScheme }), `${app.url}/@zoe_open`)
      await page.getByRole('heading', { name: 'Zoe Open', exact: true }).waitFor()
      await page.getByText('A larger easel').waitFor()
      expect(await seriousFindings(page)).to.deep.equal([])
      await page.getByLabel('Amount in ZMW').fill('12,50')
      await page.getByLabel('Your name').fill(`Guest ${name} ${colorScheme}`)
      await page.getByLabel('Message').fill('Paint a boat')
      await keepScreenshot(page, `public-${name}-${colorScheme}`)
      await page.getByRole('button', { name: 'Go to the payment' }).click()
      await page.waitForURL(/\/sandbox\/checkout\//)
      await page.locator('button[value=success]').click()
      await page.getByText(`Thank you, Guest ${name} ${colorScheme}!`).waitFor()
      expect(await seriousFindings(page)).to.deep.equal([])
      await keepScreenshot(page, `receipt-${name}-${colorScheme}`)
      await page.reload()
      await page.getByText(`Thank you, Guest ${name} ${colorScheme}!`).waitFor()
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).to.equal(true)
      expect(faults).to.deep.equal([])
      await page.context().close()
    })

  it('is used by keyboard alone, says what is wrong with an amount, and pays once however often one presses', async () => {
    const { page, faults } = await openPage(await browser.newContext(), `${app.url}/@zoe_open`)
    await page.getByLabel('Amount in ZMW').focus()
    await page.keyboard.type('a lot')
    await page.keyboard.press('Enter')
    await page.getByText('Please type an amount like 25 or 25.50.').waitFor()
    await page.keyboard.press('Control+A')
    await page.keyboard.type('7')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/sandbox\/checkout\//)
    expect(await app.db.collection('tips').countDocuments({ creator_id: creator.id, amount: 700 })).to.equal(1)
    expect(faults).to.deep.equal([])
    await page.context().close()
  })

  it('that nobody has says so', async () => {
    const { page } = await openPage(await browser.newContext(), `${app.url}/@nobody_at_all`)
    await page.getByRole('alert').waitFor()
    await page.getByRole('button', { name: 'Try again' }).waitFor()
    await page.context().close()
  })

  it('sends whoever wants no guests to the sign-in, and who is signed in to their own view', async () => {
    const quiet = await signUp(app, 'creator', 'Quiet Open')
    const desk = byHttp(app, quiet)
    await desk.call('tip-settings:update', { ...(await desk.call('tip-settings:read', {})), guests: false })
    const { page } = await openPage(await browser.newContext(), `${app.url}/@quiet_open`)
    await page.getByRole('link', { name: 'Sign in or sign up' }).click()
    await page.getByLabel('Name').fill('Newcomer')
    await page.getByLabel('Email address').fill('newcomer@example.org')
    await page.getByLabel('Password').fill('a good long password')
    await page.getByRole('button', { name: 'Sign up' }).click()
    await page.waitForURL(/\/fan\/#\/creator\/@quiet_open/)
    await page.getByRole('button', { name: 'Tip from wallet' }).waitFor()
    await page.goto(`${app.url}/@quiet_open`)
    await page.waitForURL(/\/fan\/#\/creator/)
    await page.context().close()
  })

  it('is what a fan who looks around is offered, by category and with a reason', async () => {
    const [fan, other] = [await signUp(app, 'fan', 'Looking'), await signUp(app, 'creator', 'Brush Master')]
    await byHttp(app, other).call('creator:update', { category: 'art' })
    await byHttp(app, fan).call('creator:follow', { creator_id: other.id })
    await topUp(fan, 1_000)
    const { page, faults } = await openPage(await browser.newContext(), app.url)
    await page.getByRole('button', { name: 'I have an account' }).click()
    await page.getByLabel('Email address').fill(fan.email)
    await page.getByLabel('Password').fill('a good long password')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'You may like' }).waitFor()
    await page.getByText('like creators whom you follow').first().waitFor()
    await page.getByLabel('What they do').selectOption('art')
    await page.getByRole('heading', { name: 'You may like' }).waitFor({ state: 'detached' })
    await page.getByRole('link', { name: 'Zoe Open' }).waitFor()
    await page.getByLabel('What they do').selectOption('sports')
    await page.getByText('Nobody was found').waitFor()
    expect(faults).to.deep.equal([])
    await page.context().close()
  })
})
