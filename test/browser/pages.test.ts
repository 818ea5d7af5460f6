import { expect } from 'chai'
import type { Browser, Page } from 'playwright-core'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, signIn, signUp, topUp } from '../support/cast.ts'
import { goTo } from './journey.ts'
import { chromiumPath, closeWindows, keepScreenshot, openBrowser, openPage, seriousFindings, sizes, windowOf } from './support.ts'

const pages = {
  fan: { navigation: 'Creators', sections: ['Creators', 'Memberships', 'Your tips', 'Messages', 'Wallet', 'People', 'Account'] },
  studio: { navigation: 'Studio', sections: ['Live', 'Alerts', 'Messages', 'Overlays', 'Members', 'Goals', 'Wallet', 'Earnings', 'Payouts', 'Your page', 'Account'] },
  admin: { navigation: 'Admin', sections: ['Overview', 'Transactions', 'Memberships', 'Payouts', 'Users', 'Reports', 'Webhooks', 'Deliveries', 'Jobs', 'Mail', 'Audit', 'Clock', 'Sandbox', 'Account'] },
} as const

describe('every view of every page', function () {
  this.timeout(180_000)
  if (!chromiumPath) return void it('skipped: no Chromium on this machine (set CHROMIUM_PATH, or install the package chromium)')

  let app: TestApp
  let browser: Browser
  let people: Record<keyof typeof pages, Person>
  /** what no navigation leads to, by page */
  const furtherViews: Record<keyof typeof pages, Record<string, string>> = { fan: {}, studio: {}, admin: {} }

  before(async () => {
    app = await startApp()
    browser = await openBrowser()
    people = { fan: await signUp(app, 'fan', 'Fay Full'), studio: await signUp(app, 'creator', 'Cal Full'), admin: await signIn(app, app.admin.email, app.admin.password) }
    await furnish()
  })
  after(async () => {
    await closeWindows(browser)
    await app?.stop()
  })

  // Colours are the same at every width: each size is looked at in one scheme.
  const looks = [{ ...sizes[1], colorScheme: 'dark' }, { ...sizes[0], colorScheme: 'light' }] as const

  for (const [page, { navigation, sections }] of Object.entries(pages))
    it(`of ${page} fits a phone and a desk, can be used by everybody and complains of nothing`, async () => {
      const watched = await open(page as keyof typeof pages, { viewport: sizes[0].viewport, colorScheme: 'light' })
      for (const section of sections) {
        await goTo(watched.page, navigation, section)
        await look(watched.page, `${page}-${section.toLowerCase().replaceAll(' ', '-')}`)
      }
      for (const [name, address] of Object.entries(furtherViews[page as keyof typeof pages])) {
        await watched.page.goto(`${app.url}${address}`)
        await look(watched.page, `${page}-${name}`)
      }
      expect(watched.faults).to.deep.equal([])
      await watched.page.context().close()
    })

  it('is looked at by a tool that would see a picture without words', async () => {
    const { page } = await openPage(await browser.newContext(), app.url)
    await page.evaluate('document.querySelector("#main").append(new Image())')
    expect((await seriousFindings(page)).join()).to.include('image-alt')
    await page.context().close()
  })

  it('says that one is to sign in first, and comes back afterwards', async () => {
    const { page } = await openPage(await browser.newContext(), `${app.url}/studio/#/goals`)
    await page.getByRole('link', { name: 'Sign in or sign up' }).click()
    await page.getByRole('button', { name: 'I have an account' }).click()
    await page.getByLabel('Email address').fill(people.studio.email)
    await page.getByLabel('Password').fill('a good long password')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL(/\/studio\/#\/goals/)
    await page.getByRole('heading', { name: 'Goals', exact: true }).waitFor()
    await page.context().close()
  })

  it('says so while the server can’t be reached, and catches up by itself', async () => {
    const { page } = await open('studio', { viewport: { width: 1280, height: 800 }, colorScheme: 'light' })
    await page.getByRole('heading', { name: 'Live', exact: true }).waitFor()
    await page.context().setOffline(true)
    await page.getByText(/You are offline|Reconnecting/).waitFor()
    await page.context().setOffline(false)
    await page.getByText(/You are offline|Reconnecting/).waitFor({ state: 'detached' })
    await people.fan.http('POST', `/api/v1/creators/${people.studio.id}/tips`, { amount: 700, currency: 'ZMW', message: 'after the silence' }, 'silence')
    await page.getByText('after the silence').waitFor()
    await page.context().close()
  })

  it('of an admin replays, suspends, checks and sets faults', async () => {
    const { page, faults } = await open('admin', { viewport: { width: 1280, height: 800 }, colorScheme: 'light' })
    await page.getByRole('button', { name: 'Check now' }).click()
    await page.getByText('Everything adds up.').waitFor()
    await goTo(page, 'Admin', 'Users')
    await page.getByRole('searchbox').fill('Fay')
    await page.getByText('Cal Full').first().waitFor({ state: 'detached' })
    await page.getByText('Suspend Fay Full').click()
    await page.locator('details[open]').getByLabel('Reason').fill('a test of suspending')
    await page.locator('details[open]').getByRole('button', { name: 'Suspend now' }).click()
    await page.getByRole('button', { name: 'Restore Fay Full' }).click()
    await page.getByText('Suspend Fay Full').waitFor()
    await goTo(page, 'Admin', 'Sandbox')
    await page.getByLabel('Delay webhooks, in seconds').fill('1')
    await page.getByRole('button', { name: 'Set the faults' }).click()
    await page.getByText('Set.', { exact: true }).waitFor()
    await goTo(page, 'Admin', 'Audit')
    await page.getByText('user.suspended').first().waitFor()
    expect(faults).to.deep.equal([])
    await page.context().close()
  })

  async function open(page: keyof typeof pages, { viewport, colorScheme }: { viewport: { width: number; height: number }; colorScheme: 'light' | 'dark' }) {
    return openPage(await windowOf(browser, app, people[page], { viewport, colorScheme }, page === 'admin' ? app.admin.password : undefined), `${app.url}/${page}/`)
  }

  async function look(page: Page, view: string): Promise<void> {
    await settled(page)
    for (const { name, viewport, colorScheme } of looks) {
      await page.setViewportSize(viewport)
      await page.emulateMedia({ colorScheme })
      expect(await seriousFindings(page), `${view}, ${name}`).to.deep.equal([])
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), `${view} scrolls sideways on a ${name}`).to.equal(true)
      await keepScreenshot(page, `${view}-${name}-${colorScheme}`)
    }
  }

  async function settled(page: Page): Promise<void> {
    await page.locator('main h1').first().waitFor()
    await page.locator('.loading').first().waitFor({ state: 'detached' })
  }

  /** Something of everything, so that no list is empty. */
  async function furnish(): Promise<void> {
    const { fan, studio } = people
    await topUp(fan, 100_000)
    const overlay = (await studio.http('POST', '/api/v1/overlays', { name: 'Main scene' })).body as { overlay_id: string }
    await studio.http('POST', '/api/v1/creators/me/goals', { title: 'New microphone', kind: 'amount', target: 50_000 })
    await studio.http('POST', '/api/v1/creators/me/live/start', {})
    await studio.http('PUT', '/api/v1/creators/me', { bio: 'Plays the viola at night.', tags: ['music', 'viola'] })
    for (const [n, message] of ['Encore!', 'More of that, please', ''].entries()) await fan.http('POST', `/api/v1/creators/${studio.id}/tips`, { amount: 1_000 * (n + 1), currency: 'ZMW', message }, `furnish-${n}`)
    const tier = (await studio.http('POST', '/api/v1/tiers', { name: 'Front row', rank: 1, benefits: ['The rehearsals'], prices: [{ interval: 'month', amount: 2_500, currency: 'ZMW' }, { interval: 'year', amount: 25_000, currency: 'ZMW' }], seats: 40, trial_days: 7 })).body as { tier_id: string }
    await fan.http('POST', '/api/v1/memberships', { tier_id: tier.tier_id, interval: 'month', pay_with: 'wallet' }, 'furnish-membership')
    await fan.http('POST', `/api/v1/creators/${studio.id}/follow`, {})
    await fan.http('POST', '/api/v1/reports', { subject_type: 'user', subject_id: studio.id, reason: 'spam', text: 'Only a test.' })
    const { conversation_id } = (await fan.http('POST', '/api/v1/conversations', { type: 'direct', member_ids: [studio.id] })).body as { conversation_id: string }
    const said: [Person, string][] = [[fan, 'Will you play the slow one tonight?'], [studio, 'I will 🎻'], [fan, 'Thank you!']]
    for (const [n, [who, text]] of said.entries()) await who.http('POST', `/api/v1/conversations/${conversation_id}/messages`, { client_msg_id: `furnish-${n}-said`, text })
    furtherViews.fan['chat'] = `/fan/#/chat/${conversation_id}`
    furtherViews.studio['chat'] = `/studio/#/chat/${conversation_id}`
    furtherViews.fan['creator'] = `/fan/#/creator/${studio.id}`
    furtherViews.studio['looks'] = `/studio/#/variations/${overlay.overlay_id}`
    const look = { name: 'Big one', when: { min_amount: 5_000 }, sound: 'fanfare', animation: 'shake', duration_ms: 9_000, template: '{name}: {amount}!' }
    await studio.http('PUT', `/api/v1/overlays/${overlay.overlay_id}/config`, { variations: [look], gap_ms: 500, volume: 80, labels: ['latest-tip'] })
    await studio.http('POST', `/api/v1/overlays/${overlay.overlay_id}/test`, {})
    await app.app.dispatcher.whenIdle()
  }
})
