import { expect } from 'chai'
import type { Browser } from 'playwright-core'
import { startApp, type TestApp } from '../support/app.ts'
import { signUp as signUpOverHttp } from '../support/cast.ts'
import { buildPages, chromiumPath, keepScreenshot, launchBrowser, openPage } from './support.ts'

const sizes = [
  { name: 'phone', viewport: { width: 360, height: 740 } },
  { name: 'desk', viewport: { width: 1280, height: 800 } },
]

describe('people in a browser', function () {
  this.timeout(60_000)
  if (!chromiumPath) return void it('skipped: no Chromium on this machine (set CHROMIUM_PATH, or install the package chromium)')

  let app: TestApp
  let browser: Browser

  before(async () => {
    buildPages()
    app = await startApp()
    browser = await launchBrowser()
  })
  after(async () => {
    await browser?.close()
    await app?.stop()
  })

  for (const { name, viewport } of sizes)
    it(`go from signing up over the checkout page to the alert on the overlay (${name})`, async () => {
      const creatorName = `Ana ${name}`
      const studio = await openPage(await browser.newContext({ viewport }), app.url)
      await keepScreenshot(studio.page, `home-${name}`)
      await signUp(studio.page, creatorName, 'creator')
      await studio.page.getByRole('button', { name: 'Create overlay' }).click()
      const overlayUrl = (await studio.page.getByTestId('overlay-url').textContent()) as string
      const overlay = await openPage(await browser.newContext({ viewport: { width: 1280, height: 720 } }), overlayUrl)
      await studio.page.getByText('connected', { exact: true }).waitFor()

      await studio.page.getByRole('button', { name: 'Test alert' }).click()
      await overlay.page.getByText('This is how a tip looks.').waitFor()
      await overlay.page.getByText('This is how a tip looks.').waitFor({ state: 'detached' })

      const fan = await openPage(await browser.newContext({ viewport }), app.url)
      await signUp(fan.page, `Ben ${name}`, 'fan')
      await fan.page.getByLabel('Name').fill(creatorName)
      await fan.page.getByRole('button', { name: `Tip ${creatorName}` }).click()
      await fan.page.getByLabel('Amount in ZMW').fill('25.50')
      await fan.page.getByLabel('Message').fill('<b>Bravo</b> 👏')
      await keepScreenshot(fan.page, `tip-${name}`)
      await fan.page.getByRole('button', { name: 'Tip by checkout' }).click()
      await fan.page.waitForURL(/\/sandbox\/checkout\//)
      await keepScreenshot(fan.page, `checkout-${name}`)
      await fan.page.locator('button[value=success]').click()

      await overlay.page.getByText('<b>Bravo</b> 👏').waitFor()
      expect(await overlay.page.locator('.headline').textContent()).to.include(`Ben ${name} tipped`).and.to.include('25.50')
      await keepScreenshot(overlay.page, `overlay-${name}`)
      await studio.page.getByText('<b>Bravo</b> 👏').waitFor()
      await studio.page.locator('.balance', { hasText: '24.22' }).waitFor()
      await keepScreenshot(studio.page, `studio-${name}`)
      expect([...studio.faults, ...overlay.faults, ...fan.faults]).to.deep.equal([])
      for (const page of [studio.page, fan.page]) expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), 'no sideways scrolling').to.equal(true)
      await Promise.all([studio, overlay, fan].map(({ page }) => page.context().close()))
    })

  it('sign up, find a creator and tip from the wallet by keyboard alone', async () => {
    await signUpOverHttp(app, 'creator', 'Zoe Quill')
    const { page, faults } = await openPage(await browser.newContext({ viewport: { width: 1280, height: 800 } }), app.url)
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key)
    }
    await page.getByLabel('Name').first().focus()
    await page.keyboard.type('Kim Keys')
    await press('Tab')
    await page.keyboard.type('kim@example.org')
    await press('Tab')
    await page.keyboard.type('a good long password')
    await press('Enter')
    await page.getByText('Kim Keys · fan').waitFor()
    await page.getByLabel(/^Top up/).focus()
    await page.keyboard.type('100')
    await press('Enter')
    await page.waitForURL(/\/sandbox\/checkout\//)
    await page.locator('button[value=success]').focus()
    await press('Enter')
    await page.waitForURL(/\?payment=pay_/)
    await page.getByText('Your top-up of').waitFor()
    await page.locator('.balance', { hasText: '100.00' }).waitFor()
    await page.getByRole('searchbox').focus()
    await page.keyboard.type('Zoe Quill')
    await page.getByRole('button', { name: 'Tip Zoe Quill' }).focus()
    await press('Enter')
    await page.getByLabel('Amount in ZMW').focus()
    await page.keyboard.type('40')
    await page.getByRole('button', { name: 'Tip from wallet' }).focus()
    await press('Enter')
    await page.getByText('sent to Zoe Quill').waitFor()
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

  async function signUp(page: Awaited<ReturnType<typeof openPage>>['page'], fullName: string, role: string): Promise<void> {
    await page.getByLabel('Name').first().fill(fullName)
    await page.getByLabel('Email address').fill(`${fullName.replaceAll(' ', '.')}@example.org`)
    await page.getByLabel('Password').fill('a good long password')
    await page.getByLabel('I am a').selectOption(role)
    await page.getByRole('button', { name: 'Sign up' }).click()
    await page.getByText(`${fullName} · ${role}`).waitFor()
  }
})
