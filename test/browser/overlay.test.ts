import { expect } from 'chai'
import type { Browser, BrowserContext } from 'playwright-core'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, signUp, topUp } from '../support/cast.ts'
import { byHttp } from '../support/doors.ts'
import { chromiumPath, closeWindows, keepScreenshot, openBrowser, openPage } from './support.ts'

const picture = 'https://pictures.example/party.svg'
const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="320" height="200" viewBox="0 0 320 200"><rect width="320" height="200" rx="24" fill="#ffd166"/><circle cx="160" cy="100" r="70" fill="#ef476f"/><path d="M110 110 q50 60 100 0" stroke="#fff" stroke-width="12" fill="none" stroke-linecap="round"/></svg>`
const attack = '<img src=x onerror="document.title=1"> 👏'
const variation = { name: 'Welcome', when: { first_tip: true }, image_url: picture, sound: 'fanfare', animation: 'shake', duration_ms: 20_000, template: 'Welcome, {name}! {amount}' } as const

describe('an overlay in a browser', function () {
  this.timeout(60_000)
  if (!chromiumPath) return void it('skipped: no Chromium on this machine (set CHROMIUM_PATH, or install the package chromium)')

  let app: TestApp
  let browser: Browser
  let n = 0

  before(async () => {
    app = await startApp()
    browser = await openBrowser()
  })
  after(async () => {
    await closeWindows(browser)
    await app?.stop()
  })

  async function stage(change: Partial<Record<keyof typeof variation, unknown>> = {}, reducedMotion: 'reduce' | 'no-preference' = 'no-preference') {
    const [creator, fan] = [await signUp(app, 'creator'), await signUp(app, 'fan', 'Ben')]
    await topUp(fan, 100_000)
    const desk = byHttp(app, creator)
    const { overlay_id, url } = await desk.call('overlay:create', {})
    await desk.call('overlay:configure', { overlay_id, variations: [{ ...variation, ...change } as never], gap_ms: 0, volume: 80 })
    await desk.call('goal:create', { title: 'A new camera', kind: 'amount', target: 10_000 })
    await desk.call('goal:create', { title: 'Two hands', kind: 'count', target: 2 })
    const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, reducedMotion })
    await servePictures(context)
    await countSounds(context)
    const { page, faults } = await openPage(context, url)
    await page.getByText('A new camera').waitFor()
    const tip = (person: Person, amount: number, message = '') => byHttp(app, person).call('tip:send', { creator_id: creator.id, amount, currency: 'ZMW', message }, `b${++n}`)
    const control = (action: 'skip' | 'mute') => desk.call('alert:control', { overlay_id, action })
    return { creator, fan, desk, overlay_id, page, faults, tip: (amount: number, message?: string) => tip(fan, amount, message), control, close: () => context.close() }
  }

  it('shows picture, animation and sound of the variation, and goal bars that move, over nothing', async () => {
    const { page, faults, tip, control, close } = await stage()
    expect((await page.locator('.goal').allTextContents()).map(plain)).to.deep.equal(['A new cameraZMW 0.00 / ZMW 100.00', 'Two hands0 / 2'])
    await tip(2_500, attack)
    await page.locator('.alert .picture').waitFor()
    expect(await page.evaluate(`document.querySelector('.picture').naturalWidth`)).to.equal(320)
    expect(plain(await page.locator('.headline').textContent())).to.equal('Welcome, Ben! ZMW 25.00')
    expect(await page.locator('.words').textContent(), 'text stays text').to.equal(attack)
    expect(await page.evaluate(`getComputedStyle(document.querySelector('.alert')).animationName`)).to.equal('fade, shake')
    await page.locator('.goal [aria-valuenow="25"]').waitFor()
    await page.locator('.goal [aria-valuenow="50"]').waitFor()
    await still(page)
    expect(await page.evaluate('[window.notes, document.title]')).to.deep.equal([6, 'Ovation overlay'])
    expect(await page.evaluate(`Math.round(document.querySelector('.fill').getBoundingClientRect().width / document.querySelector('.track').getBoundingClientRect().width * 100)`)).to.equal(25)
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).to.equal('rgba(0, 0, 0, 0)')
    await keepScreenshot(page, 'overlay-variation')

    await control('skip')
    await page.locator('.alert').waitFor({ state: 'detached' })
    await tip(9_000)
    await page.locator('.goal.reached [aria-valuenow="100"]').first().waitFor()
    expect(plain(await page.locator('.headline').textContent()), 'the second is no first tip').to.equal('Ben tipped ZMW 90.00')
    // A chime on top, when the sound before it has ended.
    await comesTrue(page, 'window.notes === 9')
    await still(page)
    await keepScreenshot(page, 'overlay-goals-reached')
    expect(faults).to.deep.equal([`foreign: ${picture}`])
    await close()
  })

  it('moves nothing for who wants no motion', async () => {
    const { page, tip, close } = await stage({}, 'reduce')
    await tip(2_500)
    await page.locator('.alert').waitFor()
    expect(await page.evaluate(`[getComputedStyle(document.querySelector('.alert')).animationName, getComputedStyle(document.querySelector('.fill')).transitionDuration]`)).to.deep.equal(['none', '0s'])
    await close()
  })

  it('plays an alert whose picture does not come, without it', async () => {
    const { page, tip, close } = await stage({ image_url: 'https://pictures.example/gone.png' })
    await tip(2_500)
    await page.locator('.headline', { hasText: 'Welcome, Ben!' }).waitFor()
    expect(await page.locator('.picture').count()).to.equal(0)
    await close()
  })

  it('is silent with no sound chosen, and turned down in the middle when muted', async () => {
    const quiet = await stage({ sound: 'none' })
    await quiet.tip(2_500)
    await quiet.page.locator('.alert').waitFor()
    await still(quiet.page)
    expect(await quiet.page.evaluate('window.notes')).to.equal(0)
    await quiet.close()
    const loud = await stage()
    await loud.tip(2_500)
    await comesTrue(loud.page, 'window.notes === 6')
    expect(await loud.page.evaluate('window.volumes[0].gain.value')).to.be.closeTo(0.2, 0.001)
    await loud.control('mute')
    await comesTrue(loud.page, 'window.volumes[0].gain.value === 0')
    await loud.close()
  })

  it('has forgotten nothing after a reload in the middle: the goals are there, the alert plays again', async () => {
    const { page, tip, close } = await stage()
    await tip(2_500)
    await page.locator('.alert').waitFor()
    await page.reload()
    await page.locator('.headline', { hasText: 'Welcome, Ben!' }).waitFor()
    await page.locator('.goal [aria-valuenow="25"]').waitFor()
    await close()
  })
})

async function servePictures(context: BrowserContext): Promise<void> {
  await context.route('https://pictures.example/**', (route) => (route.request().url() === picture ? route.fulfill({ contentType: 'image/svg+xml', body: drawing }) : route.fulfill({ status: 404 })))
}

/** Nobody hears it here: the notes that are made are counted, and the volumes kept. */
async function countSounds(context: BrowserContext): Promise<void> {
  await context.addInitScript(`
    window.notes = 0
    window.volumes = []
    const Tone = window.OscillatorNode, Volume = window.GainNode
    window.OscillatorNode = class extends Tone { constructor(...given) { super(...given); window.notes++ } }
    window.GainNode = class extends Volume { constructor(...given) { super(...given); window.volumes.push(this) } }
  `)
}

/** Until everything that moves has come to rest. */
async function still(page: { evaluate(script: string): Promise<unknown> }): Promise<void> {
  await page.evaluate('Promise.all(document.getAnimations().map((each) => each.finished)).then(() => undefined)')
}

/** The page's own policy forbids the browser driver's way of waiting for an expression. */
async function comesTrue(page: { evaluate(script: string): Promise<unknown> }, condition: string): Promise<void> {
  await page.evaluate(`new Promise((resolve) => { const look = () => (${condition} ? resolve() : requestAnimationFrame(look)); look() })`)
}

function plain(text: string | null): string {
  return (text ?? '').replaceAll('\u00a0', ' ')
}
