import { expect } from 'chai'
import type { Browser, Page } from 'playwright-core'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, signUp } from '../support/cast.ts'
import { picture } from '../support/media.ts'
import { chromiumPath, closeWindows, keepScreenshot, openBrowser, openPage, seriousFindings, sizes, windowOf } from './support.ts'

describe('files between two people', function () {
  this.timeout(90_000)
  if (!chromiumPath) return void it('skipped: no Chromium on this machine (set CHROMIUM_PATH, or install the package chromium)')

  let app: TestApp
  let browser: Browser

  before(async () => {
    app = await startApp()
    browser = await openBrowser()
  })
  after(async () => {
    await closeWindows(browser)
    expect(await app.check()).to.deep.equal([])
    await app.stop()
  })

  async function openAs(person: Person, path: string, viewport: { width: number; height: number }) {
    return openPage(await windowOf(browser, app, person, { viewport, permissions: ['microphone'] }), `${app.url}${path}`)
  }

  // The page's policy lets nothing be evaluated in it that waits there, so it is asked.
  async function until(page: Page, expression: string): Promise<void> {
    while (!(await page.evaluate(expression))) await page.evaluate('new Promise(requestAnimationFrame)')
  }

  it('are chosen, sent and seen: a photo, a file and a voice that was recorded in the browser', async () => {
    const [ana, ben] = [await signUp(app, 'creator', 'Ana'), await signUp(app, 'fan', 'Ben')]
    await ben.call('creator:follow', { creator_id: ana.id })
    const { conversation_id } = await ben.call('conversation:create', { type: 'direct', member_ids: [ana.id] })
    const [fan, studio] = [await openAs(ben, `/fan/#/chat/${conversation_id}`, sizes[0].viewport), await openAs(ana, `/studio/#/chat/${conversation_id}`, sizes[1].viewport)]
    await fan.page.getByText('Nothing yet').waitFor()
    await fan.page.getByLabel('Files to send').setInputFiles([{ name: 'beach.png', mimeType: 'image/png', buffer: await picture(900, 600) }, { name: 'plan.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4') }])
    await fan.page.getByRole('button', { name: 'Remove plan.pdf' }).waitFor()
    await keepScreenshot(fan.page, 'media-composer-phone')
    await fan.page.getByPlaceholder('Write a message').fill('Look')
    await fan.page.keyboard.press('Enter')
    for (const { page } of [fan, studio]) {
      await page.getByRole('button', { name: 'Open beach.webp' }).waitFor()
      await until(page, `[...document.querySelectorAll('.picture img')].some((each) => each.complete && each.naturalWidth === 480)`)
    }
    const [download] = await Promise.all([studio.page.waitForEvent('download'), studio.page.getByRole('link', { name: /plan\.pdf/ }).click()])
    expect(download.suggestedFilename()).to.equal('plan.pdf')
    await studio.page.getByRole('button', { name: 'Open beach.webp' }).click()
    await until(studio.page, `document.querySelector('dialog.large img')?.naturalWidth === 900`)
    await keepScreenshot(studio.page, 'media-large-desk')
    await studio.page.getByRole('button', { name: 'Close' }).click()

    await fan.page.getByRole('button', { name: 'Record' }).click()
    await fan.page.getByText('Recording 0:02').waitFor()
    await fan.page.getByRole('button', { name: 'Done' }).click()
    await fan.page.getByRole('button', { name: /^Remove voice/ }).waitFor()
    await fan.page.getByRole('button', { name: 'Send', exact: true }).click()
    await studio.page.getByRole('img', { name: /^Voice message, 0:0[123]/ }).waitFor()
    const [voice] = (await ana.call('conversation:history', { conversation_id, limit: 1 })).data[0]?.media ?? []
    expect(voice).to.include({ kind: 'voice', content_type: 'audio/webm' })
    expect(voice?.duration_ms).to.be.within(1_000, 6_000)
    await studio.page.getByRole('button', { name: 'Play the voice message' }).click()
    await studio.page.getByRole('button', { name: 'Pause the voice message' }).waitFor()

    await fan.page.getByLabel('Files to send').setInputFiles([{ name: 'fake.png', mimeType: 'image/png', buffer: Buffer.from('<script>') }])
    await fan.page.getByRole('button', { name: 'Send', exact: true }).click()
    await fan.page.getByText('This kind of file is not taken here.').waitFor()
    await fan.page.getByRole('button', { name: 'Throw away' }).click()
    await keepScreenshot(fan.page, 'media-phone')
    expect(await seriousFindings(fan.page)).to.deep.equal([])
    for (const { page } of [fan, studio]) expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).to.equal(true)
    // The refused file is told as a failed request, which is what it is.
    expect([...fan.faults.filter((each) => !each.includes('415')), ...studio.faults]).to.deep.equal([])
  })
})
