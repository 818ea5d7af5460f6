import { expect } from 'chai'
import type { Browser } from 'playwright-core'
import { acquaint } from '../support/acquaint.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, signUp } from '../support/cast.ts'
import { chromiumPath, closeWindows, look, openBrowser, openPage, sizes, windowOf } from './support.ts'

describe('a group, in a browser', function () {
  this.timeout(120_000)
  if (!chromiumPath) return void it('skipped: no Chromium on this machine (set CHROMIUM_PATH, or install the package chromium)')

  let app: TestApp
  let browser: Browser
  let ana: Person
  let ben: Person
  let cara: Person

  before(async () => {
    app = await startApp()
    browser = await openBrowser()
    ana = await signUp(app, 'fan', 'Ana')
    ben = await signUp(app, 'fan', 'Ben')
    cara = await signUp(app, 'fan', 'Cara')
    await acquaint(ana, [ben, cara])
    // Whom one has not answered yet is not offered.
    for (const each of (await ana.call('conversation:list', { state: 'requested' })).data) await ana.call('conversation:accept', { conversation_id: each.conversation_id })
  })
  after(async () => {
    await closeWindows(browser)
    expect(await app.check()).to.deep.equal([])
    await app.stop()
  })

  it('is begun, renamed, grown, given an admin, kept quiet and left', async () => {
    const context = await windowOf(browser, app, ana, { viewport: sizes[0].viewport })
    const { page, faults } = await openPage(context, `${app.url}/fan/#/chat`)
    const dialog = page.getByRole('dialog')
    await page.getByRole('button', { name: 'New group' }).click()
    expect(await dialog.getByRole('button', { name: 'Begin' }).isDisabled(), 'with nobody').to.equal(true)
    await dialog.getByLabel('Its name').fill('Trip')
    await dialog.getByLabel('Ben').check()
    await look(page, 'group-new')
    await dialog.getByRole('button', { name: 'Begin' }).click()
    await page.getByRole('heading', { name: 'Trip' }).waitFor()
    const members = page.getByRole('button', { name: /^\d people$/ })
    await members.click()
    await dialog.getByLabel('Its name').fill('Voyage')
    await dialog.getByRole('button', { name: 'Rename' }).click()
    await dialog.getByRole('heading', { name: 'Voyage' }).waitFor()
    await dialog.getByText('Add people').click()
    await dialog.getByLabel('Cara').check()
    await dialog.getByRole('button', { name: 'Add', exact: true }).click()
    await dialog.getByRole('button', { name: 'Remove Cara' }).waitFor()
    await dialog.getByRole('listitem').filter({ hasText: 'Ben' }).getByRole('button', { name: 'Make admin' }).click()
    await dialog.getByRole('button', { name: 'No longer admin' }).waitFor()
    await dialog.getByRole('button', { name: 'Remove Cara' }).click()
    await dialog.getByRole('button', { name: 'Remove Cara' }).waitFor({ state: 'detached' })
    await dialog.getByRole('button', { name: 'No noise for 8 hours' }).click()
    await dialog.getByRole('button', { name: 'Noise again' }).waitFor()
    await look(page, 'group-members')
    await dialog.getByRole('button', { name: 'Leave' }).click()
    await page.getByText('Somebody else of it becomes its owner').waitFor()
    await page.getByRole('button', { name: 'Leave', exact: true }).last().click()
    await page.waitForURL(/#\/chat$/)
    await page.getByRole('link', { name: /Voyage/ }).waitFor({ state: 'detached' })
    const bens = (await ben.call('conversation:list', {})).data.find((each) => each.title === 'Voyage')
    expect(bens, 'handed on').to.include({ role: 'owner', participant_count: 1 })
    expect(faults).to.deep.equal([])
    await context.close()
  })
})
