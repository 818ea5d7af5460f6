import { expect } from 'chai'
import type { Browser, Page } from 'playwright-core'
import { keepScreenshot, openPage } from './support.ts'

/** From an empty browser to a tip that plays on a stream: the same against one process or many behind a load balancer. */
export async function walkJourney({ browser, url, name, viewport }: { browser: Browser; url: string; name: string; viewport: { width: number; height: number } }): Promise<void> {
  const creatorName = `Ana ${name}`
  const studio = await openPage(await browser.newContext({ viewport }), url)
  await keepScreenshot(studio.page, `home-${name}`)
  await signUp(studio.page, creatorName, 'creator')
  await studio.page.waitForURL(/\/studio\//)
  await goTo(studio.page, 'Studio', 'Overlays')
  await studio.page.getByRole('button', { name: 'Create overlay' }).click()
  const overlayUrl = (await studio.page.getByTestId('overlay-url').textContent()) as string
  const preview = studio.page.locator('iframe.preview')
  await preview.waitFor()
  await studio.page.getByText('connected', { exact: true }).first().waitFor()
  // The preview in the studio is a player too: the one that opened last plays.
  const overlay = await openPage(await browser.newContext({ viewport: { width: 1280, height: 720 } }), overlayUrl)
  await overlay.page.waitForFunction('document.readyState === "complete"')
  await keepScreenshot(studio.page, `overlays-${name}`)
  await goTo(studio.page, 'Studio', 'Alerts')
  await studio.page.getByText('Alerts on').waitFor()

  const fan = await openPage(await browser.newContext({ viewport }), url)
  await signUp(fan.page, `Ben ${name}`, 'fan')
  await fan.page.waitForURL(/\/fan\//)
  await fan.page.getByRole('searchbox').fill(creatorName)
  await fan.page.getByRole('link', { name: creatorName }).click()
  await fan.page.getByLabel('Amount in ZMW').waitFor()
  await fan.page.getByRole('button', { name: /^Follow/ }).click()
  await fan.page.getByText('1 follower', { exact: true }).first().waitFor()
  await fan.page.getByLabel('Amount in ZMW').fill('25.50')
  await fan.page.getByLabel('Message').fill('<b>Bravo</b> 👏')
  await keepScreenshot(fan.page, `tip-${name}`)
  await fan.page.getByRole('button', { name: 'Tip by checkout' }).click()
  await fan.page.waitForURL(/\/sandbox\/checkout\//)
  await keepScreenshot(fan.page, `checkout-${name}`)
  await fan.page.locator('button[value=success]').click()
  await fan.page.getByText('went through').waitFor()

  await overlay.page.getByText('<b>Bravo</b> 👏').waitFor()
  expect(await overlay.page.locator('.headline').textContent()).to.include(`Ben ${name}`).and.to.include('25.50')
  await keepScreenshot(overlay.page, `overlay-${name}`)
  await goTo(studio.page, 'Studio', 'Live')
  await studio.page.getByText('<b>Bravo</b> 👏').waitFor()
  await keepScreenshot(studio.page, `studio-${name}`)
  await goTo(studio.page, 'Studio', 'Wallet')
  await studio.page.locator('.balance', { hasText: '24.22' }).waitFor()
  await keepScreenshot(studio.page, `wallet-${name}`)
  await studio.page.getByRole('link', { name: 'Received' }).first().click()
  await studio.page.getByRole('button', { name: 'Save the proof' }).waitFor()
  expect([...studio.faults, ...overlay.faults, ...fan.faults]).to.deep.equal([])
  for (const page of [studio.page, fan.page]) expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), 'no sideways scrolling').to.equal(true)
  await Promise.all([studio, overlay, fan].map(({ page }) => page.context().close()))
}

export async function signUp(page: Page, fullName: string, role: string): Promise<void> {
  await page.getByLabel('Name').fill(fullName)
  await page.getByLabel('Email address').fill(`${fullName.replaceAll(' ', '.')}@example.org`)
  await page.getByLabel('Password').fill('a good long password')
  await page.getByLabel('I am a').selectOption(role)
  await page.getByRole('button', { name: 'Sign up' }).click()
  await page.getByText(`${fullName} · ${role}`).waitFor()
}

/** Through the navigation of a page, as everybody would. */
export async function goTo(page: Page, navigation: string, section: string): Promise<void> {
  await page.getByRole('navigation', { name: navigation, exact: true }).getByRole('link', { name: section, exact: true }).click()
}
