import { expect } from 'chai'
import type { Browser, Page } from 'playwright-core'
import { startApp, type TestApp } from '../support/app.ts'
import { chromiumPath, closeWindows, keepScreenshot, openBrowser, openPage } from './support.ts'

const sizes = [
  { name: 'phone', viewport: { width: 360, height: 740 }, colorScheme: 'light' },
  { name: 'desk', viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
] as const

describe('readers of the references', function () {
  // Swagger resolves what an operation refers to when it is opened: seconds, and more of them beside other files.
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

  it('find a command at /docs/realtime, sign in, send it and see what comes', async () => {
    const { page, faults } = await openPage(await browser.newContext(sizes[0]), `${app.url}/docs/realtime`)
    await page.getByRole('heading', { name: 'Connect', exact: true }).waitFor()
    expect(await page.getByText('Loading…').count()).to.equal(0)
    const told = app.app.features.flatMap((feature) => [...feature.facts, ...feature.operations.filter(({ door, audience }) => door !== 'http' || audience === 'overlay')])
    expect(await page.locator('.contents li').count()).to.equal(told.length + 1)
    await look(page, 'realtime')

    await page.getByRole('searchbox').fill('no such thing')
    await page.getByText('Nothing has such a name or summary.').waitFor()
    await page.getByRole('searchbox').fill('your wallet tip')
    await page.getByRole('link', { name: 'tip:send', exact: true }).click()
    await page.getByRole('heading', { name: 'tip:send', exact: true }).waitFor()
    expect(await page.evaluate('document.activeElement.textContent')).to.equal('tip:send')

    await page.getByLabel('Name').fill('Dora')
    await page.getByLabel('Email address').fill('dora@example.org')
    await page.getByLabel('Password').fill('a good long password')
    await page.getByRole('button', { name: 'Sign up' }).click()
    await page.getByText('connected', { exact: true }).waitFor()
    await page.getByRole('log').getByText('session:ready').waitFor()

    await page.getByRole('button', { name: 'Send', exact: true }).click()
    await page.locator('pre.ack', { hasText: '"not-found"' }).waitFor()
    await page.getByText('Refused', { exact: true }).waitFor()
    await look(page, 'realtime-refused')
    await page.getByLabel('Payload of tip:send').fill('{ "creator_id": ')
    await page.getByRole('button', { name: 'Send', exact: true }).click()
    await page.getByText('This is not JSON yet.').waitFor()

    await page.getByRole('searchbox').fill('wallet:me')
    await page.getByRole('link', { name: 'wallet:me', exact: true }).click()
    await page.getByLabel('Payload of wallet:me').press('Control+Enter')
    await page.locator('pre.ack', { hasText: '"ok": true' }).waitFor()
    await page.getByRole('log').getByText('session:ready').click()
    await page.getByRole('log').getByText('event_id').waitFor()
    await look(page, 'realtime-console')
    expect(faults).to.deep.equal([])

    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByText('Sign in to send commands and hear facts.').waitFor()
    expect(faults).to.deep.equal([])
    await page.context().close()
  })

  it('find an operation at /docs and try it', async () => {
    const { page, faults } = await openPage(await browser.newContext(sizes[0]), `${app.url}/docs`)
    await page.locator('.opblock-tag').first().waitFor()
    await look(page, 'docs')

    await page.getByPlaceholder('Filter by tag or path').fill('healthz')
    const health = page.locator('.opblock', { hasText: '/healthz' })
    await health.locator('.opblock-summary-control').click()
    await health.getByRole('button', { name: 'Try it out' }).click()
    await health.getByRole('button', { name: 'Execute' }).click()
    await health.locator('.live-responses-table', { hasText: '"up"' }).waitFor()

    await page.getByPlaceholder('Filter by tag or path').fill('/tips')
    await page.locator('.opblock', { hasText: 'Tip a creator from your wallet' }).locator('.opblock-summary-control').click()
    await page.getByText('insufficient-funds').first().waitFor()
    await look(page, 'docs-operation')
    expect(faults).to.deep.equal([])
    await page.context().close()
  })

  it('find every operation at /docs', async () => {
    const { page, faults } = await openPage(await browser.newContext({ viewport: sizes[1].viewport }), `${app.url}/docs`)
    const routes = app.app.features.flatMap((feature) => feature.operations).filter(({ route }) => route !== 'socket-only')
    expect([...(await operationsOn(page))]).to.have.length.of.at.least(routes.length)
    expect(faults).to.deep.equal([])
    await page.context().close()
  })

  it('do all that with the keyboard alone', async () => {
    const { page, faults } = await openPage(await browser.newContext({ viewport: { width: 1280, height: 800 } }), `${app.url}/docs/realtime`)
    await page.getByRole('searchbox').focus()
    await page.keyboard.type('tip:received')
    await page.getByText('1 of ').waitFor()
    for (let presses = 0; (await page.evaluate('document.activeElement.textContent')) !== 'tip:received' && presses < 5; presses++) await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'tip:received', exact: true }).waitFor()
    expect(new URL(page.url()).hash).to.equal('#tip:received')
    expect(faults).to.deep.equal([])
    await page.context().close()
  })

  it('stay signed in from the home page to the references, and are told while the connection is away', async () => {
    const { page, faults } = await openPage(await browser.newContext({ viewport: { width: 1280, height: 800 } }), app.url)
    await page.getByLabel('Name').first().fill('Eli')
    await page.getByLabel('Email address').fill('eli@example.org')
    await page.getByLabel('Password').fill('a good long password')
    await page.getByRole('button', { name: 'Sign up' }).click()
    await page.getByText('Eli · fan').waitFor()
    await page.routeWebSocket(/socket\.io/, (socket) => socket.close())
    await page.getByRole('link', { name: 'Docs', exact: true }).click()
    await page.getByText('Eli · fan').waitFor()
    await page.getByText('Reconnecting…').waitFor()
    await page.getByRole('link', { name: 'wallet:me', exact: true }).click()
    expect(await page.getByRole('button', { name: 'Send', exact: true }).isDisabled()).to.equal(true)
    await keepScreenshot(page, 'realtime-offline')

    await page.getByRole('link', { name: 'REST', exact: true }).click()
    await page.locator('.auth-wrapper').getByRole('button', { name: 'Authorize' }).click()
    await page.locator('.modal-ux').getByText('Logout', { exact: true }).waitFor()
    expect(faults).to.deep.equal([])
    await page.context().close()
  })

  it('are told when the reference can’t be loaded, and may try again', async () => {
    const page = await (await browser.newContext({ viewport: { width: 360, height: 740 } })).newPage()
    await page.route('**/asyncapi.json', (route) => route.abort())
    await page.goto(`${app.url}/docs/realtime`)
    await page.getByText('The reference could not be loaded.').waitFor()
    await keepScreenshot(page, 'realtime-trouble')
    await page.unroute('**/asyncapi.json')
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('heading', { name: 'Connect', exact: true }).waitFor()
    await page.goto(`${app.url}/docs/realtime#no:such`)
    await page.getByRole('heading', { name: 'Not here' }).waitFor()
    await page.context().close()
  })
})

async function look(page: Page, what: string): Promise<void> {
  for (const { name, viewport, colorScheme } of sizes.toReversed()) {
    await page.setViewportSize(viewport)
    await page.emulateMedia({ colorScheme })
    expect(await overflowOf(page), name).to.equal(0)
    await keepScreenshot(page, `${what}-${name}`)
  }
}

/** Those that each part holds, opened and closed in turn. */
async function operationsOn(page: Page): Promise<string[]> {
  await page.locator('.opblock-tag').first().waitFor()
  const found: string[] = []
  for (const part of await page.locator('.opblock-tag').all()) {
    await part.click()
    await page.locator('.opblock').first().waitFor()
    found.push(...((await page.evaluate("[...document.querySelectorAll('.opblock')].map((each) => each.id)")) as string[]))
    await part.click()
    await page.locator('.opblock').first().waitFor({ state: 'detached' })
  }
  return found
}

/** How far the page, or its side, can be moved sideways, in pixels. */
function overflowOf(page: Page): Promise<number> {
  return page.evaluate("Math.max(...[document.documentElement, ...document.querySelectorAll('main, .side')].map((each) => each.scrollWidth - each.clientWidth))")
}
