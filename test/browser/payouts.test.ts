import { expect } from 'chai'
import type { Browser } from 'playwright-core'
import { banks, openTill, type Till } from '../features/payouts/support.ts'
import { chromiumPath, closeWindows, look, openBrowser, openPage, sizes, windowOf } from './support.ts'

describe('payouts in the pages', function () {
  this.timeout(120_000)
  if (!chromiumPath) return void it('skipped: no Chromium on this machine (set CHROMIUM_PATH, or install the package chromium)')

  let till: Till
  let browser: Browser

  before(async () => {
    till = await openTill()
    browser = await openBrowser()
  })
  after(async () => {
    await closeWindows(browser)
    expect(await till.app.check()).to.deep.equal([])
    await till.app.stop()
  })

  it('are asked for with the password, agreed to by two admins, sent, and planned', async () => {
    const creator = await till.earner(60_000)
    const desk = await open('/studio/#/payouts', await windowOf(browser, till.app, creator, { viewport: sizes[0].viewport }))
    const { page } = desk
    await page.getByRole('button', { name: 'Pay me out' }).waitFor()
    // A sign-in of a while ago.
    till.app.wall.advance({ minutes: 6 })
    await page.getByLabel('Bank account').fill(banks.good)
    await page.getByLabel('In the name of').first().fill('Ana Banda')
    await page.getByRole('button', { name: 'Pay me out' }).click()
    await page.getByRole('heading', { name: 'Your password, please' }).waitFor()
    await look(page, 'payout-password')
    await page.getByRole('dialog').getByLabel('Password').fill('not the password')
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByText('is not your present password').waitFor()
    await page.getByRole('dialog').getByLabel('Password').fill('a good long password')
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByText('You get a mail when it is sent').waitFor()
    await page.getByText('waits for approval').waitFor()
    await look(page, 'studio-payouts')

    const offices = []
    for (const [admin, password] of [[till.admin, till.app.admin.password], [till.second, undefined]] as const) {
      const office = await open('/admin/#/payouts', await windowOf(browser, till.app, admin, { viewport: sizes[1].viewport }, password))
      offices.push(office)
      await office.page.getByText('Ana Banda').waitFor()
      if (admin === till.admin) await look(office.page, 'admin-payouts')
      await office.page.getByLabel('Note or reason').fill('looked at')
      await office.page.getByRole('button', { name: 'Approve' }).click()
      await office.page.getByText(admin === till.admin ? 'Another admin has to agree, too.' : 'Nothing waits for you.').waitFor()
    }
    await page.getByText('sent', { exact: true }).waitFor()
    expect(await till.buckets(creator)).to.include({ available: 0, payout_reserved: 0 })

    await page.getByLabel(/^When/).selectOption('weekly')
    await page.getByLabel(/^On/).selectOption('5')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText(/asked for next on Friday/).waitFor()
    await look(page, 'studio-payouts-planned')
    for (const { faults } of [desk, ...offices]) expect(faults.filter((fault) => !/40[03]/.test(fault))).to.deep.equal([])
    for (const each of [desk, ...offices]) await each.page.context().close()
  })

  it('come after earnings, which are shown by kind and by day', async () => {
    const creator = await till.earner(12_345)
    const { page, faults } = await open('/studio/#/earnings', await windowOf(browser, till.app, creator, { viewport: sizes[0].viewport }))
    await page.getByRole('row', { name: /Tips ZMW\s123\.45 ZMW\s123\.45 ZMW\s0\.00 1/ }).waitFor()
    await page.getByRole('img', { name: /^Earnings by day\. The best was .*, with ZMW\s123\.45\.$/ }).locator('canvas').waitFor()
    await page.getByText('Nothing goes out by itself.').waitFor()
    await look(page, 'studio-earnings')
    await page.getByLabel(/^In/).selectOption('7')
    await page.getByRole('row', { name: /Tips ZMW/ }).waitFor()
    expect(faults).to.deep.equal([])
    await page.context().close()
  })

  async function open(address: string, context: Awaited<ReturnType<typeof windowOf>>) {
    return openPage(context, `${till.app.url}${address}`)
  }
})
