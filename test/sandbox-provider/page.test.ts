import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Browser, Page } from 'playwright-core'
import { chromiumPath, closeWindows, openBrowser } from '../browser/support.ts'
import { newOrder, type Stage, stage } from './stage.ts'

const pictures = join(import.meta.dirname, '../../artefacts/sandbox-checkout')

describe(`the hosted checkout in a browser${chromiumPath ? '' : ' (skipped: no chromium)'}`, () => {
  let self: Stage
  let browser: Browser
  let page: Page
  let complaints: string[]

  before(async function () {
    this.timeout(60_000)
    if (!chromiumPath) return this.skip()
    mkdirSync(pictures, { recursive: true })
    self = await stage()
    browser = await openBrowser()
  })
  after(async () => {
    await closeWindows(browser)
    await self?.stop()
  })

  beforeEach(async () => {
    page = await browser.newPage()
    complaints = []
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('requestfailed', (request) => complaints.push(request.url()))
  })
  afterEach(async () => {
    await page.close()
  })

  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [360, 1280])
      it(`fits ${width} pixels in ${colorScheme} colours, can be read and hit, and complains of nothing`, async () => {
        await page.emulateMedia({ colorScheme })
        await page.setViewportSize({ width, height: 800 })
        for (const [name, outcome] of [['open'], ['confirm', 'Ask me to confirm'], ['paid', 'Yes, pay']] as const) {
          if (name === 'open')
            await page.goto(
              await open({ description: 'Tip for Chanda Mwale-Phiri: thank you for the wonderful evening', amount: 1_234_567_89 }),
            )
          else await choose(page, outcome as string)
          expect(await page.evaluate('document.documentElement.scrollWidth')).to.be.at.most(width)
          for (const box of await boxes(page)) expect(box.height, 'a finger needs 44 pixels').to.be.at.least(44)
          expect(await faintTexts(page), name).to.deep.equal([])
          await page.screenshot({ path: join(pictures, `${name}-${width}-${colorScheme}.png`), fullPage: true })
        }
        expect(complaints).to.deep.equal([])
      })

  it('can be done with the keyboard alone, in the order in which it is read', async () => {
    await page.goto(await open())
    const order: string[] = []
    for (let n = 0; n < 5; n++) {
      await page.keyboard.press('Tab')
      order.push(await page.evaluate('document.activeElement.value'))
      expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).to.equal('solid')
    }
    expect(order).to.deep.equal(['success', 'failed', 'late', 'requires_action', 'cancelled'])
    await Promise.all([page.waitForURL(/\/thanks/), page.keyboard.press('Enter')])
  })

  it('says by role and name what everything is', async () => {
    await page.goto(await open())
    expect(await page.title()).to.equal('Pay ZMW 50.00 · Sandbox payments')
    expect(await page.getAttribute('html', 'lang')).to.equal('en')
    expect(await page.getByRole('heading', { level: 1 }).innerText()).to.match(/To pay\s+ZMW 50\.00/)
    expect(await page.getByRole('group', { name: 'Or try what else may happen' }).count()).to.equal(1)
    await page.getByRole('button', { name: 'Decline', description: 'The payment fails at once.' }).waitFor()
    expect(await page.getByRole('main').count()).to.equal(1)
  })

  it('leads back to the shop, whose page is another origin, and shows how it ended to who returns', async () => {
    const url = await open()
    await page.goto(url)
    await Promise.all([page.waitForURL(/\/thanks/), page.getByRole('button', { name: 'Decline' }).click()])
    expect(complaints).to.deep.equal([])
    await page.goto(url)
    expect(await page.getByRole('heading', { level: 1 }).innerText()).to.contain('Declined')
    expect(await page.getByRole('button').count()).to.equal(0)
    await Promise.all([page.waitForURL(/\/thanks/), page.getByRole('link', { name: 'Back to' }).click()])
    await page.goto(`${url.slice(0, -43)}${'A'.repeat(43)}`)
    expect(await page.getByRole('heading', { level: 1 }).innerText()).to.equal('That did not work')
    await page.screenshot({ path: join(pictures, 'fault.png') })
  })

  // The same server by another name is another origin to a browser.
  async function open(changes: object = {}): Promise<string> {
    const return_url = `${self.url.replace('127.0.0.1', 'localhost')}/thanks`
    return (await self.adapter.createCheckout(newOrder({ return_url, ...changes }))).checkout_url
  }
})

async function choose(page: Page, name: string): Promise<void> {
  const url = page.url()
  await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name }).click()])
  await page.goto(url)
}

async function boxes(page: Page): Promise<{ height: number }[]> {
  const all = await page.locator('button, a').all()
  return Promise.all(all.map(async (each) => (await each.boundingBox()) as { height: number }))
}

/** Texts with less contrast than WCAG 2.2 asks of small ones (4.5 to 1). */
function faintTexts(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const rgb = (color) => color.match(/[\\d.]+/g).map(Number)
    const light = (color) => {
      const [r, g, b] = rgb(color).map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4))
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const ground = (node) => {
      const color = getComputedStyle(node).backgroundColor
      return rgb(color)[3] === 0 && node.parentElement ? ground(node.parentElement) : color
    }
    const texts = [...document.querySelectorAll('body *')].filter((node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()))
    return texts
      .map((node) => [node.textContent.trim(), [light(getComputedStyle(node).color), light(ground(node))].sort((a, b) => b - a)])
      .filter(([, [high, low]]) => (high + 0.05) / (low + 0.05) < 4.5)
      .map(([text]) => text)
  })()`)
}
