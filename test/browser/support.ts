import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import type { TestApp } from '../support/app.ts'
import { type Person, signIn } from '../support/cast.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const places = [process.env['CHROMIUM_PATH'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome']
const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']

export const chromiumPath = places.find((place) => place !== undefined && existsSync(place))

export const sizes = [
  { name: 'phone', viewport: { width: 360, height: 740 } },
  { name: 'desk', viewport: { width: 1280, height: 800 } },
] as const

let own: Promise<Browser> | undefined

/** One browser for all files that this process goes through, since its start costs seconds of a core; it ends with the process. */
export async function openBrowser(): Promise<Browser> {
  if (!(await own)?.isConnected()) own = launchBrowser()
  return own as Promise<Browser>
}

export async function closeWindows(browser: Browser | undefined): Promise<void> {
  await Promise.all((browser?.contexts() ?? []).map((context) => context.close()))
}

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath as string, args: flags })
}

export interface Watched {
  page: Page
  /** console errors, CSP violations, failed or foreign requests: there should be none */
  faults: string[]
}

export async function openPage(context: BrowserContext, url: string): Promise<Watched> {
  const page = await context.newPage()
  const faults: string[] = []
  const home = new URL(url).origin
  page.on('console', (message) => message.type() === 'error' && faults.push(`console: ${message.text()} ${message.location().url}`))
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`))
  page.on('request', (request) => {
    const target = new URL(request.url())
    if (target.protocol !== 'data:' && target.origin !== home && target.origin !== home.replace('http', 'ws')) faults.push(`foreign: ${request.url()}`)
  })
  await page.goto(url)
  return { page, faults }
}

/** A window in which somebody signed in a moment ago: with a sign-in of its own, since a refresh token is good once. */
export async function windowOf(browser: Browser, app: TestApp, { email }: Pick<Person, 'email'>, options: BrowserContextOptions, password?: string): Promise<BrowserContext> {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options })
  const { token, refresh_token } = await signIn(app, email, password)
  await context.addInitScript(`if (!sessionStorage.getItem('ovation.tokens')) sessionStorage.setItem('ovation.tokens', ${JSON.stringify(JSON.stringify({ access_token: token, refresh_token }))})`)
  return context
}

export async function keepScreenshot(page: Page, name: string): Promise<void> {
  mkdirSync(`${root}artefacts`, { recursive: true })
  await page.screenshot({ path: `${root}artefacts/${name}.png`, omitBackground: true, animations: 'disabled' })
}

interface Finding {
  id: string
  impact: string | null
  nodes: { target: string[]; failureSummary?: string }[]
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What keeps somebody from using the page, as axe-core sees it: the serious and the critical. */
export async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const { violations } = (await page.evaluate('axe.run({ resultTypes: ["violations"] })')) as { violations: Finding[] }
  return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ').slice(0, 300)}`)
}

/** How it is at both sizes, whoever uses it: nothing hinders, nothing hangs over, and there is a picture of it. The page stays as small as a phone. */
export async function look(page: Page, what: string): Promise<void> {
  for (const { name, viewport } of sizes.toReversed()) {
    await page.setViewportSize(viewport)
    expect(await seriousFindings(page), `${what}-${name}`).to.deep.equal([])
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), `${what} scrolls sideways at the size of a ${name}`).to.equal(true)
    await keepScreenshot(page, `${what}-${name}`)
  }
}
