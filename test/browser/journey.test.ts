import { expect } from 'chai'
import type { Browser, Page } from 'playwright-core'
import { startApp, type TestApp } from '../support/app.ts'
import { signUp as signUpOverHttp } from '../support/cast.ts'
import { walkJourney } from './journey.ts'
import { chromiumPath, closeWindows, openBrowser, openPage, sizes } from './support.ts'

describe('people in a browser', function () {
  this.timeout(120_000)
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

  for (const { name, viewport } of sizes)
    it(`go from signing up over the checkout page to the alert on the overlay (${name})`, () => walkJourney({ browser, url: app.url, name, viewport }))

  it('sign up, find a creator and tip from the wallet by keyboard alone', async () => {
    await signUpOverHttp(app, 'creator', 'Zoe Quill')
    const { page, faults } = await openPage(await browser.newContext({ viewport: { width: 1280, height: 800 } }), app.url)
    await page.getByLabel('Name').focus()
    await page.keyboard.type('Kim Keys')
    await page.keyboard.press('Tab')
    await page.keyboard.type('kim@example.org')
    await page.keyboard.press('Tab')
    await page.keyboard.type('a good long password')
    await page.keyboard.press('Enter')
    await page.getByText('Kim Keys · fan').waitFor()
    await press(page, 'link', 'Wallet')
    await page.getByLabel(/^Top up/).focus()
    await page.keyboard.type('100')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/sandbox\/checkout\//)
    await page.locator('button[value=success]').focus()
    await page.keyboard.press('Enter')
    await page.waitForURL(/#\/payment\/pay_/)
    await page.getByText('Your top-up of').waitFor()
    await press(page, 'link', 'Creators', 'Creators')
    await page.getByRole('searchbox').focus()
    await page.keyboard.type('Zoe Quill')
    await press(page, 'link', 'Zoe Quill')
    await page.getByLabel('Amount in ZMW').focus()
    await page.keyboard.type('40')
    await press(page, 'button', 'Tip from wallet')
    await page.getByText('sent to Zoe Quill').waitFor()
    await press(page, 'link', 'Wallet')
    await page.locator('.balance', { hasText: '60.00' }).waitFor()
    expect(faults).to.deep.equal([])
    await page.context().close()
  })

  it('are told that an overlay link was replaced, and see nothing behind the page', async () => {
    const { page } = await openPage(await browser.newContext(), `${app.url}/overlay/#${'x'.repeat(43)}`)
    await page.getByText('This overlay link was replaced').waitFor()
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).to.equal('rgba(0, 0, 0, 0)')
    await page.context().close()
  })

  it('leave a ledger that adds up', async () => {
    expect(await app.check()).to.deep.equal([])
  })

  async function press(page: Page, role: 'link' | 'button', name: string, within?: string): Promise<void> {
    const scope = within ? page.getByRole('navigation', { name: within }) : page
    await scope.getByRole(role, { name, exact: true }).first().focus()
    await page.keyboard.press('Enter')
  }
})
